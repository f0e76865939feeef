from lxml import etree

from odoo.exceptions import UserError
from odoo.tests import Form

from .common import OrderCase


class TestTrailScreens(OrderCase):
    """What managers and auditors see of the chain."""

    @classmethod
    def set_up_records(cls, env):
        cls.auditor_id = cls.new_user(env, "auditor", ["sentinel_ops_addon.group_auditor"]).id
        elsewhere = env["res.company"].create({"name": f"Elsewhere {cls.mark}"})
        cls.far_id = cls.new_user(env, "far", ["sentinel_ops_addon.group_auditor"], elsewhere).id

    def test_the_chain_shows_where_it_stands(self):
        run = self.run_job("plan", days=90)
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).name = f"Renamed {self.mark}"
        for user_id in (self.user_id, self.auditor_id):
            with self.as_user(user_id) as env:
                chain = env.ref("sentinel_ops_addon.sentinel_chain")
                self.assertEqual(chain.position, int(run["position"]))
                entry = env["sentinel.chain.entry"].search([("uid", "=", run["uid"])])
                self.assertEqual((chain.seal, chain.sealed_at), (entry.seal, entry.sealed_at))
                self.assertEqual(chain.waiting_count, 1)
                self.assertEqual(chain.display_name, chain.uid)
                places = env["sentinel.chain.entry"].search(chain.action_open_places()["domain"])
                self.assertEqual(len(places), chain.place_count)
                self.assertEqual(places[0].uid, run["uid"])

    def test_places_name_what_is_in_them_and_lead_there(self):
        with self.root() as env:
            env["sentinel.job"].browse(self.job_id).name = f"Named {self.mark}"
        run = self.run_job("plan", days=90)
        with self.as_user() as env:
            place = env["sentinel.chain.entry"].search([("uid", "=", run["uid"])])
            found = env["sentinel.run"]._by_uid(run["uid"])
            self.assertEqual(place.what, found.display_name)
            self.assertEqual(place.action_open()["res_id"], found.id)
            self.assertEqual((found.seal, found.lines_removed), (place.seal, False))
            self.assertEqual(place.short_seal, place.seal[:12])
            before = env["sentinel.chain.entry"].search(
                [("chain", "=", place.chain), ("position", "=", place.position - 1)]
            )
            self.assertIn(f"Named {self.mark}: Changed", before.what)
            event = env["sentinel.event"].search(before.action_open()["domain"])
            self.assertEqual(event.uid, before.uid)
        with self.as_user(self.far_id) as env:
            place = env["sentinel.chain.entry"].search([("uid", "=", run["uid"])])
            self.assertEqual(place.what, "(you may not see this one)")
            with self.assertRaisesRegex(UserError, "may not"):
                place.action_open()

    def test_the_forms_open_and_save(self):
        run = self.run_job("plan", days=90)
        with self.as_user() as env:
            with Form(env["sentinel.consumer"]) as form:
                form.name = f"store {self.mark}"
            self.assertTrue(form.record.active)
            form.record.unlink()
            with Form(env["sentinel.retention"]) as form:
                form.has_lines_days = True
                form.lines_days = 30
            for model in ("sentinel.chain", "sentinel.chain.entry"):
                arch = etree.fromstring(
                    env[model].get_view(view_type="form" if model == "sentinel.chain" else "list")[
                        "arch"
                    ]
                )
                # Nobody is offered what nobody may do.
                self.assertEqual({arch.get(name) for name in ("create", "delete")}, {"0"})
            arch = env["sentinel.run"].get_view(view_type="form")["arch"]
            self.assertIn("lines_removed", arch)
            Form(env["sentinel.run"]._by_uid(run["uid"]))

    def test_the_menus_are_for_those_who_may(self):
        menus = {"chain", "places", "consumers", "retention"}
        with self.root() as env:
            viewer = self.new_user(env, "onlooker", ["sentinel_ops_addon.group_viewer"]).id
        for user_id, seen in (
            (self.user_id, menus),
            (self.auditor_id, menus - {"retention"}),
            (viewer, set()),
        ):
            with self.as_user(user_id) as env:
                visible = env["ir.ui.menu"]._visible_menu_ids()
                found = {
                    name
                    for name in menus
                    if env.ref(f"sentinel_ops_addon.sentinel_menu_{name}").id in visible
                }
                self.assertEqual(found, seen)
