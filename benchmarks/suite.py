"""All benchmarks, one table, one file: `make bench`."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from sentinel_env.console import complain, note, say
from sentinel_env.locks import exclusive
from sentinel_env.odoo_program import OdooProgram
from sentinel_env.provision import Site
from sentinel_env.throwaway import Throwaway

from . import cancel_quotations, idle, partners, plans, trail, transfers
from .comparison import Comparison, table
from .settings import Settings, parse
from .surroundings import durability, machine, versions

RESULTS = Path(__file__).resolve().parent / "results"
BENCHMARKS: dict[str, Callable[[Throwaway, Settings], list[Comparison]]] = {
    "quotations": cancel_quotations.compare,
    "plans": plans.measure,
    "partners": partners.measure,
    "transfers": transfers.measure,
    "idle": idle.measure,
    "trail": trail.measure,
}


def main(site: Site, arguments: Sequence[str]) -> int:
    """Measure in databases of its own, and return the exit status.

    :raises SetupError: something did not do its work; nothing is printed or written then.
    """
    settings = parse(arguments, list(BENCHMARKS))
    # Whatever else keeps the machine busy makes the figures worthless.
    with exclusive(site.cache.lock("suite"), "tests"):
        throwaway = Throwaway(site)
        try:
            throwaway.sweep()
            measure(throwaway, settings)
        finally:
            throwaway.close()
    return 0


def measure(throwaway: Throwaway, settings: Settings) -> Path:
    """Measure, print the table, and return the file with the figures.

    :raises SetupError: something did not do its work.
    """
    facts = _facts(throwaway.site.program, settings)
    _tell(facts)
    found: dict[str, list[Comparison]] = {}
    for name, benchmark in BENCHMARKS.items():
        if not settings.only or name in settings.only:
            say(f"== {name}")
            found[name] = benchmark(throwaway, settings)
    say()
    for line in table([one for comparisons in found.values() for one in comparisons]):
        say(line)
    file = settings.json or _new_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    benchmarks = {name: [one.as_dict() for one in several] for name, several in found.items()}
    file.write_text(json.dumps({**facts, "benchmarks": benchmarks}, indent=2) + "\n")
    say(f"all figures: {file}")
    return file


def _facts(program: OdooProgram, settings: Settings) -> dict[str, Any]:
    sizes = {name: value for name, value in vars(settings).items() if name not in ("json", "only")}
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "settings": sizes,
        "machine": machine(),
        "versions": versions(program),
        "durability": durability(program.server, "postgres"),
    }


def _tell(facts: dict[str, Any]) -> None:
    size, known, careful = facts["machine"], facts["versions"], facts["durability"]
    note(
        f"{size['cores']} cores, {size['memory_gib']} GiB, load {size['load_before']}; "
        f"Odoo {known['odoo']}, PostgreSQL {known['postgresql']}, addon {known['addon']}"
    )
    note(
        "PostgreSQL: "
        + ", ".join(f"{name} = {value}" for name, value in careful.items() if name != "as_shipped")
        + (" (its defaults)" if careful["as_shipped"] else "")
    )
    if not careful["as_shipped"]:
        complain("  these are not PostgreSQL's defaults: quote no figure of this run")


def _new_file() -> Path:
    stamp = datetime.now(timezone.utc).strftime("%Y%m%d-%H%M%S")
    return RESULTS / f"{stamp}.json"
