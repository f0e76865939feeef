"""All of set-up in order: tools, Odoo, Python, PostgreSQL; nothing that is there is done again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from . import debian_odoo, odoo_source, postgres_cluster, postgres_server, prerequisites, venvs
from .console import note
from .databases import Databases
from .errors import SetupError
from .folders import prepare
from .layout import Cache, Clone, short_hash
from .locks import shared
from .odoo_program import OdooProgram
from .odoo_server import OdooServer
from .postgres_cluster import PostgresCluster
from .postgres_server import PostgresServer
from .templates import Templates


@dataclass(frozen=True)
class Site:
    """A clone with everything it needs to work.

    :param cluster: the embedded PostgreSQL, None when the user's own server is used.
    :param python: Python of the auditor and of the tests.
    """

    clone: Clone
    cache: Cache
    program: OdooProgram
    cluster: PostgresCluster | None
    python: Path

    @property
    def databases(self) -> Databases:
        """The databases on its server."""
        return Databases(self.program.server, self.program.data_dir)

    @property
    def templates(self) -> Templates:
        """The databases that others are copied from."""
        return Templates(self.program, self.databases, self.cache, self.clone)

    @property
    def server(self) -> OdooServer:
        """The Odoo of `make up`, running or not."""
        return OdooServer(self.program, self.templates.demo_name, self.clone.state)

    def with_addons(self, *folders: Path) -> "Site":
        """Return the same with further folders of modules."""
        program = replace(self.program, addons=(*self.program.addons, *folders))
        return replace(self, program=program)


@contextmanager
def provisioned() -> Iterator[Site]:
    """Give a complete site. While the block runs, no other run stops the shared PostgreSQL.

    :raises SetupError: something is missing that cannot be fetched or started.
    """
    clone, cache = Clone.here(), Cache.from_environment()
    needs_debian = odoo_source.given_path(cache) is None and debian_odoo.installed(cache) is None
    if not (clone.venv.is_dir() and not needs_debian):
        prerequisites.check(needs_debian=needs_debian)
    prepare(cache.root)
    prepare(clone.state)
    odoo = odoo_source.locate(cache)
    odoo_python = venvs.odoo_python(cache, odoo)
    python = venvs.project_python(clone)
    with shared(cache.lock("postgres-in-use")):
        cluster = postgres_cluster.of_cache(cache, odoo_python)
        given = _given_server(cluster)
        server = given or cluster.ensure_running()
        data_dir = prepare(cache.root / "data" / short_hash(f"{server.host}:{server.port}"))
        program = OdooProgram(
            source=odoo,
            python=odoo_python,
            server=server,
            data_dir=data_dir,
            addons=(clone.root, *odoo.addons),
        )
        yield Site(clone, cache, program, None if given else cluster, python)


def _given_server(cluster: PostgresCluster) -> PostgresServer | None:
    url = os.environ.get("DATABASE_URL", "").strip()
    if not url:
        return None
    server = postgres_server.from_url(url, cluster.programs / "psql")
    # `.sentinel/env` exports our own address; read back, it is no wish of the user's.
    if server.host == str(cluster.socket):
        return None
    if server.maintenance.startswith("sentinel_"):
        server = replace(server, maintenance="postgres")
    try:
        server.check()
    except SetupError as error:
        raise SetupError(
            error.message,
            error.remedy or "correct DATABASE_URL, or unset it to use the embedded PostgreSQL",
        ) from error
    note(f"PostgreSQL: yours at {server.host}, as {server.user}")
    return server
