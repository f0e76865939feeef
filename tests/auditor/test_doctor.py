"""``sentinel-ops doctor``: it finds what is wrong, says what to do, and leaves no trace."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from auditor.doctor import reach
from auditor.doctor.checks import bigquery, slack
from auditor.doctor.examination import CHECKS
from auditor.stores.bigquery.address import Address
from tests.auditor.conftest import Cli, Odoo, Ran
from tests.auditor.standin_server import PASSWORD
from tests.support.secret_manager import serving_secrets

once = pytest.mark.one_transport("what is looked at here is not Odoo")

HOOK = "https://hooks.slack.com/services/T0AB/B0CD/s3cr3tpart"
READING = {"version", "health", "watch", "catalog", "export_runs"}
LOGIN = {"authenticate", "context_get"}


def utc(**away: float) -> str:
    return f"{datetime.now(timezone.utc) + timedelta(**away):%Y-%m-%d %H:%M:%S}"


@pytest.fixture(autouse=True)
def _well(odoo: Odoo) -> None:
    """Odoo's clock is right, and we log in with a key."""
    odoo.standin.twists["health"] = lambda answer: {**answer, "now": utc()}
    odoo.standin.watched["key"] = {"kind": "key", "expires_at": ""}


def findings(ran: Ran, check: str) -> list[tuple[str, str, str]]:
    """Verdict, message and remedy of what a check found."""
    return [
        (each["verdict"], each["message"], each["remedy"])
        for each in ran.json["checks"]
        if each["check"] == check
    ]


def verdicts(ran: Ran) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in ran.json["checks"]:
        found.setdefault(each["check"], set()).add(each["verdict"])
    return found


def pulled(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.seal()
    odoo.standin.happen()
    assert cli("pull").code == 0
    odoo.standin.calls.clear()


def test_all_is_well_and_nothing_changes(cli: Cli, odoo: Odoo, store: Path) -> None:
    pulled(cli, odoo)
    before = {path.name: path.read_bytes() for path in store.parent.iterdir()}
    ran = cli("doctor", "--json")
    assert ran.code == 0
    assert ran.json["good"] is True
    assert [each for each in ran.json["checks"] if each["verdict"] not in ("ok", "not_used")] == []
    assert list(verdicts(ran)) == list(CHECKS)
    assert sum(ran.json["counts"].values()) == len(ran.json["checks"])
    assert {path.name: path.read_bytes() for path in store.parent.iterdir()} == before
    assert {name for name, _arguments in odoo.standin.calls} - LOGIN == READING


def test_for_people_each_symbol_comes_with_a_word(cli: Cli, odoo: Odoo) -> None:
    pulled(cli, odoo)
    odoo.standin.problems = [
        {"code": "no_cron_worker", "message": "No scheduler works.", "remedy": "Start one."}
    ]
    ran = cli("doctor", SLACK_WEBHOOK_URL="https://chat.example.com/hooks/1")
    assert ran.code == 1
    for text in ("✓ ok", "! warning", "✗ FAILED", "– not used", "No scheduler works.", "→ Start"):
        assert text in ran.out
    assert "✗ Not all is good" in ran.out
    assert "Nothing was changed or sent." in ran.out
    odoo.standin.problems = []
    assert "✓ All that was checked is good" in cli("doctor").out


@once
def test_where_each_setting_came_from(cli: Cli, odoo: Odoo, tmp_path: Path) -> None:
    (tmp_path / ".env.local").write_text("ODOO_USERNAME=manager\nODOO_DB=not_this_one\n")
    odoo.env.pop("ODOO_USERNAME")
    odoo.env.pop("ODOO_PASSWORD")
    with serving_secrets() as manager:
        manager.secrets["sentinel-ops-odoo-password"] = PASSWORD.encode()
        ran = cli(
            "doctor",
            "--json",
            "--log-level=ERROR",
            SENTINEL_SECRETS="gcp",
            GCP_PROJECT=manager.project,
            SECRET_MANAGER_EMULATOR_HOST=manager.address,
            ODOO_URL=odoo.url.replace("http://", "http://user:proxy-pw@"),
        )
    (entry,) = [each for each in ran.json["checks"] if each["check"] == "settings"]
    told = entry["details"]["settings"]
    assert told["ODOO_DB"] == {"value": "acme", "source": "environment"}
    assert told["ODOO_USERNAME"] == {"value": "manager", "source": ".env.local"}
    assert told["ODOO_PASSWORD"] == {"value": "***", "source": "Secret Manager"}
    assert told["LOG_LEVEL"] == {"value": "ERROR", "source": "arguments"}
    assert told["ODOO_TIMEOUT"] == {"value": "60.0", "source": "default"}
    assert told["SMTP_URL"] == {"value": "", "source": "default"}
    assert "proxy-pw" not in ran.out + ran.err
    assert "from Secret Manager: ODOO_PASSWORD=***" in entry["message"]


def test_settings_that_cannot_be_used_do_not_hide_the_rest(cli: Cli, odoo: Odoo) -> None:
    ran = cli("doctor", "--json", ODOO_TIMEOUT="soon")
    assert ran.code == 1
    found = verdicts(ran)
    assert found["settings"] == {"fail"}
    assert "ODOO_TIMEOUT" in findings(ran, "settings")[0][1]
    assert found["python"] == found["extras"] == {"ok"}
    assert set().union(*(found[name] for name in CHECKS[3:])) == {"could_not_check"}
    assert not odoo.standin.calls


def test_missing_settings_leave_what_needs_none_of_them(cli: Cli) -> None:
    ran = cli("doctor", "--json", ODOO_URL="", SLACK_WEBHOOK_URL=HOOK)
    found = verdicts(ran)
    assert "Missing settings: ODOO_URL" in findings(ran, "settings")[0][1]
    for name in ("network", "odoo", "login", "key", "addon", "rights", "scheduler", "clock"):
        assert found[name] == {"could_not_check"}, name
    assert found["slack"] == {"ok"}
    assert ran.code == 1


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_nothing_listens(cli: Cli, odoo: Odoo) -> None:
    pulled(cli, odoo)
    port = free_port()
    ran = cli("doctor", "--json", ODOO_URL=f"http://127.0.0.1:{port}")
    found = verdicts(ran)
    assert findings(ran, "network")[-1] == (
        "fail",
        f"No connection to 127.0.0.1 at port {port}: Connection refused.",
        "Does it run, and are address and port right?",
    )
    for name in ("odoo", "login", "key", "addon", "rights", "scheduler", "clock", "lag"):
        assert found[name] == {"could_not_check"}, name
    assert found["store"] == found["chain"] == {"ok"}


@once
def test_a_name_that_nobody_knows(cli: Cli) -> None:
    ran = cli("doctor", "--json", ODOO_URL="http://odoo.invalid")
    assert "The name odoo.invalid cannot be resolved." in findings(ran, "network")[0][1]


def test_through_a_proxy_the_proxy_is_looked_at(cli: Cli, odoo: Odoo) -> None:
    ran = cli(
        "doctor",
        "--json",
        ODOO_URL="http://odoo.invalid",
        http_proxy=odoo.url.replace("//", "//user:proxy-pw@"),
        NO_PROXY="",
    )
    assert [verdict for verdict, _m, _r in findings(ran, "network")][:2] == ["ok", "ok"]
    assert "The proxy 127.0.0.1" in findings(ran, "network")[0][1]
    assert "in clear" in findings(ran, "network")[2][1]
    assert "proxy-pw" not in ran.out


@once
@pytest.mark.parametrize("login", ["bob:s3cr3t/Pw", "bob:s3cr3t\u2100Pw"])
def test_the_address_of_a_proxy_that_is_none(cli: Cli, login: str) -> None:
    proxy = f"http://{login}@proxy.example.com:3128"
    ran = cli("doctor", "--json", ODOO_URL="http://odoo.invalid", http_proxy=proxy, NO_PROXY="")
    assert findings(ran, "network")[0][:2] == ("fail", "The proxy's address is not a web address.")
    assert "http_proxy" in findings(ran, "network")[0][2]
    assert "bob" not in ran.out + ran.err
    assert verdicts(ran)["login"] == {"could_not_check"}


# --- what Odoo may say ----------------------------------------------------------------------

Trouble = Callable[[Odoo], dict[str, str] | None]


def _misbehave(method: str, mood: str, value: Any = None) -> Trouble:
    return lambda odoo: odoo.standin.misbehave(method, mood, value=value, times=9)


def _set(name: str, value: Any) -> Trouble:
    return lambda odoo: setattr(odoo.standin, name, value)


def _now(**away: float) -> Trouble:
    return lambda odoo: odoo.standin.twists.update(
        health=lambda answer: {**answer, "now": utc(**away)}
    )


def _key(kind: str, expires_at: str = "") -> Trouble:
    return lambda odoo: odoo.standin.watched.update(key={"kind": kind, "expires_at": expires_at})


TROUBLES: list[tuple[str, str, str, Trouble]] = [
    ("odoo", "fail", "does not answer like Odoo (HTTP 200)", _misbehave("version", "html")),
    ("odoo", "fail", "does not answer like Odoo (HTTP 502)", _misbehave("version", "status", 502)),
    ("odoo", "fail", "like Odoo", _misbehave("version", "answer", b'{"version": "x"}')),
    ("odoo", "could_not_check", "does not tell", _misbehave("version", "status", 404)),
    ("odoo", "fail", "has moved", _misbehave("version", "redirect", "https://x/web/version")),
    ("odoo", "fail", "not answer like a web server", _misbehave("version", "drop")),
    ("odoo", "fail", "is Odoo 19.0", _set("odoo", [18, 0])),
    ("odoo", "warn", "made for 19", _set("odoo", ["saas~20", 1])),
    ("odoo", "ok", "is Odoo 19.0", _set("odoo", ["saas~19", 4])),
    ("login", "fail", "no database named other", lambda _odoo: {"ODOO_DB": "other"}),
    ("login", "fail", "of eve", lambda _odoo: {"ODOO_USERNAME": "eve"}),
    ("key", "warn", "with a password", _key("password")),
    ("key", "ok", "has no end", _key("key")),
    ("key", "could_not_check", "cannot tell", _key("unknown")),
    ("key", "ok", "Our API key ends on", _key("key", utc(days=60))),
    ("key", "warn", "in 3 days", _key("key", utc(days=3.5))),
    ("key", "fail", "which is over", _key("key", utc(days=-1))),
    ("key", "warn", "The first of our API keys", _key("unknown", utc(days=3))),
    (
        "key",
        "could_not_check",
        "is too old",
        _misbehave(
            "watch", "fault", (1, "AttributeError: The method 'sentinel.job.watch' does not exist")
        ),
    ),
    ("addon", "fail", "is not installed", _set("addon", False)),
    ("addon", "fail", "is newer than this auditor", _set("contract", 2)),
    ("addon", "fail", "not allowed to call", lambda _odoo: {"ODOO_USERNAME": "nobody"}),
    (
        "addon",
        "warn",
        "neutralized copy",
        lambda odoo: odoo.standin.twists.update(
            health=lambda answer: {**answer, "neutralized": True, "now": utc()}
        ),
    ),
    ("rights", "warn", "We may not pull", lambda _odoo: {"ODOO_USERNAME": "operator"}),
    ("rights", "warn", "no job is offered", _set("jobs", [])),
    (
        "scheduler",
        "fail",
        "Nobody works.",
        _set("problems", [{"code": "x", "message": "Nobody works.", "remedy": "Start one."}]),
    ),
    (
        "scheduler",
        "warn",
        "Slower.",
        _set("notices", [{"code": "x", "message": "Slower.", "remedy": "Upgrade."}]),
    ),
    ("clock", "ok", "agree", _now(seconds=20)),
    ("clock", "warn", "seconds ahead of ours", _now(seconds=60)),
    ("clock", "warn", "seconds behind ours", _now(seconds=-60)),
    ("clock", "fail", "seconds ahead of ours", _now(hours=1)),
]


@pytest.mark.parametrize(("check", "verdict", "says", "trouble"), TROUBLES)
def test_what_is_wrong_with_odoo(
    cli: Cli, odoo: Odoo, check: str, verdict: str, says: str, trouble: Trouble
) -> None:
    env = trouble(odoo) or {}
    ran = cli("doctor", "--json", **env)
    found = findings(ran, check)
    matching = [
        (message, remedy)
        for given, message, remedy in found
        if given == verdict and says in message
    ]
    assert matching, found
    assert all(remedy for _message, remedy in matching) or verdict == "ok"
    bad = {"fail", "could_not_check"} & set().union(*verdicts(ran).values())
    # Nothing has been pulled, so chain and lag could not be checked.
    assert bad >= {"could_not_check"}
    assert ran.code == 1


def test_not_to_know_is_not_good(cli: Cli, odoo: Odoo) -> None:
    pulled(cli, odoo)
    odoo.standin.watched["key"] = {"kind": "unknown", "expires_at": ""}
    ran = cli("doctor", "--json")
    assert ran.json["counts"]["fail"] == 0
    assert ran.json["counts"]["could_not_check"] == 1
    assert ran.json["good"] is False
    assert ran.code == 1
    assert cli("doctor", "--skip=key").code == 0


def test_a_check_that_breaks_does_not_stop_the_others(
    cli: Cli, odoo: Odoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_subject: object) -> Iterator[Any]:
        raise ZeroDivisionError(f"with {odoo.env['ODOO_PASSWORD']}")
        yield

    monkeypatch.setattr(slack, "check", broken)
    ran = cli("doctor", "--json")
    assert findings(ran, "slack") == [
        (
            "could_not_check",
            "The check itself broke: ZeroDivisionError: with ***",
            "Please report it.",
        )
    ]
    assert list(verdicts(ran)) == list(CHECKS)


@once
def test_skipping(cli: Cli, odoo: Odoo) -> None:
    ran = cli("doctor", "--json", *(f"--skip={name}" for name in CHECKS))
    assert ran.code == 0
    assert set().union(*verdicts(ran).values()) == {"not_used"}
    assert not odoo.standin.calls
    ran = cli("doctor", "--skip=lagg")
    assert ran.code == 2
    assert "There is no check lagg." in ran.err


# --- the store --------------------------------------------------------------------------------


@once
def test_nothing_pulled_yet(cli: Cli, odoo: Odoo, store: Path) -> None:
    ran = cli("doctor", "--json")
    assert findings(ran, "store")[0][0] == "warn"
    assert not store.exists()
    (store.parent.parent / "file").touch()
    ran = cli("doctor", "--json", SENTINEL_STORE=str(store.parent.parent / "file" / "x" / "s"))
    assert findings(ran, "store")[0][0] == "fail"
    assert odoo.standin.counted("export_runs")


def test_nothing_sealed_yet(cli: Cli) -> None:
    assert cli("pull").code == 0
    ran = cli("doctor", "--json")
    assert findings(ran, "lag")[0][0] == "ok"
    assert findings(ran, "chain")[0][0] == "warn"
    assert ran.code == 0


def test_the_store_lags_behind(cli: Cli, odoo: Odoo) -> None:
    pulled(cli, odoo)
    odoo.standin.seal()
    odoo.standin.settle()
    ran = cli("doctor", "--json")
    assert findings(ran, "lag")[0][:2][0] == "warn"
    assert "1 entries are not pulled yet" in findings(ran, "lag")[0][1]
    assert ran.code == 0


def test_the_database_is_older_than_the_store(cli: Cli, odoo: Odoo) -> None:
    pulled(cli, odoo)
    odoo.standin.sealed.pop()
    odoo.standin.settle()
    assert findings(cli("doctor", "--json"), "lag")[0][0] == "fail"
    odoo.standin.chain = "99999999-2222-3333-4444-555555555555"
    (found,) = findings(cli("doctor", "--json"), "lag")
    assert found[0] == "warn"
    assert "only of acme" in found[1]


@once
def test_an_edited_store(cli: Cli, odoo: Odoo, store: Path) -> None:
    pulled(cli, odoo)
    with sqlite3.connect(store) as db:
        db.execute("UPDATE lines SET content = replace(content, 'S0', 'X0') WHERE position = 2")
    ran = cli("doctor", "--json")
    (found,) = findings(ran, "chain")
    assert found[0] == "fail"
    assert "line 2 was edited" in found[1]
    assert verdicts(ran)["lag"] == {"ok"}


@once
@pytest.mark.parametrize(
    ("pragma", "verdict", "says"),
    [
        ("user_version = 999", "fail", "by a newer auditor"),
        ("user_version = 0", "warn", "of an older release"),
        ("application_id = 7", "fail", "of another program"),
    ],
)
def test_a_store_that_does_not_fit_is_left_as_it_is(
    cli: Cli, odoo: Odoo, store: Path, pragma: str, verdict: str, says: str
) -> None:
    pulled(cli, odoo)
    db = sqlite3.connect(store)
    db.execute(f"PRAGMA {pragma}")
    db.close()
    before = store.read_bytes()
    ran = cli("doctor", "--json")
    assert findings(ran, "store")[0][0] == verdict
    assert says in findings(ran, "store")[0][1]
    assert verdicts(ran)["chain"] == verdicts(ran)["lag"] == {"could_not_check"}
    assert store.read_bytes() == before


@once
def test_a_store_that_is_none_and_one_that_is_being_written(
    cli: Cli, odoo: Odoo, store: Path, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("not a database, and long enough to be looked at " * 50)
    ran = cli("doctor", "--json", SENTINEL_STORE=str(tmp_path / "text"))
    assert findings(ran, "store")[0][0] == "fail"
    pulled(cli, odoo)
    writer = sqlite3.connect(store, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    ran = cli("doctor", "--json")
    writer.close()
    assert findings(ran, "store")[-1] == ("ok", "The store is being written at this moment.", "")
    assert ran.code == 0


@once
def test_a_full_disk(cli: Cli, odoo: Odoo, monkeypatch: pytest.MonkeyPatch) -> None:
    pulled(cli, odoo)
    usage = shutil.disk_usage("/")._replace(free=5 * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)
    assert findings(cli("doctor", "--json"), "store")[-1][1].startswith("Only 5 MiB are free")


class Google(BaseHTTPRequestHandler):
    """Google's answers about a dataset: no such one, or one in which little is allowed."""

    there = True

    def do_GET(self) -> None:
        if not self.there:
            self._say(404, {"error": {"code": 404, "message": "Not found: Dataset"}})
        elif self.path.partition("?")[0].endswith("/tables"):
            reference = {"projectId": "p", "datasetId": "d", "tableId": "chains"}
            self._say(200, {"tables": [{"tableReference": reference, "type": "TABLE"}]})
        else:
            reference = {"projectId": "p", "datasetId": "d"}
            self._say(200, {"datasetReference": reference, "location": "EU"})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["permissions"]
        assert self.path.partition("?")[0].endswith("/tables/entries:testIamPermissions")
        self._say(200, {"permissions": [name for name in asked if name.endswith("getData")]})

    def _say(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Stay quiet."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], **attributes: Any) -> Iterator[str]:
    bound = type("Bound", (handler,), attributes)
    with ThreadingHTTPServer(("127.0.0.1", 0), bound) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@once
def test_bigquery(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bigquery, "PATIENCE", 0.3)
    address = "bigquery://a-project/trail"
    ran = cli(
        "doctor", "--json", SENTINEL_STORE=address, BIGQUERY_EMULATOR_HOST="http://127.0.0.1:9"
    )
    assert findings(ran, "bigquery")[0][0] == "fail"
    assert verdicts(ran)["store"] == {"not_used"}
    assert verdicts(ran)["chain"] == {"could_not_check"}
    with serving(Google, there=False) as url:
        ran = cli("doctor", "--json", SENTINEL_STORE=address, BIGQUERY_EMULATOR_HOST=url)
    assert findings(ran, "bigquery") == [
        ("warn", "The dataset a-project.trail is not there yet.", "sentinel-ops pull makes it, "
         "if it may."),
    ]  # fmt: skip
    with serving(Google) as url:
        ran = cli("doctor", "--json", SENTINEL_STORE=address, BIGQUERY_EMULATOR_HOST=url)
    assert [each[0] for each in findings(ran, "bigquery")] == ["ok", "not_used"]


def test_rights_in_bigquery(monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor.stores.bigquery.service import Service

    with serving(Google) as url:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        service = Service(Address("a-project", "trail"), retry_seconds=1)
        assert service.permissions("entries", bigquery.RIGHTS) == {"bigquery.tables.getData"}
        service.close()


# --- TLS ---------------------------------------------------------------------------------------


@contextmanager
def tls_server(folder: Path, *, days: int) -> Iterator[tuple[str, str]]:
    """Yield the address of a server with a certificate of its own making, and that certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=days, hours=12))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, key_pem = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key_pem)
    with ThreadingHTTPServer(("localhost", 0), Google) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  clients that refuse us
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"https://localhost:{server.server_address[1]}", str(pem)
        finally:
            server.shutdown()
            thread.join()


@once
@pytest.mark.parametrize(("days", "verdict"), [(90, "ok"), (5, "warn")])
def test_a_certificate(cli: Cli, tmp_path: Path, days: int, verdict: str) -> None:
    with tls_server(tmp_path, days=days) as (url, bundle):
        ran = cli("doctor", "--json", ODOO_URL=url, REQUESTS_CA_BUNDLE=bundle, NO_PROXY="localhost")
        assert findings(ran, "network")[-1][0] == verdict
        assert f"{days} days" in findings(ran, "network")[-1][1]
        assert "does not answer like Odoo" in findings(ran, "odoo")[0][1]
        ran = cli("doctor", "--json", ODOO_URL=url, NO_PROXY="localhost")
        assert "certificate of localhost is not good" in findings(ran, "network")[-1][1]
        assert verdicts(ran)["login"] == {"could_not_check"}
        ran = cli(
            "doctor",
            "--json",
            ODOO_URL=url.replace("localhost", "127.0.0.1"),
            REQUESTS_CA_BUNDLE=bundle,
        )
        assert "certificate of 127.0.0.1 is not good" in findings(ran, "network")[-1][1]


@once
def test_https_where_there_is_none(cli: Cli, odoo: Odoo) -> None:
    ran = cli("doctor", "--json", ODOO_URL=odoo.url.replace("http:", "https:"))
    assert "does not speak TLS" in findings(ran, "network")[-1][1]


def test_a_password_in_clear(monkeypatch: pytest.MonkeyPatch, cli: Cli, odoo: Odoo) -> None:
    """A name that stands for this machine is as far away as any other name."""
    real = socket.getaddrinfo

    def here(host: Any, *arguments: Any, **named: Any) -> Any:
        return real("127.0.0.1" if host == "odoo.test" else host, *arguments, **named)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    url = odoo.url.replace("127.0.0.1", "odoo.test")
    ran = cli("doctor", "--json", ODOO_URL=url, NO_PROXY="odoo.test")
    assert verdicts(ran)["login"] == {"ok"}
    assert "travels in clear" in findings(ran, "network")[-1][1]


# --- alerts and doors ----------------------------------------------------------------------------


@once
@pytest.mark.parametrize(
    ("env", "verdict", "says"),
    [
        ({"SLACK_WEBHOOK_URL": HOOK}, "ok", "form of an incoming webhook"),
        ({"SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/T0"}, "fail", "not the whole"),
        ({"SLACK_WEBHOOK_URL": HOOK.replace("https", "http")}, "fail", "not the whole"),
        ({"SLACK_WEBHOOK_URL": "https://chat.example.com/hooks/x"}, "warn", "chat.example.com"),
        ({"SLACK_WEBHOOK_URL": "s3cr3t-nonsense"}, "fail", "not a web address"),
        ({"SLACK_WEBHOOK_URL": "https://x:s3cr3t\u2100@hook"}, "fail", "not a web address"),
        ({"SLACK_BOT_TOKEN": "xoxb-s3cr3t", "SLACK_CHANNEL": "C1"}, "ok", "channel C1"),
        ({"SLACK_BOT_TOKEN": "xoxb-s3cr3t"}, "fail", "SLACK_CHANNEL is not"),
        ({"SLACK_BOT_TOKEN": "xapp-s3cr3t", "SLACK_CHANNEL": "C1"}, "fail", "no bot's token"),
        ({"SLACK_CHANNEL": "C1"}, "fail", "SLACK_BOT_TOKEN is not"),
        ({}, "not_used", "No alerts go to Slack"),
    ],
)
def test_slack(cli: Cli, env: dict[str, str], verdict: str, says: str) -> None:
    (found,) = findings(cli("doctor", "--json", ODOO_URL="", **env), "slack")
    assert found[0] == verdict
    assert says in found[1]


@once
def test_slack_without_its_client(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor.doctor.checks import extras

    monkeypatch.setitem(extras.PACKAGES, "slack", "a_package.that_is_not_there")
    ran = cli("doctor", "--json", ODOO_URL="", SLACK_WEBHOOK_URL=HOOK)
    assert findings(ran, "extras") == [
        (
            "fail",
            "The settings ask for the extra slack, which is not installed.",
            "In the clone of Sentinel-Ops: pip install '.[slack]'",
        )
    ]
    assert verdicts(cli("doctor", "--json", ODOO_URL=""))["extras"] == {"ok"}


@once
@pytest.mark.parametrize(
    ("check", "setting"), [("webhook", "ALERT_WEBHOOK_URL"), ("deadman", "DEADMAN_URL")]
)
def test_addresses_are_connected_to_and_sent_nothing(cli: Cli, check: str, setting: str) -> None:
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            connection, _ = server.accept()
            with connection:
                received.append(connection.recv(1000))

        thread = threading.Thread(target=take, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/s3cr3t-path"
        ran = cli("doctor", "--json", ODOO_URL="", **{setting: url})
        thread.join(timeout=10)
    assert findings(ran, check)[0][0] == "ok"
    assert received == [b""]
    ran = cli("doctor", "--json", ODOO_URL="", **{setting: "http://127.0.0.1:9/s3cr3t"})
    assert findings(ran, check)[0][0] == "fail"
    ran = cli("doctor", "--json", ODOO_URL="", **{setting: "s3cr3t"})
    assert f"{setting} is not a web address" in findings(ran, check)[0][1]


class Mailbox:
    """Takes mails, of which there must be none."""

    def __init__(self) -> None:
        self.mails: list[Envelope] = []

    async def handle_DATA(  # noqa: N802  aiosmtpd's name
        self, _server: Any, _session: Session, envelope: Envelope
    ) -> str:
        self.mails.append(envelope)
        return "250 OK"


@once
@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_email(cli: Cli) -> None:
    def let_in(_server: Any, _session: Any, _envelope: Any, _how: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and data.password == b"s3cr3t-mail@"
        return AuthResult(success=good, handled=False)

    box, port = Mailbox(), free_port()
    mail = Controller(
        box,
        hostname="127.0.0.1",
        port=port,
        authenticator=let_in,
        auth_required=True,
        auth_require_tls=False,
    )
    mail.start()
    addressed = {"ALERT_EMAIL_FROM": "a@example.com", "ALERT_EMAIL_TO": "b@example.com"}

    def doctor(url: str, **env: str) -> list[tuple[str, str, str]]:
        return findings(cli("doctor", "--json", ODOO_URL="", SMTP_URL=url, **env), "email")

    try:
        (found,) = doctor(f"smtp://ops:s3cr3t-mail%40@127.0.0.1:{port}", **addressed)
        assert found[0] == "ok"
        (found,) = doctor(f"smtp://ops:s3cr3t-wrong@127.0.0.1:{port}", **addressed)
        assert found[:2] == (
            "fail",
            f"The mail server 127.0.0.1:{port} refused the login (535).",
        )
        assert doctor(f"smtp://127.0.0.1:{port}")[0][0] == "fail"  # nobody to write to
    finally:
        mail.stop()
    assert not box.mails
    assert doctor("smtp://127.0.0.1:9", **addressed)[0][0] == "fail"
    assert doctor("mail.example.com:25", **addressed)[0][1].startswith("SMTP_URL must begin")
    assert doctor("", **addressed)[0][0] == "fail"


@once
def test_the_doors(cli: Cli) -> None:
    def doctor(**env: str) -> dict[str, set[str]]:
        return verdicts(cli("doctor", "--json", ODOO_URL="", **env))

    assert doctor()["http"] == {"not_used"}
    assert doctor(SENTINEL_HTTP_TOKEN="s3cr3t-short")["http"] == {"fail"}
    assert doctor(SENTINEL_HTTP_TOKEN="s3cr3t-short-one")["http"] == {"warn"}
    assert doctor(SENTINEL_HTTP_TOKEN="s3cr3t-" * 5 + "\n")["http"] == {"fail"}
    assert doctor(SENTINEL_HTTP_TOKEN="s3cr3t-short".ljust(30))["http"] == {"fail"}
    assert doctor(SENTINEL_HTTP_TOKEN="s3cr3t-" * 5)["http"] == {"ok"}
    assert doctor()["mcp"] == {"ok"}
    assert doctor(SENTINEL_MCP_ALLOW_APPLY="true")["mcp"] == {"warn"}
    assert doctor(SENTINEL_MCP_TOKEN="s3cr3t-short")["mcp"] == {"ok", "fail"}
    assert doctor(SENTINEL_MCP_TOKEN="s3cr3t-short-one")["mcp"] == {"ok", "warn"}


def test_a_connection_does_not_take_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server whose queue is full answers nobody."""
    monkeypatch.setattr(reach, "SECONDS", 0.3)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        with pytest.raises(reach.NoWay, match=r"does not answer at port"):
            reach.open_socket(*address)
        for each in waiting:
            each.close()
