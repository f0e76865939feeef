"""Databases and servers that live as long as one run of tests."""

import itertools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from .commands import tail
from .errors import SetupError
from .folders import prepare
from .layout import Clone
from .odoo_server import OdooServer
from .processes import RememberedProcess
from .provision import Site


def throwaway_home(clone: Clone) -> Path:
    """Return the folder with what runs of tests in `clone` made, a folder for each run."""
    return clone.state / "throwaway"


def end_servers(folder: Path) -> None:
    """End every server that is noted below `folder`."""
    for note in (*folder.rglob("odoo.pid"), *folder.rglob("bigquery.pid")):
        process = RememberedProcess.read(note)
        if process is not None:
            process.end(10.0)


class Throwaway:
    """Makes databases and servers, and removes them all in the end.

    :param site: where to make them.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self._prefix = f"{site.templates.clone_prefix}tmp_"
        self._numbers = itertools.count(1)
        self._databases: list[str] = []
        self._servers: list[OdooServer] = []
        home = prepare(throwaway_home(site.clone))
        self.folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=home))

    def sweep(self) -> None:
        """Remove the servers and the databases of runs that were killed."""
        for folder in throwaway_home(self.site.clone).iterdir():
            owner = folder.name.partition("-")[0]
            if not (owner.isdigit() and RememberedProcess.of(int(owner)).is_alive()):
                end_servers(folder)
                shutil.rmtree(folder, ignore_errors=True)
        for name in self.site.databases.names(self._prefix):
            match = re.fullmatch(r"(\d+)_\d+", name.removeprefix(self._prefix))
            if match and not RememberedProcess.of(int(match[1])).is_alive():
                self.site.databases.drop(name)

    def database(self, template: str = "addon") -> str:
        """Return the name of a new database.

        :param template: "addon" is sale_stock, demo data and the addon as it is now; "base" the
            same without the addon; "bare" only mail without demo data; "bare_addon" that and the
            addon. Any other text is the name of a database to copy, which nobody may be using.
        """
        name = f"{self._prefix}{os.getpid()}_{next(self._numbers)}"
        self._databases.append(name)
        self.site.databases.copy(self._template(template), name)
        return name

    def _template(self, template: str) -> str:
        templates = self.site.templates
        if template in ("base", "bare"):
            return templates.shared(template)
        if template == "addon":
            return templates.with_addon()
        if template == "bare_addon":
            return templates.with_addon("bare")
        return template

    def server(
        self,
        database: str,
        *,
        settings: Mapping[str, str] | None = None,
        addons: Sequence[Path] = (),
    ) -> OdooServer:
        """Return a server for `database`, not started yet.

        :param settings: options of Odoo's configuration, by name: {"max_cron_threads": "0"}.
        :param addons: further folders of modules.
        """
        folder = self.folder / database
        while folder.exists():
            folder = self.folder / f"{database}-{next(self._numbers)}"
        folder.mkdir(parents=True)
        program = self.site.with_addons(*addons).program if addons else self.site.program
        server = OdooServer(program, database, folder, dict(settings or {}))
        self._servers.append(server)
        return server

    def install(self, database: str, modules: Sequence[str], addons: Sequence[Path] = ()) -> None:
        """Install further modules in a database that no server uses.

        :raises SetupError: Odoo could not.
        """
        self.site.with_addons(*addons).program.change_modules(
            database, self.folder / f"{database}-install.log", install=modules
        )

    def shell(self, database: str, code: str) -> str:
        """Run Python `code` in `odoo shell` on `database` and return what it printed.

        `env` is the superuser's environment; commit what is to stay: `env.cr.commit()`.

        :raises SetupError: it ended with an error.
        """
        configuration = self.site.program.write_configuration(
            self.folder / f"{database}-shell.conf", database, {"logfile": os.devnull}
        )
        result = subprocess.run(
            self.site.program.command(
                "shell", "-c", str(configuration), "--no-http", "--shell-interface=python"
            ),
            check=False,
            input=code,
            capture_output=True,
            text=True,
            env=self.site.program.environment(),
        )
        if result.returncode != 0 or "Traceback (most recent call last)" in result.stderr:
            raise SetupError(f"odoo shell failed:\n{tail(result.stdout + result.stderr, 30)}")
        return result.stdout

    def drop(self, database: str) -> None:
        """Stop the servers of `database` and remove it now."""
        for server in self._servers:
            if server.database == database:
                server.stop()
        self.site.databases.drop(database)
        if database in self._databases:
            self._databases.remove(database)

    def close(self) -> None:
        """Stop all servers and remove all databases."""
        for server in self._servers:
            server.stop()
        for database in list(self._databases):
            self.drop(database)
        shutil.rmtree(self.folder, ignore_errors=True)
