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
    """Python's own XML-RPC client, kept open from call to call, in the naive way's favour.

    :param model: what is cancelled.
    :param fields: what is read of each first.
    :param over: states in which nothing is left to cancel.
    """

    def __init__(
        self,
        server: OdooServer,
        model: str = "sale.order",
        fields: Sequence[str] = _READ,
        over: Sequence[str] = ("sale", "cancel"),
    ) -> None:
        self._model = model
        self._fields = list(fields)
        self._over = over
        common: Any = xmlrpc.client.ServerProxy(f"{server.url}/xmlrpc/2/common")
        self._database = server.database
        self._uid = common.authenticate(server.database, LOGIN, PASSWORD, {})
        self._models: Any = xmlrpc.client.ServerProxy(f"{server.url}/xmlrpc/2/object")

    def cancel(self, ids: Sequence[int], show: Callable[[int], None]) -> Timing:
        """Cancel them one by one.

        :param show: gets the number cancelled so far.
        """
        started = time.perf_counter()
        for number, order in enumerate(ids, start=1):
            (row,) = self._call("read", [order], self._fields)
            if row["state"] not in self._over:
                self._call("action_cancel", [order])
            show(number)
        return Timing(len(ids), time.perf_counter() - started)

    def _call(self, method: str, *arguments: Any) -> Any:  # noqa: ANN401
        return self._models.execute_kw(
            self._database, self._uid, PASSWORD, self._model, method, list(arguments)
        )
