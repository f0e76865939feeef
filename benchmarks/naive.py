"""The naive way: from outside, one record per call, read and then act.

It is what the first version of this project did, and what most scripts against Odoo do.
"""

import time
import xmlrpc.client
from collections.abc import Callable, Sequence
from typing import Any

from sentinel_env.odoo_server import LOGIN, PASSWORD, OdooServer

from .timing import Timing

_READ = ["name", "state", "date_order", "amount_total"]


class NaiveClient:
    """Python's own XML-RPC client, kept open from call to call, in the naive way's favour."""

    def __init__(self, server: OdooServer) -> None:
        common: Any = xmlrpc.client.ServerProxy(f"{server.url}/xmlrpc/2/common")
        self._database = server.database
        self._uid = common.authenticate(server.database, LOGIN, PASSWORD, {})
        self._models: Any = xmlrpc.client.ServerProxy(f"{server.url}/xmlrpc/2/object")

    def cancel(self, ids: Sequence[int], show: Callable[[int], None]) -> Timing:
        """Cancel the quotations one by one.

        :param show: gets the number cancelled so far.
        """
        started = time.perf_counter()
        for number, order in enumerate(ids, start=1):
            (row,) = self._call("read", [order], _READ)
            if row["state"] in ("draft", "sent"):
                self._call("action_cancel", [order])
            show(number)
        return Timing(len(ids), time.perf_counter() - started)

    def _call(self, method: str, *arguments: Any) -> Any:  # noqa: ANN401
        return self._models.execute_kw(
            self._database, self._uid, PASSWORD, "sale.order", method, list(arguments)
        )
