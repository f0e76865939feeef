"""``sentinel-ops run``."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Exit
from auditor.cli.options import follow_options, request_options
from auditor.errors import BadInput

if TYPE_CHECKING:
    from auditor.odoo.answers import Job, Triggered
    from auditor.odoo.client import Client


@click.command(
    context_settings={"ignore_unknown_options": True},
    add_help_option=False,
    epilog="""\b
Examples:
  sentinel-ops run clean_old_orders --dry-run --days=60 --limit=100
  sentinel-ops run clean_old_orders --simulate   do it, look, undo it
  sentinel-ops run clean_old_orders --reason "quarter end"
  sentinel-ops run clean_old_orders --plan 3f1c9a52-0d5e-4b8f-9f55-0a4c8a3d2b11 --lines 1,5-9
  sentinel-ops run clean_old_orders --help       the job's own parameters
  sentinel-ops run cron_health --json

\b
A check or a measure only reads, with and without --dry-run. The run goes on in
Odoo when this command is interrupted; sentinel-ops status shows it later.
""",
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED, metavar="JOB [--PARAM=VALUE ...]")
@click.option("--dry-run", is_flag=True, help="Only plan: nothing is changed.")
@click.option("--simulate", is_flag=True, help="Do it and undo it: what would come of it.")
@click.option("--plan", metavar="RUN", default="", help="Carry out this saved plan, a dry run.")
@click.option(
    "--lines",
    "chosen",
    metavar="NUMBERS",
    default=None,
    help="Only these lines of the plan, such as 1,5-9.",
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter whose name is an option of this command too.",
)
@request_options
@follow_options(wait=True)
@click.option("-h", "--help", "wants_help", is_flag=True, help="Show this, and JOB's parameters.")
@json_option
@common_options
@pass_app
@click.pass_context
def command(
    context: click.Context,
    app: App,
    words: tuple[str, ...],
    dry_run: bool,
    simulate: bool,
    plan: str,
    chosen: str | None,
    assignments: tuple[str, ...],
    reason: str,
    wait_for_end: bool,
    timeout: float,
    shown: int,
    idempotency_key: str,
    wants_help: bool,
) -> Exit:
    """Run JOB in Odoo, wait for it and show what it did."""
    from auditor.cli.parameters import split_job

    if wants_help:
        return _help(context, app, words)
    code, flags = split_job(words)
    if dry_run and plan:
        raise BadInput("--plan carries a dry run out; --dry-run makes one. Give one of them.")
    if dry_run and simulate:
        raise BadInput("--dry-run only looks; --simulate does it and undoes it. Give one of them.")

    if chosen is not None and not plan:
        raise BadInput(
            "--lines chooses lines of a plan: name it with --plan.",
            "--show says how many lines to show.",
        )

    from auditor.cli.common import find_job
    from auditor.cli.parameters import read
    from auditor.cli.ranges import read_numbers
    from auditor.cli.request import follow, queued

    lines = None if chosen is None else read_numbers(chosen)
    client = app.client()
    job = find_job(client.catalog(), code)
    if not job.available:
        raise BadInput(f"The job {code} is not available: {job.unavailable_reason}")
    parameters = read(job, flags, assignments)
    mode = _mode(job, dry_run=dry_run, simulate=simulate)
    if plan and mode == "plan":
        raise BadInput(f"The job {code} only reads: there is no plan to carry out.")
    key = idempotency_key or str(uuid.uuid4())
    triggered = _trigger(app, client, job, mode, parameters, reason, key, plan, lines)
    if not wait_for_end:
        return queued(app, triggered)
    return follow(app, client, triggered, timeout=timeout, shown=shown)


def _mode(job: Job, *, dry_run: bool, simulate: bool) -> str:
    """The mode that was asked for; what only reads has no other than ``plan``."""
    if simulate and "simulate" not in job.modes:
        raise BadInput(f"The job {job.code} can't be simulated.", "--dry-run changes nothing.")
    if simulate:
        return "simulate"
    return "plan" if dry_run or "live" not in job.modes else "live"


def _trigger(
    app: App,
    client: Client,
    job: Job,
    mode: str,
    parameters: dict[str, object],
    reason: str,
    key: str,
    plan: str,
    lines: list[int] | None,
) -> Triggered:
    from auditor.cli.request import ask

    return ask(
        lambda: client.trigger(
            job.code,
            mode=mode,
            parameters=parameters,
            idempotency_key=key,
            reason=reason,
            request_id=app.request_id,
            plan=plan,
            lines=lines,
        ),
        key,
    )


def _help(context: click.Context, app: App, words: tuple[str, ...]) -> Exit:
    """Print the command's help and, for a job, its parameters from the catalogue."""
    from auditor.cli.common import find_job
    from auditor.cli.parameters import describe, split_job

    click.echo(context.get_help())
    if not words:
        return Exit.DONE
    code, _flags = split_job(words)
    job = find_job(app.client().catalog(), code)
    taken = {name for option in context.command.params for name in option.opts}
    formatter = context.make_formatter()
    formatter.write_paragraph()
    with formatter.section(f"{job.code}, {job.name}"):
        formatter.write_text(job.description)
    with formatter.section(f"Parameters of {job.code}"):
        if job.parameters:
            formatter.write_dl([describe(parameter, taken) for parameter in job.parameters])
        else:
            formatter.write_text("None.")
    from auditor.cli.text import plain

    click.echo(plain(formatter.getvalue(), lines=True).rstrip())
    return Exit.DONE
