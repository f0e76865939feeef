"""``sentinel-ops show``: reads the local store only, Odoo is not asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.errors import BadInput

if TYPE_CHECKING:
    from auditor.stores.interface import StoredRun, TrailStore

_SHORTEST_UID = 4


@click.command(
    epilog="""\b
Examples:
  sentinel-ops show                              recent runs
  sentinel-ops show --job clean_old_orders
  sentinel-ops show 3f1c9a52                     a run and what it did, by the start of its uid
  sentinel-ops show 3f1c9a52 --outcome refused --limit 0
  sentinel-ops show --record sale.order S00042   the same as: history sale.order S00042

\b
Reads the local store; sentinel-ops pull brings it up to date.
"""
)
@click.argument("run", metavar="[RUN]", required=False, default="")
@click.option(
    "--record", nargs=2, metavar="MODEL ID_OR_NAME", default=None, help="What happened to a record."
)
@click.option("--job", default="", help="Only runs of this job.")
@click.option("--outcome", default="", help="Only lines with this outcome.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=None,
    help="How many rows; 0 for all. Default: 20 runs, 50 lines.",
)
@json_option
@common_options
@pass_app
def command(
    app: App,
    run: str,
    record: tuple[str, str] | None,
    job: str,
    outcome: str,
    limit: int | None,
) -> None:
    """Show recent runs, one RUN with its lines, or the life of a record."""
    from auditor.cli.commands.history import life
    from auditor.stores.opening import open_store

    if run and record:
        raise BadInput("Give a run or --record, not both.")
    with open_store(app.settings, create=False) as store:
        if record:
            life(app, store, *record)
        elif run:
            _run(app, store, run, outcome, 50 if limit is None else limit)
        else:
            _recent(app, store, job, 20 if limit is None else limit)


def _recent(app: App, store: TrailStore, job: str, limit: int) -> None:
    found = store.recent_runs(limit=limit, job=job)
    if app.as_json:
        app.print_json(
            {
                "chains": [vars(chain) for chain in store.chains()],
                "runs": [_run_document(stored) for stored in found],
            }
        )
        return
    from auditor.cli import words
    from auditor.cli.render import marked, sentence, table
    from auditor.cli.text import moment, money, plural

    if not found:
        what = f"no run of {job}" if job else "no runs yet"
        app.out.print(sentence(f"The store has {what}. sentinel-ops pull brings new ones."))
        return
    chains = store.chains()
    several = len(chains) > 1
    made = table(
        *(["Database"] if several else []),
        "When",
        "Job",
        "What",
        "Result",
        "Records",
        "Amount",
        "By",
        "Run",
        right=["Records", "Amount"],
    )
    for stored in found:
        each = stored.run
        result = marked(words.status(each.status))
        if each.verdict:
            result.append(", ").append_text(marked(words.verdict(each.verdict)))
        made.add_row(
            *([sentence(stored.database)] if several else []),
            moment(each.started_at or each.requested_at),
            sentence(each.job),
            words.mode(each.mode, each.shape),
            result,
            f"{each.line_count:,}",
            money(each.amount, each.currency),
            sentence(each.requested_by),
            each.uid[:8],
        )
    app.out.print(made)
    for chain in chains:
        app.out.print(
            sentence(
                f"{chain.database}: {plural(chain.runs, 'run')} with "
                f"{plural(chain.lines, 'line')}, last pulled {moment(chain.pulled_at)}",
                "dim",
            )
        )


def _run(app: App, store: TrailStore, uid: str, outcome: str, limit: int) -> None:
    stored = _one_run(store, uid)
    lines = store.lines(stored, limit=limit, outcome=outcome)
    if app.as_json:
        app.print_json(
            {
                **_run_document(stored),
                "lines": [line.model_dump(mode="json") for line in lines],
            }
        )
        return
    from auditor.cli.render import print_lines, run_summary, sentence

    each = stored.run
    app.out.print(run_summary(each))
    total = each.outcomes.get(outcome, 0) if outcome else each.line_count
    if outcome and not lines:
        outcomes = ", ".join(each.outcomes) or "none"
        app.out.print(sentence(f"No line has the outcome {outcome}; this run has: {outcomes}."))
    print_lines(app.out, lines, total=total, shape=each.shape, more="--limit 0 shows all")


def _one_run(store: TrailStore, uid: str) -> StoredRun:
    uid = uid.lower()
    if len(uid) < _SHORTEST_UID:
        raise BadInput(f"Give at least {_SHORTEST_UID} characters of the run's uid.")
    found = store.find_runs(uid)
    if not found:
        raise BadInput(
            f"The store has no run {uid}.",
            "sentinel-ops pull brings runs that have ended; sentinel-ops show lists them.",
        )
    if len(found) > 1:
        raise BadInput(
            f"Several runs begin with {uid}: {', '.join(stored.run.uid for stored in found)}."
        )
    return found[0]


def _run_document(stored: StoredRun) -> dict[str, object]:
    return {
        "chain": stored.chain,
        "database": stored.database,
        **stored.run.model_dump(mode="json"),
    }
