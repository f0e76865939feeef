"""Records that were repaired, and how often: a repair that does not last is trouble of its own."""

from odoo import fields, models
from odoo.tools import SQL

from ..engine.marks import ANNOUNCE
from .sentinel_run_line import open_record

# How far back repairs are counted.
DAYS = 30


class SentinelRepairLoop(models.Model):
    """One row for each record that live runs repaired lately; read from their lines.

    A query and no table: it is always right, and nothing has to be kept in step.
    """

    _name = "sentinel.repair.loop"
    _description = "Sentinel repaired record"
    _auto = False
    _order = "repair_count desc, last_at desc, id"
    _rec_name = "record_name"
    _depends = {
        "sentinel.run": ["mode", "state", "ended_at", "undoes_ref"],
        "sentinel.run.line": [
            "run_id",
            "outcome",
            "at",
            "model",
            "record_ref",
            "record_name",
            "job_code",
            "operation",
            "company_ref",
        ],
    }

    model = fields.Char(readonly=True)
    record_ref = fields.Many2oneReference(
        string="Record ID", model_field="model", readonly=True, aggregator=None
    )
    record_name = fields.Char(string="Record", readonly=True)
    job_codes = fields.Char(string="Jobs", readonly=True)
    repair_count = fields.Integer(string="Repaired (times)", readonly=True)
    first_at = fields.Datetime(string="First repair", readonly=True)
    last_at = fields.Datetime(string="Last repair", readonly=True)
    company_id = fields.Many2one(comodel_name="res.company", readonly=True)

    @property
    def _table_query(self):
        # The runs first, they are few; their lines by the index on run and position. Line ids
        # grow, so the last line of a record is the one with the largest.
        return SQL(
            """
            SELECT max(line.id) AS id,
                   line.model,
                   line.record_ref,
                   (array_agg(line.record_name ORDER BY line.id DESC))[1] AS record_name,
                   string_agg(DISTINCT line.job_code, ', ') AS job_codes,
                   count(*)::integer AS repair_count,
                   min(line.at) AS first_at,
                   max(line.at) AS last_at,
                   line.company_ref AS company_id
              FROM sentinel_run AS run
              JOIN sentinel_run_line AS line ON line.run_id = run.id
             WHERE run.mode = 'live'
               AND run.state = 'done'
               AND coalesce(run.undoes_ref, 0) = 0
               AND run.ended_at >= %(since)s
               AND line.outcome = 'done'
               AND line.operation IS DISTINCT FROM %(announce)s
               AND line.at >= %(since)s
             GROUP BY line.company_ref, line.model, line.record_ref
            """,
            announce=ANNOUNCE,
            since=fields.Datetime.subtract(fields.Datetime.now(), days=DAYS),
        )

    def action_open_record(self):
        """Open the record that does not stay repaired, with the rights of who looks."""
        self.ensure_one()
        return open_record(self)
