"""``sentinel-ops verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Exit, NotYet
from auditor.errors import AuditorError, BadInput

if TYPE_CHECKING:
    from auditor.stores.interface import ChainSummary, TrailStore
    from auditor.trail.errors import TrailError
    from auditor.trail.verify import Verified


@click.command(
    epilog="""\b
Examples:
  sentinel-ops verify                            the store by itself; Odoo is not asked
  sentinel-ops verify --against-odoo             Odoo too, content by content
  sentinel-ops verify --chain 26402c3d --json

\b
Exit code 0 when everything was checked and is what was sealed, 6 when anything
is not, 5 when there was nothing to check or to compare. Anything else means
that it could not be checked: 1 the store, 3 Odoo, 4 no rights.
"""
)
@click.option(
    "--against-odoo", is_flag=True, help="Read all of it in Odoo again and compare seal by seal."
)
@click.option("--chain", default="", metavar="UID", help="Only the chain that begins with this.")
@json_option
@common_options
@pass_app
def command(app: App, against_odoo: bool, chain: str) -> Exit:
    """Check that the trail is what was sealed, and name the first place that is not."""
    from auditor.stores.opening import open_store

    with open_store(app.settings, create=False) as store:
        chains = [each for each in store.chains() if each.chain.startswith(chain)]
        if chain and not chains:
            raise BadInput(f"The store has no chain {chain}.")
        checked = [each for each in chains if each.head.position]
        if not checked:
            raise NotYet(
                "The store is empty: there was nothing to check.", "sentinel-ops pull fills it."
            )
        results = [_check(app, store, each) for each in checked]
        document: dict[str, object] = {}
        if against_odoo:
            try:
                results.append(_against_odoo(app, store, checked, results))
            except AuditorError as error:
                # A break that was found must not be hidden by what could not be looked at.
                if not any(broken for _document, broken in results):
                    raise
                document["not_compared"] = _not_compared(app, error)
    good = not any(broken for _document, broken in results)
    if app.as_json:
        app.print_json({"good": good, "checks": [each for each, _broken in results], **document})
    return Exit.DONE if good else Exit.BROKEN_TRAIL


Result = tuple[dict[str, object], "TrailError | None"]


def _check(app: App, store: TrailStore, chain: ChainSummary) -> Result:
    from auditor.trail.errors import TrailError
    from auditor.trail.verify import verify

    try:
        result = verify(store, chain.chain)
    except TrailError as error:
        return _broken(app, "store", chain, error)
    return _good(app, "store", chain, result)


def _against_odoo(
    app: App, store: TrailStore, chains: list[ChainSummary], results: list[Result]
) -> Result:
    from auditor.trail.errors import TrailError
    from auditor.trail.verify import verify_against

    client = app.client()
    here = client.health().chain
    chain = next((each for each in chains if each.chain == here), None)
    if chain is None:
        raise NotYet(
            f"The store has nothing of the chain {here}, which Odoo has now: there was nothing to "
            "compare.",
            "Was the database replaced or neutralized? sentinel-ops pull copies the new chain.",
        )
    if results[chains.index(chain)][1]:
        raise NotYet(
            "The store itself is not what was sealed, so nothing can be compared with it.",
            "sentinel-ops reconcile --repair refills it from Odoo, after checking what it takes.",
        )
    try:
        result = verify_against(client, store, chain.chain)
    except TrailError as error:
        return _broken(app, "odoo", chain, error)
    return _good(app, "odoo", chain, result)


def _not_compared(app: App, error: AuditorError) -> dict[str, object]:
    from auditor.cli.render import sentence
    from auditor.cli.text import plain
    from auditor.redact import redact

    message, remedy = (redact(plain(each, lines=True)) for each in (error.message, error.remedy))
    if not app.as_json:
        for each in filter(None, (f"Odoo was not compared. {message}", remedy)):
            app.out.print(sentence(f"  {each}"), soft_wrap=True)
    return {"kind": type(error).__name__, "message": message, "remedy": remedy}


def _broken(app: App, where: str, chain: ChainSummary, error: TrailError) -> Result:
    from auditor.cli.render import sentence

    document = {
        "where": where,
        "chain": chain.chain,
        "database": chain.database,
        "good": False,
        "kind": type(error).__name__,
        "message": error.message,
        "remedy": error.remedy,
        **error.details,
    }
    if not app.as_json:
        app.out.print(sentence(f"✗ {chain.database}: {error.message}", "red"), soft_wrap=True)
        app.out.print(sentence(f"  {error.remedy}"), soft_wrap=True)
    return document, error


def _good(app: App, where: str, chain: ChainSummary, result: Verified) -> Result:
    document: dict[str, object] = {
        "where": where,
        "chain": chain.chain,
        "database": chain.database,
        "good": True,
        "position": str(result.head.position),
        "seal": result.head.seal,
        "start": str(result.start.position),
        "runs": result.runs,
        "events": result.events,
        "lines": result.lines,
        "erased": result.erased,
        "unproven": result.unproven,
        "kept": result.kept,
        "lacking": result.lacking,
        "withheld": dict(result.withheld),
    }
    if not app.as_json:
        _say(app, where, chain, result)
    return document, None


def _say(app: App, where: str, chain: ChainSummary, result: Verified) -> None:
    from auditor.cli.render import sentence
    from auditor.cli.text import plural

    counts = (
        f"{plural(result.runs, 'run')}, {plural(result.events, 'event')} and "
        f"{plural(result.lines, 'line')}"
    )
    place = "In Odoo" if where == "odoo" else "In the store"
    app.out.print(
        sentence(
            f"✓ {chain.database}: {place}, {counts} up to position {result.head.position:,} are "
            "what was sealed.",
            "green",
        ),
        soft_wrap=True,
    )
    notes = []
    if result.start.position:
        notes.append(f"It begins behind position {result.start.position:,} (retention).")
    if result.withheld:
        reasons = ", ".join(f"{count:,} {why}" for why, count in sorted(result.withheld.items()))
        notes.append(f"Without content or lines, of which only the seals were checked: {reasons}.")
    if result.erased:
        notes.append(f"{plural(result.erased, 'line')} erased; the digests are there.")
    if result.kept:
        notes.append(f"{result.kept:,} erased or removed in Odoo, still in the store.")
    if result.lacking:
        notes.append(
            f"{result.lacking:,} of other companies that this user sees and the store lacks: "
            "sentinel-ops reconcile --repair."
        )
    if where == "store":
        notes.append(f"Seal there: {result.head.seal}")
        notes.append(
            "Compare it with one that was seen elsewhere, or use --against-odoo: a store that "
            "somebody sealed anew as a whole agrees with itself."
        )
    for note in notes:
        app.out.print(sentence(f"  {note}", "dim"), soft_wrap=True)
