"""`.sentinel/env`: what any tool needs to reach the running Odoo, in shell syntax."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from .odoo_server import LOGIN, PASSWORD
from .provision import Site


def settings_of(site: Site) -> dict[str, str]:
    """Return the variables that describe the running server of `site`."""
    server = site.server
    server.port = read_port(server.configuration)
    return {
        "ODOO_URL": server.url,
        "ODOO_DB": server.database,
        "ODOO_USERNAME": LOGIN,
        "ODOO_PASSWORD": PASSWORD,
        "DATABASE_URL": server.database_url,
        "ODOO_PATH": str(site.program.source.path),
        "ODOO_PYTHON": str(site.program.python),
        "ODOO_CONF": str(server.configuration),
        # Beside the database that it is the trail of, so that `make clean` removes both.
        "SENTINEL_STORE": str(site.clone.state / "trail.sqlite3"),
    }


def text_of(site: Site) -> str:
    """Return the file's text for the running server of `site`."""
    # PostgreSQL's own folder has `psql`.
    return render(settings_of(site), site.clone.venv / "bin", site.program.server.psql.parent)


def render(settings: Mapping[str, str], programs: Path, spare: Path) -> str:
    """Return shell text that exports `settings` and extends PATH.

    :param programs: folder that comes first.
    :param spare: folder that comes last, for programs that the machine does not have itself.
    """
    lines = [f"export {name}={shlex.quote(value)}" for name, value in settings.items()]
    # $PATH is left to the reading shell: its own at that moment, not ours of today.
    first, last = shlex.quote(str(programs)), shlex.quote(str(spare))
    lines.append(f'export PATH={first}:"$PATH":{last}')
    return "\n".join(["# written by `make up`; read it with: . .sentinel/env", *lines, ""])


def write(site: Site) -> Path:
    """Write the file for the running server, readable by its owner only, and return its path."""
    file = site.clone.env_file
    temporary = file.with_suffix(".new")
    temporary.touch(mode=0o600)
    temporary.chmod(0o600)
    temporary.write_text(text_of(site))
    temporary.rename(file)
    return file


def read_port(configuration: Path) -> int:
    """Return the port in an Odoo configuration that we wrote, 0 when there is none."""
    lines = configuration.read_text().splitlines() if configuration.is_file() else []
    for line in lines:
        name, _, value = line.partition("=")
        if name.strip() == "http_port" and value.strip().isdigit():
            return int(value)
    return 0
