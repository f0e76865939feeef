"""A plain XML-RPC client of Odoo: what any program without our code can do."""

import http.client
import xmlrpc.client
from typing import Any

_TIMEOUT_SECONDS = 120.0
# One that cannot be reached, one that answers something else, one that says no.
UNREACHABLE = (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError)


class _Transport(xmlrpc.client.Transport):
    def make_connection(self, host: Any) -> http.client.HTTPConnection:  # noqa: ANN401
        connection = super().make_connection(host)
        connection.timeout = _TIMEOUT_SECONDS
        return connection


class OdooRpc:
    """One user's calls to one database.

    :param secret: the user's password or API key.
    """

    def __init__(self, url: str, database: str, login: str, secret: str) -> None:
        self.url = url
        self.database = database
        self.login = login
        self._secret = secret
        self._uid = 0

    def __repr__(self) -> str:
        return f"OdooRpc({self.url!r}, {self.database!r}, {self.login!r})"

    def _service(self, name: str) -> xmlrpc.client.ServerProxy:
        return xmlrpc.client.ServerProxy(f"{self.url}/xmlrpc/2/{name}", transport=_Transport())

    @property
    def uid(self) -> int:
        """The user's id, 0 when the login is refused."""
        if not self._uid:
            answer: Any = self._service("common").authenticate(
                self.database, self.login, self._secret, {}
            )
            self._uid = int(answer or 0)
        return self._uid

    def execute(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Call `method` of `model` and return its answer.

        :raises xmlrpc.client.Fault: Odoo refused, `faultCode` 2 to 4, or failed, 1.
        """
        return self._service("object").execute_kw(
            self.database, self.uid, self._secret, model, method, list(args), kwargs
        )

    def as_user(self, login: str, secret: str) -> "OdooRpc":
        """Return the same for another user of the same database."""
        return OdooRpc(self.url, self.database, login, secret)


def takes_logins(rpc: OdooRpc) -> bool:
    """Tell whether the server answers a login, be it yes or no; False while it is not up."""
    try:
        _ = rpc.uid
    except (*UNREACHABLE, xmlrpc.client.Fault):
        # While the registry loads, Odoo answers some calls with a fault.
        return False
    return True
