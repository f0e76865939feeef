"""Cancel transfers by a live run and by naive XML-RPC."""

from datetime import datetime, timedelta, timezone
from functools import partial
from statistics import median
from typing import Any

from sentinel_env.console import busy
from sentinel_env.errors import SetupError
from sentinel_env.odoo_rpc import OdooRpc
from sentinel_env.odoo_server import OdooServer
from sentinel_env.throwaway import Throwaway

from .comparison import Comparison, Row, times
from .naive import NaiveClient
from .progress import Progress
from .runs import cap, expect, run_job
from .settings import Settings
from .timing import Timing

_CODE = "cancel_dead_transfers"
# Both piles are late; only the live run's are dead for the job.
_NAIVE_AGE = 200
_LIVE_AGE = 1000
_LIVE_DAYS = 900
_BATCH = 100
_STATES = """
SELECT count(*), count(*) FILTER (WHERE state = 'cancel'),
       count(*) FILTER (WHERE EXISTS (
           SELECT FROM mail_message AS message
             JOIN mail_tracking_value AS value ON value.mail_message_id = message.id
             JOIN ir_model_fields AS field ON field.id = value.field_id
            WHERE message.model = 'stock.picking' AND message.res_id = stock_picking.id
              AND field.name = 'state' AND value.new_value_char = 'Cancelled'))
  FROM stock_picking WHERE origin = :'mark'
"""


def measure(throwaway: Throwaway, settings: Settings) -> list[Comparison]:
    """Measure both, in turn, in one database.

    :raises SetupError: something did not do its work.
    """
    database = throwaway.database()
    sample = max(settings.transfers // 5, 1)
    try:
        server = throwaway.server(database)
        with busy("starting Odoo"):
            server.start()
        contest = _Contest(server, settings.transfers)
        contest.both("warm-up", 10, 10)
        naive, live = [], []
        for number in range(1, settings.rounds + 1):
            one, other = contest.both(f"round {number}", sample, settings.transfers)
            naive.append(one)
            live.append(other)
    finally:
        throwaway.drop(database)
    ratio = median(other.rate for other in live) / median(one.rate for one in naive)
    return [
        Comparison(
            f"Cancel {settings.transfers:,} transfers",
            (
                Row("naive XML-RPC, read + cancel, one a call", tuple(naive), "1 x"),
                Row("live run of the job, audited", tuple(live), times(ratio), ">= 20 x"),
            ),
            figures={"ratio": ratio},
        )
    ]


class _Contest:
    def __init__(self, server: OdooServer, most: int) -> None:
        self._rpc = server.rpc()
        self._sql = partial(server.program.server.sql, database=server.database)
        self._naive = NaiveClient(
            server,
            "stock.picking",
            ("name", "state", "scheduled_date"),
            ("done", "cancel"),
        )
        cap(self._rpc, _CODE, max(most, 10))
        self._place = _place(self._rpc)

    def both(self, name: str, sample: int, count: int) -> tuple[Timing, Timing]:
        """Return what the naive way took, and what the live run took."""
        naive, live = f"naive, {name}", f"live, {name}"
        ids = self._make(naive, _NAIVE_AGE, sample)
        self._make(live, _LIVE_AGE, count)
        self._sql("ANALYZE stock_picking, stock_move, mail_message, mail_tracking_value")
        with Progress(f"naive XML-RPC, {name}", sample) as progress:
            one = self._naive.cancel(ids, progress.at)
        self._demand(naive, sample, sample)
        self._demand(live, count, 0)
        with Progress(f"live run, {name}", count) as progress:
            other, status = run_job(
                self._rpc,
                _CODE,
                "live",
                {"days": _LIVE_DAYS, "limit": count},
                count,
                progress.at,
            )
        expect(status, "done", count)
        self._demand(live, count, count)
        return one, other

    def _make(self, mark: str, age: int, count: int) -> list[int]:
        late = datetime.now(timezone.utc) - timedelta(days=age)
        values = {**self._place, "origin": mark, "scheduled_date": f"{late:%Y-%m-%d %H:%M:%S}"}
        move = {**self._place["move"], "date": values["scheduled_date"]}
        values["move_ids"] = [(0, 0, move)]
        del values["move"]
        ids: list[int] = []
        with Progress(f"making transfers ({mark})", count) as progress:
            while len(ids) < count:
                size = min(_BATCH, count - len(ids))
                made = self._rpc.execute("stock.picking", "create", [values] * size)
                self._rpc.execute("stock.picking", "action_confirm", made)
                ids += made
                progress.at(len(ids))
        return ids

    def _demand(self, mark: str, count: int, cancelled: int) -> None:
        found = tuple(int(text) for text in self._sql(_STATES, mark=mark)[0])
        if found != (count, cancelled, cancelled):
            raise SetupError(
                f"of {count} transfers {mark!r}, {found[0]} are there, {found[1]} are cancelled "
                f"and {found[2]} say so in their chatter; it should be {cancelled}"
            )


def _place(rpc: OdooRpc) -> dict[str, Any]:
    """Return from where, to where and what is delivered."""
    (kind,) = rpc.execute(
        "stock.picking.type",
        "search_read",
        [("code", "=", "outgoing"), ("company_id", "=", 1)],
        ["default_location_src_id", "default_location_dest_id"],
        limit=1,
    )
    source, target = kind["default_location_src_id"][0], kind["default_location_dest_id"][0]
    product = rpc.execute(
        "product.product", "create", {"name": "Benchmark box", "is_storable": True}
    )
    way = {"location_id": source, "location_dest_id": target}
    return {
        "picking_type_id": kind["id"],
        **way,
        "move": {"product_id": product, "product_uom_qty": 1, **way},
    }
