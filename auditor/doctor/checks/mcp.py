"""What may assistants do, and is their door shut to strangers?"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.doctor.checks.extras import PACKAGES, installed
from auditor.doctor.checks.http import judge
from auditor.doctor.finding import Finding, fail, ok, unused, warn
from auditor.doctor.subject import Subject
from auditor.installing import install_extra


def check(subject: Subject) -> Iterator[Finding]:
    """Look at the settings; no server is started."""
    settings = subject.settings
    there, token = installed(PACKAGES["mcp"]), settings.sentinel_mcp_token
    if not there and (token or settings.sentinel_mcp_allow_apply):
        yield fail(
            "Settings for assistants are there, and their door is not installed.",
            install_extra("mcp"),
        )
    elif not there:
        yield unused("The door for assistants is not installed.")
    elif settings.sentinel_mcp_allow_apply:
        yield warn(
            "Assistants may apply plans (SENTINEL_MCP_ALLOW_APPLY).",
            "Right if you mean it: Odoo's approvals and caps hold for them, too.",
        )
    else:
        yield ok("Assistants may look and plan, and apply nothing.")
    if there and token:
        from auditor.adapters.mcp.serving import SHORTEST_TOKEN

        yield judge("SENTINEL_MCP_TOKEN", token.get_secret_value(), SHORTEST_TOKEN)
