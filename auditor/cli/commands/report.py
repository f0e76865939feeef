"""``sentinel-ops report``: reads the local store only, Odoo is not asked."""

from __future__ import annotations

from datetime import date, datetime, timezone
from pathlib import Path

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Exit
from auditor.cli.options import period_options
from auditor.errors import BadInput

DAYS = 30


@click.command(
    epilog="""\b
Examples:
  sentinel-ops report                                      the last 30 days
  sentinel-ops report --since 2026-01-01 --until 2026-01-31 --output january.html
  sentinel-ops report --output today.html --force          replaces it

\b
One HTML page that needs no network: open it in a browser, print it, mail it.
Says whether the store still holds what was sealed; exit code 6 when it does not.
Reads the local store; sentinel-ops pull brings it up to date.
"""
)
@period_options(f"{DAYS} days, with the last one", "today, in UTC")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=None,
    metavar="FILE.html",
    help="Where to. Default: sentinel-ops-SINCE-UNTIL.html in the current folder.",
)
@click.option("--force", is_flag=True, help="Replace the file when there is one.")
@click.option(
    "--verify/--no-verify",
    "check",
    default=True,
    show_default=True,
    help="Check first that the store holds what was sealed; else the page says it was not.",
)
@json_option
@common_options
@pass_app
def command(
    app: App, since: str | None, until: str | None, output: Path | None, force: bool, check: bool
) -> int:
    """Make a page about a period: runs, findings, money, failures, who did what."""
    from auditor.files import whole_file
    from auditor.report.figures import gather
    from auditor.report.page import Chapter, page
    from auditor.report.proof import NOT_CHECKED, prove
    from auditor.stores.opening import open_store
    from auditor.trail.period import checked, read_day, today

    last = today() if until is None else read_day(until, "--until")
    first = _days_before(last) if since is None else read_day(since, "--since")
    if first > today():
        raise BadInput(f"--since {first} lies in the future.")
    period = checked(first, last if first > last else min(last, today()))
    target = output or Path(f"sentinel-ops-{period.since}-{period.until}.html")
    with open_store(app.settings, create=False) as store, whole_file(target, force=force) as file:
        chapters = [
            Chapter(
                gather(store, chain, period), prove(store, chain.chain) if check else NOT_CHECKED
            )
            for chain in store.chains()
        ]
        file.write(page(period, chapters, made_at=datetime.now(timezone.utc)).encode())
    broken = next((each.proof.error for each in chapters if each.proof.error), None)
    _report(app, target, sum(each.figures.runs for each in chapters), broken=broken is not None)
    if broken is not None:
        app.err.print(f"The trail is broken: {broken.message}", soft_wrap=True)
        return Exit.BROKEN_TRAIL
    return Exit.DONE


def _days_before(last: date) -> date:
    return date.fromordinal(max(last.toordinal() - DAYS + 1, 1))


def _report(app: App, target: Path, runs: int, *, broken: bool) -> None:
    if app.as_json:
        app.print_json({"output": str(target), "runs": runs, "broken": broken})
        return
    from auditor.cli.render import sentence
    from auditor.cli.text import plural

    app.out.print(sentence(f"A report about {plural(runs, 'run')}: {target}"), soft_wrap=True)
