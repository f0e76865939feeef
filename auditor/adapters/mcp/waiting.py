"""Wait for a run while an assistant waits for an answer: briefly, and told how far it is."""

from __future__ import annotations

from typing import Annotated, Any

import anyio
import anyio.to_thread
from mcp.server.mcpserver import Context
from pydantic import Field

from auditor.adapters.mcp.door import Door
from auditor.odoo.answers import Run

LONGEST = 50
"""Seconds; clients give a call up after a minute."""
_LONGEST_PAUSE = 2.0

WaitSeconds = Annotated[
    int,
    Field(ge=0, le=LONGEST, description="Wait this long for the run's end; it goes on anyway."),
]


async def status(door: Door, uid: str) -> Run:
    """Return the state of a run."""

    def ask() -> Run:
        with door.odoo() as client:
            return client.status(uid)

    return await anyio.to_thread.run_sync(ask)


async def wait(door: Door, uid: str, seconds: float, context: Context[Any, Any]) -> Run:
    """Return the run when it has ended or waits for people, or as it stands after ``seconds``.

    :raises OdooError: it can't be asked about.
    """
    end = anyio.current_time() + seconds
    pause = door.pause
    while True:
        run = await status(door, uid)
        left = end - anyio.current_time()
        if run.state == "done" or run.awaits or left <= 0:
            return run
        if run.progress.total:
            await context.report_progress(run.progress.done, run.progress.total)
        await anyio.sleep(min(pause, left))
        pause = min(pause * 1.25, _LONGEST_PAUSE)
