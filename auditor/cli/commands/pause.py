"""``sentinel-ops pause``."""

from __future__ import annotations

from auditor.cli.stopping import job_command

command = job_command(
    "pause",
    summary="Pause JOB: its live runs stop before their next batch, and new ones do not act.",
    example="prices are being changed",
    note="Needs a Sentinel manager. Dry runs go on. sentinel-ops resume lets it act again.",
    send=lambda client, job, reason: client.pause(job, reason=reason),
    state={"paused": True},
    said="The job {job} is paused: no live run of it acts until sentinel-ops resume.",
)
