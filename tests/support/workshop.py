"""Where tests get their Odoo from."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from sentinel_env.locks import exclusive
from sentinel_env.odoo_server import OdooServer
from sentinel_env.provision import Site, provisioned
from sentinel_env.testing import SUITE_HELD
from sentinel_env.throwaway import Throwaway

from .server import RunningOdoo


class Workshop:
    """Makes databases and servers for tests; everything is removed in the end."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.throwaway = Throwaway(site)

    def new_database(
        self,
        template: str = "addon",
        *,
        install: Sequence[str] = (),
        addons: Sequence[Path] = (),
    ) -> str:
        """Return the name of a new database (see `Throwaway.database` for the templates).

        :param install: modules to install in it.
        :param addons: folders of modules beside Odoo's and this repository.
        """
        name = self.throwaway.database(template)
        if install:
            self.throwaway.install(name, install, addons)
        return name

    def new_server(
        self,
        database: str = "",
        *arguments: str,
        template: str = "addon",
        settings: dict[str, str] | None = None,
        addons: Sequence[Path] = (),
        start: bool = True,
    ) -> RunningOdoo:
        """Return a server, started unless told otherwise.

        :param database: an existing one; a copy of `template` is made when "".
        :param arguments: of Odoo's command line, such as `--max-cron-threads=0`.
        :param settings: options of Odoo's configuration file, by name.
        """
        server: OdooServer = self.throwaway.server(
            database or self.throwaway.database(template), settings=settings, addons=addons
        )
        running = RunningOdoo(server, self.throwaway, arguments)
        if start:
            running.start()
        return running

    def database_url(self, database: str) -> str:
        """Return the libpq address of `database`."""
        return self.site.program.server.url(database)

    def shell(self, database: str, code: str) -> str:
        """Run `code` in `odoo shell` and return what it printed (see `Throwaway.shell`)."""
        return self.throwaway.shell(database, code)


@contextmanager
def open_workshop() -> Iterator[Workshop]:
    """Give a workshop, and remove what it made when the block ends."""
    with provisioned() as site:
        # `make test` holds this lock for its pytest; a pytest started by hand takes its own.
        held = bool(os.environ.get(SUITE_HELD))
        lock = nullcontext() if held else exclusive(site.cache.lock("suite"), "tests")
        with lock:
            workshop = Workshop(site)
            workshop.throwaway.sweep()
            try:
                yield workshop
            finally:
                workshop.throwaway.close()
