"""``sentinel-ops stop-all``."""

from __future__ import annotations

from auditor.cli.stopping import everything_command

command = everything_command(
    "stop-all",
    summary="Stop every live run and simulation in Odoo before its next batch; no new one acts.",
    example="customers get wrong mails",
    note="Needs the right Emergency stop. Plans and checks go on, simulations do not. It stands until sentinel-ops resume-all.",
    send=lambda client, reason: client.stop_all(reason=reason),
    state={"stopped": True},
    said="Everything is stopped: nothing live acts until sentinel-ops resume-all.",
)
