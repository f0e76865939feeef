"""How to reach a PostgreSQL server, and short SQL through its own `psql`."""

import os
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from .commands import clean_environment, tail
from .errors import SetupError

_MINIMUM = 13
_DEFAULT_PORT = 5432


@dataclass(frozen=True)
class PostgresServer:
    """A server and the role to use on it.

    :param psql: program to speak to it with.
    :param host: name, address, or folder of the Unix socket.
    :param maintenance: database to connect to when none of ours is meant.
    :param options: further connection options by libpq's names, such as `sslmode`.
    """

    psql: Path
    host: str
    port: int
    user: str
    password: str = field(default="", repr=False)
    maintenance: str = "postgres"
    options: tuple[tuple[str, str], ...] = ()

    def url(self, database: str) -> str:
        """Return the libpq address of `database`, password included."""
        who = quote(self.user, safe="")
        if self.password:
            who += f":{quote(self.password, safe='')}"
        options = list(self.options)
        where = ""
        if self.host.startswith("/"):
            options = [("host", self.host), ("port", str(self.port)), *options]
        else:
            host = f"[{self.host}]" if ":" in self.host else self.host
            where = f"{host}:{self.port}"
        query = f"?{urlencode(options, quote_via=quote)}" if options else ""
        return f"postgresql://{who}@{where}/{quote(database, safe='')}{query}"

    def environment(self, database: str = "") -> dict[str, str]:
        """Return a process environment in which libpq finds `database`."""
        names = {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGDATABASE": database or self.maintenance,
            "PGCONNECT_TIMEOUT": "10",
            "PGCLIENTENCODING": "UTF8",
        }
        if self.password:
            names["PGPASSWORD"] = self.password
        names.update({f"PG{name.upper()}": value for name, value in self.options})
        return clean_environment(names)

    def sql(self, statement: str, database: str = "", **values: str) -> list[list[str]]:
        """Run one statement and return its rows as text.

        :param values: what stands for `:'name'` (a text) and `:"name"` (an identifier) in the
            statement; psql quotes them.
        :raises SetupError: no connection, or the server refused it.
        """
        # The password travels in the environment: arguments are for every user to read.
        result = subprocess.run(
            [
                str(self.psql),
                "--no-psqlrc",
                "--no-password",
                "--quiet",
                "--no-align",
                "--tuples-only",
                "--field-separator=\x1f",
                "--record-separator=\x1e",
                "--set=ON_ERROR_STOP=1",
                *(f"--set={name}={value}" for name, value in values.items()),
            ],
            check=False,
            input=statement,
            capture_output=True,
            text=True,
            env=self.environment(database),
            cwd="/",
        )
        if result.returncode != 0:
            raise SetupError(
                f"PostgreSQL at {self.host}:{self.port} said, as user {self.user}:\n"
                f"{tail(result.stderr)}"
            )
        text = result.stdout.rstrip("\n").rstrip("\x1e")
        return [row.split("\x1f") for row in text.split("\x1e")] if text else []

    def answers(self) -> bool:
        """Tell whether the server takes a connection now."""
        try:
            self.sql("SELECT 1")
        except SetupError:
            return False
        return True

    def check(self) -> None:
        """Make sure that Odoo can work with this server and role.

        :raises SetupError: too old, no right to create databases, or a role Odoo refuses.
        """
        (version,) = self.sql("SHOW server_version_num")[0]
        if int(version) // 10000 < _MINIMUM:
            raise SetupError(
                f"PostgreSQL at {self.host} is version {int(version) // 10000}; "
                f"Odoo 19 needs {_MINIMUM} or newer",
                "name another server in DATABASE_URL, or unset it to use the embedded one",
            )
        if self.user == "postgres":
            raise SetupError(
                "DATABASE_URL names the user 'postgres', with which Odoo refuses to work",
                "make a role of its own: CREATE ROLE sentinel LOGIN CREATEDB PASSWORD '...'",
            )
        rows = self.sql("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
        if rows != [["t"]]:
            raise SetupError(
                f"the role {self.user} of DATABASE_URL may not create databases",
                f'as an administrator of that server: ALTER ROLE "{self.user}" CREATEDB',
            )


def from_url(url: str, psql: Path) -> PostgresServer:
    """Return the server that a DATABASE_URL names.

    :raises SetupError: it is no PostgreSQL address.
    """
    remedy = "write it as postgresql://user:password@host:5432/postgres"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        # The text of the error would repeat the address, and with it the password.
        raise SetupError("DATABASE_URL is not an address", remedy) from None
    if parts.scheme not in ("postgres", "postgresql"):
        raise SetupError("DATABASE_URL does not start with postgresql://", remedy)
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    user = options.pop("user", "") or unquote(parts.username or "")
    password = options.pop("password", "") or unquote(parts.password or "")
    server = PostgresServer(
        psql=psql,
        host=host or "localhost",
        port=int(options.pop("port", "") or port or _DEFAULT_PORT),
        user=user or os.environ.get("USER", ""),
        password=password,
        options=tuple(sorted(options.items())),
    )
    database = unquote(parts.path.lstrip("/"))
    return replace(server, maintenance=database) if database else server
