"""Waiting for the moment of a blow."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .blows import Blow
from .evidence import Finding, weigh
from .stage import Stage

# Of the engine's advisory locks, see `sentinel_ops_addon/engine/liveness.py`.
LOCK_SPACE = 0x5E47
# Shorter than the engine's lock_timeout: it waits for us, it does not fail because of us.
_HOLD_SECONDS = 1.0
# About what a batch, a commit or a sealing takes.
_INSTANT_SECONDS = 0.1


@dataclass
class Watch:
    """Looks at one run until the moment has come.

    :param ids: of the quotations it is about.
    :param cr: to look with; `hold` to hold the run up with.
    :param held: whether nobody can work on the run within the block.
    :param findings: what was seen that must not be.
    """

    stage: Stage
    blow: Blow
    uid: str
    ids: range
    cr: Any
    hold: Any
    held: bool = False
    findings: list[Finding] = field(default_factory=list)

    def state(self) -> str:
        """Return the state of the run."""
        return self.stage.run(self.cr, self.uid)[0]

    def wait(self, share: float, side: int = 0) -> None:
        """Wait until a share of the records is changed, or until the scales are not level.

        Seen from outside, the change and its line come at the same instant.

        :param side: 0 to wait for changes, 1 for lines.
        """
        wanted = 1 + int(share * self.stage.settings.records)

        def reached() -> bool:
            weights = weigh(self.cr, self.ids)
            if weights[0] != weights[1]:
                what = f"seen at once: {weights[0]} changed, {weights[1]} done lines"
                self.findings.append(Finding(what, []))
                return True
            return weights[side] >= wanted or self.state() == "done"

        self.stage.until(reached, f"{wanted} records are done")


@contextmanager
def at_moment(stage: Stage, blow: Blow, uid: str, ids: range) -> Iterator[Watch]:
    """Wait for the blow's moment in the run `uid`; within the block, it is still that moment."""
    with stage.cursor() as cr, stage.cursor() as hold:
        watch = Watch(stage, blow, uid, ids, cr, hold)
        _MOMENTS[blow.moment](watch)
        yield watch


def _plan(watch: Watch) -> None:
    begun = ("running", "sealing", "done")
    watch.stage.until(lambda: watch.stage.plan_of(watch.cr, watch.uid)[1] in begun, "a plan")
    time.sleep(watch.blow.share * watch.stage.plan_seconds)


def _batches(watch: Watch) -> None:
    aim = int(watch.blow.choice * 3)
    if aim == 0:
        watch.wait(watch.blow.share * 0.95)
        time.sleep(watch.blow.fine * _INSTANT_SECONDS)
    else:
        # At the very commit: were one side committed before the other, now it would show.
        watch.wait(watch.blow.share * 0.95, side=aim - 1)


def _any_time(watch: Watch) -> None:
    both = watch.stage.plan_seconds + watch.stage.live_seconds
    time.sleep(watch.blow.share * both * 1.1)


def _sealing(watch: Watch) -> None:
    # The plan is sealed by then, so it is the live run that we make wait.
    watch.wait(0.5)
    watch.hold.execute("BEGIN")
    # The sealer's LOCK TABLE waits for whoever has locked a row of it.
    watch.hold.execute("SELECT FROM sentinel_chain FOR UPDATE")
    watch.stage.until(lambda: watch.state() in ("sealing", "done"), "the run is to be sealed")
    _before_or_after(watch, lambda: watch.hold.execute("ROLLBACK"))


def _pause(watch: Watch) -> None:
    watch.wait(0.0)
    key = [LOCK_SPACE, watch.stage.run(watch.cr, watch.uid)[2]]
    # Granted when the slice ends; while we have it, no process can begin the next one.
    watch.hold.execute("SELECT pg_advisory_lock(%s, %s)", key)
    release = "SELECT pg_advisory_unlock(%s, %s)"
    _before_or_after(watch, lambda: watch.hold.execute(release, key))


def _before_or_after(watch: Watch, let_go: Callable[[], None]) -> None:
    """Wait while the run is held up, or until shortly after it was let go."""
    if watch.blow.share < 0.5:
        watch.held = True
        time.sleep(watch.blow.fine * _HOLD_SECONDS)
    else:
        let_go()
        time.sleep(watch.blow.fine * _INSTANT_SECONDS)


_MOMENTS: dict[str, Callable[[Watch], None]] = {
    "plan": _plan,
    "batches": _batches,
    "sealing": _sealing,
    "pause": _pause,
    "any time": _any_time,
}
