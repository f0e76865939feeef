"""``sentinel-ops resume``."""

from __future__ import annotations

from auditor.cli.stopping import job_command

command = job_command(
    "resume",
    summary="Let the paused JOB act again.",
    example="prices are done",
    note="Needs a Sentinel manager. Runs that were stopped meanwhile stay stopped: start new ones.",
    send=lambda client, job, reason: client.resume(job, reason=reason),
    state={"paused": False},
    said="The job {job} may act again.",
)
