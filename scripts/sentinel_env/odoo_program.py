"""Odoo as a program: its configuration file and its one-shot commands."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .commands import clean_environment, run
from .errors import SetupError
from .odoo_source import OdooSource
from .postgres_server import PostgresServer

_LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d+ \d+ (?P<level>[A-Z]+) ")
_KEPT_LINES = 30


@dataclass(frozen=True)
class OdooProgram:
    """Odoo 19 with a Python that runs it, a server for its databases, and a data folder.

    :param addons: folders of modules, ours first.
    """

    source: OdooSource
    python: Path
    server: PostgresServer
    data_dir: Path
    addons: tuple[Path, ...]

    def write_configuration(
        self, file: Path, database: str, settings: Mapping[str, str] | None = None
    ) -> Path:
        """Write an Odoo configuration for `database` to `file`, readable by its owner only.

        :param settings: options by Odoo's names that replace or extend the usual ones.
        """
        options = {
            "db_host": self.server.host,
            "db_port": str(self.server.port),
            "db_user": self.server.user,
            "db_password": self.server.password or "False",
            "db_sslmode": dict(self.server.options).get("sslmode", "prefer"),
            "db_name": database,
            # One database, no list of others: the browser goes straight to its login.
            "dbfilter": f"^{database}$",
            "list_db": "False",
            "admin_passwd": secrets.token_urlsafe(24),
            "addons_path": ",".join(str(folder) for folder in self.addons),
            "data_dir": str(self.data_dir),
            "http_interface": "127.0.0.1",
            "max_cron_threads": "2",
            # Each XML-RPC call would log that XML-RPC goes away in Odoo 22.
            "log_handler": ":INFO,odoo.addons.rpc.controllers.xmlrpc:ERROR",
            **(settings or {}),
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.chmod(0o600)
        lines = [f"{name} = {value}" for name, value in options.items()]
        file.write_text("\n".join(["[options]", *lines]) + "\n")
        return file

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of `odoo` with `arguments`."""
        return [str(self.python), "-m", "odoo", *arguments]

    def environment(self) -> dict[str, str]:
        """Return the process environment for Odoo."""
        # Odoo keeps times in UTC and says so in its log only if its process agrees.
        return clean_environment({"TZ": "UTC", "PYTHONUNBUFFERED": "1"})

    def change_modules(
        self,
        database: str,
        log: Path,
        *,
        install: Sequence[str] = (),
        update: Sequence[str] = (),
        demo: bool = True,
    ) -> None:
        """Install or update modules in `database` and end; create the database if needed.

        :param log: gets all that Odoo says.
        :raises SetupError: Odoo failed, or a module is not installed afterwards.
        """
        arguments = ["--stop-after-init", "--no-http", "--max-cron-threads=0"]
        arguments.append("--with-demo" if demo else "--without-demo")
        if install:
            arguments += ["-i", ",".join(install)]
        if update:
            arguments += ["-u", ",".join(update)]
        modules = ", ".join([*install, *update])
        configuration = self.write_configuration(log.with_suffix(".conf"), database)
        try:
            run(
                self.command("-c", str(configuration), *arguments),
                what=f"installing {modules} in the database {database}",
                log=log,
                env=self.environment(),
            )
        except SetupError as error:
            raise SetupError(
                f"Odoo could not install {modules}. What it said:\n{what_matters(log)}\n"
                f"    (all of it: {log})",
                "if it names a file of this project, correct that and run it again; otherwise "
                "`make clean` and run it again",
            ) from error
        finally:
            configuration.unlink()
        rows = self.server.sql(
            "SELECT name, state FROM ir_module_module"
            " WHERE name = ANY (string_to_array(:'all', ','))",
            database,
            all=",".join([*install, *update]),
        )
        states = {row[0]: row[1] for row in rows}
        for name in [*install, *update]:
            if states.get(name) != "installed":
                raise SetupError(
                    f"Odoo ended well, but module {name} is "
                    f"{states.get(name, 'unknown to it')}:\n{what_matters(log)}",
                    f"look at {log}",
                )


def what_matters(log: Path) -> str:
    """Return the errors of an Odoo log with their tracebacks, or its end when it has none."""
    lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
    kept: list[str] = []
    keeping = False
    for line in lines:
        match = _LOG_LINE.match(line)
        if match:
            keeping = match["level"] in ("ERROR", "CRITICAL")
        elif line.startswith("Traceback "):
            # Before logging is set up, Odoo dies with a bare traceback.
            keeping = True
        if keeping:
            kept.append(line)
    return "\n".join(f"    {line}" for line in (kept or lines)[-_KEPT_LINES:])
