"""The wrapper: functions-framework's own app, its own command, and what is deployed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient

from tests.auditor.conftest import Odoo, assert_no_secret
from tests.auditor.http.conftest import TOKEN
from tests.auditor.standin import PASSWORD

CLONE = Path(__file__).parents[3]
MAIN = CLONE / "main.py"
JSON = {"Content-Type": "application/json"}

App = Callable[..., FlaskClient]


@pytest.fixture
def app(settings_env: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> App:
    """Load main.py as functions-framework does."""
    functions_framework = pytest.importorskip(
        "functions_framework", reason="functions-framework is not installed"
    )

    def loaded(**env: str) -> FlaskClient:
        settings_env(**env)
        monkeypatch.setattr(sys, "path", list(sys.path))
        monkeypatch.setitem(sys.modules, "main", None)
        client: FlaskClient = functions_framework.create_app("sentinel", str(MAIN)).test_client()
        return client

    return loaded


def test_the_addresses_of_the_contract(app: App, odoo: Odoo) -> None:
    odoo.standin.states = ["done"]
    client = app()
    assert client.get("/health").json["ok"] is True
    codes = [job["code"] for job in client.get("/jobs").json["jobs"]]
    assert "clean_old_orders" in codes
    answer = client.post("/execute", json={"job": "clean_old_orders", "dry_run": True})
    assert (answer.status_code, answer.json["status"]) == (200, "dry_run")
    assert answer.content_type == "application/json"
    assert answer.headers["Location"] == f"/runs/{answer.json['uid']}"
    assert client.get(answer.headers["Location"] + "?lines=2").json["line_total"] == 3


def test_headers_queries_and_errors_pass_the_wrapper(app: App) -> None:
    client = app(SENTINEL_HTTP_TOKEN=TOKEN)
    answer = client.get("/jobs", headers={"X-Request-Id": "r-1"})
    assert (answer.status_code, answer.json["error"]["request_id"]) == (401, "r-1")
    known = {"Authorization": f"Bearer {TOKEN}"}
    assert client.get("/jobs", headers=known).status_code == 200
    assert client.get("/metrics", headers=known).content_type.startswith("text/plain")
    assert client.get("/runs/x?lines=1&lines=2", headers=known).status_code == 400
    answer = client.delete("/execute", headers=known)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_stranger_is_told_apart_by_the_connection_alone(app: App) -> None:
    client = app()
    assert client.get("/jobs").status_code == 200
    far = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.get("/jobs", environ_overrides=far).status_code == 401
    claims = {"X-Forwarded-For": "127.0.0.1"}
    assert client.get("/jobs", environ_overrides=far, headers=claims).status_code == 401
    assert client.get("/health", environ_overrides=far).status_code == 200


def test_the_platform_is_known_by_its_own_variable(app: App) -> None:
    client = app(K_SERVICE="sentinel")
    assert "allUsers" in client.get("/jobs").json["error"]["remedy"]
    assert client.get("/jobs", headers={"Authorization": "Bearer a.b.c"}).status_code == 200


def test_a_large_body_is_not_read_to_its_end(app: App) -> None:
    class Endless:
        def __init__(self) -> None:
            self.given = 0

        def read(self, size: int = -1) -> bytes:
            assert size > 0, "somebody wants all of it"
            self.given += size
            # Else a door that reads on would take the whole machine's memory, and no test fails.
            assert self.given < 4 * 1024 * 1024, "somebody reads on"
            return b"x" * size

    stream = Endless()
    answer = app().post(
        "/execute",
        headers=JSON,
        environ_overrides={"wsgi.input": stream, "CONTENT_LENGTH": str(10**12)},
    )
    assert (answer.status_code, answer.json["error"]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"SENTINEL_HTTP_TOKEN": "short-token"}, "shorter than 16"),
        ({"ODOO_URL": "not an address"}, "ODOO_URL"),
    ],
)
def test_a_door_that_its_settings_keep_shut(
    app: App, capsys: pytest.CaptureFixture[str], env: dict[str, str], says: str
) -> None:
    client = app(**env)
    here = client.get("/jobs")
    assert (here.status_code, here.json["error"]["code"]) == (500, "misconfigured")
    assert says in here.json["error"]["message"]
    far = client.get("/jobs", environ_overrides={"REMOTE_ADDR": "203.0.113.9"})
    assert far.status_code == 500
    assert says not in far.text
    assert "log" in far.json["error"]["remedy"]
    for text in (here.text, far.text, *capsys.readouterr()):
        assert "short-token" not in text
        assert_no_secret(text)


def test_it_opens_when_the_settings_are_mended(
    app: App, monkeypatch: pytest.MonkeyPatch, odoo: Odoo
) -> None:
    client = app(ODOO_URL="not an address")
    assert client.get("/jobs").status_code == 500
    monkeypatch.setenv("ODOO_URL", odoo.url)
    assert client.get("/jobs").status_code == 200


# --- the real command ---------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


@contextmanager
def served(folder: Path, log_folder: Path, env: dict[str, str], *arguments: str) -> Iterator[str]:
    """Run ``functions-framework --target=sentinel`` in ``folder`` and yield its address."""
    port = free_port()
    program = [sys.executable, "-m", "functions_framework", "--target=sentinel"]
    with (log_folder / "server.log").open("w+") as log:
        process = subprocess.Popen(
            [*program, *arguments],
            cwd=folder,
            env={**env, "PORT": str(port)},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            session = requests.Session()
            session.trust_env = False
            for _ in range(600):
                try:
                    session.get(f"{address}/health", timeout=60)
                    break
                except requests.ConnectionError:
                    if process.poll() is not None:
                        pytest.fail(Path(log.name).read_text())
                    # Not for luck: this is how often the loop asks.
                    signal.sigtimedwait([], 0.1)
            yield address
        finally:
            # --debug starts a second process that reloads; both are in this session of their own.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        text = Path(log.name).read_text()
    assert_no_secret(text)
    assert "Traceback" not in text


def ask(address: str, method: str, path: str, body: Any = None) -> Any:
    answer = requests.request(
        method, address + path, json=body, timeout=30, proxies={"http": "", "https": ""}
    )
    assert_no_secret(answer.text)
    return answer


def deployed(into: Path) -> Path:
    """Copy what ``gcloud functions deploy`` uploads, by git's reading of .gcloudignore."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=CLONE,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    everything = into / "clone"
    for name in [*listed, ".env.local"]:
        target = everything / name
        target.parent.mkdir(parents=True, exist_ok=True)
        source = CLONE / name
        target.write_bytes(source.read_bytes() if source.is_file() else b"ODOO_PASSWORD=x")
    (everything / ".gitignore").unlink()
    shutil.copy(CLONE / ".gcloudignore", everything / ".gitignore")
    git = ["git", "-c", "core.excludesFile=/dev/null"]
    subprocess.run([*git, "init", "-q"], cwd=everything, check=True)
    kept = subprocess.run(
        [*git, "ls-files", "--others", "--exclude-standard"],
        cwd=everything,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    folder = into / "workspace"
    for name in kept:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(everything / name, target)
    return folder


def test_what_is_deployed_is_the_function_and_nothing_else(tmp_path: Path) -> None:
    folder = deployed(tmp_path)
    top = {path.name for path in folder.iterdir()}
    assert top == {"main.py", "requirements.txt", "auditor"}
    assert not [path for path in folder.rglob("*") if path.suffix == ".pyc" or ".env" in path.name]
    for path in folder.rglob("*"):
        assert path.is_dir() or path.relative_to(folder).as_posix().startswith(
            ("main.py", "requirements.txt", "auditor/")
        )


def test_what_is_deployed_serves(odoo: Odoo, tmp_path: Path) -> None:
    """As the platform does it: gunicorn, variables of its own, from the uploaded files."""
    folder = deployed(tmp_path)
    env = {**odoo.env, "PYTHONPATH": "", "K_SERVICE": "sentinel", "ENVIRONMENT": "production"}
    with served(folder, tmp_path, env) as address:
        assert ask(address, "GET", "/health").json()["ok"] is True
        assert ask(address, "GET", "/jobs").status_code == 401


@pytest.mark.slow
def test_http_local_of_the_contract(odoo: Odoo, tmp_path: Path) -> None:
    """``functions-framework --target=sentinel --debug`` in the clone."""
    with served(CLONE, tmp_path, {**odoo.env, "HOME": str(tmp_path)}, "--debug") as address:
        assert ask(address, "GET", "/health").json()["ok"] is True
        assert ask(address, "GET", "/jobs").json()["jobs"][0]["code"] == "clean_old_orders"
        body = {"job": "clean_old_orders", "dry_run": True}
        answer = ask(address, "POST", "/execute", body)
        assert answer.status_code == 200
        assert {name: answer.json()[name] for name in ("status", "records_updated")} == {
            "status": "dry_run",
            "records_updated": 0,
        }
        too_large = ask(address, "POST", "/execute", {"job": "x" * 3_000_000})
        assert too_large.status_code == 413
    (sent,) = [named for name, named in odoo.standin.calls if name == "trigger"]
    assert (sent["mode"], sent["origin"]["source"]) == ("plan", "http")


def test_the_first_versions_command(odoo: Odoo, tmp_path: Path) -> None:
    """``python main.py list`` is ``sentinel-ops list``, without functions-framework."""
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "flask.py").write_text("raise ImportError('not for the command line')\n")
    ran = subprocess.run(
        [sys.executable, str(MAIN), "list", "--json"],
        cwd=tmp_path,
        env={**odoo.env, "PYTHONPATH": os.pathsep.join([str(blocked), str(CLONE)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["jobs"][0]["code"] == "clean_old_orders"
    assert PASSWORD not in ran.stdout + ran.stderr


def test_requirements_are_those_of_the_package() -> None:
    """What a buildpack installs is what the package says it needs, and no copy of the package.

    A buildpack keeps what it installed as long as requirements.txt stays the same: of a package
    installed from "." it would go on using the old code.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    project = tomllib.loads((CLONE / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"]]
    for extra in ("http", "bigquery", "gcp", "slack"):
        wanted += extras[extra]
    listed = [
        line for line in (CLONE / "requirements.txt").read_text().splitlines() if line[:1] != "#"
    ]
    assert sorted(filter(None, listed)) == sorted(wanted)
    assert not any(re.match(r"[./-]", line) for line in listed)
