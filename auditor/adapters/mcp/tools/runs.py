"""One run and its records, as Odoo has them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from pydantic import Field

from auditor.adapters.mcp.door import Door
from auditor.adapters.mcp.tools.arguments import RunUid
from auditor.adapters.mcp.views import Answer, LineView, RunView, line_view, run_view
from auditor.adapters.mcp.waiting import WaitSeconds, wait

MOST = 100
LARGEST_PAGE = 60_000
"""Characters of lines in one answer; a page ends before it would grow beyond."""


class LinePage(Answer):
    """Some lines of a run, in order."""

    run: str
    lines: list[LineView]
    total: int = Field(description="Lines of the run in all, whatever their outcome.")
    next: int = Field(description="Give it as `after` for the next ones; 0 after the last.")


def get_run(door: Door) -> Callable[..., Awaitable[RunView]]:
    """Return the tool."""

    async def get_run(
        run: RunUid, context: Context[Any, Any], wait_seconds: WaitSeconds = 0
    ) -> RunView:
        """Get one run: its state, figures, guards, errors, approvals, and what can be done now."""
        return run_view(await wait(door, run, wait_seconds, context), url=door.connection.links_url)

    return get_run


def list_lines(door: Door) -> Callable[..., LinePage]:
    """Return the tool."""

    def list_lines(
        run: RunUid,
        outcome: Annotated[
            str,
            Field(
                pattern="^[a-z_]{0,40}$",
                description="Only lines with this outcome, such as planned, done, refused, failed.",
            ),
        ] = "",
        after: Annotated[int, Field(ge=0, description="`next` of the page before.")] = 0,
        limit: Annotated[int, Field(ge=1, le=MOST)] = 20,
    ) -> LinePage:
        """List a run's records: each one's values before and after, its outcome, and why."""
        with door.odoo() as client:
            page = client.read_lines(run, after=after, limit=limit, outcome=outcome)
        shown: list[LineView] = []
        room = LARGEST_PAGE
        for line in page.lines:
            view = line_view(line)
            room -= len(view.model_dump_json())
            if shown and room < 0:
                break
            shown.append(view)
        cut = len(shown) < len(page.lines)
        return LinePage(
            run=run,
            lines=shown,
            total=page.total,
            next=shown[-1].position if cut else page.next,
        )

    return list_lines
