"""Which way a client goes to Odoo, and that it does not matter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from requests import PreparedRequest, Session

from auditor.errors import BadInput
from auditor.odoo.choosing import transport
from auditor.odoo.errors import (
    BusinessFault,
    IncompatibleAddon,
    OdooError,
    Refused,
    ServerFault,
    Unreachable,
)
from auditor.odoo.interface import Repeat, Transport
from auditor.settings import Connection, load
from tests.auditor.standin import DATABASE, TRACEBACK, StandIn
from tests.auditor.standin_server import PASSWORD, key_of, serving

KEY = key_of("manager")


class Server:
    """A stand-in, and what was sent to it."""

    def __init__(self, standin: StandIn, url: str) -> None:
        self.standin = standin
        self.url = url
        self.sent: list[tuple[str, bool]] = []
        """Path, and whether the secret was in the request."""

    def connect(self, secret: str = KEY, **more: Any) -> Transport:
        given = {"database": DATABASE, "username": "manager", **more}
        return transport(Connection(url=self.url, password=secret, **given))

    def paths(self) -> list[str]:
        return [path.rpartition("/2/")[2] for path, _secret in self.sent]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    standin = StandIn()
    with serving(standin) as url:
        made = Server(standin, url)
        send = Session.send

        def spy(session: Session, request: PreparedRequest, **more: Any) -> Any:
            text = f"{request.headers} {request.body!r}"
            made.sent.append((str(request.path_url), KEY in text or PASSWORD[:10] in text))
            return send(session, request, **more)

        monkeypatch.setattr(Session, "send", spy)
        yield made


def health(way: Transport) -> Any:
    return way.call("sentinel.job", "health", repeat=Repeat.READ)


def test_a_key_goes_by_json2_and_looks_once_who_it_is(server: Server) -> None:
    way = server.connect()
    assert health(way)["database"] == DATABASE
    health(way)
    assert server.paths() == [
        "res.users/context_get",
        "res.users/read",
        "sentinel.job/health",
        "sentinel.job/health",
    ]


def test_a_password_goes_by_xml_rpc_and_never_into_a_header(server: Server) -> None:
    way = server.connect(PASSWORD)
    health(way)
    health(way)
    assert server.paths() == ["common", "object", "object"]


def test_an_odoo_without_json2_is_asked_for_it_once(server: Server) -> None:
    server.standin.has_json2 = False
    way = server.connect(is_api_key=True)
    health(way)
    health(way)
    assert server.paths() == ["res.users/context_get", "common", "object", "object"]


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_a_proxy_that_lets_only_xml_rpc_through(server: Server, status: int) -> None:
    # The first refusal is that of JSON-2; what XML-RPC calls authenticate comes through.
    server.standin.misbehave("authenticate", "status", value=status)
    way = server.connect()
    health(way)
    assert server.paths() == ["res.users/context_get", "common", "object"]


def test_a_password_that_looks_like_a_key(server: Server) -> None:
    looks = "0123456789abcdef" * 2 + "01234567"
    with pytest.raises(Refused, match="login of manager"):
        health(server.connect(looks))
    assert server.paths() == ["res.users/context_get", "common"]


def test_what_is_called_a_key_and_is_none_is_not_sent_twice(server: Server) -> None:
    with pytest.raises(Refused, match="login of manager"):
        health(server.connect("ab" * 20, is_api_key=True))
    assert server.paths() == ["res.users/context_get"]


def test_a_server_that_is_out_for_a_moment_decides_nothing(server: Server) -> None:
    server.standin.misbehave("authenticate", "status", value=503, times=3)
    way = server.connect()
    with pytest.raises(Unreachable):
        health(way)
    health(way)
    assert server.paths()[-1] == "sentinel.job/health"


@pytest.mark.parametrize("way", ["auto", "json2", "xmlrpc"])
def test_another_s_key_is_refused_on_every_way(server: Server, way: str) -> None:
    with pytest.raises(Refused) as refused:
        health(server.connect(username="operator", transport=way))
    assert "operator" in refused.value.message
    assert "ODOO_API_KEY" in refused.value.remedy
    assert server.standin.counted("health") == 0


@pytest.mark.parametrize("way", ["auto", "json2"])
def test_a_database_that_is_not_there(server: Server, way: str) -> None:
    with pytest.raises(Unreachable, match="no database named elsewhere"):
        health(server.connect(database="elsewhere", transport=way))


def test_json2_alone_where_there_is_none(server: Server) -> None:
    server.standin.has_json2 = False
    with pytest.raises(Unreachable, match="There is no JSON-2"):
        health(server.connect(transport="json2"))


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"database": "zażółć"}, "no place in a header"), ({"password": "a\nb"}, "header")],
)
def test_what_fits_into_no_header(server: Server, changes: dict[str, str], why: str) -> None:
    given = {"url": server.url, "database": DATABASE, "username": "manager", "password": KEY}
    given.update(changes)
    with pytest.raises(BadInput, match=why):
        transport(Connection(**given, transport="json2"))  # type: ignore[arg-type]
    transport(Connection(**given, is_api_key=True))  # type: ignore[arg-type]


def test_a_login_for_a_proxy_and_a_key(server: Server) -> None:
    url = server.url.replace("//", "//proxy:word@")
    with pytest.raises(BadInput, match="room for one login"):
        server.__class__(server.standin, url).connect(transport="json2")
    server.url = url
    health(server.connect())
    assert server.paths() == ["common", "object"]


def test_no_netrc_takes_the_place_of_the_key(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    health(server.connect(transport="json2"))


FAULTS = [
    (2, "There is no job x.\nJobs: y", BusinessFault),
    (3, "Access Denied", Refused),
    (4, "You are not allowed to call trigger on sentinel.job.", Refused),
    (2, "Object sentinel.job doesn't exist", IncompatibleAddon),
    (1, TRACEBACK.format(last="ZeroDivisionError: division by zero"), ServerFault),
    (
        1,
        TRACEBACK.format(last="AttributeError: The method 'sentinel.job.x' does not exist"),
        IncompatibleAddon,
    ),
]


@pytest.mark.parametrize(("code", "text", "kind"), FAULTS)
def test_the_same_refusal_is_the_same_error(
    server: Server, code: int, text: str, kind: type[OdooError]
) -> None:
    told = []
    for way in ("xmlrpc", "json2"):
        server.standin.misbehave("health", "fault", value=(code, text))
        with pytest.raises(OdooError) as failed:
            health(server.connect(transport=way))
        assert type(failed.value) is kind
        assert "hunter2" not in failed.value.message
        told.append((failed.value.message.replace(" of manager", ""), failed.value.remedy))
    assert told[0] == told[1]


@pytest.mark.parametrize("sign", [chr(code) for code in range(32)])
def test_each_control_character_is_left_out_as_over_xml_rpc(server: Server, sign: str) -> None:
    # One at a time: JSON writes most of them by number, and some as \b and \f.
    server.standin.twists["health"] = lambda answer: {**answer, "odoo_version": f"a{sign}b"}
    found = health(server.connect(transport="json2"))["odoo_version"]
    assert found == (f"a{sign}b" if sign in "\t\n\r" else "ab")


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("odoo.exceptions.ValidationError", 422, BusinessFault),
        ("odoo.exceptions.MissingError", 404, BusinessFault),
        ("odoo.exceptions.LockError", 409, BusinessFault),
        ("odoo.exceptions.AccessDenied", 403, Refused),
        ("odoo.http.SessionExpiredException", 403, Refused),
        ("werkzeug.exceptions.UnprocessableEntity", 422, ServerFault),
        ("psycopg2.errors.SerializationFailure", 500, ServerFault),
    ],
)
def test_exceptions_of_odoo_by_name(
    server: Server, name: str, status: int, kind: type[OdooError]
) -> None:
    import json

    way = server.connect()
    health(way)
    error = {"name": name, "message": "first line\nsecond", "arguments": [], "debug": "hunter2"}
    server.standin.misbehave("health", "reply", value=(status, json.dumps(error).encode()))
    with pytest.raises(kind) as failed:
        health(way)
    assert "hunter2" not in str(failed.value) + failed.value.remedy


def test_a_key_that_ends_in_the_middle_is_a_refusal_and_no_other_way(server: Server) -> None:
    way = server.connect()
    health(way)
    server.standin.misbehave("health", "fault", value=(3, "Invalid apikey"))
    with pytest.raises(Refused, match="refused the login of manager"):
        health(way)
    assert "common" not in server.paths()


@pytest.mark.parametrize(
    ("given", "secret", "is_key"),
    [
        ({"odoo_password": "hush"}, "hush", False),
        ({"odoo_api_key": "psst"}, "psst", True),
        ({"odoo_api_key": "psst", "odoo_password": "hush"}, "psst", True),
        ({"odoo_api_key": "", "odoo_password": "hush"}, "hush", False),
    ],
)
def test_the_key_comes_first(
    given: dict[str, str],
    secret: str,
    is_key: bool,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ODOO_API_KEY", "ODOO_PASSWORD", "ODOO_TRANSPORT"):
        monkeypatch.delenv(name, raising=False)
    settings = load(
        odoo_url="http://odoo", odoo_db="acme", odoo_username="x", odoo_transport="json2", **given
    )
    made = settings.connection()
    assert made.url == "http://odoo"
    assert (made.password, made.is_api_key, made.transport) == (secret, is_key, "json2")
    assert secret not in repr(made)


@pytest.mark.parametrize(
    ("near", "far", "secret"),
    [
        ("ODOO_PASSWORD", "ODOO_API_KEY", "near"),
        ("ODOO_API_KEY", "ODOO_PASSWORD", "near"),
        ("", "ODOO_API_KEY", "far"),
        ("ODOO_PASSWORD", "ODOO_PASSWORD ODOO_API_KEY", "near"),
    ],
)
@pytest.mark.parametrize("source", ["argument", "environment"])
def test_what_is_set_nearer_by_comes_before_the_key(
    source: str,
    near: str,
    far: str,
    secret: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ODOO_API_KEY", "ODOO_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env.local").write_text("".join(f"{name}=far\n" for name in far.split()))
    given = {"odoo_url": "http://odoo", "odoo_db": "acme", "odoo_username": "x"}
    if near and source == "argument":
        given[near.lower()] = "near"
    elif near:
        monkeypatch.setenv(near, "near")
    made = load(**given).connection()
    assert (made.password, made.is_api_key) == (secret, "ODOO_API_KEY" in (near or far))


def test_a_password_given_comes_before_a_key_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ODOO_API_KEY", "psst")
    made = load(odoo_url="http://odoo", odoo_db="a", odoo_username="x", odoo_password="hush")
    assert (made.connection().password, made.connection().is_api_key) == ("hush", False)
