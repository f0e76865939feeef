"""The story: old quotations are found, planned, cancelled, and every one can be accounted for."""

import time
import xmlrpc.client
from collections import Counter
from dataclasses import dataclass
from typing import Any

from .. import env_file, lifecycle
from ..console import busy, note, say
from ..errors import SetupError
from ..odoo_rpc import UNREACHABLE
from ..odoo_server import LOGIN, PASSWORD, OdooServer
from ..provision import Site
from .claims import Story
from .orders import DemoOrders, Row, Snapshot
from .program import AuditorProgram

JOB = "clean_old_orders"
_STEPS = 8
_BLAME_RUN = "open the run in the browser (its address is above) and read Odoo's log"
_MEANWHILE = (
    "if somebody worked in this database at the same time, run `make demo` again; "
    "otherwise this is a bug: please report it with the output above"
)


def tell(site: Site) -> int:
    """Run the demo and return 0; every step that does not do what it says raises.

    :raises SetupError: a step failed; it names the remedy.
    """
    started = time.monotonic()
    try:
        return Demo(site).tell(started)
    except xmlrpc.client.Fault as fault:
        # The fault of a bug holds a whole traceback; its last line is the message.
        message = fault.faultString.strip().splitlines()[-1] if fault.faultString else ""
        raise SetupError(
            f"Odoo refused a call of the demo: {message}", f"read {site.server.log}"
        ) from fault
    except UNREACHABLE as error:
        raise SetupError(
            f"Odoo went away during the demo: {error}", f"read {site.server.log}"
        ) from error


@dataclass
class Outcome:
    """One run, as XML-RPC tells it."""

    status: Row
    lines: list[Row]

    @property
    def records(self) -> list[int]:
        """The ids of the records, in the order of the lines."""
        return [line["record"] for line in self.lines]


class Demo:
    """The steps, in order."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.story = Story(_STEPS)

    def tell(self, started: float) -> int:
        """Tell all of it."""
        server = self._start()
        self.rpc = server.rpc()
        self.program = AuditorProgram(self.site.clone.venv / "bin", env_file.settings_of(self.site))
        job = self._job()
        days = next(row["value"] for row in job["parameters"] if row["name"] == "days")
        self.orders = DemoOrders(self.rpc, job["company"], int(days))
        stale = self._seed()
        self._list()
        plan = self._plan(stale)
        live = self._live(stale)
        again = self._again()
        self._pull(live)
        self._show(live)
        self._summary(server, {"plan": plan, "live": live, "again": again}, started)
        return 0

    def _start(self) -> OdooServer:
        self.story.step("PostgreSQL and Odoo 19 with the addon")
        server = lifecycle.up(self.site)
        note(f"Odoo {self.site.program.source.label} at {server.url}")
        health = server.rpc().execute("sentinel.job", "health")
        problems = "; ".join(f"{row['message']} -> {row['remedy']}" for row in health["problems"])
        self.story.claim(
            "the addon is ready to work", health["ok"], found=problems, remedy="see there"
        )
        return server

    def _seed(self) -> list[Row]:
        self.story.step("Quotations: old ones among fresh, confirmed and locked orders")
        with busy("making orders over XML-RPC"):
            counts = self.orders.seed()
        for kind, count in counts.items():
            note(f"{count:4d}  {kind}")
        stale = self.orders.stale()
        self.story.claim(
            f"{len(stale)} quotations are older than {self.orders.days} days",
            len(stale) > 0,
            remedy="look at the log of Odoo; `make clean` starts from a new database",
        )
        return stale

    def _list(self) -> None:
        self.story.step("The jobs that Odoo offers")
        self._must(self.program.show("list"), "list")

    def _plan(self, stale: list[Row]) -> Outcome:
        self.story.step("A dry run: what would be cancelled?")
        before = self.orders.snapshot()
        outcome = self._run("--dry-run", *self._limit(stale))
        self.story.claim(
            f"the plan names exactly these {len(stale)} quotations, oldest first",
            outcome.records == _ids(stale),
            found=outcome.records,
            remedy=_MEANWHILE,
        )
        self.story.claim(
            f"nothing changed: all {len(before)} orders are as they were",
            self.orders.snapshot() == before,
            found=_difference(before, self.orders.snapshot()),
            remedy=_MEANWHILE,
        )
        return outcome

    def _live(self, stale: list[Row]) -> Outcome:
        self.story.step("The same for real")
        before = self.orders.snapshot()
        outcome = self._run(*self._limit(stale))
        after = self.orders.snapshot()
        changed = [order for order in after if after[order] != before.get(order)]
        cancelled = [order for order in changed if after[order][0] == "cancel"]
        self.story.claim(
            f"the {len(stale)} old quotations are cancelled",
            sorted(cancelled) == sorted(_ids(stale)),
            found=cancelled,
            remedy=_BLAME_RUN,
        )
        self.story.claim(
            "no other order was touched: "
            + ", ".join(
                f"{len(self.orders.of_kind(kind))} {kind}"
                for kind in ("fresh", "confirmed", "locked", "other company")
            ),
            sorted(changed) == sorted(cancelled),
            found=_difference(before, after),
            remedy=_MEANWHILE,
        )
        done = [line["record"] for line in outcome.lines if line["outcome"] == "done"]
        self.story.claim(
            "every change has its line, and every line its change",
            sorted(done) == sorted(cancelled)
            and all(line["after"].get("state") == "cancel" for line in outcome.lines),
            found=Counter(line["outcome"] for line in outcome.lines),
            remedy=_BLAME_RUN,
        )
        return outcome

    def _again(self) -> Outcome:
        self.story.step("And once more: nothing is left to do")
        before = self.orders.snapshot()
        outcome = self._run()
        self.story.claim(
            "the second run found nothing and changed nothing",
            not outcome.lines and self.orders.snapshot() == before,
            found=outcome.records,
            remedy=_MEANWHILE,
        )
        return outcome

    def _pull(self, live: Outcome) -> None:
        self.story.step("The trail, copied out of Odoo")
        self._must(self.program.show("pull"), "pull")
        kept = self.program.ask("show", live.status["uid"], "--limit", "0")
        self.story.claim(
            f"the store holds the run and its {len(live.lines)} lines",
            sorted(line["record"] for line in kept["lines"]) == sorted(live.records),
            found=len(kept["lines"]),
            remedy="run `sentinel-ops pull` again",
        )

    def _show(self, live: Outcome) -> None:
        self.story.step("What happened to each order?")
        self._must(self.program.show("show", live.status["uid"]), "show")
        if live.lines:
            name = live.lines[0]["name"]
            self._must(self.program.show("history", "sale.order", name), "history")

    def _summary(self, server: OdooServer, runs: dict[str, Outcome], started: float) -> None:
        say()
        say("  run     status     found  changed  money at stake")
        for name, outcome in runs.items():
            status = outcome.status
            money = f"{status['amount'] or '0.00'} {status['currency']}"
            say(
                f"  {name:6}  {status['status']:9} {status['selected']:6d}  "
                f"{status['updated']:7d}  {money}"
            )
        say()
        say(
            f"{_STEPS} of {_STEPS} steps, {self.story.claims} claims checked over XML-RPC, "
            f"{time.monotonic() - started:.0f} s."
        )
        say(f"Look at it: {server.url}{runs['live'].status['url']} (login {LOGIN} / {PASSWORD})")
        say("Go on in a shell: . .sentinel/env && sentinel-ops show     Stop it all: make down")
        say("Try to falsify it: the chapter `Prove it` of README.md")

    def _job(self) -> Row:
        catalog: Row = self.rpc.execute("sentinel.job", "catalog")
        job: Row = next((row for row in catalog["jobs"] if row["code"] == JOB), {})
        if not job or not job["available"]:
            raise SetupError(
                f"the job {JOB} is not available: "
                f"{job.get('unavailable_reason', 'it is not in the catalogue')}",
                "`make clean` and `make demo` start from a new database",
            )
        return job

    def _limit(self, stale: list[Row]) -> tuple[str, ...]:
        # Whoever played with this database may have left more than the job takes at once.
        limit = next(r["value"] for r in self._job()["parameters"] if r["name"] == "limit")
        return (f"--limit={len(stale)}",) if len(stale) > int(limit) else ()

    def _run(self, *arguments: str) -> Outcome:
        earlier = self._job()["last_run"].get("uid", "")
        status = self.program.show("run", JOB, *arguments)
        uid = self._job()["last_run"].get("uid", "")
        self._must(status, "run")
        self.story.claim(
            "the run is in Odoo", uid not in ("", earlier), found=uid, remedy=_BLAME_RUN
        )
        return Outcome(self.rpc.execute("sentinel.run", "status", uid), self._lines(uid))

    def _lines(self, uid: str) -> list[Row]:
        lines: list[Row] = []
        after = 0
        while True:
            page: Any = self.rpc.execute("sentinel.run", "read_lines", uid, after)
            lines += page["lines"]
            after = page["next"]
            if not after:
                return lines

    def _must(self, status: int, what: str) -> None:
        if status != 0:
            raise SetupError(
                f"`sentinel-ops {what}` ended with exit status {status} (its message is above)",
                f"do what it says; Odoo's log is {self.site.server.log}",
            )


def _ids(rows: list[Row]) -> list[int]:
    return [row["id"] for row in rows]


def _difference(before: Snapshot, after: Snapshot) -> str:
    changed = [
        f"order {order}: {before.get(order, ('absent',))[0]} -> {after.get(order, ('absent',))[0]}"
        for order in sorted(before.keys() | after.keys())
        if before.get(order) != after.get(order)
    ]
    return "; ".join(changed[:10]) or "nothing"
