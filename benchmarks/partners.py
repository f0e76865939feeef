"""Archive partners by a job, audited, and by Odoo's own data_recycle, which keeps no trail."""

import time
import xmlrpc.client
from functools import partial
from statistics import median
from typing import Any

from sentinel_env.console import busy
from sentinel_env.errors import SetupError
from sentinel_env.odoo_server import LOGIN, PASSWORD, OdooServer
from sentinel_env.throwaway import Throwaway

from .comparison import Comparison, Row, times
from .copies import copy_row
from .progress import Progress
from .runs import NO_LIMITS, cap, expect, run_job
from .settings import Settings
from .timing import Timing

_CODE = "archive_partners"
_ARCHIVED = (
    "SELECT count(*), count(*) FILTER (WHERE NOT active) FROM res_partner WHERE ref = :'mark'"
)


def measure(throwaway: Throwaway, settings: Settings) -> list[Comparison]:
    """Measure both, in turn, in one database.

    :raises SetupError: something did not do its work.
    """
    database = throwaway.database()
    try:
        with busy("installing data_recycle"):
            throwaway.install(database, ["data_recycle"])
        server = throwaway.server(database, settings=NO_LIMITS)
        with busy("starting Odoo"):
            server.start()
        contest = _Contest(server, settings.partners)
        contest.both("warm-up", 20)
        ours, theirs = [], []
        for number in range(1, settings.rounds + 1):
            one, other = contest.both(f"round {number}", settings.partners)
            ours.append(one)
            theirs.append(other)
    finally:
        throwaway.drop(database)
    ratio = median(one.rate for one in ours) / median(other.rate for other in theirs)
    return [
        Comparison(
            f"Archive {settings.partners:,} partners",
            (
                Row("Odoo's data_recycle, automatic, no trail", tuple(theirs), "1 x"),
                Row("live run of a job, a line for each", tuple(ours), times(ratio), "> 1 x"),
            ),
            figures={"ratio": ratio},
        )
    ]


class _Contest:
    def __init__(self, server: OdooServer, most: int) -> None:
        self._server = server
        self._rpc = server.rpc()
        self._sql = partial(server.program.server.sql, database=server.database)
        (self._task,) = self._rpc.execute(
            "sentinel.task", "search", [("code", "=", "archive_records")]
        )
        self._rpc.execute("sentinel.job", "create", self._job())
        cap(self._rpc, _CODE, max(most, 20))
        self._cron = self._rpc.execute(
            "ir.cron", "search", [("model_id.model", "=", "data_recycle.model")]
        )
        # Without a time limit: Odoo's own way is one call.
        self._models: Any = xmlrpc.client.ServerProxy(f"{server.url}/xmlrpc/2/object")

    def _job(self, mark: str = "nobody") -> dict[str, object]:
        domain = repr([("ref", "=", mark)])
        return {
            "name": "Archive partners",
            "code": _CODE,
            "task_id": self._task,
            "parameters": {"model": "res.partner", "domain": domain},
        }

    def both(self, name: str, count: int) -> tuple[Timing, Timing]:
        """Return what our way took, and what Odoo's took."""
        ours, theirs = f"ours, {name}", f"theirs, {name}"
        with busy(f"making {2 * count:,} partners"):
            self._make(ours, count)
            self._make(theirs, count)
        other = self._recycle(theirs, count)
        self._demand(theirs, count)
        with Progress(f"live run, {name}", count) as progress:
            self._rpc.execute(
                "sentinel.job",
                "write",
                self._rpc.execute("sentinel.job", "search", [("code", "=", _CODE)]),
                {"parameters": self._job(ours)["parameters"]},
            )
            one, status = run_job(self._rpc, _CODE, "live", {"limit": count}, count, progress.at)
        expect(status, "done", count)
        self._demand(ours, count)
        return one, other

    def _make(self, mark: str, count: int) -> None:
        original = self._rpc.execute("res.partner", "create", {"name": "Benchmark", "ref": "made"})
        copy_row(
            self._sql,
            "res_partner",
            original,
            count,
            {"name": "'Benchmark ' || n", "ref": f"'{mark}'", "complete_name": "'Benchmark ' || n"},
        )
        self._sql(
            "UPDATE res_partner SET commercial_partner_id = id WHERE ref = :'mark'", mark=mark
        )
        self._sql("ANALYZE res_partner")

    def _recycle(self, mark: str, count: int) -> Timing:
        """Let Odoo's own module do it, in the mode in which it asks nobody."""
        (model,) = self._rpc.execute("ir.model", "search", [("model", "=", "res.partner")])
        rule = self._rpc.execute(
            "data_recycle.model",
            "create",
            {
                "name": mark,
                "res_model_id": model,
                "recycle_mode": "automatic",
                "recycle_action": "archive",
                "domain": repr([("ref", "=", mark)]),
                "time_field_id": False,
            },
        )
        with Progress(f"data_recycle ({mark})", count) as progress:
            started = time.perf_counter()
            self._models.execute_kw(
                self._server.database,
                self._rpc.uid,
                PASSWORD,
                "ir.cron",
                "method_direct_trigger",
                [self._cron],
            )
            timing = Timing(count, time.perf_counter() - started)
            progress.at(count)
        self._rpc.execute("data_recycle.model", "unlink", [rule])
        return timing

    def _demand(self, mark: str, count: int) -> None:
        found = tuple(int(text) for text in self._sql(_ARCHIVED, mark=mark)[0])
        if found != (count, count):
            raise SetupError(
                f"of {count} partners {mark!r}, {found[0]} are there and {found[1]} are archived; "
                f"all should be (user {LOGIN})"
            )
