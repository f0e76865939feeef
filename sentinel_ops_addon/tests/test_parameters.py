from odoo.tests.common import BaseCase, tagged

from ..engine.parameters import Parameter, ParameterError, complete

DAYS = Parameter("days", "integer", "Days", default=90, minimum=1, maximum=365)
SHARE = Parameter("share", "number", "Share", default=0.5, minimum=0, maximum=1)
DRAFTS = Parameter("drafts", "boolean", "Drafts", default=True)
KIND = Parameter("kind", "selection", "Kind", default="a", choices=(("a", "A"), ("b", "B")))
SINCE = Parameter("since", "date", "Since", required=False)
RULE = Parameter("rule", "domain", "Rule", default="[]", overridable=False)
ALL = (DAYS, SHARE, DRAFTS, KIND, SINCE, RULE)


@tagged("post_install", "-at_install")
class TestParameters(BaseCase):
    def refused(self, given, *words, own=None):
        with self.assertRaises(ParameterError) as caught:
            complete(ALL, own or {}, given)
        for word in words:
            self.assertIn(word, str(caught.exception))

    def test_given_beats_own_beats_default(self):
        values = complete(ALL, {"days": 30, "kind": "b"}, {"days": 7})
        self.assertEqual(values["days"], 7)
        self.assertEqual(values["kind"], "b")
        self.assertEqual(values["share"], 0.5)
        self.assertIsNone(values["since"])

    def test_false_is_a_value_for_a_boolean_only(self):
        values = complete(ALL, {"drafts": False, "days": False}, {})
        self.assertIs(values["drafts"], False)
        self.assertEqual(values["days"], 90)

    def test_texts_from_a_command_line_are_converted(self):
        given = {"days": "60", "share": "0.25", "drafts": "no", "since": "2026-01-31"}
        values = complete(ALL, {}, given)
        self.assertEqual(
            [values["days"], values["share"], values["drafts"], values["since"]],
            [60, 0.25, False, "2026-01-31"],
        )

    def test_unknown_names_the_known(self):
        self.refused({"day": 1}, "day", "days", "share", "kind")

    def test_ill_typed(self):
        self.refused({"days": "sixty"}, "days", "a whole number from 1 to 365", "sixty")
        self.refused({"days": 1.5}, "a whole number")
        self.refused({"days": True}, "a whole number")
        self.refused({"share": "much"}, "a number")
        self.refused({"share": float("nan")}, "a number")
        self.refused({"drafts": "maybe"}, "true or false")
        self.refused({"kind": "c"}, "one of a, b")
        self.refused({"since": "31.01.2026"}, "YYYY-MM-DD")

    def test_bounds_are_included(self):
        self.assertEqual(complete(ALL, {}, {"days": 1})["days"], 1)
        self.assertEqual(complete(ALL, {}, {"days": 365})["days"], 365)
        self.refused({"days": 0}, "from 1 to 365")
        self.refused({"days": 366}, "from 1 to 365")

    def test_empty_is_refused_where_a_value_is_needed(self):
        self.refused({"days": ""}, "days", "empty")

    def test_what_selects_belongs_to_the_job(self):
        self.refused({"rule": "[('id', '>', 0)]"}, "rule", "belongs to the job")
        with self.assertRaises(TypeError):
            Parameter("rule", "domain", "Rule")
