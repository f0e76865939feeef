"""The rows of the original contract that lead through another door than the command."""

import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
import requests
from functions_framework._cli import _cli as framework_command
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.support.fake_google import Cloud
from tests.support.fake_google import serving as serving_google
from tests.support.secret_manager import serving_secrets
from tests.support.slack import slack_standin

from .first_system import ROOT, House, bare_environment, json_row
from .orders import Orders


def test_python_main_py_is_the_command(house: House, quotations: Orders, tmp_path: Path) -> None:
    """`<cli>` was `python main.py`, which still does the same."""
    program = (sys.executable, str(ROOT / "main.py"))
    listed = house.program(tmp_path, *program, "list", **house.settings())
    assert listed.code == 0, listed.err
    assert "clean_old_orders" in listed.out
    ids = quotations.make([70])
    words = ("run", "clean_old_orders", "--dry-run", "--days=60", "--limit=100")
    dry = house.program(tmp_path, *program, *words, **house.settings())
    assert dry.code == 0, dry.err
    assert "nothing was changed" in dry.out
    assert quotations.states(ids) == ["draft"]
    assert house.program(tmp_path, *program, "list").code == 2


# --- HTTP ---------------------------------------------------------------------------------------


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def functions_framework(house: House, folder: Path, *, port: int, token: str = "") -> Iterator[str]:
    """Run `functions-framework --target=sentinel --debug` in the clone; give its address."""
    environment = {
        **bare_environment(folder),
        **house.settings(),
        "SENTINEL_STORE": str(folder / "trail.sqlite3"),
        "PORT": str(port),
        **({"SENTINEL_HTTP_TOKEN": token} if token else {}),
    }
    log = folder / "server.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [sys.executable, "-m", "functions_framework", "--target=sentinel", "--debug"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        address = f"http://127.0.0.1:{port}"
        try:
            for _attempt in range(600):
                try:
                    requests.get(f"{address}/health", timeout=60)
                    break
                except requests.ConnectionError:
                    assert process.poll() is None, log.read_text()
                    time.sleep(0.1)
            yield address
        finally:
            # --debug starts a second process that reloads; both are in this session of their own.
            os.killpg(process.pid, signal.SIGKILL)
    text = log.read_text()
    assert house.key not in text


def test_http_local(house: House, quotations: Orders, tmp_path: Path) -> None:
    """`functions-framework --target=sentinel --debug`: GET /health, GET /jobs, POST /execute."""
    ids = quotations.make([2100, 2110])
    with functions_framework(house, tmp_path, port=free_port()) as address:
        health = requests.get(f"{address}/health", timeout=60)
        assert (health.status_code, health.json()["ok"]) == (200, True)
        jobs = requests.get(f"{address}/jobs", timeout=60).json()["jobs"]
        (job,) = [job for job in jobs if job["code"] == "clean_old_orders"]
        assert job["name"] == "Cancel old quotations"
        assert "sales" in job["tags"]

        asked = {"job": "clean_old_orders", "dry_run": True, "parameters": {"days": 2090}}
        answer = requests.post(f"{address}/execute", json=asked, timeout=120)
        assert answer.status_code == 200, answer.text
        result = answer.json()
        assert result["status"] == "dry_run"
        assert {"checked", "updated", "skipped", "errors", "kpis"} <= set(result)
        assert quotations.states(ids) == ["draft", "draft"]
        # Nothing said about it is a dry run, too.
        answer = requests.post(f"{address}/execute", json={"job": "clean_old_orders"}, timeout=120)
        assert answer.json()["status"] == "dry_run"

        unknown = requests.post(f"{address}/execute", json={"job": "no_such_job"}, timeout=60)
        assert unknown.status_code == 404
        assert unknown.json()["error"]["remedy"]

        # For real it goes only where callers are known; the first system asked nobody who they are.
        asked["dry_run"] = False
        answer = requests.post(f"{address}/execute", json=asked, timeout=120)
        assert answer.status_code == 403
        assert "SENTINEL_HTTP_TOKEN" in answer.json()["error"]["remedy"]
        assert quotations.states(ids) == ["draft", "draft"]

    token = secrets.token_urlsafe(32)
    with functions_framework(house, tmp_path, port=free_port(), token=token) as address:
        known = {"Authorization": f"Bearer {token}"}
        answer = requests.post(f"{address}/execute", json=asked, headers=known, timeout=120)
        assert answer.status_code == 200, answer.text
        assert (answer.json()["status"], answer.json()["updated"]) == ("success", 2)
        assert quotations.states(ids) == ["cancel", "cancel"]


def test_http_port_is_8080() -> None:
    """On port 8080: the default of functions-framework, which nothing here overrides."""
    (port,) = [option for option in framework_command.params if option.name == "port"]
    assert port.default == 8080
    assert "PORT" not in (ROOT / "main.py").read_text()


# --- assistants ---------------------------------------------------------------------------------


def test_assistants(house: House, quotations: Orders, tmp_path: Path) -> None:
    """An MCP adapter: there a placeholder, here a real one."""
    ids = quotations.make([2200])
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "auditor", "mcp"],
        env={
            **bare_environment(tmp_path),
            **house.settings(),
            "SENTINEL_STORE": str(tmp_path / "trail.sqlite3"),
        },
        cwd=tmp_path,
    )

    async def converse() -> None:
        with (tmp_path / "stderr").open("w") as log:
            async with Client(stdio_client(server, errlog=log)) as client:
                tools = {tool.name for tool in (await client.list_tools()).tools}
                assert {"list_jobs", "describe_job", "plan_job", "get_run"} <= tools
                jobs = await client.call_tool("list_jobs", {})
                assert "clean_old_orders" in json.dumps(jobs.structured_content)
                asked = {"job": "clean_old_orders", "parameters": {"days": 2190}}
                plan = await client.call_tool("plan_job", asked)
                assert not plan.is_error, plan.content
                assert (plan.structured_content or {})["status"] == "dry_run"

    anyio.run(converse)
    assert quotations.states(ids) == ["draft"]


# --- settings in production ---------------------------------------------------------------------


def test_production_settings(house: House, tmp_path: Path) -> None:
    """Google Secret Manager, secrets named sentinel-ops-<setting-name>."""
    settings = house.settings()
    password = settings.pop("ODOO_PASSWORD")
    with serving_secrets() as manager:
        manager.secrets["sentinel-ops-odoo-password"] = password.encode()
        settings |= {
            "SENTINEL_SECRETS": "gcp",
            "GCP_PROJECT": manager.project,
            "SECRET_MANAGER_EMULATOR_HOST": manager.address,
        }
        said = house.program(tmp_path, sys.executable, "-m", "auditor", "list", **settings)
        assert said.code == 0, said.err
        assert "clean_old_orders" in said.out
        assert "sentinel-ops-odoo-password" in manager.names
        assert all(re.fullmatch(r"sentinel-ops-[a-z-]+", name) for name in manager.names)


# --- deployment ---------------------------------------------------------------------------------


def test_deployment(house: House, tmp_path: Path) -> None:
    """`scripts/deploy.sh --project YOUR_PROJECT`, or `gcloud functions deploy sentinel ...`."""
    cloud = Cloud()
    programs = tmp_path / "bin"
    programs.mkdir()

    def deploy(*words: str) -> str:
        done = subprocess.run(
            [str(ROOT / "scripts" / "deploy.sh"), "--project", "your-project", *words],
            env={
                **bare_environment(tmp_path),
                **house.settings(),
                "PATH": f"{programs}:{os.environ['PATH']}",
                "FAKE_GOOGLE": str(port),
                "SENTINEL_DEPLOY_PAUSE": "0",
            },
            cwd=ROOT,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    with serving_google(cloud, programs) as port:
        # A dry run changes nothing, here as everywhere.
        assert "Function sentinel (python312)" in deploy("--dry-run")
        assert cloud.calls == []
        deploy("--yes")
    flags = cloud.made["function:sentinel"]["flags"]
    assert {"--gen2", "--trigger-http"} <= set(flags)
    assert (flags["--runtime"], flags["--region"]) == ("python312", "us-central1")


# --- alerts -------------------------------------------------------------------------------------


def test_alerts_in_slack(house: House, tmp_path: Path) -> None:
    """Slack incoming webhook."""
    house.server.rpc().execute("res.partner", "create", {"name": "Bait", "ref": "victim"})
    with slack_standin() as slack:
        settings = {"SLACK_WEBHOOK_URL": slack.webhook_url}
        assert house.auditor(tmp_path, "run", "rogue", "--way=writes").code == 1
        said = house.auditor(tmp_path, "pull", **settings)
        assert said.code == 0, said.err
        # Other tests may have left trouble of the last day, too.
        (message,) = (each for each in slack.messages if "Rogue" in each.everything)
        # It may have failed before; three times in a row is an alert of its own.
        shown = json.dumps(message.blocks) + message.text
        assert re.search(r"docs/runbooks/(run_failed|repeated_failure)\.md", shown)
        assert "Traceback" not in message.everything
        # The same again: nothing new, so nobody is told twice.
        count = len(slack.messages)
        assert house.auditor(tmp_path, "pull", **settings).code == 0
        assert len(slack.messages) == count


def test_structured_logs_reach_google(house: House, tmp_path: Path) -> None:
    """Structured logs: what Cloud Logging reads, with the run's request in each line."""
    settings = {"ENVIRONMENT": "production", "LOG_LEVEL": "DEBUG"}
    said = house.auditor(tmp_path, "run", "cron_health", "--json", **settings)
    rows = [json_row(line) for line in said.err.splitlines()]
    assert {row["severity"] for row in rows} <= {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
    assert len({row["request_id"] for row in rows}) == 1


pytestmark = pytest.mark.odoo
