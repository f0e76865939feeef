"""Fixtures of the assistants' door: the official client before a server that asks the stand-in."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mcp import Client
from mcp.client.context import ClientRequestContext
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult

from auditor.adapters.mcp.door import Door
from auditor.adapters.mcp.server import build
from auditor.settings import Settings
from tests.auditor.conftest import Odoo, assert_no_secret
from tests.auditor.standin import PASSWORD

DIGEST = "ab" * 32
LATER, EARLIER = "2026-01-31 12:10:00", "2026-01-31 11:59:59"
"""The clock of the stand-in stands at 12:00:00."""


@pytest.fixture(scope="session", autouse=True)
def _schemas_are_checked_once() -> Iterator[None]:
    """Spare the client checking the same schemas of the tools' answers in every test."""
    checked: set[str] = set()
    original = Draft202012Validator.check_schema

    def once(schema: Any, *arguments: Any, **named: Any) -> None:
        text = json.dumps(schema, sort_keys=True)
        if text not in checked:
            original(schema, *arguments, **named)
            checked.add(text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Draft202012Validator, "check_schema", once)
        yield


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["auto", "legacy"])
def era(request: pytest.FixtureRequest) -> str:
    """Both ways in which clients speak: without sessions, and with the handshake of old."""
    return str(request.param)


class Person:
    """Who sits before the client and is asked; ``says`` is accept, decline or cancel."""

    def __init__(self, says: str = "accept", *, apply: bool = True) -> None:
        self.says = says
        self.apply = apply
        self.asked: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None

    async def __call__(
        self, _context: ClientRequestContext, params: ElicitRequestParams
    ) -> ElicitResult:
        self.asked.append(params.message)
        self.meanwhile()
        content = {"apply": self.apply} if self.says == "accept" else None
        return ElicitResult(action=self.says, content=content)  # type: ignore[arg-type]


class Assistant:
    """The official client; its answers are checked for secrets and tracebacks."""

    def __init__(self, client: Client, door: Door) -> None:
        self.client = client
        self.door = door

    async def call(self, tool: str, **arguments: Any) -> CallToolResult:
        """Call a tool, however it ends."""
        result = await self.client.call_tool(tool, arguments)
        text = result.model_dump_json()
        assert_no_secret(text)
        assert "Traceback" not in text
        return result

    async def get(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool that works and return its structured answer."""
        result = await self.call(tool, **arguments)
        assert not result.is_error, result.content
        assert isinstance(result.structured_content, dict)
        return result.structured_content

    async def fail(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool that says no and return what it says."""
        result = await self.call(tool, **arguments)
        assert result.is_error
        error = (result.structured_content or {})["error"]
        assert result.content[0].text == f"{error['message']} {error['remedy']}".strip()  # type: ignore[union-attr]
        assert error["request_id"]
        return dict(error)


Open = Callable[..., AbstractAsyncContextManager[Assistant]]


@pytest.fixture
def door(odoo: Odoo) -> Callable[..., Door]:
    """Make a door to the stand-in, as a user who may do everything unless told otherwise."""

    def make(**settings: Any) -> Door:
        given = {
            "odoo_url": odoo.url,
            "odoo_db": odoo.env["ODOO_DB"],
            "odoo_username": "manager",
            "odoo_password": PASSWORD,
            "sentinel_store": odoo.env["SENTINEL_STORE"],
            **settings,
        }
        made = Settings(_env_file=None, **given)
        made.protect_secrets()
        return Door(made, pause=0.001)

    return make


@pytest.fixture
def assistant(odoo: Odoo, door: Callable[..., Door]) -> Open:
    """Open the official client on a server in memory; plans carry a digest and an end."""

    def planned(run: dict[str, Any]) -> dict[str, Any]:
        if run["mode"] == "plan" and run["state"] == "done" and not run["digest"]:
            run.update(digest=DIGEST, expires_at=LATER)
        return run

    odoo.standin.twists["status"] = planned

    @asynccontextmanager
    async def opened(
        *, era: str = "auto", person: Person | None = None, **settings: Any
    ) -> AsyncIterator[Assistant]:
        made = door(**settings)
        async with Client(build(made), mode=era, elicitation_callback=person) as client:
            yield Assistant(client, made)

    return opened
