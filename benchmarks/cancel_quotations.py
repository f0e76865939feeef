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
from .plain import PlainOrm
from .progress import Progress
from .quotations import LIVE_AGE, NAIVE_AGE, Quotations
from .refusals import Refusals
from .report import Round, comparison, summary
from .settings import Settings
from .timing import Timing

_WARM_UP = 20
# Of the records of a run; in a thousand as many as in five thousand would be another question.
_BAD_SHARE = 20 / 5000
_BULK = "sentinel_ops_addon.bulk_tracking"
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
        self._rpc = server.rpc()
        self._naive = NaiveClient(server)
        self._plain = PlainOrm(server, self._rpc)
        self._refusals = Refusals(self._rpc, self._sql)
        self._job = Job(self._rpc, max(settings.records, _WARM_UP))

    def rounds(self) -> list[Round]:
        """Return the timings of each round."""
        contenders = ("naive", "own", "plain", "live", "bad")
        self._round("warm-up", _WARM_UP, _WARM_UP, contenders)
        # The warm-up woke Odoo's scheduler, which would have slept for a minute otherwise.
        with busy("waiting until Odoo's own scheduled actions are done"):
            self._wait_for_calm()
        # The naive way, too, has a full pile before it, of which it works on a sample.
        spare = max(self._settings.records - self._settings.naive_sample * self._settings.rounds, 0)
        self._make(spare, NAIVE_AGE, _SPARE)
        found = []
        for number in range(1, self._settings.rounds + 1):
            # Who comes second works in a larger, warmer database, so they take turns in that.
            order = contenders if number % 2 else contenders[::-1]
            name = f"round {number} of {self._settings.rounds}"
            found.append(
                self._round(name, self._settings.records, self._settings.naive_sample, order)
            )
        self._evidence.untouched(_SPARE, spare)
        return found

    def _round(self, name: str, records: int, sample: int, order: Sequence[str]) -> Round:
        say(f"== {name}")
        timings: Round = {}
        for who in order:
            mark, age = f"{who}, {name}", LIVE_AGE if who in ("own", "live", "bad") else NAIVE_AGE
            count = sample if who == "naive" else records
            ids = self._make(count, age, mark)
            # Or autovacuum would do it at a moment of its own choice.
            self._sql("ANALYZE sale_order, sale_order_line, mail_message, mail_tracking_value")
            match who:
                case "naive" | "plain":
                    way = self._naive if who == "naive" else self._plain
                    with Progress(who, count) as progress:
                        timings[who] = way.cancel(ids, progress.at)
                    self._evidence.cancelled(mark, count)
                case "own":
                    timings[who] = self._with_own_tracking(mark, count)
                case "live":
                    timings["plan"], status = self._run("plan", count)
                    self._evidence.planned(status, count)
                    self._evidence.untouched(mark, count)
                    timings[who], status = self._run("live", count)
                    self._evidence.audited(mark, status, count)
                case "bad":
                    timings[who] = self._with_bad_records(ids, mark)
        return timings

    def _with_own_tracking(self, mark: str, count: int) -> Timing:
        """A live run for which Odoo itself writes the chatter, record by record."""
        self._rpc.execute("ir.config_parameter", "set_param", _BULK, "0")
        timing, status = self._run("live", count)
        self._rpc.execute("ir.config_parameter", "set_param", _BULK, "1")
        self._evidence.audited(mark, status, count)
        return timing

    def _with_bad_records(self, ids: Sequence[int], mark: str) -> Timing:
        """A live run that meets records, evenly spread, that Odoo refuses to change."""
        bad = max(round(len(ids) * _BAD_SHARE), 1)
        refused = [ids[number * len(ids) // bad] for number in range(bad)]
        self._refusals.begin(refused)
        timing, status = self._run("live", len(ids))
        found = (status["status"], status["outcomes"])
        if found != ("partial", {"done": len(ids) - bad, "refused": bad}):
            raise SetupError(f"{bad} of {len(ids)} should be refused, and it says {found}")
        self._evidence.cancelled(mark, len(ids), untouched=bad)
        self._refusals.end()
        return timing

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
