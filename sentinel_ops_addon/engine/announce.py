"""Announce: tell the owner of a record what is going to happen to it, and when."""

from markupsafe import Markup

from odoo import fields
from odoo.tools import format_date

from .canonical import record_values
from .fingerprint import fingerprints
from .marks import close_marks, day_of_action, mark_days
from .parameters import text
from .repair import Repair

_TYPE = "sentinel_ops_addon.mail_activity_type_announced"


class Announce(Repair):
    """Puts an activity and a mark on each record; done when both are there.

    :param run: the run that announces
    """

    is_repair = False

    def __init__(self, task, operation, selection, run, ctx):
        super().__init__(task, operation, selection, run, ctx)
        self.days = mark_days(run)

    def intended(self, records):
        """What a plan says of records that are to be announced, by ID."""
        return {
            record_id: {"announced_for": self._day(owner)[0].isoformat()}
            for record_id, owner in self._owners(records).items()
        }

    def act(self, records, planned):
        """Announce, inside the savepoint of the batch.

        :param planned: lines of the plan by record id; the intended day becomes the real one
        """
        env = records.env
        # The record changed since, or its activity got lost.
        close_marks(env, self.run.job_ref, records._name, records.ids, "overtaken")
        owners, told = self._owners(records), {}
        for record in records:
            line, owner = planned[record.id], owners[record.id]
            day, due_at = self._day(owner)
            line.intended = {"announced_for": day.isoformat()}
            activity = self._tell(record, owner, day, line.reason)
            told[record.id] = (owner.id, owner.login, due_at, day, activity.id)
        # Only when the chatter is written, too, is a record what it is going to stay.
        env.cr.flush()
        records.invalidate_recordset(["write_date"])
        prints = fingerprints(records, record_values(records, self.names))
        now = fields.Datetime.now()
        env.cr.execute_values(
            """
            INSERT INTO sentinel_mark (
                job_ref, job_code, job_name, company_ref, model, operation, run_uid, announced_at,
                state, record_ref, record_name, fingerprint,
                owner_ref, owner_login, due_at, due_on, activity_ref)
            VALUES %s
            """,
            [
                (
                    self.run.job_ref,
                    self.run.job_code,
                    self.run.job_name,
                    self.run.company_ref,
                    records._name,
                    self.task._task_operation,
                    self.run.uid,
                    now,
                    "waiting",
                    record.id,
                    planned[record.id].record_name,
                    prints[record.id],
                    *told[record.id],
                )
                for record in records
            ],
        )

    def without_effect(self, records, planned):
        """Those that bear no mark, or whose activity did not come to be."""
        cr = records.env.cr
        cr.execute(
            """
            SELECT mark.record_ref
              FROM sentinel_mark AS mark
              JOIN mail_activity AS activity ON activity.id = mark.activity_ref
                   AND activity.active AND activity.res_id = mark.record_ref
             WHERE mark.job_ref = %s AND mark.model = %s AND mark.state = 'waiting'
               AND mark.record_ref = ANY(%s)
            """,
            [self.run.job_ref, records._name, records.ids],
        )
        return records - records.browse([ref for (ref,) in cr.fetchall()])

    def ineffective_message(self):
        """What is said of those."""
        return self.task.env._("Odoo did not keep the activity, so nobody would have been told.")

    def _owners(self, records):
        """Whom to tell by ID: the task's word, if that person can see it; else the job's user."""
        owners = dict.fromkeys(records.ids, records.env.user.sudo())
        for owner, theirs in records.grouped(self.task._owner).items():
            owner = owner.sudo()
            if owner.active and not owner.share:
                seen = theirs.with_user(owner).with_context(
                    allowed_company_ids=owner.company_ids.ids
                )
                owners.update(dict.fromkeys(seen._filtered_access("read").ids, owner))
        return owners

    def _day(self, owner):
        return day_of_action(fields.Datetime.now(), self.days, owner.tz)

    def _tell(self, record, owner, day, reason):
        env = record.with_context(lang=owner.lang).env
        words = {
            "date": format_date(env, day),
            "job": self.run.job_name,
            "what": text(env, self.operation._operation_title),
            "why": reason or env._("it matches the rule of the job"),
        }
        note = [
            env._("On %(date)s the job %(job)s is going to do this here: %(what)s.", **words),
            env._("Why: %(why)s.", **words),
            env._(
                "To keep the record as it is, mark this activity as done, and say why if you like, "
                "or cancel it: either way counts as your objection. Giving it a later date puts "
                "the matter off until then. When the record changes, nothing happens on that day; "
                "if it is still trouble, it will be announced anew."
            ),
        ]
        return record.activity_schedule(
            _TYPE,
            date_deadline=day,
            summary=env._("Announced for %(date)s: %(what)s", **words),
            note=Markup("").join(Markup("<p>%s</p>") % paragraph for paragraph in note),
            user_id=owner.id,
        )
