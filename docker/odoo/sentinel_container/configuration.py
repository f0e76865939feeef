"""The container's settings, and Odoo's configuration made of them."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from .errors import StartError

ADDON = "sentinel_ops_addon"
ADDONS = Path("/opt/sentinel-ops/addons")
DATA = Path("/var/lib/odoo")
# Quotes and blanks in it would mean something in the configuration and in dbfilter.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class Configuration:
    """What the environment says.

    :param password: of PostgreSQL's role.
    :param apps: Odoo modules that a new database gets beside the addon.
    :param demo: a new database gets Odoo's demo data, and old quotations.
    :param key_file: where the auditor's API key is handed over.
    :param file: where Odoo's configuration is written.
    """

    database: str
    host: str
    port: int
    user: str
    password: str
    apps: tuple[str, ...]
    demo: bool
    key_file: Path
    file: Path

    def __repr__(self) -> str:
        return f"Configuration({self.database!r}, {self.user!r} at {self.host!r})"

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Configuration":
        """Return what `environment` says.

        :raises StartError: a value cannot be used.
        """
        database = environment.get("SENTINEL_DATABASE") or "sentinel"
        if not _NAME.fullmatch(database) or database in ("postgres", "template0", "template1"):
            raise StartError(
                f"SENTINEL_DATABASE is {database!r}",
                "give it a name of small letters, digits and underscores, not one of PostgreSQL's",
            )
        demo = environment.get("SENTINEL_DEMO") or "yes"
        if demo not in ("yes", "no"):
            raise StartError(f"SENTINEL_DEMO is {demo!r}", "set it to yes or to no")
        port = environment.get("SENTINEL_DB_PORT") or "5432"
        if not port.isdecimal():
            raise StartError(f"SENTINEL_DB_PORT is {port!r}", "set it to a number, such as 5432")
        apps = environment.get("SENTINEL_APPS") or "sale_stock"
        return cls(
            database=database,
            host=environment.get("SENTINEL_DB_HOST") or "db",
            port=int(port),
            user=environment.get("SENTINEL_DB_USER") or "odoo",
            password=_password(
                Path(environment.get("SENTINEL_DB_PASSWORD_FILE") or "/run/sentinel-db/password")
            ),
            apps=tuple(apps.replace(",", " ").split()),
            demo=demo == "yes",
            key_file=Path(environment.get("SENTINEL_KEY_FILE") or "/run/sentinel-key/api_key"),
            file=Path(environment["ODOO_RC"]),
        )

    def write(self) -> Path:
        """Write Odoo's configuration, readable by Odoo's user only, and return its file.

        :raises StartError: it cannot be written.
        """
        options = {
            "db_host": self.host,
            "db_port": str(self.port),
            "db_user": self.user,
            "db_password": self.password,
            "db_name": self.database,
            # One database, no list of others: the browser goes straight to its login.
            "dbfilter": f"^{self.database}$",
            "list_db": "False",
            # Nobody manages databases over the web here; without this anybody could.
            "admin_passwd": secrets.token_urlsafe(24),
            "addons_path": str(ADDONS),
            "data_dir": str(DATA),
            # Inside the container; who reaches it from outside is what `ports` says.
            "http_interface": "0.0.0.0",  # noqa: S104
            # One process and so one port, the bus to the browsers included.
            "workers": "0",
            "max_cron_threads": "2",
            # Each XML-RPC call would log that XML-RPC goes away in Odoo 22.
            "log_handler": ":INFO,odoo.addons.rpc.controllers.xmlrpc:ERROR",
        }
        text = "".join(f"{name} = {value}\n" for name, value in options.items())
        temporary = self.file.with_suffix(".new")
        try:
            temporary.unlink(missing_ok=True)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as stream:
                stream.write(f"[options]\n{text}")
            temporary.rename(self.file)
        except OSError as error:
            raise StartError(
                f"Odoo's configuration cannot be written: {error}",
                f"mount a tmpfs there: --tmpfs {self.file.parent}:mode=1777",
            ) from error
        return self.file

    def connect(self, database: str) -> Any:
        """Return a connection to one of PostgreSQL's databases, in autocommit.

        :raises StartError: it cannot be had.
        """
        try:
            connection = psycopg2.connect(
                host=self.host,
                port=self.port,
                user=self.user,
                password=self.password,
                dbname=database,
                connect_timeout=10,
            )
        except psycopg2.OperationalError as error:
            raise StartError(
                f"PostgreSQL at {self.host}:{self.port} lets {self.user} not into {database}: "
                f"{str(error).strip().splitlines()[-1]}",
                "look at the log of the database's container: docker compose logs db",
            ) from error
        # Databases cannot be made within a transaction.
        connection.autocommit = True
        return connection


def _password(file: Path) -> str:
    remedy = "mount the volume that the database's container writes it into"
    try:
        password = file.read_text().strip()
    except OSError as error:
        raise StartError(f"the database's password cannot be read: {error}", remedy) from error
    if not password:
        raise StartError(f"{file}, with the database's password, is empty", remedy)
    return password
