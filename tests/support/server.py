"""A running Odoo, as a test sees it."""

import secrets
from collections.abc import Sequence
from pathlib import Path

from sentinel_env.odoo_rpc import OdooRpc
from sentinel_env.odoo_server import LOGIN, PASSWORD, OdooServer
from sentinel_env.throwaway import Throwaway


class RunningOdoo:
    """One server over one throw-away database.

    `login` and `password` are the administrator's.
    """

    login = LOGIN
    password = PASSWORD

    def __init__(
        self, server: OdooServer, throwaway: Throwaway, arguments: Sequence[str] = ()
    ) -> None:
        self.server = server
        self._throwaway = throwaway
        self._arguments = tuple(arguments)

    @property
    def url(self) -> str:
        """Where it answers, such as http://127.0.0.1:40001; kept over restarts."""
        return self.server.url

    @property
    def db(self) -> str:
        """The name of its database."""
        return self.server.database

    @property
    def database_url(self) -> str:
        """The libpq address of its database, for `psycopg2.connect`."""
        return self.server.database_url

    @property
    def log(self) -> Path:
        """Odoo's log since its last start."""
        return self.server.log

    @property
    def pid(self) -> int:
        """The number of its process, 0 when it does not run."""
        process = self.server.process
        return process.pid if process is not None and process.is_alive() else 0

    def environment(self) -> dict[str, str]:
        """Return the variables that the auditor reads to reach it as the administrator."""
        return {
            "ODOO_URL": self.url,
            "ODOO_DB": self.db,
            "ODOO_USERNAME": self.login,
            "ODOO_PASSWORD": self.password,
        }

    def rpc(self, login: str = LOGIN, secret: str = PASSWORD) -> OdooRpc:
        """Return a plain XML-RPC client for one of its users."""
        return self.server.rpc(login, secret)

    def start(self, *arguments: str) -> None:
        """Start it and wait until it answers.

        :param arguments: of Odoo's command line; those of the last start when none are given.
        """
        if arguments:
            self._arguments = arguments
        self.server.start(arguments=self._arguments)

    def stop(self) -> None:
        """End it in good order."""
        self.server.stop()

    def kill(self) -> None:
        """kill -9: no handler and no `finally` in it runs."""
        self.server.kill()

    def restart(self, *arguments: str) -> None:
        """Stop it if it runs, and start it again on the same port and database."""
        self.stop()
        self.start(*arguments)

    def new_user(self, *groups: str, login: str = "", company_id: int = 0) -> OdooRpc:
        """Make an internal user and return a client for it.

        :param groups: xml ids, such as `sentinel_ops_addon.group_operator`.
        """
        admin = self.rpc()
        login = login or f"user-{secrets.token_hex(4)}"
        password = secrets.token_urlsafe(12)
        values: dict[str, object] = {
            "name": login,
            "login": login,
            "password": password,
            "group_ids": [(4, self.ref(xml_id)) for xml_id in ("base.group_user", *groups)],
        }
        if company_id:
            values |= {"company_id": company_id, "company_ids": [(6, 0, [company_id])]}
        admin.execute("res.users", "create", values)
        return self.rpc(login, password)

    def ref(self, xml_id: str) -> int:
        """Return the id of the record that `xml_id` names."""
        module, _, name = xml_id.partition(".")
        rows = self.rpc().execute(
            "ir.model.data",
            "search_read",
            [("module", "=", module), ("name", "=", name)],
            ["res_id"],
        )
        if not rows:
            raise AssertionError(f"no record has the xml id {xml_id} in {self.db}")
        return int(rows[0]["res_id"])

    def api_key(self, login: str) -> str:
        """Return a new API key of the user, good for a day."""
        printed = self._throwaway.shell(
            self.db,
            "import datetime\n"
            f"user = env['res.users'].search([('login', '=', {login!r})])\n"
            "end = datetime.datetime.now() + datetime.timedelta(hours=20)\n"
            "key = env(user=user.id)['res.users.apikeys']._generate('rpc', 'test', end)\n"
            "env.cr.commit()\n"
            "print('key=' + key)\n",
        )
        return printed.rpartition("key=")[2].split()[0]
