"""``sentinel-ops resume-all``."""

from __future__ import annotations

from auditor.cli.stopping import everything_command

command = everything_command(
    "resume-all",
    summary="Lift the stop of everything.",
    example="mails are right again",
    note="Needs the right Emergency stop. Runs that were stopped stay stopped: start new ones.",
    send=lambda client, reason: client.resume_all(reason=reason),
    state={"stopped": False},
    said="Live runs may act again.",
)
