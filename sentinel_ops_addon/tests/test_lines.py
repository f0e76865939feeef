"""Whatever a record says of itself, its line says the same."""

from .common import EngineCase
from .test_canonical import AWKWARD


class TestLines(EngineCase):
    @classmethod
    def set_up_records(cls, env):
        cls.code = f"awkward_{cls.mark}"
        cls.make_job(
            env,
            cls.code,
            "check_records",
            parameters={
                "model": "res.partner",
                "population": f"[('ref', '=', '{cls.mark}')]",
                "condition": "[('function', '!=', 'nothing at all')]",
                "limit": 2000,
            },
        )

    def make_partners(self, texts):
        with self.root() as env:
            return (
                env["res.partner"]
                .create([{"name": f"{text}|{text}", "ref": self.mark} for text in texts])
                .ids
            )

    def tearDown(self):
        super().tearDown()
        self.sql("UPDATE res_partner SET ref = NULL WHERE ref = %s", [self.mark])

    def test_awkward_texts_arrive_unchanged(self):
        ids = self.make_partners(AWKWARD)
        run = self.run_job("plan", code=self.code)
        self.assertEqual(run["matched"], len(AWKWARD), run["error"])
        names = {line["record"]: line["name"] for line in self.lines(run["uid"])}
        with self.root() as env:
            partners = env["res.partner"].browse(ids)
            self.assertEqual(names, {one.id: one.display_name for one in partners})

    def test_more_than_one_part_in_order_and_cut(self):
        ids = self.make_partners([str(number) for number in range(1003)])
        run = self.run_job("plan", code=self.code, limit=1002)
        self.assertEqual(
            (run["matched"], run["selected"], run["limited"]), (1003, 1002, True), run["error"]
        )
        self.assertEqual([line["record"] for line in self.lines(run["uid"])], ids[:1002])
        exact = self.run_job("plan", code=self.code, limit=1003)
        self.assertEqual((exact["selected"], exact["limited"]), (1003, False))
        few = self.run_job("plan", code=self.code, limit=7)
        self.assertEqual((few["matched"], few["selected"], few["limited"]), (1003, 7, True))
