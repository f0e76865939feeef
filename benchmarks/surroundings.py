"""Where the figures come from: without that they mean nothing."""

import ast
import os
import platform
import runpy
from pathlib import Path
from typing import Any

from sentinel_env.odoo_program import OdooProgram
from sentinel_env.postgres_server import PostgresServer

ADDON_FOLDER = Path(__file__).resolve().parents[1] / "sentinel_ops_addon"
# Each costs time at every commit, and each can lose a commit when it is off.
_DURABILITY = ("fsync", "synchronous_commit", "full_page_writes")


def machine() -> dict[str, Any]:
    """Return the size of this machine and how busy it is."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 2**30, 1),
        "architecture": platform.machine(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def versions(program: OdooProgram) -> dict[str, str]:
    """Return the versions of what is measured."""
    release = runpy.run_path(str(program.source.path / "odoo" / "release.py"))
    manifest = ast.literal_eval((ADDON_FOLDER / "__manifest__.py").read_text())
    return {
        "odoo": str(release["version"]),
        "addon": str(manifest["version"]),
        "postgresql": program.server.sql("SHOW server_version")[0][0].split()[0],
    }


def durability(server: PostgresServer, database: str) -> dict[str, Any]:
    """Return how careful PostgreSQL is with a commit, and whether that is as it is shipped."""
    rows = server.sql(
        "SELECT name, setting, boot_val FROM pg_settings"
        " WHERE name = ANY (string_to_array(:'names', ','))",
        database,
        names=",".join(_DURABILITY),
    )
    values = {name: setting for name, setting, _shipped in rows}
    return {
        **{name: values[name] for name in _DURABILITY},
        "as_shipped": all(setting == shipped for _name, setting, shipped in rows),
    }
