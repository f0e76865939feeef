"""``sentinel-ops status``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Exit, Interrupted, for_run
from auditor.cli.options import follow_options

if TYPE_CHECKING:
    from auditor.odoo.client import Client

_UID = re.compile(
    r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}"
)


@click.command(
    epilog="""\b
Examples:
  sentinel-ops status clean_old_orders           the job's last run
  sentinel-ops status 3f1c9a52-0d5e-4b8f-9f55-0a4c8a3d2b11
  sentinel-ops status clean_old_orders --wait --timeout 60

\b
Exit code as for run; 5 while the run has not ended, or waits for approval.
"""
)
@click.argument("run", metavar="RUN")
@follow_options(wait=False)
@json_option
@common_options
@pass_app
def command(app: App, run: str, wait_for_end: bool, timeout: float, shown: int) -> Exit:
    """Show the state of RUN: a run's uid, or a job's code for its last run."""
    from auditor.cli.result import report
    from auditor.cli.waiting import display, look_again, naming, wait

    client = app.client()
    uid = run if _UID.fullmatch(run) else _last_of(client, run)
    state = client.status(uid)
    if wait_for_end and state.state != "done":
        show = display(app.err, quiet=app.as_json)
        try:
            with naming(uid):
                state = wait(client, uid, timeout=timeout, show=show)
        except KeyboardInterrupt:
            raise Interrupted(
                "Interrupted. The run goes on in Odoo.", f"Look again: {look_again(uid)}"
            ) from None
        finally:
            show.close()
    report(app, client, state, shown=shown)
    return for_run(state)


def _last_of(client: Client, code: str) -> str:
    from auditor.cli.common import find_job
    from auditor.errors import BadInput

    job = find_job(client.catalog(), code)
    if not job.last_run.uid:
        raise BadInput(
            f"The job {code} has never run.", f"sentinel-ops run {code} --dry-run runs it."
        )
    return job.last_run.uid
