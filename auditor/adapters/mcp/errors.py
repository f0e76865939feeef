"""What an assistant is told when a call goes wrong: what happened, what to do, nothing else."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from mcp_types import CallToolResult, TextContent
from pydantic import ValidationError

from auditor.adapters.mcp.foreign import clean
from auditor.errors import AuditorError

logger = logging.getLogger(__name__)

LONGEST = 2000
_PLAIN = {"extra_forbidden": "there is no such thing", "missing": "must be given"}


def told(error: AuditorError) -> str:
    """Return an error in one text: what happened and what to do about it."""
    return clean(f"{error.message} {error.remedy}", most=LONGEST)


def failed(
    tool: str, error: ToolError, *, arguments: Iterable[str], request_id: str
) -> CallToolResult:
    """Return the answer to a call that failed.

    :param arguments: names that the tool knows.
    """
    cause = error.__cause__
    if isinstance(cause, AuditorError):
        logger.info(
            "refused", extra={"tool": tool, "kind": type(cause).__name__, "request_id": request_id}
        )
        return _answer(type(cause).__name__, cause.message, cause.remedy, request_id, cause.details)
    if isinstance(cause, ValidationError):
        known = ", ".join(arguments) or "none"
        return _answer(
            "BadInput", f"{problems(cause)}.", f"Arguments of {tool}: {known}.", request_id
        )
    if cause is None or isinstance(cause, ToolError | ResourceError):
        return _answer("BadInput", f"{cause or error}.", "tools/list has the tools.", request_id)
    return bug(tool, cause, request_id)


def bug(tool: str, error: BaseException, request_id: str) -> CallToolResult:
    """Return the answer to a call that met a bug; what it is stands in the log only."""
    logger.error(
        "a bug: %s: %s", type(error).__name__, error, extra={"tool": tool, "request_id": request_id}
    )
    logger.debug("where", exc_info=error)
    return _answer(
        "Bug",
        f"A bug in sentinel-ops, in {tool}.",
        "Please report it with the lines of the server's log that have this request_id.",
        request_id,
    )


def problems(error: ValidationError) -> str:
    """Return what is wrong with some arguments, without repeating their values."""
    found = error.errors(include_input=False, include_url=False)[:20]
    return "; ".join(
        f"{'.'.join(str(part) for part in item['loc']) or 'all'}: "
        f"{_PLAIN.get(item['type']) or item['msg'].removeprefix('Value error, ')}"
        for item in found
    )


def _answer(
    kind: str, message: str, remedy: str, request_id: str, details: object = None
) -> CallToolResult:
    message, remedy = clean(message, most=LONGEST), clean(remedy, most=LONGEST)
    facts: dict[str, object] = {
        "kind": kind,
        "message": message,
        "remedy": remedy,
        "request_id": request_id,
    }
    if isinstance(details, dict):
        facts.update({name: clean(each) for name, each in details.items() if name not in facts})
    return CallToolResult(
        content=[TextContent(type="text", text=f"{message} {remedy}".strip())],
        structured_content={"error": facts},
        is_error=True,
    )
