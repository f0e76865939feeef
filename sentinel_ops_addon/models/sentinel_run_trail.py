"""Doors for those who hold a copy of the trail, besides the exports."""

import datetime

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.chain.days import days
from .sentinel_run import bounded

# A year, and what is left of the one before.
MAX_DAYS = 400


class SentinelRun(models.Model):
    _inherit = "sentinel.run"

    seal = fields.Char(compute="_compute_entry")
    lines_removed = fields.Boolean(compute="_compute_entry")

    @api.depends("uid", "position")
    def _compute_entry(self):
        entries = self.env["sentinel.chain.entry"].sudo()
        found = {entry.uid: entry for entry in entries.search([("uid", "in", self.mapped("uid"))])}
        for run in self:
            entry = found.get(run.uid, entries)
            run.seal = entry.seal
            run.lines_removed = entry.withheld == "lines"

    @api.model
    def export_days(self, since, until):
        """The chain summed up by days (UTC), to compare a copy of it with.

        :param str since: first day, ``YYYY-MM-DD``
        :param str until: last day, at most 400 days in all
        :return: ``[{"day", "first", "last", "count", "lines", "digest"}]`` for days with entries;
            the digest is SHA-256 over the raw seals in order of position, hexadecimal
        """
        self._check_auditor()
        since, until = self._day("since", since), self._day("until", until)
        if not 0 <= (until - since).days < MAX_DAYS:
            raise UserError(
                self.env._(
                    "From %(since)s to %(until)s is not between 1 and %(most)s days.",
                    since=since,
                    until=until,
                    most=MAX_DAYS,
                )
            )
        return days(self.env.cr, self.env["sentinel.chain"]._identity().uid, since, until)

    @api.model
    def acknowledge(self, consumer, position, seal):
        """Say that a consumer has everything up to a position; retention may remove it then.

        :param str consumer: name of a registered consumer
        :param str position: chain position
        :param str seal: its seal, hexadecimal, as the consumer holds it
        :return: ``{"consumer", "position", "at"}``, what is noted now: never less than before
        """
        self._check_auditor()
        return self.env["sentinel.consumer"]._acknowledge(
            str(consumer or ""),
            bounded(self.env, "position", position, 0, 2**31 - 1),
            str(seal or ""),
        )

    def _day(self, name, value):
        try:
            return datetime.date.fromisoformat(str(value))
        except ValueError:
            raise UserError(
                self.env._(
                    "%(name)s must be a day such as 2026-01-31; %(value)r is not.",
                    name=name,
                    value=value,
                )
            ) from None
