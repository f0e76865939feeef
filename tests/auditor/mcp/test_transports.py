"""The command as a process, over a pipe and over HTTP, the official client at the other end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import requests
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client

from tests.auditor.conftest import (
    Cli,
    Odoo,
    assert_no_secret,
    clean_env,
    run_process,
    start_process,
)
from tests.auditor.standin import DATABASE, PASSWORD, StandIn
from tests.auditor.standin_server import serving

pytestmark = pytest.mark.anyio

TOKEN = "a-token-of-s3cr3t-letters"
HELLO = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
META = {
    "arguments": {},
    "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    },
}
HEADERS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


async def ask(client: Client) -> str:
    """Use the server a little and return the uid of the plan that it made."""
    assert {"list_jobs", "plan_job"} <= {tool.name for tool in (await client.list_tools()).tools}
    result = await client.call_tool("plan_job", {"job": "clean_old_orders"})
    assert not result.is_error, result.content
    assert result.structured_content
    assert result.structured_content["status"] == "dry_run"
    wrong = await client.call_tool("describe_job", {"job": "nope"})
    assert wrong.is_error
    return str(result.structured_content["uid"])


# --- over a pipe -----------------------------------------------------------------------------


async def test_over_a_pipe(odoo: Odoo, tmp_path: Path, era: str) -> None:
    log = tmp_path / "stderr"
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "auditor", "mcp"],
        env={**odoo.env, "LOG_LEVEL": "DEBUG"},
        cwd=tmp_path,
    )
    with log.open("w") as stderr:
        async with Client(stdio_client(server, errlog=stderr), mode=era) as client:
            uid = await ask(client)
    assert odoo.standin.runs[uid]["source"] == "mcp"
    text = log.read_text()
    assert "DEBUG" in text
    assert "Traceback" not in text
    assert_no_secret(text)


class Pipe:
    """A server at the other end of a pipe, spoken to by hand."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def call(self, tool: str) -> dict[str, Any]:
        """Call a tool and return its result; all that comes before is kept in ``lines``."""
        call = {**HELLO, "method": "tools/call", "params": {"name": tool, **META}}
        self.write(json.dumps(call))
        assert self.process.stdout is not None
        while line := self.process.stdout.readline():
            self.lines.append(line)
            answer = json.loads(line)
            if answer.get("id") == HELLO["id"]:
                return dict(answer["result"])
        raise AssertionError("the server hung up")


@contextmanager
def piped(odoo: Odoo, folder: Path, *command: str) -> Iterator[Pipe]:
    """Start a command; at the end it hangs up and must have been polite."""
    with (
        (folder / "log").open("w") as log_file,
        subprocess.Popen(
            [sys.executable, *command],
            env={**odoo.env, "LOG_LEVEL": "DEBUG"},
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log_file,
            text=True,
        ) as process,
    ):
        pipe = Pipe(process)
        yield pipe
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        pipe.lines += process.stdout.readlines()
    assert process.returncode == 0
    log = (folder / "log").read_text()
    for text in (log, *pipe.lines):
        assert_no_secret(text)


def test_stdout_belongs_to_the_protocol(odoo: Odoo, tmp_path: Path) -> None:
    """Whatever is logged, and whatever nonsense comes in: each line that goes out is a message."""
    odoo.standin.misbehave("catalog", "html")
    with piped(odoo, tmp_path, "-m", "auditor", "mcp") as pipe:
        pipe.write("no json")
        pipe.write(json.dumps({"jsonrpc": "2.0", "id": 7, "method": "no/such", "params": META}))
        result = pipe.call("list_jobs")
    assert result["isError"]
    assert "web page" in result["content"][0]["text"]
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in pipe.lines)
    log = (tmp_path / "log").read_text()
    assert "DEBUG" in log
    assert "Traceback" not in log


def test_a_bug_is_told_without_its_traceback(odoo: Odoo, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "import auditor.adapters.mcp.tools.health as health\n"
        "def broken(door):\n"
        "    print('to the wrong place', flush=True)\n"
        "    raise RuntimeError('with ' + door.connection.password)\n"
        "health.look = broken\n"
        "from auditor.cli import main\n"
        "sys.exit(main(['mcp', '--log-level', 'INFO']))\n"
    )
    with piped(odoo, tmp_path, "-c", program) as pipe:
        result = pipe.call("health")
    assert result["isError"]
    error = result["structuredContent"]["error"]
    assert error["kind"] == "Bug"
    assert error["message"] == "A bug in sentinel-ops, in health."
    assert "RuntimeError" not in str(pipe.lines)
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in pipe.lines)
    log = (tmp_path / "log").read_text()
    assert "to the wrong place" in log
    assert "a bug: RuntimeError: with ***" in log
    assert error["request_id"] in log
    assert "Traceback" not in log


def test_without_settings_it_says_which_and_serves_nothing(odoo: Odoo, tmp_path: Path) -> None:
    env = {name: value for name, value in odoo.env.items() if name != "ODOO_URL"}
    ran = run_process(env, tmp_path, "mcp")
    assert (ran.code, ran.out) == (2, "")
    assert "Missing settings: ODOO_URL." in ran.err


def test_without_the_library_it_says_what_to_install(odoo: Odoo, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "sys.modules['mcp'] = None\n"
        "from auditor.cli import main\n"
        "sys.exit(main(['mcp']))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=odoo.env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    assert ran.returncode == 2
    assert "pip install '.[mcp]'" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_help_is_quick_about_it(cli: Cli) -> None:
    code = (
        "import sys; from auditor.cli import main; main(['mcp', '--help']); "
        "sys.exit('mcp.server' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert "SENTINEL_MCP_ALLOW_APPLY" in ran.stdout
    assert "mcp" in cli("--help").out


async def test_the_printed_settings_start_a_server(odoo: Odoo, cli: Cli, tmp_path: Path) -> None:
    printed = cli("mcp", "--config").json
    block = printed["mcpServers"]["sentinel-ops"]
    assert block["env"]["ODOO_PASSWORD"] == "an API key of that user"
    env = {**block["env"], "ODOO_PASSWORD": odoo.env["ODOO_PASSWORD"]}
    env["PYTHONPATH"] = odoo.env["PYTHONPATH"]  # stands in for the installed package
    server = StdioServerParameters(
        command=block["command"], args=block["args"], env=env, cwd=tmp_path
    )
    async with Client(server) as client:
        await ask(client)


def test_the_printed_settings_hold_no_login_of_a_proxy(cli: Cli) -> None:
    ran = cli("mcp", "--config", ODOO_URL="https://proxyuser:s3cr3t@odoo.example.com:8443/erp")
    assert ran.json["mcpServers"]["sentinel-ops"]["env"]["ODOO_URL"] == (
        "https://odoo.example.com:8443/erp"
    )
    assert "proxyuser" not in ran.out + ran.err
    assert "ODOO_URL without its login" in ran.err
    assert cli("mcp", "--config").err == ""


# --- over HTTP -------------------------------------------------------------------------------


@contextmanager
def served(odoo: Odoo, folder: Path, *arguments: str, **env: str) -> Iterator[str]:
    """Serve over HTTP as a process and yield the address that it prints."""
    process = start_process({**odoo.env, **env}, folder, "mcp", "--http", "--port", "0", *arguments)
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        try:
            line = process.stderr.readline()
            assert "Assistants are served at http://" in line
            yield line.split()[-1]
        finally:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    assert out == ""
    assert "Traceback" not in err
    assert_no_secret(err)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server for this machine, without a token."""
    folder = tmp_path_factory.mktemp("local")
    standin = StandIn()
    with serving(standin) as url:
        env = {"ODOO_URL": url, "ODOO_DB": DATABASE, "ODOO_PASSWORD": PASSWORD}
        odoo = Odoo(standin, url, {**clean_env(folder), **env, "ODOO_USERNAME": "manager"})
        with served(odoo, folder) as address:
            yield address


async def test_over_http_without_sessions(local: str, era: str) -> None:
    uids = []
    for _ in range(2):
        async with Client(local, mode=era) as client:
            uids.append(await ask(client))
    # Nothing was kept for a client, and yet a repeated call is known.
    assert len(set(uids)) == 1
    # A single request by itself is answered, by any instance.
    answer = requests.post(local, json=HELLO, headers=HEADERS, timeout=30)
    assert answer.status_code == 200
    assert "Mcp-Session-Id" not in answer.headers


async def test_the_token_is_asked_for(odoo: Odoo, tmp_path: Path) -> None:
    with served(odoo, tmp_path, "--host", "0.0.0.0", SENTINEL_MCP_TOKEN=TOKEN) as address:
        url = address.replace("0.0.0.0", "127.0.0.1")
        for given in (None, TOKEN, "Bearer", f"Bearer {TOKEN}x", f"bearer: {TOKEN}"):
            headers = {**HEADERS, **({"Authorization": given} if given else {})}
            answer = requests.post(url, json=HELLO, headers=headers, timeout=30)
            assert answer.status_code == 401
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
            assert "SENTINEL_MCP_TOKEN" in answer.json()["error"]["remedy"]
        for path in ("/", "/mcp/", "/nothing"):
            assert requests.get(url.replace("/mcp", path), timeout=30).status_code == 401
        health = requests.get(url.replace("/mcp", "/health"), timeout=30)
        assert (health.status_code, health.json()) == (200, {"serving": True})
        assert odoo.standin.calls == []

        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            await ask(client)


def test_a_web_page_cannot_reach_a_local_server(local: str) -> None:
    for headers in ({"Host": "evil.example.com"}, {"Origin": "https://evil.example.com"}):
        answer = requests.post(local, json=HELLO, headers={**HEADERS, **headers}, timeout=30)
        assert answer.status_code in (403, 421)


def test_a_request_without_end_is_refused(local: str) -> None:
    large = requests.post(local, data=b"x" * 300_000, headers=HEADERS, timeout=30)
    assert large.status_code == 413


@pytest.mark.parametrize(
    ("arguments", "env", "says"),
    [
        (["--host", "0.0.0.0"], {}, "Without a token everybody who reaches 0.0.0.0"),
        (["--host", "odoo.example.com"], {}, "Without a token everybody"),
        ([], {"SENTINEL_MCP_ALLOW_APPLY": "1"}, "every program on this machine"),
        ([], {"SENTINEL_MCP_TOKEN": "a-tiny-one"}, "shorter than 16 characters"),
    ],
)
def test_it_does_not_serve_whom_it_does_not_know(
    cli: Cli, odoo: Odoo, arguments: list[str], env: dict[str, str], says: str
) -> None:
    # A port that is taken: a server that is not refused ends all the same, with other words.
    taken = odoo.url.rpartition(":")[2]
    ran = cli("mcp", "--http", "--port", taken, *arguments, **env)
    assert ran.code == 2
    assert says in ran.err
    assert "Set SENTINEL_MCP_TOKEN" in ran.err


def test_a_port_that_is_taken_is_told(cli: Cli, odoo: Odoo) -> None:
    ran = cli("mcp", "--http", "--port", odoo.url.rpartition(":")[2])
    assert ran.code == 2
    assert "Cannot listen at 127.0.0.1" in ran.err
    assert "--port" in ran.err


def test_it_ends_when_told_to(odoo: Odoo, tmp_path: Path) -> None:
    process = start_process(odoo.env, tmp_path, "mcp", "--http", "--port", "0")
    assert process.stderr is not None
    with process:
        process.stderr.readline()
        os.kill(process.pid, signal.SIGTERM)
        _out, err = process.communicate(timeout=30)
    assert process.returncode in (0, -signal.SIGTERM)
    assert "Traceback" not in err
