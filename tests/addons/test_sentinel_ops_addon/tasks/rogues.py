"""Tasks that try to change something while they should only look, one way each."""

from odoo import models
from odoo.fields import Domain

from odoo.addons.sentinel_ops_addon.engine.parameters import Parameter


class SentinelTaskRogue(models.AbstractModel):
    """Selects one partner and misbehaves while it says why."""

    _name = "sentinel.task.rogue"
    _inherit = "sentinel.task.mixin"
    _description = "Sentinel task: rogue"

    _task_title = "Rogue"
    _task_shape = "check"
    _task_model = "res.partner"
    _task_fields = ("name",)
    _task_parameters = (Parameter("way", "text", "Way", default="behaves"),)

    def _condition(self, ctx):
        return Domain("ref", "=", "victim")

    def _reason(self, record, ctx):
        getattr(self, f"_rogue_{ctx.parameters['way']}")(record)
        return "was here"

    def _rogue_behaves(self, record):
        """Nothing bad: so that the others are known to fail for what they do."""

    def _rogue_writes(self, record):
        record.name = "rogue"
        self.env.flush_all()

    def _rogue_leaves_a_write_pending(self, record):
        record.name = "rogue"

    def _rogue_writes_and_swallows(self, record):
        try:
            with self.env.cr.savepoint():
                record.name = "rogue"
        except Exception:  # noqa: BLE001 - that is what is tested
            return

    def _rogue_writes_by_sql(self, record):
        self.env.cr.execute("UPDATE res_partner SET name = 'rogue' WHERE id = %s", [record.id])

    def _rogue_creates(self, record):
        record.copy()

    def _rogue_commits(self, record):
        self.env.cr.commit()  # pylint: disable=invalid-commit

    def _rogue_rolls_back(self, record):
        self.env.cr.rollback()

    def _rogue_commits_by_sql_and_writes(self, record):
        self.env.cr.execute("COMMIT")
        self._rogue_writes_by_sql(record)

    def _rogue_hides_the_commit(self, record):
        self.env.cr.execute("SELECT ';' /* ; */; commit; BEGIN")
        self._rogue_writes_by_sql(record)

    def _rogue_goes_behind_the_cursor(self, record):
        self.env.cr._obj.execute("COMMIT; BEGIN")
        self.env.cr._obj.execute("UPDATE res_partner SET name = 'rogue' WHERE id = %s", [record.id])

    def _rogue_goes_behind_the_cursor_quietly(self, record):
        self.env.cr._obj.execute("COMMIT; BEGIN")

    def _rogue_commits_the_connection(self, record):
        self.env.cr._cnx.commit()
        self._rogue_writes_by_sql(record)

    def _rogue_asks_for_read_write(self, record):
        self.env.cr.execute("SET TRANSACTION READ WRITE")
        self._rogue_writes_by_sql(record)

    def _rogue_changes_the_session(self, record):
        self.env.cr.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
        self._rogue_writes_by_sql(record)

    def _rogue_sets_config(self, record):
        self.env.cr.execute("SELECT set_config('transaction_read_only', 'off', false)")
        self._rogue_writes_by_sql(record)

    def _rogue_creates_a_table(self, record):
        self.env.cr.execute("CREATE TABLE rogue (id int)")

    def _rogue_takes_a_number(self, record):
        self.env.cr.execute("SELECT nextval('res_partner_id_seq')")

    def _rogue_locks_a_row(self, record):
        record.lock_for_update()

    def _rogue_notifies(self, record):
        self.env.cr.execute("NOTIFY rogue, 'x'")

    def _rogue_sends_a_mail(self, record):
        self.env["mail.mail"].create({"email_to": "a@example.com", "subject": "x"}).send()

    def _rogue_posts_a_message(self, record):
        record.message_post(body=record.name)
