"""Waiting for the moment of a blow."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .blows import Blow
from .stage import Stage

# Of the engine's advisory locks, see `sentinel_ops_addon/engine/liveness.py`.
LOCK_SPACE = 0x5E47
# Shorter than the engine's lock_timeout: it waits for us, it does not fail because of us.
_HOLD_SECONDS = 1.0
# About what a batch, a commit or a sealing takes.
_INSTANT_SECONDS = 0.1


@contextmanager
def at_moment(stage: Stage, blow: Blow, uid: str) -> Iterator[None]:
    """Wait for the blow's moment in the run `uid`; within the block, it is still that moment."""
    with stage.cursor() as cr, stage.cursor() as hold:
        yield from _MOMENTS[blow.moment](stage, blow, uid, cr, hold)


def _plan(stage: Stage, blow: Blow, uid: str, cr: Any, _hold: Any) -> Iterator[None]:
    stage.until(lambda: stage.plan_of(cr, uid)[1] in ("running", "sealing", "done"), "a plan")
    time.sleep(blow.share * stage.plan_seconds)
    yield


def _batches(stage: Stage, blow: Blow, uid: str, cr: Any, _hold: Any) -> Iterator[None]:
    _wait_for_progress(stage, uid, cr, blow.share * 0.95)
    time.sleep(blow.fine * _INSTANT_SECONDS)
    yield


def _any_time(stage: Stage, blow: Blow, _uid: str, _cr: Any, _hold: Any) -> Iterator[None]:
    time.sleep(blow.share * (stage.plan_seconds + stage.live_seconds) * 1.1)
    yield


def _sealing(stage: Stage, blow: Blow, uid: str, cr: Any, hold: Any) -> Iterator[None]:
    # The plan is sealed by then, so it is the live run that we make wait.
    _wait_for_progress(stage, uid, cr, 0.5)
    hold.execute("BEGIN")
    # The sealer's LOCK TABLE waits for whoever has locked a row of it.
    hold.execute("SELECT FROM sentinel_chain FOR UPDATE")
    stage.until(lambda: stage.run(cr, uid)[0] in ("sealing", "done"), "the run is to be sealed")
    yield from _before_or_after(blow, lambda: hold.execute("ROLLBACK"))


def _pause(stage: Stage, blow: Blow, uid: str, cr: Any, hold: Any) -> Iterator[None]:
    _wait_for_progress(stage, uid, cr, 0.0)
    run_id = stage.run(cr, uid)[2]
    # Granted when the slice ends; while we have it, no process can begin the next one.
    hold.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_SPACE, run_id])
    release = "SELECT pg_advisory_unlock(%s, %s)"
    yield from _before_or_after(blow, lambda: hold.execute(release, [LOCK_SPACE, run_id]))


def _before_or_after(blow: Blow, let_go: Callable[[], None]) -> Iterator[None]:
    """Strike while the run is held up, or shortly after it was let go."""
    if blow.share < 0.5:
        time.sleep(blow.fine * _HOLD_SECONDS)
    else:
        let_go()
        time.sleep(blow.fine * _INSTANT_SECONDS)
    yield


def _wait_for_progress(stage: Stage, uid: str, cr: Any, share: float) -> None:
    wanted = 1 + int(share * stage.settings.records)

    def reached() -> bool:
        state, done, _run_id = stage.run(cr, uid)
        return state == "done" or done >= wanted

    stage.until(reached, f"{wanted} records are done")


_MOMENTS: dict[str, Callable[[Stage, Blow, str, Any, Any], Iterator[None]]] = {
    "plan": _plan,
    "batches": _batches,
    "sealing": _sealing,
    "pause": _pause,
    "any time": _any_time,
}
