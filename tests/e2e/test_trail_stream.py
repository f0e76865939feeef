"""The trail as a stream of rows over HTTP, against what the exports give over XML-RPC."""

import base64
import secrets
import socket
import zlib
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests

from sentinel_env.odoo_rpc import OdooRpc
from tests.support.server import RunningOdoo

from .orders import Orders
from .waiting import ended

DAYS = 7000  # nobody else's quotations are that old
ROUTES = ("runs", "lines")


class Trail:
    """An auditor at both doors."""

    def __init__(self, server: RunningOdoo, login: str, **kwargs: int) -> None:
        self.server = server
        self.rpc: OdooRpc = server.new_user(
            "sentinel_ops_addon.group_auditor", login=login, **kwargs
        )
        self.key = server.api_key(login)

    def get(self, route: str, key: str = "", **params: object) -> requests.Response:
        """Ask for a stream."""
        return requests.get(
            f"{self.server.url}/sentinel_ops/trail/{route}",
            params={name: str(value) for name, value in params.items()},
            headers={
                "Authorization": f"Bearer {key or self.key}",
                "X-Odoo-Database": self.server.db,
                "Accept-Encoding": "identity",
            },
            timeout=60,
        )

    def streamed(self, route: str, **params: object) -> list[str]:
        """Return the rows of a whole answer."""
        answer = self.get(route, **params)
        answer.raise_for_status()
        *rows, end, nothing = answer.content.decode().split("\n")
        assert end == f"#end\t{len(rows)}"
        assert nothing == ""
        return rows

    def exported(self) -> tuple[list[str], list[str]]:
        """Return all places and all lines, as the exports give them."""
        places: list[str] = []
        after = "0"
        while (page := self.rpc.execute("sentinel.run", "export_runs", after, 1000))["count"]:
            places += rows_of(page)
            after = page["next"]
        lines: list[str] = []
        place, more = ("0", 0), True
        while more:
            page = self.rpc.execute("sentinel.run", "export_lines", *place, after, 5)
            lines += rows_of(page)
            place, more = (page["next"], page["next_line"]), page["more"]
        return places, lines


def rows_of(page: dict[str, str]) -> list[str]:
    """Unpack a page of an export."""
    text = zlib.decompress(base64.b64decode(page["data"])).decode()
    return text.split("\n") if text else []


@pytest.fixture(scope="module")
def trail(odoo_server: RunningOdoo) -> Iterator[Trail]:
    """Give an auditor and a trail with runs of several lines in it."""
    orders = Orders(odoo_server, "Customer of the stream")
    made = orders.make([DAYS + number for number in range(12)])
    admin = odoo_server.rpc()
    for limit in (12, 3):
        uid = admin.execute(
            "sentinel.job", "trigger", "clean_old_orders", "plan", {"days": DAYS, "limit": limit}
        )["uid"]
        ended(admin, uid)
    yield Trail(odoo_server, f"auditor {secrets.token_hex(4)}")
    orders.rpc.execute("sale.order", "action_cancel", made)


def test_it_is_what_the_exports_give(trail: Trail) -> None:
    places, lines = trail.exported()
    assert len(lines) >= 15
    assert trail.streamed("runs") == places
    assert trail.streamed("lines") == lines
    # From any place on, up to any other.
    some = places[2:-1]
    first, last = (int(row.split("\t")[0]) for row in (places[1], some[-1]))
    assert trail.streamed("runs", after=first, until=last) == some
    for number in (0, 4, len(lines) - 2):
        run, line = lines[number].split("\t")[:2]
        assert trail.streamed("lines", after=run, after_line=line) == lines[number + 1 :]
    assert trail.streamed("runs", after=places[-1].split("\t")[0]) == []


def test_it_names_the_chain_and_is_packed_for_who_can_unpack(trail: Trail) -> None:
    plain = trail.get("lines")
    chain = trail.rpc.execute("sentinel.job", "health")["chain"]
    assert plain.headers["X-Sentinel-Chain"] == chain
    assert "Content-Encoding" not in plain.headers
    with requests.Session() as session:
        packed = session.get(
            plain.url,
            headers={
                "Authorization": f"Bearer {trail.key}",
                "X-Odoo-Database": trail.server.db,
                "Accept-Encoding": "gzip",
            },
            stream=True,
            timeout=60,
        )
        assert packed.headers["Content-Encoding"] == "gzip"
        raw = packed.raw.read(decode_content=False)
    assert len(raw) < len(plain.content)
    assert zlib.decompress(raw, wbits=31) == plain.content


@pytest.mark.parametrize("route", ROUTES)
def test_only_who_may_export(trail: Trail, route: str) -> None:
    assert trail.get(route, key="0" * 40).status_code == 401
    operator = trail.server.new_user("sentinel_ops_addon.group_operator").login
    refused = trail.get(route, key=trail.server.api_key(operator))
    assert refused.status_code == 403
    assert "#end" not in refused.text
    assert trail.get(route, after="x").status_code == 400
    assert trail.get(route, until=-1).status_code == 400


def test_another_company_is_withheld(trail: Trail) -> None:
    company = trail.server.rpc().execute("res.company", "create", {"name": trail.key[:8]})
    stranger = Trail(trail.server, f"far {trail.key[:8]}", company_id=company)
    places, lines = stranger.exported()
    assert lines == []
    assert stranger.streamed("lines") == []
    assert stranger.streamed("runs") == places
    assert {row.split("\t")[6] for row in places if "\trun\t" in row} == {"company"}


def test_who_hangs_up_leaves_no_connection_behind(trail: Trail) -> None:
    address = urlsplit(trail.server.url)
    head = (
        f"GET /sentinel_ops/trail/lines HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Authorization: Bearer {trail.key}\r\nX-Odoo-Database: {trail.server.db}\r\n\r\n"
    )
    for _number in range(3):
        with socket.create_connection((address.hostname or "", address.port or 0)) as client:
            client.sendall(head.encode())
            client.recv(100)
    # The next one is answered in full.
    assert trail.streamed("lines") == trail.exported()[1]
