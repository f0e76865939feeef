"""The blows themselves, and what follows each of them until somebody asks for the next run."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .blows import Blow
from .evidence import Finding
from .moments import LOCK_SPACE
from .stage import Stage, TooLong, hard_kill, pid_of

# Connections of a process, but not the one on which it writes changes and their lines.
_CUT = """
    SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity AS a
     WHERE a.application_name = %(name)s AND a.datname = current_database()
       AND NOT EXISTS (SELECT FROM pg_locks AS w
                        WHERE w.pid = a.pid AND w.mode = 'RowExclusiveLock'
                          AND w.relation = 'sentinel_run_line'::regclass)
       AND EXISTS (SELECT FROM pg_locks AS l
                    WHERE l.pid = a.pid
                      AND (l.locktype = 'advisory' AND l.classid = %(space)s
                           OR l.relation = 'ir_cron'::regclass AND l.mode = 'RowShareLock'))
"""
# Longer than the engine's lock_timeout: a take-over may have to try again.
_TAKE_OVER_SECONDS = 25.0
KILLS_POSTGRES = ("postgres", "odoo and postgres")


def strike(stage: Stage, blow: Blow) -> None:
    """Hit the victim, now."""
    _STRIKES[blow.victim](stage, blow)


def aftermath(stage: Stage, blow: Blow, uid: str) -> list[Finding]:
    """Bring everything back to life, and return what is odd about that."""
    if blow.victim == "frozen odoo":
        return _thaw(stage, uid)
    stage.revive()
    if blow.victim == "odoo twice":
        # The second blow falls while the first one's traces are cleared away.
        stage.trigger()
        time.sleep(blow.again * (stage.plan_seconds + stage.live_seconds))
        hard_kill(stage.odoo)
        stage.revive()
    return []


def _odoo(stage: Stage, _blow: Blow) -> None:
    hard_kill(stage.odoo)


def _postgres(stage: Stage, _blow: Blow) -> None:
    stage.postgres.kill()


def _both(stage: Stage, blow: Blow) -> None:
    if blow.choice < 0.5:
        hard_kill(stage.odoo)
        stage.postgres.kill()
    else:
        stage.postgres.kill()
        hard_kill(stage.odoo)


def _backend(stage: Stage, blow: Blow) -> None:
    name = f"odoo-{pid_of(stage.odoo)}"
    with stage.cursor() as cr:
        cr.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE application_name = %s AND datname = current_database() ORDER BY pid",
            [name],
        )
        pids = [pid for (pid,) in cr.fetchall()]
    if pids:
        stage.postgres.kill_backend(pids[int(blow.choice * len(pids))])


def _freeze(stage: Stage, _blow: Blow) -> None:
    os.killpg(pid_of(stage.odoo), signal.SIGSTOP)


_STRIKES: dict[str, Callable[[Stage, Blow], None]] = {
    "odoo": _odoo,
    "postgres": _postgres,
    "odoo and postgres": _both,
    "backend": _backend,
    "frozen odoo": _freeze,
    "odoo twice": _odoo,
}


def _thaw(stage: Stage, uid: str) -> list[Finding]:
    """Have a second Odoo take the frozen one's run over, and then let the frozen one go on."""
    pid = pid_of(stage.odoo)
    findings: list[Finding] = []
    with stage.cursor() as cr:
        before = _owner(cr, uid)
        stage.bystander_start()
        cr.execute(_CUT, {"name": f"odoo-{pid}", "space": LOCK_SPACE})
        if before[0] != "done":
            # A wish is what wakes the second Odoo's scheduler; without one it looks in a minute.
            stage.trigger(stage.bystander)
            # Frozen with the run's row locked, nobody can take it before it goes on.
            with suppress(TooLong):
                stage.until(lambda: _owner(cr, uid) != before, "taken over", _TAKE_OVER_SECONDS)
        taken = before[0] == "running" and _owner(cr, uid) != before
    os.killpg(pid, signal.SIGCONT)
    if taken:
        try:
            stage.until(lambda: _gave_up(stage), "the thawed Odoo gives up", _TAKE_OVER_SECONDS)
        except TooLong as error:
            findings.append(Finding(str(error), []))
    stage.revive()
    return findings


def _gave_up(stage: Stage) -> bool:
    return "this process leaves it alone" in stage.odoo.log.read_text(errors="replace")


def _owner(cr: Any, uid: str) -> tuple[str, str]:
    """Return state and owner of a run."""
    cr.execute("SELECT state, coalesce(owner_token, '') FROM sentinel_run WHERE uid = %s", [uid])
    state, token = cr.fetchone()
    return state, token
