"""Is everything installed that the settings ask for?"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

from auditor.doctor.finding import CannotTell, Finding, fail, ok
from auditor.doctor.subject import Subject
from auditor.installing import install_extra
from auditor.secrets_gcp import GCP
from auditor.stores.bigquery.address import is_address
from auditor.telemetry import wants_exporter

PACKAGES = {
    "bigquery": "google.cloud.bigquery",
    "gcp": "google.cloud.secretmanager_v1",
    "http": "functions_framework",
    "mcp": "mcp",
    "parquet": "pyarrow",
    "slack": "slack_sdk",
    "telemetry": "opentelemetry.sdk",
}
"""A package of each extra."""


def check(subject: Subject) -> Iterator[Finding]:
    """Look for the packages; none is loaded."""
    there = sorted(extra for extra, package in PACKAGES.items() if installed(package))
    missing = sorted(_needed(subject) - set(there))
    for extra in missing:
        yield fail(
            f"The settings ask for the extra {extra}, which is not installed.",
            install_extra(extra),
        )
    if not missing:
        yield ok(
            f"Installed extras: {', '.join(there) or 'none, and none is needed'}.", extras=there
        )


def installed(package: str) -> bool:
    """Tell whether a package is there, without loading it."""
    try:
        return find_spec(package) is not None
    except (ModuleNotFoundError, ValueError):
        return False


def _needed(subject: Subject) -> set[str]:
    needed = {"telemetry"} if wants_exporter() else set()
    try:
        settings = subject.settings
    except CannotTell:
        return needed
    if is_address(settings.sentinel_store or ""):
        needed.add("bigquery")
    if settings.sentinel_secrets.lower().startswith(GCP):
        needed.add("gcp")
    if settings.slack_webhook_url or settings.slack_bot_token:
        needed.add("slack")
    return needed
