"""One scheduled action for each scheduled job."""

from odoo import api, fields, models

from odoo.addons.base.models.ir_cron import _intervalTypes


class IrCron(models.Model):
    _inherit = "ir.cron"

    def method_direct_trigger(self):
        """*Run Manually* before the time of a job's schedule is a request of whoever pressed it.

        Odoo would work on it as the action's user, and who asked could then approve it.
        """
        self.ensure_one()
        job = self.env["sentinel.job"].sudo().search([("cron_id", "=", self.id)], limit=1)
        if not job or self.nextcall <= fields.Datetime.now():
            return super().method_direct_trigger()
        self.browse().check_access("write")
        job._request(job.schedule_mode, origin={"source": "menu"})
        return True

    @api.model
    def _make_for_job(self, job, values):
        """The scheduled action of a job; its code only queues, so it never runs long.

        :param values: name, active, and what is known of interval and next call
        """
        return self.create(
            {
                "model_id": self.env["ir.model"]._get_id("sentinel.job"),
                "state": "code",
                "code": f"model._run_schedule({job.id})",
                "user_id": self.env.ref("base.user_root").id,
                # What the job's form shows before anything is chosen.
                "interval_number": 1,
                "interval_type": "days",
                **values,
            }
        )

    def _moments_missed(self, now):
        """How many scheduled moments after the one that is due have passed already.

        Odoo skips them when it reschedules (``_reschedule_later``), so they are counted here.
        """
        self.ensure_one()
        interval = _intervalTypes[self.interval_type](self.interval_number)
        moment, missed = self.nextcall + interval, 0
        while moment <= now:
            moment += interval
            missed += 1
        return missed
