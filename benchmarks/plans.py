"""Plans: a third of 200,000 orders next to SQL that reads the same columns, and a long one."""

import json
from functools import partial
from pathlib import Path
from statistics import median

from sentinel_env.console import busy, say
from sentinel_env.errors import SetupError
from sentinel_env.odoo_rpc import OdooRpc
from sentinel_env.odoo_server import OdooServer
from sentinel_env.throwaway import Throwaway

from .comparison import Comparison, Row, times
from .copies import copy_row
from .progress import Progress
from .runs import NO_LIMITS, expect, run_job
from .settings import Settings
from .timing import Timing

_DAYS = 30
# What the plan reads of each order: recorded fields, name, money, and what its fingerprint needs.
_READ = """
SELECT id, name, state, date_order, amount_total, currency_id, user_id, locked, currency_rate,
       write_date
  FROM sale_order
 WHERE state IN ('draft', 'sent') AND locked IS NOT TRUE AND company_id = 1
   AND date_order < timezone('UTC', now()) - interval '30 days'
 ORDER BY date_order, id
"""
_TIME_READING = f"""
import json, time
seconds = []
for _number in range(5):
    started = time.perf_counter()
    env.cr.execute('''{_READ}''')
    rows = len(env.cr.fetchall())
    seconds.append(time.perf_counter() - started)
print(json.dumps([rows, seconds]))
"""
_BANKS = "archive_banks"


def measure(throwaway: Throwaway, settings: Settings) -> list[Comparison]:
    """Measure both.

    :raises SetupError: something did not do its work.
    """
    database = throwaway.database()
    try:
        _make_orders(throwaway, database, settings.orders)
        rows, seconds = json.loads(throwaway.shell(database, _TIME_READING).splitlines()[-1])
        reading = tuple(Timing(rows, one) for one in seconds)
        server = throwaway.server(database, settings=NO_LIMITS)
        with busy("starting Odoo"):
            server.start()
        orders = _orders(server, settings, reading)
        lines = _lines(server, settings)
    finally:
        throwaway.drop(database)
    return [orders, lines]


def _make_orders(throwaway: Throwaway, database: str, count: int) -> None:
    sql = partial(throwaway.site.program.server.sql, database=database)
    with busy(f"making {count:,} orders"):
        # Every order of the demo data out of the way, so that the plan finds ours alone.
        sql("UPDATE sale_order SET state = 'cancel' WHERE state IN ('draft', 'sent')")
        ((original,),) = sql("SELECT min(id) FROM sale_order WHERE company_id = 1")
        copy_row(
            sql,
            "sale_order",
            int(original),
            count,
            {
                "name": "'B' || n",
                "date_order": "timezone('UTC', now()) - (31 + n % 900) * interval '1 day'",
                "state": "CASE WHEN n % 3 = 0 THEN 'draft' ELSE 'sale' END",
                "amount_total": "10.25 + n % 500",
                "locked": "false",
                "access_token": "NULL",
            },
        )


def _orders(server: OdooServer, settings: Settings, reading: tuple[Timing, ...]) -> Comparison:
    rows, rpc = reading[0].records, server.rpc()
    _plan(rpc, "clean_old_orders", {"days": _DAYS, "limit": 1}, 1)
    # The most memory that a short plan ever took, and then a long one.
    _plan(rpc, "clean_old_orders", {"days": _DAYS, "limit": 1000}, min(1000, rows))
    short = _peak(server)
    planned = []
    for number in range(1, settings.rounds + 1):
        with Progress(f"plan of {rows:,} orders, round {number}", rows) as progress:
            planned.append(
                _plan(rpc, "clean_old_orders", {"days": _DAYS, "limit": 1_000_000}, rows)
            )
            progress.at(rows)
    peak = _peak(server)
    ratio = median(one.seconds for one in planned) / median(one.seconds for one in reading)
    return Comparison(
        f"Plan of {rows:,} of {settings.orders:,} orders, lines frozen",
        (
            Row("SQL that reads the same columns", reading, "1 x"),
            Row("plan, trigger to done", tuple(planned), times(ratio), "<= 25 x"),
        ),
        (f"most memory of Odoo: {short} MiB with 1,000 lines, {peak} MiB with {rows:,}",),
        {"ratio": ratio, "peak_mib_short": short, "peak_mib": peak},
    )


def _lines(server: OdooServer, settings: Settings) -> Comparison:
    rpc = server.rpc()
    sql = partial(server.program.server.sql, database=server.database)
    few, many = max(settings.lines // 100, 1), settings.lines
    with busy(f"making {many + few:,} banks"):
        original = rpc.execute("res.bank", "create", {"name": "Benchmark bank"})
        copy_row(sql, "res_bank", original, few, {"name": "'F' || n", "bic": "'FEW'"})
        copy_row(sql, "res_bank", original, many, {"name": "'M' || n", "bic": "'MANY'"})
    for bic in ("NONE", "FEW", "MANY"):
        _make_job(rpc, bic)
    rounds = range(max(settings.rounds, 1))
    empty = tuple(_plan(rpc, f"{_BANKS}_none", {"limit": 1_000_000}, 0) for _round in rounds)
    short = tuple(_plan(rpc, f"{_BANKS}_few", {"limit": 1_000_000}, few) for _round in rounds)
    small = _peak(server)
    with Progress(f"plan of {many:,} banks", many) as progress:
        long = _plan(rpc, f"{_BANKS}_many", {"limit": 1_000_000}, many)
        progress.at(many)
    peak = _peak(server)
    # Trigger, scheduler and polling cost the same however long the plan is.
    base = median(one.seconds for one in empty)
    by_line = {
        "few": (median(one.seconds for one in short) - base) / few,
        "many": (long.seconds - base) / many,
    }
    ratio = by_line["many"] / by_line["few"]
    return Comparison(
        f"Time a line, from {few:,} to {many:,} lines (banks)",
        (
            Row("plan that finds nothing", tuple(Timing(0, one.seconds) for one in empty)),
            Row(f"plan of {few:,}", short, "1 x"),
            Row(f"plan of {many:,}", (long,), times(ratio), "<= 1.3 x a line"),
        ),
        (
            f"time a line, less that of the empty plan: {by_line['few'] * 1e6:.0f} us and "
            f"{by_line['many'] * 1e6:.0f} us; most memory of Odoo: {small} MiB and "
            f"{peak} MiB",
        ),
        {"ratio": ratio, "seconds_by_line": by_line, "peak_mib_short": small, "peak_mib": peak},
    )


def _make_job(rpc: OdooRpc, bic: str) -> None:
    (task,) = rpc.execute("sentinel.task", "search", [("code", "=", "archive_records")])
    rpc.execute(
        "sentinel.job",
        "create",
        {
            "name": f"Archive banks {bic}",
            "code": f"{_BANKS}_{bic.lower()}",
            "task_id": task,
            "parameters": {"model": "res.bank", "domain": repr([("bic", "=", bic)])},
        },
    )


def _plan(rpc: OdooRpc, code: str, parameters: dict[str, object], records: int) -> Timing:
    timing, status = run_job(rpc, code, "plan", parameters, max(records, 1))
    expect(status, "planned", records)
    return timing


def _peak(server: OdooServer) -> int:
    """Return the most memory (MiB) the server ever had, and let it begin anew."""
    process = server.process
    if process is None:
        raise SetupError("Odoo is not running any more", "look at its log")
    folder = Path(f"/proc/{process.pid}")
    for line in (folder / "status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            (folder / "clear_refs").write_text("5")
            return int(line.split()[1]) // 1024
    say("this system does not tell how much memory a process took")
    return 0
