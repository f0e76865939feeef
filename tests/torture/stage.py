"""What a round plays on: a PostgreSQL of its own, a database, Odoo, and eyes on all of it."""

import os
import secrets
import shutil
import signal
import time
import xmlrpc.client
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import psycopg2

from sentinel_env.databases import Databases
from sentinel_env.folders import prepare
from sentinel_env.odoo_rpc import UNREACHABLE, OdooRpc
from sentinel_env.odoo_server import LOGIN, OdooServer
from sentinel_env.processes import RememberedProcess
from sentinel_env.provision import Site
from sentinel_env.throwaway import Throwaway

from .postgres import OwnPostgres
from .quotations import DAYS, Quotations
from .settings import Settings

T = TypeVar("T")

JOB = "clean_old_orders"
_PARAMETERS = {"days": DAYS, "limit": 1_000_000}
_DISPATCHER = "sentinel_ops_addon.ir_cron_dispatcher"
_BASE = "sentinel_torture_base"
# Checking a password takes a second of computing on purpose, and again after every restart.
_CHEAP_LOGIN = f"""
import datetime
user = env["res.users"].search([("login", "=", {LOGIN!r})])
end = datetime.datetime.now() + datetime.timedelta(days=30)
print("key=" + env(user=user.id)["res.users.apikeys"]._generate("rpc", "crash test", end))
env.cr.execute("UPDATE res_users SET password = NULL WHERE id = %s", [user.id])
env.cr.commit()
"""
# A new database now and then, so that a thousand rounds fit on a disk.
ROUNDS_PER_DATABASE = 25
_PATIENCE_SECONDS = 150.0
_POLL_SECONDS = 0.003


class TooLong(AssertionError):
    """What must happen did not happen in time."""


class Stage:
    """Servers to kill, and ways to look at what they did.

    :param site: where programs and the database with the addon come from.
    :param folder: for what is on its way, and for logs.
    """

    def __init__(self, site: Site, folder: Path, settings: Settings) -> None:
        self.settings = settings
        self.folder = folder
        self.postgres = OwnPostgres(site)
        self._site = site
        # What a run of that size takes here, undisturbed; measured in `_rehearse`.
        self.plan_seconds = 0.5
        self.live_seconds = 3.0
        self._rounds_left = 0
        self._servers: tuple[OdooServer, ...] = ()
        self._undo = ExitStack()

    def open(self) -> None:
        """Start PostgreSQL and give it a database with the addon to copy from."""
        self._undo.callback(self.postgres.remove)
        self.postgres.start()
        template = self._site.templates.with_addon()
        self.postgres.take(self._site.program.server, template, _BASE, self.folder)
        data_dir = prepare(self.folder / "data")
        shutil.copytree(
            Databases(self._site.program.server, self._site.program.data_dir).filestore(template),
            data_dir / "filestore" / _BASE,
        )
        program = replace(self._site.program, server=self.postgres.server, data_dir=data_dir)
        self.site = replace(self._site, program=program, cluster=self.postgres.cluster)
        self.throwaway = Throwaway(self.site)
        self._key = self.throwaway.shell(_BASE, _CHEAP_LOGIN).rpartition("key=")[2].split()[0]
        self._undo.callback(shutil.rmtree, self.throwaway.folder, ignore_errors=True)
        self._undo.callback(self._kill_all)

    def close(self) -> None:
        """End everything and remove it."""
        self._undo.close()

    # --- the servers ---------------------------------------------------------------------------

    def prepare_round(self) -> None:
        """Have Odoo run over a database that is not too full."""
        if self._rounds_left:
            self._rounds_left -= 1
        else:
            self._rounds_left = ROUNDS_PER_DATABASE - 1
            self._new_database()
        self.bystander_stop()
        self.revive()

    def forget_database(self) -> None:
        """Have the next round begin with a new database: this one is evidence."""
        self._rounds_left = 0

    def _new_database(self) -> None:
        self.postgres.start()
        self._kill_all()
        for server in self._servers[:1]:
            self.throwaway.drop(server.database)
        database = self.throwaway.database(_BASE)
        self.odoo = self.throwaway.server(database)
        self.bystander = self.throwaway.server(database)
        self._servers = (self.odoo, self.bystander)
        self.dsn = self.odoo.database_url
        with self.cursor() as cr:
            # Odoo's own scheduled actions would only make the rounds longer.
            cr.execute(
                """
                UPDATE ir_cron SET nextcall = now() + interval '90 days'
                 WHERE id <> (SELECT res_id FROM ir_model_data
                               WHERE module || '.' || name = %s)
                """,
                [_DISPATCHER],
            )
            cr.execute("SELECT array_agg(id) FROM ir_cron WHERE active")
            self.crons: list[int] = cr.fetchone()[0]
            self.odoo.start()
            rpc = self._client(self.odoo)
            jobs = rpc.execute("sentinel.job", "search", [("code", "=", JOB)])
            rpc.execute("sentinel.job", "write", jobs, {"max_records": 1_000_000})
            self.quotations = Quotations(rpc, cr)
            self._rehearse(cr)
        self._cut_runs_into_slices()

    def _rehearse(self, cr: Any) -> None:
        """Measure how long a run takes, so that blows fall into it and not behind it."""
        for count, mark in ((50, "warm-up"), (self.settings.records, "rehearsal")):
            self.until(lambda: self.all_ended(cr), "the warm-up ends")
            self.quotations.make(cr, count, mark)
            uid = self.trigger()
        begun = ("running", "sealing", "done")
        self.until(lambda: self.plan_of(cr, uid)[1] in begun, "the rehearsal's plan begins")
        began = time.monotonic()
        self.until(lambda: self.plan_of(cr, uid)[1] == "done", "the rehearsal's plan ends")
        planned = time.monotonic()
        self.until(lambda: self.run(cr, uid)[0] == "done", "the rehearsal ends")
        self.plan_seconds = planned - began
        self.live_seconds = time.monotonic() - planned

    def _cut_runs_into_slices(self) -> None:
        """Set a limit on Odoo by which the engine makes a run in two or three slices."""
        # One call of the dispatcher takes a third of the tightest limit. A threaded server does
        # not enforce this one, so it does not end by itself an Odoo that was frozen or is slow.
        limit = max(3, round(self.live_seconds * 1.2))
        for server in self._servers:
            server.settings = {"limit_time_cpu": str(limit)}
        hard_kill(self.odoo)

    def _kill_all(self) -> None:
        for server in self._servers:
            hard_kill(server)

    def revive(self) -> None:
        """Have PostgreSQL and Odoo run again, with cron workers that listen."""
        self.postgres.start()
        process = self.odoo.process
        if process is not None and process.is_alive() and not self._listens(process.pid):
            # Odoo's cron threads end when PostgreSQL is away for a moment; whoever runs it has
            # to start it anew then.
            hard_kill(self.odoo)
        if not self.odoo.is_running():
            self.odoo.start()
        self.until(lambda: self._listens(pid_of(self.odoo)), "Odoo's cron workers listen")

    def bystander_start(self) -> None:
        """Start a second Odoo over the same database."""
        self.bystander.start()
        self.until(lambda: self._listens(pid_of(self.bystander)), "the second Odoo listens")

    def bystander_stop(self) -> None:
        """End the second Odoo, if there is one."""
        hard_kill(self.bystander)

    def _listens(self, pid: int) -> bool:
        # Odoo's scheduler waits for notifications in this database, and uses it for nothing else.
        rows = self.postgres.server.sql(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = :'name' AND datname = 'postgres'",
            name=f"odoo-{pid}",
        )
        return rows != [["0"]]

    # --- looking -------------------------------------------------------------------------------

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        """Give a cursor of a connection of its own, each statement a transaction."""
        connection = psycopg2.connect(self.dsn)
        try:
            connection.autocommit = True
            with connection.cursor() as cr:
                yield cr
        finally:
            connection.close()

    def until(self, condition: Callable[[], T], what: str, seconds: float = _PATIENCE_SECONDS) -> T:
        """Wait until `condition` is true, looking often, and return what it said.

        :raises TooLong: it did not become true within `seconds`.
        """
        deadline = time.monotonic() + seconds
        while True:
            if answer := condition():
                return answer
            if time.monotonic() > deadline:
                raise TooLong(f"not within {seconds:.0f} s: {what}")
            time.sleep(_POLL_SECONDS)

    def run(self, cr: Any, uid: str) -> tuple[str, int, int]:
        """Return state, records done, and id of a run."""
        cr.execute(
            "SELECT state, coalesce(progress_done, 0), id FROM sentinel_run WHERE uid = %s", [uid]
        )
        state, done, run_id = cr.fetchone()
        return state, done, run_id

    def plan_of(self, cr: Any, uid: str) -> tuple[int, str]:
        """Return id and state of the plan of a live run; 0 and "" while there is none."""
        cr.execute(
            """
            SELECT plan.id, plan.state FROM sentinel_run AS live
              JOIN sentinel_run AS plan ON plan.id = live.plan_ref
             WHERE live.uid = %s
            """,
            [uid],
        )
        return cr.fetchone() or (0, "")

    def status(self, cr: Any, uid: str) -> str:
        """Return what a run ended with, "" before."""
        cr.execute("SELECT coalesce(final_status, '') FROM sentinel_run WHERE uid = %s", [uid])
        return str(cr.fetchone()[0])

    def all_ended(self, cr: Any) -> bool:
        """Tell whether nothing is left to be worked on."""
        cr.execute("SELECT NOT EXISTS (SELECT FROM sentinel_run WHERE state <> 'done')")
        return bool(cr.fetchone()[0])

    def durability(self) -> dict[str, str]:
        """Return the settings on which it depends what PostgreSQL has after a crash."""
        rows = self.postgres.server.sql(
            "SELECT name, setting FROM pg_settings"
            " WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')"
        )
        return {row[0]: row[1] for row in rows}

    # --- asking --------------------------------------------------------------------------------

    def _client(self, server: OdooServer) -> OdooRpc:
        return server.rpc(LOGIN, self._key)

    def trigger(self, server: OdooServer | None = None) -> str:
        """Ask for a live run over all old quotations and return its uid.

        :param server: whom to ask, instead of the Odoo that is hit.
        """
        key = secrets.token_hex(8)
        asked = server or self.odoo
        rpc = self._client(asked)
        refusal = ""

        def ask() -> str:
            nonlocal refusal
            try:
                answer: dict[str, Any] = rpc.execute(
                    "sentinel.job", "trigger", JOB, "live", _PARAMETERS, key
                )
            except (xmlrpc.client.Fault, *UNREACHABLE) as error:
                # An Odoo that outlived its PostgreSQL has dead connections in its pool. With
                # the same key, asking again cannot ask twice.
                refusal = str(error)
                time.sleep(0.2)
                return ""
            return str(answer["uid"])

        try:
            return self.until(ask, "a request is taken", 30.0)
        except TooLong as error:
            raise TooLong(f"{error}: {refusal}") from error


def pid_of(server: OdooServer) -> int:
    """Return the number of the server's process, 0 when it does not run."""
    process = server.process
    return process.pid if process is not None and process.is_alive() else 0


def hard_kill(server: OdooServer) -> None:
    """kill -9 an Odoo with all its processes, stopped ones too."""
    pid = pid_of(server)
    if pid:
        # It was started in a session of its own, so its group is itself and its children.
        os.killpg(pid, signal.SIGKILL)
        RememberedProcess.of(pid).wait(10.0)
    server.pid_file.unlink(missing_ok=True)


@contextmanager
def open_stage(site: Site, settings: Settings) -> Iterator[Stage]:
    """Give a stage, and remove all of it when the block ends.

    The caller holds the lock that keeps suites apart.
    """
    folder = prepare(prepare(site.clone.state / "torture") / f"{os.getpid()}")
    stage = Stage(site, folder, settings)
    try:
        stage.open()
        yield stage
    finally:
        stage.close()
        shutil.rmtree(folder, ignore_errors=True)
