"""`make up`, `make down`, `make clean`, `make distclean`."""

import contextlib
import os
import shutil
from pathlib import Path

from . import env_file, postgres_cluster, venvs
from .console import busy, note, say
from .errors import SetupError
from .layout import ADDON, Cache, Clone
from .locks import exclusive
from .odoo_server import LOGIN, PASSWORD, OdooServer
from .provision import Site, provisioned
from .throwaway import end_servers, throwaway_home


def up(site: Site) -> OdooServer:
    """Start Odoo with the addon as it is now, unless it runs so already; write `.sentinel/env`.

    :raises SetupError: it does not start or the port is taken.
    """
    server = site.server
    wanted = os.environ.get("SENTINEL_ODOO_PORT", "").strip()
    with exclusive(site.clone.lock("up"), "this clone's Odoo"):
        server.port = env_file.read_port(server.configuration)
        if server.is_running():
            why = _why_restart(site, server, wanted)
            if not why:
                note(f"Odoo runs already at {server.url}")
                env_file.write(site)
                return server
            with busy(f"stopping Odoo, because {why}"):
                server.stop()
        site.templates.demo()
        with busy("starting Odoo"):
            server.start(wanted_port=wanted)
        if not server.rpc().uid:
            server.stop()
            raise SetupError(
                f"Odoo refuses {LOGIN}/{PASSWORD} in {server.database}",
                "put that password back, or `make clean` for a new database",
            )
        env_file.write(site)
    return server


def _why_restart(site: Site, server: OdooServer, wanted: str) -> str:
    if not server.is_answering():
        return "it does not answer"
    if wanted and wanted != str(server.port):
        return f"SENTINEL_ODOO_PORT is {wanted} now"
    if not site.templates.is_demo_current():
        return f"{ADDON} has changed"
    if str(site.program.data_dir) not in server.configuration.read_text():
        return "another PostgreSQL is meant now"
    return ""


def down() -> None:
    """Stop this clone's Odoo, and PostgreSQL when nobody else uses it."""
    clone, cache = Clone.here(), Cache.from_environment()
    process_file = clone.state / "odoo.pid"
    if process_file.is_file():
        with exclusive(clone.lock("up"), "this clone's Odoo"), busy("stopping Odoo"):
            ran = _server_at(clone).stop()
        note("Odoo is stopped" if ran else "Odoo had ended by itself; its pid file is removed")
    else:
        note("Odoo does not run")
    cluster = _cluster_if_there(cache)
    if cluster is None:
        note("there is no embedded PostgreSQL")
    elif cluster.stop_if_unused():
        note("PostgreSQL is stopped")
    else:
        note("PostgreSQL stays up: another clone or run uses it")


def clean() -> None:
    """Remove what the project made for this clone: servers, databases, `.sentinel`, caches."""
    clone, cache = Clone.here(), Cache.from_environment()
    if clone.state.is_dir():
        _server_at(clone).stop()
        end_servers(throwaway_home(clone))
    if _has_databases(clone, cache):
        with provisioned() as site:
            for name in site.templates.drop_all_of_clone():
                note(f"database {name} is removed")
    if clone.state.is_dir() or (cache.root / "venvs").is_dir():
        cluster = _cluster_if_there(cache)
        if cluster is not None:
            cluster.stop_if_unused()
    shutil.rmtree(clone.state, ignore_errors=True)
    for name in (".pytest_cache", ".mypy_cache", ".ruff_cache", "build", "dist"):
        shutil.rmtree(clone.root / name, ignore_errors=True)
    note("this clone is clean; the shared cache stays (`make distclean` removes it, too)")


def distclean() -> None:
    """Remove the shared cache as well.

    :raises SetupError: another clone's server uses it.
    """
    clean()
    cache = Cache.from_environment()
    cluster = _cluster_if_there(cache)
    if cluster is not None and not cluster.stop_if_unused():
        raise SetupError(
            f"the PostgreSQL in {cache.root} is in use by another clone or run",
            "`make down` there first",
        )
    for folder in (cache.root, *_root_folders(cache)):
        if folder.is_dir():
            with busy(f"removing {folder}"):
                shutil.rmtree(folder)


def describe(site: Site, server: OdooServer) -> None:
    """Tell the person where everything is."""
    say()
    say(env_file.text_of(site).rstrip())
    say()
    say(f"Odoo {site.program.source.label} answers at {server.url}, login {LOGIN} / {PASSWORD}")
    say("In a shell:  . .sentinel/env && sentinel-ops list")
    say(f"Its log:     {server.log}")
    say("Stop it:     make down")


def _server_at(clone: Clone) -> OdooServer:
    # Stopping needs the note of the process only; building a whole site for it could fetch Odoo.
    return OdooServer(None, "", clone.state)  # type: ignore[arg-type]


def _cluster_if_there(cache: Cache) -> postgres_cluster.PostgresCluster | None:
    for stamp in sorted(cache.venvs.glob(f"odoo-*/{venvs.STAMP}")):
        # The Python that this environment was built from may be gone; another one may do.
        with contextlib.suppress(SetupError):
            return postgres_cluster.of_cache(cache, stamp.parent / "bin" / "python")
    return None


def _has_databases(clone: Clone, cache: Cache) -> bool:
    return clone.state.is_dir() and any(cache.venvs.glob(f"odoo-*/{venvs.STAMP}"))


def _root_folders(cache: Cache) -> list[Path]:
    return [postgres_cluster.root_folder(cache)] if os.geteuid() == 0 else []
