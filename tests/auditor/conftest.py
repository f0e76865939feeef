"""Fixtures of the auditor's tests: a stand-in for Odoo and the real command as a process."""

from __future__ import annotations

import io
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auditor import redact
from auditor.cli import main
from auditor.settings import Connection
from tests.auditor.standin import DATABASE, PASSWORD, USERS, StandIn
from tests.auditor.standin_server import key_of, serving

TRANSPORTS = {"xmlrpc": "XML-RPC", "json2": "JSON-2"}
"""Both ways to Odoo, by the value of ODOO_TRANSPORT."""

ONE_TRANSPORT = {
    "alerts": "alerts are made of the client's answers, which are tested over both",
    "http": "the door asks through the client, whose calls are tested over both",
    "mcp": "the door asks through the client, whose calls are tested over both",
}
"""Folders whose tests run over XML-RPC alone, unless told otherwise, and why."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks Odoo over both transports; SENTINEL_TEST_TRANSPORT chooses one.

    ``@pytest.mark.one_transport("why")`` stands where the way to Odoo makes no difference; with
    SENTINEL_TEST_TRANSPORT all of them run over the one that it names.
    """
    if "transport" not in metafunc.fixturenames:
        return
    asked = os.environ.get("SENTINEL_TEST_TRANSPORT", "")
    if asked not in ("", *TRANSPORTS):
        raise pytest.UsageError(
            f"SENTINEL_TEST_TRANSPORT={asked} is none of {', '.join(TRANSPORTS)}."
        )
    mark = metafunc.definition.get_closest_marker("one_transport")
    if mark and not mark.args:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: one_transport wants a reason.")
    once = mark or metafunc.definition.path.parent.name in ONE_TRANSPORT
    names = [asked] if asked else ["xmlrpc"] if once else list(TRANSPORTS)
    metafunc.parametrize("transport", names)


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_works() -> None:
    """Undo that a shell which starts the tests in the background makes all below ignore SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """A certificate of our own making for the loopback, and a server's context with it."""
    folder = tmp_path_factory.mktemp("certificate")
    made, key = folder / "certificate.pem", folder / "key.pem"
    names = "subjectAltName=IP:127.0.0.1,IP:127.0.0.2"
    try:
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-subj", "/CN=standin", "-addext", names, "-keyout", key, "-out", made),
            ],
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed, so no certificate can be made")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return made, context


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Odoo:
    """The stand-in and the environment that points at it."""

    standin: StandIn
    url: str
    env: dict[str, str]
    transport: str = "xmlrpc"

    @property
    def language(self) -> str:
        """What messages call the way that the commands of this test go."""
        return TRANSPORTS[self.transport]

    def secret_of(self, login: str) -> str:
        """What a user logs in with on that way."""
        return key_of(login) if self.transport == "json2" else PASSWORD

    def connection(self, login: str) -> Connection:
        """Return what is needed to reach the stand-in as that user."""
        return Connection(
            self.url,
            DATABASE,
            login,
            self.secret_of(login),
            transport="json2" if self.transport == "json2" else "xmlrpc",
        )


def clean_env(home: Path) -> dict[str, str]:
    """Return an environment without any setting of the machine that runs the tests."""
    kept = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR", "VIRTUAL_ENV")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "HOME": str(home),
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": "127.0.0.1",
    }


@pytest.fixture
def odoo(tmp_path: Path, transport: str) -> Iterator[Odoo]:
    """A stand-in for Odoo that behaves, and settings of a user who may do everything."""
    standin = StandIn()
    with serving(standin) as url:
        env = {
            **clean_env(tmp_path),
            "ODOO_URL": url,
            "ODOO_DB": DATABASE,
            "ODOO_TRANSPORT": transport,
            "SENTINEL_STORE": str(tmp_path / "data" / "trail.sqlite3"),
        }
        made = Odoo(standin, url, env, transport)
        env.update(login_env(made, "manager"))
        yield made


def login_env(odoo: Odoo, login: str) -> dict[str, str]:
    """Return the settings by which a user of the stand-in logs in."""
    return {"ODOO_USERNAME": login, "ODOO_PASSWORD": odoo.secret_of(login)}


def complete_env(odoo: Odoo, env: dict[str, str]) -> dict[str, str]:
    """Return the settings of a test; who is named without a secret gets their own."""
    login = env.get("ODOO_USERNAME", "")
    own = login_env(odoo, login) if login in USERS else {}
    return {**odoo.env, **own, **env}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where the command's store is."""
    return tmp_path / "data" / "trail.sqlite3"


Cli = Callable[..., Ran]


def _checked(ran: Ran, arguments: tuple[str, ...]) -> Ran:
    """Whatever a command does, it shows no secret, and no traceback unless asked for."""
    for text in (ran.out, ran.err):
        assert_no_secret(text)
        if "--debug" not in arguments:
            assert "Traceback" not in text
    return ran


@pytest.fixture
def cli(odoo: Odoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Run ``sentinel-ops`` inside the test's process, which spares the interpreter's start."""

    def run(*arguments: str, **env: str) -> Ran:
        streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
        with monkeypatch.context() as patch:
            for name in list(os.environ):
                patch.delenv(name)
            for name, value in complete_env(odoo, env).items():
                patch.setenv(name, value)
            patch.chdir(tmp_path)
            patch.setattr(sys, "stdout", streams[0])
            patch.setattr(sys, "stderr", streams[1])
            redact.forget()
            code = main(arguments)
        texts = []
        for stream in streams:
            stream.flush()
            texts.append(stream.buffer.getvalue().decode())  # type: ignore[attr-defined]
        return _checked(Ran(code, *texts), arguments)

    return run


def start_process(env: dict[str, str], folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start ``python -m auditor`` and return it while it runs."""
    return subprocess.Popen(
        [sys.executable, "-m", "auditor", *arguments],
        env=env,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_process(env: dict[str, str], folder: Path, *arguments: str) -> Ran:
    """Run ``python -m auditor`` as a process of its own."""
    made = subprocess.run(
        [sys.executable, "-m", "auditor", *arguments],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=240,
        stdin=subprocess.DEVNULL,
    )
    return _checked(Ran(made.returncode, made.stdout, made.stderr), arguments)


@pytest.fixture
def process(odoo: Odoo, tmp_path: Path) -> Cli:
    """Run the command as a process against the stand-in."""
    return lambda *arguments, **env: run_process(complete_env(odoo, env), tmp_path, *arguments)


def assert_no_secret(text: str) -> None:
    """Fail if the password shows in any of the ways it may be written."""
    escaped = PASSWORD.replace("&", "&amp;").replace("<", "&lt;")
    for shape in (PASSWORD, escaped, PASSWORD.replace("&", "%26").replace("<", "%3C")):
        assert shape not in text
    assert "s3cr3t" not in text
    for login in USERS:
        assert key_of(login) not in text
