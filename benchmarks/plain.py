"""The best plain way inside Odoo: the ORM, batch by batch, with its chatter and without any audit.

A server action, so that it runs in the same server, over the same cache, as a live run.
"""

import time
import xmlrpc.client
from collections.abc import Callable, Sequence
from typing import Any

from sentinel_env.odoo_rpc import OdooRpc
from sentinel_env.odoo_server import PASSWORD, OdooServer

from .timing import Timing

# Measured on their own, these two were the best, and all between them as good.
SIZES = (100, 500)
_CODE = """
ids = env.context["benchmark_ids"]
size = env.context["benchmark_size"]
for start in range(0, len(ids), size):
    env["sale.order"].browse(ids[start : start + size]).action_cancel()
    env.cr.commit()
"""


class PlainOrm:
    """Cancels quotations in batches, with one commit each.

    :param rpc: an administrator.
    """

    def __init__(self, server: OdooServer, rpc: OdooRpc) -> None:
        self._server = server
        self._rpc = rpc
        (model,) = rpc.execute("ir.model", "search", [("model", "=", "sale.order")])
        self._action = rpc.execute(
            "ir.actions.server",
            "create",
            {"name": "Benchmark: plain", "model_id": model, "state": "code", "code": _CODE},
        )
        # Without a time limit: it is one call.
        self._models: Any = xmlrpc.client.ServerProxy(f"{server.url}/xmlrpc/2/object")

    def cancel(self, ids: Sequence[int], show: Callable[[int], None]) -> Timing:
        """Cancel them, an equal part with each size of batch; return the best size's timing."""
        part = -(-len(ids) // len(SIZES))
        timings = []
        for number, size in enumerate(SIZES):
            some = list(ids[number * part : (number + 1) * part])
            started = time.perf_counter()
            self._models.execute_kw(
                self._server.database,
                self._rpc.uid,
                PASSWORD,
                "ir.actions.server",
                "run",
                [[self._action]],
                {"context": {"benchmark_ids": some, "benchmark_size": size}},
            )
            timings.append(Timing(len(some), time.perf_counter() - started))
            show(min((number + 1) * part, len(ids)))
        return max(timings, key=lambda timing: timing.rate)
