from odoo.exceptions import UserError
from odoo.tests.common import TransactionCase

from ..engine.suspects import suspects

REFUSAL = "No."


def _refusal(*_about):
    """The error; its message does not say whom it is about."""
    return UserError(REFUSAL)


class TestSuspects(TransactionCase):
    """The record that the raising code had at hand; no more than a guess."""

    def setUp(self):
        super().setUp()
        self.partners = self.env["res.partner"].create([{"name": str(n)} for n in range(5)])

    def guess(self, method):
        try:
            method(self.partners)
        except UserError as error:
            return suspects(error, self.partners)
        raise AssertionError("it did not refuse")

    def test_the_one_that_a_loop_had_reached(self):
        def in_a_loop(partners):
            for partner in partners:
                if partner.name == "3":
                    raise _refusal(partner)

        self.assertEqual(self.guess(in_a_loop), {self.partners[3].id})

    def test_deeper_down_knows_better(self):
        def check(partner):
            raise _refusal(partner)

        def in_a_loop(partners):
            first = partners[:1]
            check(partners[2])
            return first

        self.assertEqual(self.guess(in_a_loop), {self.partners[2].id})

    def test_those_that_a_rule_forbids(self):
        forbidden = self.partners[1] | self.partners[4]
        model = self.env["ir.model"]._get("res.partner")
        self.env["ir.rule"].create(
            {
                "name": "Some are not to be touched",
                "model_id": model.id,
                "domain_force": f"[('id', 'not in', {forbidden.ids})]",
                "perm_read": False,
            }
        )
        user = self.env["res.users"].create(
            {
                "name": "Clerk",
                "login": "sentinel_clerk",
                "group_ids": [(4, self.env.ref("base.group_partner_manager").id)],
            }
        )
        self.assertEqual(
            self.guess(lambda partners: partners.with_user(user).write({"ref": "x"})),
            set(forbidden.ids),
        )

    def test_nobody(self):
        def all_or_none(partners):
            users = partners.user_ids
            raise _refusal(users)

        self.assertEqual(self.guess(all_or_none), set())

    def test_others_are_none_of_our_business(self):
        other = self.env["res.partner"].create({"name": "other"})

        def about_another(partners):
            theirs = partners[:1] | other
            raise _refusal(theirs)

        self.assertEqual(self.guess(about_another), {self.partners[0].id})
