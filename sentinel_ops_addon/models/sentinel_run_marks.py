"""What a run says of the repairs that it announced only."""

from odoo import models

from ..engine.marks import announced_lines, mark_days


class SentinelRun(models.Model):
    _inherit = "sentinel.run"

    def _announced_count(self):
        """How many records were announced, or would be; they are among those that are done."""
        self.ensure_one()
        return announced_lines(self.env.cr, self.id) if mark_days(self) else 0

    def _summary(self):
        summary = super()._summary()
        if self.state != "done" or self.error or not (announced := self._announced_count()):
            return summary
        if self.mode == "plan":
            return self.env._(
                "%(found)s found, %(selected)s would be changed, %(announced)s announced",
                found=self.matched_count,
                selected=self.selected_count - announced,
                announced=announced,
            )
        if self.mode == "simulate":
            return self.env._(
                "%(simulated)s would be changed, %(announced)s announced, %(skipped)s left alone, "
                "%(errors)s with errors",
                simulated=(self.outcomes or {}).get("simulated", 0) - announced,
                announced=announced,
                skipped=self.skipped_count,
                errors=self.error_count,
            )
        return self.env._(
            "%(updated)s changed, %(announced)s announced, %(skipped)s skipped, %(errors)s with "
            "errors",
            updated=self.updated_count - announced,
            announced=announced,
            skipped=self.skipped_count,
            errors=self.error_count,
        )
