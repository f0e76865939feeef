"""Cancel old quotations by a live run and by naive XML-RPC, side by side."""

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from sentinel_env.console import busy, say
from sentinel_env.errors import SetupError
from sentinel_env.odoo_server import OdooServer
from sentinel_env.throwaway import Throwaway

from .comparison import Comparison
from .evidence import Evidence
from .job import Job
from .naive import NaiveClient
from .progress import Progress
from .quotations import LIVE_AGE, NAIVE_AGE, Quotations
from .report import Round, comparison, summary
from .settings import Settings
from .timing import Timing

_WARM_UP = 20
_SPARE = "naive, not reached"
_CALM_SECONDS = 120.0


def compare(throwaway: Throwaway, settings: Settings) -> list[Comparison]:
    """Measure, for the one table of all benchmarks.

    :raises SetupError: something did not do its work.
    """
    figures = contest(throwaway, settings)
    return [comparison(figures, settings.records)]


def contest(throwaway: Throwaway, settings: Settings) -> dict[str, Any]:
    """Measure, and return the figures.

    :raises SetupError: something did not do its work.
    """
    database = throwaway.database()
    try:
        server = throwaway.server(database)
        with busy("starting Odoo"):
            server.start()
        return summary(_Contest(server, settings).rounds())
    finally:
        throwaway.drop(database)


class _Contest:
    """Lets both contenders do their work in turn."""

    def __init__(self, server: OdooServer, settings: Settings) -> None:
        self._settings = settings
        self._sql = partial(server.program.server.sql, database=server.database)
        self._evidence = Evidence(self._sql)
        self._quotations = Quotations(server.rpc())
        self._naive = NaiveClient(server)
        self._job = Job(server.rpc(), max(settings.records, _WARM_UP))

    def rounds(self) -> list[Round]:
        """Return the timings of each round."""
        self._round("warm-up", _WARM_UP, _WARM_UP, ("naive", "job"))
        # The warm-up woke Odoo's scheduler, which would have slept for a minute otherwise.
        with busy("waiting until Odoo's own scheduled actions are done"):
            self._wait_for_calm()
        # The naive way, too, has a full pile before it, of which it works on a sample.
        spare = max(self._settings.records - self._settings.naive_sample * self._settings.rounds, 0)
        self._make(spare, NAIVE_AGE, _SPARE)
        found = []
        for number in range(1, self._settings.rounds + 1):
            # Who comes second works in a larger, warmer database, so they take turns in that.
            order = ("naive", "job") if number % 2 else ("job", "naive")
            name = f"round {number} of {self._settings.rounds}"
            found.append(
                self._round(name, self._settings.records, self._settings.naive_sample, order)
            )
        self._evidence.untouched(_SPARE, spare)
        return found

    def _round(self, name: str, records: int, sample: int, order: Sequence[str]) -> Round:
        say(f"== {name}")
        naive, live = f"naive, {name}", f"live, {name}"
        ids = self._make(sample, NAIVE_AGE, naive)
        self._make(records, LIVE_AGE, live)
        # Or autovacuum would do it at a moment of its own choice.
        self._sql("ANALYZE sale_order, sale_order_line, mail_message, mail_tracking_value")
        timings: Round = {}
        for who in order:
            if who == "naive":
                with Progress("naive XML-RPC", sample) as progress:
                    timings["naive"] = self._naive.cancel(ids, progress.at)
                self._evidence.cancelled(naive, sample)
            else:
                timings["plan"], status = self._run("plan", records)
                self._evidence.planned(status, records)
                self._evidence.untouched(live, records)
                timings["live"], status = self._run("live", records)
                self._evidence.audited(live, status, records)
        return timings

    def _make(self, count: int, age: int, mark: str) -> list[int]:
        with Progress(f"making quotations ({mark})", count) as progress:
            return self._quotations.make(count, age, mark, progress.at)

    def _run(self, mode: str, records: int) -> tuple[Timing, dict[str, Any]]:
        with Progress(f"{mode} run", records) as progress:
            return self._job.run(mode, records, progress.at)

    def _wait_for_calm(self) -> None:
        """Wait for what a fresh database has due: mails, garbage collection and the like."""
        end = time.monotonic() + _CALM_SECONDS
        due = "SELECT count(*) FROM ir_cron WHERE active AND nextcall <= timezone('UTC', now())"
        while self._sql(due) != [["0"]]:
            if time.monotonic() > end:
                raise SetupError(
                    f"Odoo's own scheduled actions are not done after {_CALM_SECONDS:.0f} s",
                    "try again when the machine has less to do",
                )
            time.sleep(1)
