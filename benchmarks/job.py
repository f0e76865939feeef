"""The other way: a run of the job, asked for over XML-RPC like any client does."""

import time
from collections.abc import Callable
from typing import Any

from sentinel_env.errors import SetupError
from sentinel_env.odoo_rpc import OdooRpc

from .quotations import LIVE_DAYS
from .timing import Timing

JOB = "clean_old_orders"
_POLL_SECONDS = 0.2
# A run whose numbers stand still for so long will not end either.
_PATIENCE_SECONDS = 180.0


class Job:
    """The job that cancels old quotations.

    :param rpc: a Sentinel manager.
    :param cap: the most records that it may act on in one run; the shipped cap is smaller.
    """

    def __init__(self, rpc: OdooRpc, cap: int) -> None:
        self._rpc = rpc
        ids = rpc.execute("sentinel.job", "search", [("code", "=", JOB)])
        rpc.execute("sentinel.job", "write", ids, {"max_records": cap})

    def run(
        self, mode: str, limit: int, show: Callable[[int], None]
    ) -> tuple[Timing, dict[str, Any]]:
        """Trigger a run and wait for its end; return the time from one to the other, and the run.

        :param mode: "plan" or "live".
        :param show: gets the number of records that are dealt with.
        :raises SetupError: it stands still.
        """
        started = time.perf_counter()
        uid = self._rpc.execute(
            "sentinel.job", "trigger", JOB, mode, {"days": LIVE_DAYS, "limit": limit}
        )["uid"]
        seen: tuple[object, ...] = ()
        moved = started
        while True:
            status: dict[str, Any] = self._rpc.execute("sentinel.run", "status", uid)
            now = time.perf_counter()
            if status["state"] == "done":
                show(status["progress"]["done"])
                return Timing(limit, now - started), status
            if (state := (status["state"], status["progress"]["done"])) != seen:
                seen, moved = state, now
            show(status["progress"]["done"] if status["state"] != "queued" else 0)
            if now - moved > _PATIENCE_SECONDS:
                raise SetupError(
                    f"the {mode} run {uid} has stood still for {_PATIENCE_SECONDS:.0f} s in state "
                    f"{status['state']}, {status['progress']['done']} records done",
                    "look at Odoo's log; a busy machine may need another try",
                )
            time.sleep(_POLL_SECONDS)
