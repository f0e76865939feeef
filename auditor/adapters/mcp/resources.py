"""Resources: the same answers as the tools', for clients that attach them to a conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import anyio.to_thread
from mcp.server.mcpserver.exceptions import ResourceError
from pydantic import BaseModel, TypeAdapter, ValidationError

from auditor.adapters.mcp.door import Door, begin_request
from auditor.adapters.mcp.errors import told
from auditor.adapters.mcp.tools.arguments import RunUid
from auditor.adapters.mcp.tools.findings import list_findings
from auditor.adapters.mcp.tools.health import look
from auditor.adapters.mcp.tools.jobs import describe_job, list_jobs
from auditor.adapters.mcp.tools.runs import list_lines
from auditor.adapters.mcp.views import run_view
from auditor.errors import AuditorError

if TYPE_CHECKING:
    from mcp.server.mcpserver import MCPServer

JSON = "application/json"
_uid: TypeAdapter[str] = TypeAdapter(RunUid)
_V = TypeVar("_V", bound=BaseModel)


def register(server: MCPServer[Any], door: Door) -> None:
    """Give the server its resources."""

    @server.resource("sentinel://jobs", title="Jobs", mime_type=JSON)
    async def jobs() -> str:
        """What can be run in this Odoo; the first hundred."""
        return await _read(lambda: list_jobs(door)(limit=100))

    @server.resource("sentinel://jobs/{code}", title="A job", mime_type=JSON)
    async def job(code: str) -> str:
        """One job with its parameters."""
        return await _read(lambda: describe_job(door)(code))

    @server.resource("sentinel://findings", title="What is wrong now", mime_type=JSON)
    async def findings() -> str:
        """What each job's newest run says; the first fifty jobs."""
        return await _read(lambda: list_findings(door)(limit=50))

    @server.resource("sentinel://runs/{uid}", title="A run", mime_type=JSON)
    async def run(uid: str) -> str:
        """One run with its figures."""

        def read() -> BaseModel:
            with door.odoo() as client:
                return run_view(client.status(_checked(uid)), url=door.connection.links_url)

        return await _read(read)

    @server.resource("sentinel://runs/{uid}/lines", title="A run's records", mime_type=JSON)
    async def lines(uid: str) -> str:
        """The first fifty lines of a run."""
        return await _read(lambda: list_lines(door)(_checked(uid), limit=50))

    @server.resource("sentinel://health", title="Health", mime_type=JSON)
    async def health() -> str:
        """How Odoo and the audit store are."""
        return await _read(lambda: look(door))


def _checked(uid: str) -> str:
    try:
        return _uid.validate_python(uid)
    except ValidationError:
        raise ResourceError("That is no uid of a run. list_runs has them.") from None


async def _read(work: Callable[[], _V]) -> str:
    """Return an answer as JSON; whatever goes wrong is told with its remedy."""
    begin_request()
    try:
        return (await anyio.to_thread.run_sync(work)).model_dump_json(indent=2)
    except AuditorError as error:
        raise ResourceError(told(error)) from error
