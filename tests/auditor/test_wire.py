"""Whatever a server does, the user gets one sentence, a remedy and the right exit code."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import BadInput
from auditor.odoo import sending
from auditor.odoo.choosing import transport
from auditor.odoo.errors import Garbled, LostAnswer, Unreachable
from auditor.odoo.interface import Repeat
from auditor.odoo.json2 import Json2Transport
from auditor.odoo.xmlrpc import XmlRpcTransport
from auditor.settings import Connection
from tests.auditor.conftest import Cli, Odoo
from tests.auditor.standin import DATABASE, TRACEBACK, StandIn
from tests.auditor.standin_server import key_of, serving

BOMB = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>
<methodResponse><params><param><value>&b;</value></param></params></methodResponse>"""


@pytest.mark.parametrize(
    ("mood", "value", "says"),
    [
        ("html", None, "web page instead of LANGUAGE: Login"),
        ("status", 500, "HTTP 500: Bad Gateway"),
        ("status", 404, "no LANGUAGE"),
        ("redirect", "https://elsewhere.example/", "has moved (HTTP 302)"),
        ("half", None, "not whole or not LANGUAGE"),
        ("body", b"", "not whole or not LANGUAGE"),
        ("body", b"\xff\xfe\x00garbage", "not whole or not LANGUAGE"),
        ("body", b"<methodResponse><params></params></methodResponse>", "not whole"),
        ("body", BOMB, "web page instead"),
        ("answer", "surprise", "not what the contract says"),
        ("answer", {"contract": 1, "chain": 5}, "not what the contract says"),
        ("answer", [], "not what the contract says"),
    ],
)
def test_nonsense_is_named_and_exits_3(
    cli: Cli, odoo: Odoo, mood: str, value: Any, says: str
) -> None:
    odoo.standin.misbehave("catalog", mood, value=value)
    ran = cli("list")
    assert ran.code == 3
    assert says.replace("LANGUAGE", odoo.language) in ran.err
    assert ran.out == ""


def test_a_server_that_is_down(cli: Cli) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{held.getsockname()[1]}"
        ran = cli("list", ODOO_URL=address)
    assert ran.code == 3
    assert f"Cannot connect to {address}" in ran.err
    assert "make up" in ran.err


def test_a_name_that_does_not_exist(cli: Cli) -> None:
    ran = cli("list", ODOO_URL="http://odoo.invalid")
    assert ran.code == 3
    assert "http://odoo.invalid" in ran.err


def test_plain_http_where_tls_is_asked_for(cli: Cli, odoo: Odoo) -> None:
    ran = cli("list", ODOO_URL=odoo.url.replace("http:", "https:"))
    assert ran.code == 3
    assert "TLS" in ran.err


def test_a_slow_server_ends_at_the_timeout_and_is_not_asked_again(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("catalog", "slow", value=3, times=2)
    ran = cli("list", ODOO_TIMEOUT="0.5")
    assert ran.code == 3
    assert "did not answer within 0.5 seconds" in ran.err
    assert odoo.standin.counted("catalog") == 1


def test_a_server_that_trickles_cannot_hold_us_for_ever(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("catalog", "trickle", value=20)
    started = time.monotonic()
    ran = cli("list", ODOO_TIMEOUT="1")
    assert time.monotonic() - started < 5
    assert ran.code == 3
    assert "did not answer within 1 seconds" in ran.err


@pytest.mark.parametrize(("mood", "value"), [("drop", None), ("truncated", None), ("status", 502)])
def test_a_read_whose_answer_was_lost_is_asked_again(
    cli: Cli, odoo: Odoo, mood: str, value: Any
) -> None:
    odoo.standin.misbehave("catalog", mood, value=value)
    assert cli("list").code == 0
    assert odoo.standin.counted("catalog") == 2


@pytest.mark.parametrize(
    ("mood", "value", "says"),
    [("drop", None, "dropped the connection"), ("status", 503, "not able to answer just now")],
)
def test_a_read_that_stays_lost_exits_3(
    cli: Cli, odoo: Odoo, mood: str, value: Any, says: str
) -> None:
    odoo.standin.misbehave("catalog", mood, value=value, times=3)
    ran = cli("list")
    assert (ran.code, odoo.standin.counted("catalog")) == (3, 3)
    assert says in ran.err


def test_an_answer_in_chunks(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("catalog", "chunked", value=True, times=2)
    assert cli("list").code == 0
    assert cli("list").code == 0
    assert odoo.standin.counted("catalog") == 2


def test_chunks_without_an_end_are_a_lost_answer(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("catalog", "chunked", value=False, times=3)
    ran = cli("list")
    assert ran.code == 3
    assert "dropped the connection" in ran.err


def test_a_redirect_is_not_followed(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("authenticate", "redirect", value=f"{odoo.url}/xmlrpc/2/common")
    assert cli("list").code == 3
    assert odoo.standin.counted("authenticate") == 1


def test_wrong_password(cli: Cli) -> None:
    ran = cli("list", ODOO_PASSWORD="not-the-password")
    assert ran.code == 4
    assert "refused the login of manager" in ran.err
    assert "ODOO_PASSWORD" in ran.err
    assert "not-the-password" not in ran.out + ran.err


def test_a_key_that_expires_in_the_middle(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("status", "fault", value=(3, "Access Denied"))
    ran = cli("run", "clean_old_orders", "--dry-run")
    assert ran.code == 4
    assert "refused the login" in ran.err


def test_no_rights(cli: Cli) -> None:
    ran = cli("run", "clean_old_orders", "--dry-run", ODOO_USERNAME="auditor")
    assert ran.code == 4
    assert "not allowed to call trigger" in ran.err
    ran = cli("pull", ODOO_USERNAME="operator")
    assert ran.code == 4
    assert "auditors pull the trail" in ran.err


def test_a_proxy_that_refuses(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("authenticate", "status", value=403)
    ran = cli("list")
    assert ran.code == 4
    assert "Odoo itself was not asked" in ran.err


def test_a_database_that_does_not_exist(cli: Cli) -> None:
    ran = cli("list", ODOO_DB="elsewhere")
    assert ran.code == 3
    assert "no database named elsewhere" in ran.err


def test_a_database_without_the_addon(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.addon = False
    for command in (["list"], ["run", "clean_old_orders"], ["pull"], ["health"]):
        ran = cli(*command)
        assert ran.code == 3
        assert "Sentinel-Ops is not installed in the database acme" in ran.err
        assert "sentinel_ops_addon" in ran.err


@pytest.mark.parametrize(("contract", "says"), [(0, "older than"), (2, "newer than")])
def test_an_addon_of_another_contract(cli: Cli, odoo: Odoo, contract: int, says: str) -> None:
    odoo.standin.contract = contract
    # What else it answers may have any shape: the number is looked at first.
    odoo.standin.twists["catalog"] = lambda answer: {**answer, "jobs": "other"}
    for command in (["list"], ["run", "clean_old_orders"], ["pull"], ["health"]):
        ran = cli(*command)
        assert ran.code == 3
        assert says in ran.err
        assert "pgrade" in ran.err
    assert odoo.standin.counted("trigger") == 0


def test_an_addon_that_lacks_a_method(cli: Cli, odoo: Odoo) -> None:
    fault = TRACEBACK.format(
        last="AttributeError: The method 'sentinel.run.export_runs' does not exist"
    )
    odoo.standin.misbehave("export_runs", "fault", value=(1, fault))
    ran = cli("pull")
    assert ran.code == 3
    assert "too old: it has no sentinel.run.export_runs" in ran.err


def test_of_a_traceback_only_the_message_is_shown(cli: Cli, odoo: Odoo) -> None:
    fault = TRACEBACK.format(last="ZeroDivisionError: division by zero")
    odoo.standin.misbehave("catalog", "fault", value=(1, fault))
    ran = cli("list")
    assert ran.code == 3
    assert "Odoo broke while it answered: division by zero" in ran.err
    assert "hunter2" not in ran.err
    assert "model.py" not in ran.err


def test_debug_shows_our_traceback_without_the_secret(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("catalog", "html")
    ran = cli("list", "--debug", LOG_LEVEL="DEBUG")
    assert ran.code == 3
    assert "Traceback" in ran.err


def test_an_answer_without_end_is_refused(odoo: Odoo, monkeypatch: pytest.MonkeyPatch) -> None:
    way = transport(odoo.connection("manager"))
    way.call("sentinel.job", "health", repeat=Repeat.READ)
    monkeypatch.setattr(sending, "LARGEST_ANSWER", 1000)
    with pytest.raises(Garbled, match="without end"):
        way.call("sentinel.job", "catalog", repeat=Repeat.READ)


def test_a_call_that_must_not_be_repeated_is_not(odoo: Odoo) -> None:
    odoo.standin.misbehave("catalog", "drop")
    with pytest.raises(LostAnswer):
        transport(odoo.connection("manager")).call("sentinel.job", "catalog", repeat=Repeat.NEVER)
    assert odoo.standin.counted("catalog") == 1


@pytest.mark.parametrize("kind", [XmlRpcTransport, Json2Transport])
def test_what_never_reached_odoo_may_always_be_sent_again(
    kind: type[XmlRpcTransport | Json2Transport],
) -> None:
    pauses: list[float] = []
    way = kind(Connection("http://127.0.0.1:9", "acme", "manager", "x"), sleep=pauses.append)
    way.__dict__.update(_uid=7, _is_known=True)  # logged in, so that only the call is sent
    with pytest.raises(Unreachable) as failed:
        way.call("sentinel.job", "trigger", repeat=Repeat.NEVER)
    assert not failed.value.sent
    assert len(pauses) == 2


@pytest.mark.parametrize("kind", [XmlRpcTransport, Json2Transport])
def test_what_may_have_reached_odoo_once_may_have_so_for_good(
    kind: type[XmlRpcTransport | Json2Transport],
) -> None:
    standin = StandIn()
    with ExitStack() as up:
        url = up.enter_context(serving(standin))
        # It carries the call out, loses the answer, and is gone before it is asked again.
        standin.misbehave("catalog", "drop")
        connection = Connection(url, DATABASE, "manager", key_of("manager"))
        way = kind(connection, sleep=lambda _seconds: up.close())
        way.__dict__.update(_uid=7, _is_known=True)
        with pytest.raises(Unreachable, match="Cannot connect") as failed:
            way.call("sentinel.job", "catalog", repeat=Repeat.KEYED)
    assert failed.value.sent
    assert standin.counted("catalog") == 1


TLS_TROUBLE = {
    "instead of an answer": b"",
    "within the answer": b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<",
}


class BreakingTls:
    """Takes requests over TLS, begins to answer, and goes on with what is no TLS."""

    def __init__(self, context: ssl.SSLContext, begin: bytes) -> None:
        self._context, self._begin = context, begin
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.requests = 0
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        """Serve until the socket is closed."""
        # A closed socket ends it, a client that does not trust us does not.
        while True:
            try:
                raw, _address = self._listener.accept()
            except OSError:
                return
            with raw.dup() as bare, suppress(OSError):
                self._answer(self._context.wrap_socket(raw, server_side=True), bare)

    def _answer(self, secured: ssl.SSLSocket, bare: socket.socket) -> None:
        with secured:
            while not secured.recv(65536).endswith((b"}", b"</methodCall>\n")):
                pass
            self.requests += 1
            secured.sendall(self._begin)
            bare.sendall(b"no TLS at all\r\n")
            bare.recv(1)  # until the client hangs up

    def close(self) -> None:
        """End :meth:`serve`."""
        # Closing alone leaves accept() where it is.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def breaking_tls(context: ssl.SSLContext, begin: bytes = b"") -> Iterator[BreakingTls]:
    server = BreakingTls(context, begin)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


@pytest.mark.parametrize("kind", [XmlRpcTransport, Json2Transport])
@pytest.mark.parametrize("begin", TLS_TROUBLE.values(), ids=TLS_TROUBLE)
def test_tls_that_breaks_after_the_request_is_a_lost_answer(
    certificate: tuple[Path, ssl.SSLContext],
    monkeypatch: pytest.MonkeyPatch,
    kind: type[XmlRpcTransport | Json2Transport],
    begin: bytes,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    with breaking_tls(certificate[1], begin) as server:
        way = kind(Connection(server.url, "acme", "manager", "x"))
        way.__dict__.update(_uid=7, _is_known=True)  # logged in, so that only the call is sent
        with pytest.raises(LostAnswer) as lost:
            way.call("sentinel.job", "stop_all", repeat=Repeat.NEVER)
    assert server.requests == 1
    assert "TLS" in lost.value.message
    assert "certificate" not in lost.value.message


@pytest.mark.parametrize("kind", [XmlRpcTransport, Json2Transport])
def test_a_certificate_that_is_not_trusted_is_met_before_anything_is_sent(
    certificate: tuple[Path, ssl.SSLContext], kind: type[XmlRpcTransport | Json2Transport]
) -> None:
    pauses: list[float] = []
    with breaking_tls(certificate[1]) as server:
        way = kind(Connection(server.url, "acme", "manager", "x"), sleep=pauses.append)
        way.__dict__.update(_uid=7, _is_known=True)
        with pytest.raises(Unreachable, match=r"certificate of .* is not trusted") as failed:
            way.call("sentinel.job", "stop_all", repeat=Repeat.NEVER)
    assert (failed.value.sent, len(pauses), server.requests) == (False, 2, 0)


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, "a\x1bb", {"x": ["\x00"]}, float("nan")])
def test_what_cannot_be_sent_is_said_before_it_is(odoo: Odoo, value: object) -> None:
    with pytest.raises(BadInput):
        transport(odoo.connection("manager")).call(
            "sentinel.job", "trigger", repeat=Repeat.NEVER, code=value
        )
    assert odoo.standin.counted("trigger") == 0


def test_control_characters_do_not_reach_a_terminal(cli: Cli, odoo: Odoo) -> None:
    # Over XML-RPC Odoo itself leaves them out.
    evil = "a\x1b[31mb\x07\ud800c\U0001f600" if odoo.transport == "json2" else "a[31mbc\U0001f600"
    odoo.standin.twists["catalog"] = lambda answer: {**answer, "addon_version": evil}
    document = cli("list", "--json").json
    assert document["addon_version"] == "a[31mbc\U0001f600"
