"""Where the trail of this database stands."""

import uuid

from odoo import api, fields, models

from ..engine.chain import retention
from ..engine.chain.content import NO_SEAL


class SentinelChain(models.Model):
    """The identity of this database's trail and its last place: one row.

    Its table is the lock under which runs and events are sealed, one at a time, without gaps.
    """

    _name = "sentinel.chain"
    _description = "Sentinel chain"
    _rec_name = "uid"
    _log_access = False

    uid = fields.Char(
        string="Identity", required=True, readonly=True, default=lambda self: self._new_uid()
    )
    position = fields.Integer(string="Last position", required=True, readonly=True, default=0)
    seal = fields.Char(string="Last seal", required=True, readonly=True, default=NO_SEAL)
    start_position = fields.Integer(
        string="Removed up to",
        required=True,
        readonly=True,
        default=0,
        help="The last position whose entry retention removed; 0 when all are there.",
    )
    start_seal = fields.Char(
        string="Seal of the last removed", required=True, readonly=True, default=NO_SEAL
    )
    lines_position = fields.Integer(
        string="Lines removed up to",
        required=True,
        readonly=True,
        default=0,
        help="No run up to this position has its lines any more; 0 when all are there.",
    )

    sealed_at = fields.Datetime(string="Last sealed", compute="_compute_places")
    place_count = fields.Integer(string="Places here", compute="_compute_places")
    waiting_count = fields.Integer(
        string="Events that wait",
        compute="_compute_places",
        help="Changes of definitions that get their place within a minute.",
    )

    @api.depends("position", "start_position")
    def _compute_places(self):
        entries = self.env["sentinel.chain.entry"].sudo()
        self.env.cr.execute("SELECT count(*) FROM sentinel_event WHERE position IS NULL")
        (waiting,) = self.env.cr.fetchone()
        for chain in self:
            last = entries.search(
                [("chain", "=", chain.uid), ("position", "=", chain.position)], limit=1
            )
            chain.sealed_at = last.sealed_at
            chain.place_count = chain.position - chain.start_position
            chain.waiting_count = waiting

    def action_open_places(self):
        """The places of this chain that are here still."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "sentinel_ops_addon.sentinel_chain_entry_action"
        )
        action["domain"] = [("chain", "=", self.uid)]
        return action

    @api.autovacuum
    def _gc_trail(self):
        """Remove what is older than the retention period, a bounded part at a time.

        On connections of its own: each part is a transaction with the event that says so.
        """
        return retention.step(self.env.cr.dbname)

    @api.model
    def _identity(self):
        """The chain of this database, made when the addon is installed.

        :return: the ``sentinel.chain`` record, in sudo: everybody may know the identity
        """
        return self.env.ref("sentinel_ops_addon.sentinel_chain").sudo()

    @api.model
    def _new_uid(self):
        """A new identity, for a chain or a run."""
        return str(uuid.uuid4())
