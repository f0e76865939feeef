"""The sealed trail out of Odoo: `sentinel-ops pull` next to what a newcomer writes."""

import itertools
import json
import os
import sqlite3
import subprocess
import urllib.request
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from sentinel_env.bigquery_emulator import BigQueryEmulator
from sentinel_env.commands import tail
from sentinel_env.console import busy
from sentinel_env.errors import SetupError
from sentinel_env.odoo_server import LOGIN, PASSWORD, OdooServer
from sentinel_env.throwaway import Throwaway
from sentinel_env.venvs import emulator_python

from .comparison import Comparison, Row, times
from .contenders import Order, Told
from .runs import NO_LIMITS
from .sealed_lines import make_sealed
from .settings import Settings
from .timing import Timing

NEWCOMER, PAGES, STREAM = "newcomer", "pages", "stream"
_TEXTS = {
    NEWCOMER: "XML-RPC search_read, pages of 5,000, unverified",
    PAGES: "pull over XML-RPC, verified",
    STREAM: "pull over the streaming route, verified",
}
_WANTED = {PAGES: ">= 6 x", STREAM: ">= 15 x"}
_LARGEST_PEAK = 120
# All benchmarks together are to end within a quarter of an hour.
_MOST_ROUNDS = 2
_KEY = """
import datetime
end = datetime.datetime.now() + datetime.timedelta(hours=20)
admin = env(user=env.ref('base.user_admin').id)
key = admin['res.users.apikeys']._generate('rpc', 'benchmark', end)
env.cr.commit()
print(key)
"""


def measure(throwaway: Throwaway, settings: Settings) -> list[Comparison]:
    """Measure all ways in turn, in one database, each in a process of its own.

    :raises SetupError: something did not do its work.
    """
    database = throwaway.database()
    try:
        with busy(f"sealing {settings.trail_lines:,} lines"):
            head = make_sealed(throwaway, database, settings.trail_lines)
        key = throwaway.shell(database, _KEY).splitlines()[-1]
        server = throwaway.server(database, settings={**NO_LIMITS, "max_cron_threads": "0"})
        with busy("starting Odoo"):
            server.start()
            _warm_up(server, key)
        contest = Contest(throwaway, server, settings, head, key)
        rounds = [contest.round(number) for number in range(min(settings.rounds, _MOST_ROUNDS))]
        return [_comparison(settings, rounds), _bigquery(throwaway, contest)]
    finally:
        throwaway.drop(database)


def _warm_up(server: OdooServer, key: str) -> None:
    """Have Odoo load what each of the ways needs."""
    rpc = server.rpc()
    rpc.execute("sentinel.run.line", "search_read", [], ["position"], limit=1)
    rpc.execute("sentinel.run", "export_lines", limit=1)
    request = urllib.request.Request(
        f"{server.url}/sentinel_ops/trail/runs", headers={"Authorization": f"Bearer {key}"}
    )
    with urllib.request.urlopen(request) as answer:
        answer.read()


class Contest:
    """Runs one way after the other and believes none that did not copy what there is.

    :param head: where the chain ends: position and seal.
    """

    def __init__(
        self,
        throwaway: Throwaway,
        server: OdooServer,
        settings: Settings,
        head: tuple[int, str],
        key: str,
    ) -> None:
        self.lines = settings.trail_lines
        self._sample = min(settings.trail_sample, settings.trail_lines)
        self._site = throwaway.site
        self._folder = throwaway.folder
        self._server = server
        self._head = head
        self._key = key
        self._numbers = itertools.count(1)

    def round(self, number: int) -> dict[str, Told]:
        """Let each way copy into a new file; who comes first changes with each round."""
        ways = (NEWCOMER, PAGES, STREAM)
        turn = number % len(ways)
        told = {}
        for way in (*ways[turn:], *ways[:turn]):
            store = self._folder / f"trail-{next(self._numbers)}.sqlite3"
            with busy(f"round {number + 1}: {_TEXTS[way]}"):
                told[way] = self._copy(way, str(store))
            self._demand(way, told[way], store)
            for file in store.parent.glob(f"{store.name}*"):
                file.unlink()
        return told

    def copy_to_bigquery(self, url: str) -> Told:
        """Pull all into an empty dataset of the emulator at `url`."""
        told = self._copy(STREAM, "bigquery://benchmark/trail", emulator=url)
        self._demand_pulled("BigQuery", told)
        return told

    def _copy(self, way: str, store: str, *, emulator: str = "") -> Told:
        order = Order(
            url=self._server.url,
            database=self._server.database,
            login=LOGIN,
            # A password opens XML-RPC alone: the streaming route wants a key.
            secret=self._key if way == STREAM else PASSWORD,
            store=store,
            most=self._sample,
        )
        module = "newcomer" if way == NEWCOMER else "pulling"
        ended = subprocess.run(
            [str(self._site.python), "-m", f"benchmarks.{module}"],
            check=False,
            input=json.dumps(asdict(order)),
            capture_output=True,
            text=True,
            cwd=self._site.clone.root,
            env={**os.environ, "BIGQUERY_EMULATOR_HOST": emulator, "NO_PROXY": "127.0.0.1"},
        )
        if ended.returncode:
            raise SetupError(f"copying the trail ({module}) failed:\n{tail(ended.stderr, 30)}")
        return Told(**json.loads(ended.stdout))

    def _demand(self, way: str, told: Told, store: Path) -> None:
        wanted = self._sample
        if way != NEWCOMER:
            # The run that the lines are copies of has one, too.
            wanted = self.lines + 1
            self._demand_pulled(way, told)
        with sqlite3.connect(store) as db:
            ((found,),) = db.execute("SELECT count(*) FROM lines")
        db.close()
        if found != wanted:
            raise SetupError(f"the way {way!r} should copy {wanted} lines and copied {found}")

    def _demand_pulled(self, way: str, told: Told) -> None:
        found = (told.lines, told.position, told.seal)
        wanted = (self.lines + 1, *self._head)
        if found != wanted:
            raise SetupError(f"the pull ({way}) should come to {wanted} and came to {found}")


def _comparison(settings: Settings, rounds: Sequence[dict[str, Told]]) -> Comparison:
    timings = {way: tuple(_timing(one[way]) for one in rounds) for way in _TEXTS}
    rates = {way: median(one.rate for one in several) for way, several in timings.items()}
    ratios = {way: rates[way] / rates[NEWCOMER] for way in _WANTED}
    peaks = {way: max(one[way].peak_mib for one in rounds) for way in _TEXTS}
    return Comparison(
        f"Copy {settings.trail_lines:,} sealed lines out of Odoo into SQLite",
        (
            Row(_TEXTS[NEWCOMER], timings[NEWCOMER], "1 x"),
            *(Row(_TEXTS[way], timings[way], times(ratios[way]), _WANTED[way]) for way in _WANTED),
        ),
        (
            "most memory of the process: "
            + ", ".join(f"{peaks[way]:.0f} MiB ({way})" for way in _TEXTS)
            + f"; wanted: <= {_LARGEST_PEAK} MiB",
            *(f"{way}: {shares([one[way] for one in rounds])}" for way in _WANTED),
        ),
        {
            "ratios": ratios,
            "ratios_by_round": [
                {way: _timing(one[way]).rate / _timing(one[NEWCOMER]).rate for way in _WANTED}
                for one in rounds
            ],
            "peak_mib": peaks,
            "told": [{way: asdict(one[way]) for way in _TEXTS} for one in rounds],
        },
    )


def _timing(told: Told) -> Timing:
    return Timing(told.lines, told.seconds)


def shares(several: Sequence[Told]) -> str:
    """Return where the time of a way went, for people; the steps of two threads overlap."""
    whole = median(one.seconds for one in several)
    steps = {
        step: median(one.steps.get(step, 0.0) for one in several)
        for step in sorted({step for one in several for step in one.steps})
    }
    parts = sorted(steps.items(), key=lambda item: -item[1])
    return f"of {whole:.1f} s: " + ", ".join(
        f"{step} {seconds / whole:.0%}" for step, seconds in parts
    )


def _bigquery(throwaway: Throwaway, contest: Contest) -> Comparison:
    title = f"Copy {contest.lines:,} sealed lines into BigQuery (an emulator)"
    emulator = BigQueryEmulator(
        emulator_python(throwaway.site.cache), throwaway.folder / "bigquery"
    )
    try:
        with busy("starting the BigQuery emulator"):
            emulator.start()
        with busy(f"copying {contest.lines:,} lines into it"):
            told = contest.copy_to_bigquery(emulator.url)
    finally:
        emulator.kill()
    return Comparison(
        title,
        (Row("pull over the streaming route, verified", (_timing(told),)),),
        (f"{shares([told])}; most memory of the process: {told.peak_mib:.0f} MiB",),
        {"told": asdict(told)},
    )
