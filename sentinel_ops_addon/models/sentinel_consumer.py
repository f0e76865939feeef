"""Who else holds the trail: as far as all of them have it, retention may remove it here."""

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..engine.canonical import utc_text
from ..engine.chain.content import NO_SEAL

# Said by whoever holds the trail, through acknowledge(); nobody else can know.
_NOTHING_YET = {
    "position": 0,
    "seal": NO_SEAL,
    "acknowledged_at": False,
    "acknowledged_login": False,
}


class SentinelConsumer(models.Model):
    """A store that keeps a copy of the trail for good, registered by a manager.

    One that merely reads now and then (somebody's laptop) is not registered: it would hold
    retention up for ever.
    """

    _name = "sentinel.consumer"
    _description = "Sentinel trail consumer"
    _inherit = ["sentinel.definition.mixin"]
    _order = "name"
    _definition_fields = ("name", "active", "user_id")

    name = fields.Char(
        required=True,
        help="What the store calls itself when it acknowledges, such as bigquery.",
    )
    active = fields.Boolean(
        default=True, help="Retention does not wait for a consumer that is archived."
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Only by",
        # If it were emptied instead, everybody could acknowledge.
        ondelete="restrict",
        help="The only user who may acknowledge for it. Empty: any auditor or manager.",
    )
    position = fields.Integer(
        string="Acknowledged up to",
        readonly=True,
        copy=False,
    )
    seal = fields.Char(string="Seal there", readonly=True, copy=False)
    acknowledged_at = fields.Datetime(string="Last acknowledged", readonly=True, copy=False)
    acknowledged_login = fields.Char(string="By", readonly=True, copy=False)
    behind_count = fields.Integer(
        string="Runs behind",
        compute="_compute_behind_count",
        help="Finished runs that it has not acknowledged yet.",
    )

    _unique_name = models.Constraint("UNIQUE (name)", "There is a consumer with this name already.")

    @api.depends("position")
    def _compute_behind_count(self):
        chain = self.env["sentinel.chain"]._identity()
        for consumer in self:
            self.env.cr.execute(
                "SELECT count(*) FROM sentinel_chain_entry "
                "WHERE chain = %s AND position > %s AND kind = 'run'",
                [chain.uid, consumer.position],
            )
            (consumer.behind_count,) = self.env.cr.fetchone()

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_not_claimed(vals)
        # Said in so many words: a default of the context or of the database would count otherwise.
        return super().create([{**vals, **_NOTHING_YET} for vals in vals_list])

    def write(self, vals):
        self._check_not_claimed(vals)
        return super().write(vals)

    def _check_not_claimed(self, vals):
        if _NOTHING_YET.keys() & vals.keys() and not self.env.su:
            raise AccessError(
                self.env._("How far a consumer has the trail is what it acknowledges itself.")
            )

    # --- acknowledging -----------------------------------------------------------------------

    @api.model
    def _acknowledge(self, name, position, seal):
        """Note that a consumer holds the chain up to a position; never goes backwards.

        :param int position: as the consumer says
        :param str seal: of that position, as the consumer holds it
        :return: see ``sentinel.run.acknowledge``
        :raises UserError: unknown consumer, position beyond the head, another seal
        :raises AccessError: the consumer is bound to another user, or cannot have everything
        """
        consumer = self.sudo().search([("name", "=", name)])
        if not consumer:
            raise UserError(
                self.env._(
                    "There is no consumer %(name)s. A manager registers consumers under "
                    "Sentinel > Trail > Consumers.",
                    name=name,
                )
            )
        if consumer.user_id and consumer.user_id != self.env.user:
            raise AccessError(
                self.env._("Only the user it is bound to acknowledges for %(name)s.", name=name)
            )
        chain = self.env["sentinel.chain"]._identity()
        if position > chain.position:
            raise UserError(
                self.env._(
                    "%(name)s acknowledges position %(position)s, but the trail of this database "
                    "ends at %(head)s. Was Odoo restored from an older backup? Nothing was noted.",
                    name=name,
                    position=position,
                    head=chain.position,
                )
            )
        if position > consumer.position:
            self._check_sees_everything(chain, consumer.position, position)
        known = self._seal_at(chain, position)
        if known is None and position > consumer.position:
            raise UserError(
                self.env._(
                    "Position %(position)s was removed here after the retention period, so its "
                    "seal cannot be compared. Acknowledge %(start)s or later.",
                    position=position,
                    start=chain.start_position,
                )
            )
        if known is not None and known != seal:
            raise UserError(
                self.env._(
                    "The trail forked: at position %(position)s %(name)s holds the seal %(theirs)s"
                    ", but Odoo's is %(ours)s. One of the two was changed, or Odoo was restored "
                    "from an older backup. Nothing was noted.",
                    position=position,
                    name=name,
                    theirs=seal[:12],
                    ours=known[:12],
                )
            )
        if position > consumer.position:
            consumer.write(
                {
                    "position": position,
                    "seal": seal,
                    "acknowledged_at": fields.Datetime.now(),
                    "acknowledged_login": self.env.user.login,
                }
            )
        return {
            "consumer": consumer.name,
            "position": str(consumer.position),
            "at": utc_text(consumer.acknowledged_at),
        }

    def _seal_at(self, chain, position):
        """Odoo's own seal of a position; ``None`` where retention removed it."""
        if position == chain.start_position:
            return chain.start_seal
        self.env.cr.execute(
            "SELECT seal FROM sentinel_chain_entry WHERE chain = %s AND position = %s",
            [chain.uid, position],
        )
        found = self.env.cr.fetchone()
        return found[0] if found else None

    def _check_sees_everything(self, chain, after, until):
        """Who gets some places without their content cannot vouch for a copy of all.

        :raises AccessError:
        """
        self.env.cr.execute(
            """
            SELECT EXISTS (
                SELECT FROM sentinel_chain_entry AS entry
                  LEFT JOIN sentinel_run AS run ON entry.kind = 'run' AND run.id = entry.ref
                  LEFT JOIN sentinel_event AS event
                         ON entry.kind = 'event' AND event.id = entry.ref
                 WHERE entry.chain = %s AND entry.position > %s AND entry.position <= %s
                   AND NOT coalesce(run.company_ref, event.company_ref, 0) = ANY(%s))
            """,
            [chain.uid, after, until, [0, *self.env.user._get_company_ids()]],
        )
        if self.env.cr.fetchone()[0]:
            raise AccessError(
                self.env._(
                    "You may not see all companies in this part of the trail, so what you pulled "
                    "is not all of it. A consumer's user belongs to every company."
                )
            )
