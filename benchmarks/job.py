"""The other way: a run of the job, asked for over XML-RPC like any client does."""

from collections.abc import Callable
from typing import Any

from sentinel_env.odoo_rpc import OdooRpc

from .quotations import LIVE_DAYS
from .runs import cap, run_job
from .timing import Timing

JOB = "clean_old_orders"


class Job:
    """The job that cancels old quotations.

    :param rpc: a Sentinel manager.
    :param most: the most records that it may act on in one run; the shipped cap is smaller.
    """

    def __init__(self, rpc: OdooRpc, most: int) -> None:
        self._rpc = rpc
        cap(rpc, JOB, most)

    def run(
        self, mode: str, limit: int, show: Callable[[int], None]
    ) -> tuple[Timing, dict[str, Any]]:
        """Trigger a run and wait for its end; return the time from one to the other, and the run.

        :param mode: "plan" or "live".
        :param show: gets the number of records that are dealt with.
        :raises SetupError: it stands still.
        """
        return run_job(self._rpc, JOB, mode, {"days": LIVE_DAYS, "limit": limit}, limit, show)
