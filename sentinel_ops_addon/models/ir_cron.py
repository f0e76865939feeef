"""One scheduled action for each scheduled job."""

from odoo import api, models

from odoo.addons.base.models.ir_cron import _intervalTypes


class IrCron(models.Model):
    _inherit = "ir.cron"

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
