from odoo.tests.common import TransactionCase, tagged

from ..engine.parameters import ParameterError
from ..engine.reach import check_reach


@tagged("post_install", "-at_install")
class TestReach(TransactionCase):
    def refused(self, model, domain, word):
        with self.assertRaises(ParameterError) as caught:
            check_reach(self.env, model, domain, "condition")
        self.assertIn(word, str(caught.exception))

    def test_ordinary_rules_pass(self):
        for domain in [
            [("email", "=", False)],
            ["|", ("email", "=", False), ("parent_id.email", "=", False)],
            [("user_id", "=", False)],
            [("user_id", "in", [1, 2])],
            [("child_ids", "any", [("email", "=", False)])],
            [("create_date", "<", "-30d")],
            [("create_date.month_number", "=", 1)],
        ]:
            with self.subTest(domain=domain):
                check_reach(self.env, "res.partner", domain, "condition")

    def test_models_out_of_reach(self):
        for model in ("res.users", "res.groups", "ir.config_parameter", "res.users.apikeys"):
            with self.subTest(model=model):
                self.refused(model, [("id", ">", 0)], "out of reach")

    def test_models_that_are_none(self):
        for model in ("no.such.model", "mail.thread", "base.language.install"):
            with self.subTest(model=model):
                self.refused(model, [("id", ">", 0)], "does not exist")

    def test_no_way_around_through_relations(self):
        for domain in [
            [("user_ids.password", "like", "a%")],
            [("user_ids.login", "=", "admin")],
            [("create_uid.login", "=", "admin")],
            [("user_ids", "any", [("login", "=", "admin")])],
            [("user_id", "ilike", "adm")],
            [("user_id", "in", ["admin"])],
            [("child_ids", "any", [("create_uid.login", "=", "admin")])],
            [("child_ids", "not any", [("user_ids", "any", [("login", "=", "a")])])],
            ["!", ("parent_id.user_ids.login", "=", "admin")],
        ]:
            with self.subTest(domain=domain):
                self.refused("res.partner", domain, "out of reach")

    def test_secret_fields(self):
        self.refused("mail.guest", [("access_token", "=", "a")], "'access_token' is out of reach")

    def test_broken_rules(self):
        self.refused("res.partner", [("nothing", "=", 1)], "no field 'nothing'")
        self.refused("res.partner", [("name.thing", "=", 1)], "leads nowhere")
        self.refused("res.partner", ["&"], "not a valid domain")
        self.refused("res.partner", [("name", "sounds like", "x")], "not a valid domain")
