"""Runs of any job, asked for over XML-RPC like any client does."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from sentinel_env.errors import SetupError
from sentinel_env.odoo_rpc import OdooRpc

from .timing import Timing

# For a server whose pace is measured: with its usual limits it ends what takes too long.
NO_LIMITS = {"limit_time_real": "0", "limit_time_real_cron": "0", "limit_time_cpu": "0"}
_POLL_SECONDS = 0.2
# Each question takes time from the run that is asked about: a long one is asked less often, so
# that it may seem longer than it was by this share at most.
_POLL_SHARE = 0.03
# A run whose numbers stand still for so long will not end either. A plan shows none until it ends.
_PATIENCE_SECONDS = 180.0
_PLAN_PATIENCE_SECONDS = 1200.0


def cap(rpc: OdooRpc, code: str, most: int) -> None:
    """Let the job act on so many records in one run, and set no other limit."""
    ids = rpc.execute("sentinel.job", "search", [("code", "=", code)])
    rpc.execute("sentinel.job", "write", ids, {"has_max_records": True, "max_records": most})


def run_job(
    rpc: OdooRpc,
    code: str,
    mode: str,
    parameters: Mapping[str, object],
    records: int,
    show: Callable[[int], None] = lambda _done: None,
) -> tuple[Timing, dict[str, Any]]:
    """Trigger a run and wait for its end; return the time from one to the other, and the run.

    :param mode: "plan" or "live".
    :param records: how many it is about.
    :param show: gets the number of records that are dealt with.
    :raises SetupError: it stands still.
    """
    patience = _PLAN_PATIENCE_SECONDS if mode == "plan" else _PATIENCE_SECONDS
    started = time.perf_counter()
    uid = rpc.execute("sentinel.job", "trigger", code, mode, dict(parameters))["uid"]
    seen: tuple[object, ...] = ()
    moved = started
    while True:
        status: dict[str, Any] = rpc.execute("sentinel.run", "status", uid)
        now = time.perf_counter()
        if status["state"] == "done":
            show(status["progress"]["done"])
            return Timing(records, now - started), status
        if (state := (status["state"], status["progress"]["done"])) != seen:
            seen, moved = state, now
        show(status["progress"]["done"] if status["state"] != "queued" else 0)
        if now - moved > patience:
            raise SetupError(
                f"the {mode} run {uid} has stood still for {patience:.0f} s in state "
                f"{status['state']}, {status['progress']['done']} records done",
                "look at Odoo's log; a busy machine may need another try",
            )
        time.sleep(max(_POLL_SECONDS, (now - started) * _POLL_SHARE))


def expect(status: Mapping[str, Any], outcome: str, count: int) -> None:
    """Make sure that a run did its work on so many records and failed on none.

    :param outcome: "planned" or "done".
    :raises SetupError: otherwise.
    """
    wanted = ("dry_run" if outcome == "planned" else "success", {outcome: count} if count else {})
    if (status["status"], status["outcomes"]) != wanted:
        raise SetupError(
            f"the run of {status['job']} should be {wanted} and says "
            f"{status['status']} {status['outcomes']} {status['error']}"
        )
