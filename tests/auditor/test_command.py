"""The command as a process: how it starts, what it imports, what it prints where."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from tests.auditor.conftest import Cli, Odoo
from tests.auditor.standin_jobs import job


def test_python_m_auditor_is_the_console_command(process: Cli, odoo: Odoo, tmp_path: Path) -> None:
    module = process("list")
    script = Path(sys.executable).with_name("sentinel-ops")
    assert script.exists(), "install the project: pip install -e .[dev]"
    console = subprocess.run(
        [script, "list"], env=odoo.env, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert module.code == 0
    assert console.stdout == module.out
    assert "clean_old_orders" in module.out


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from auditor.cli import main; main(['--help']);"
        "print(sorted({'requests', 'pydantic', 'rich', 'sqlite3', 'xmlrpc'} & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-1] == "[]"


def test_version(process: Cli) -> None:
    from auditor import __version__

    assert process("--version").out == f"sentinel-ops, version {__version__}\n"


def test_json_is_the_only_thing_on_stdout(process: Cli) -> None:
    for words in (
        ["list"],
        ["run", "clean_old_orders", "--dry-run"],
        ["status", "clean_old_orders"],
        ["pull"],
        ["show"],
        ["history", "sale.order", "1"],
        ["health"],
    ):
        ran = process(*words, "--json")
        assert ran.code == 0, words
        assert isinstance(ran.json, dict)
        assert ran.err == ""


@pytest.mark.parametrize("words", ["list --json", "list", "--help", "nonsense --json"])
def test_a_reader_that_has_seen_enough(odoo: Odoo, tmp_path: Path, words: str) -> None:
    # More than a pipe holds, so that the command is still writing when its reader has ended.
    odoo.standin.jobs = [job(f"job_{number}") for number in range(400)]
    ran = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m auditor {words} | true"],
        env=odoo.env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in ran.stderr
    assert "Broken" not in ran.stderr


def test_a_terminal_that_lacks_letters(process: Cli) -> None:
    ran = process("run", "clean_old_orders", "--dry-run", PYTHONIOENCODING="ascii")
    assert ran.code == 0
    assert "draft ? cancel" in ran.out


def test_list(cli: Cli) -> None:
    ran = cli("list")
    assert ran.code == 0
    assert "not available: The app Inventory is not installed." in ran.out
    assert [job["code"] for job in cli("list", "--json", "--tag=stock").json["jobs"]] == [
        "release_stuck_transfers"
    ]


def test_health(cli: Cli, odoo: Odoo) -> None:
    assert cli("health").code == 0
    odoo.standin.problems = [
        {"code": "no_cron_worker", "message": "No cron worker.", "remedy": "Start one."}
    ]
    ran = cli("health")
    assert ran.code == 1
    assert "No cron worker." in ran.out
    assert "Start one." in ran.out
    assert cli("health", "--json").code == 1


def test_health_tells_what_works_but_not_as_well_as_it_could(cli: Cli, odoo: Odoo) -> None:
    notice = {"code": "bulk_tracking_off", "message": "Slower runs.", "remedy": "Upgrade."}
    odoo.standin.notices = [notice]
    ran = cli("health")
    assert ran.code == 0
    assert "✓ All is well" in ran.out
    assert "! Slower runs." in ran.out
    assert "Upgrade." in ran.out
    assert cli("health", "--json").json["notices"] == [notice]


def test_logs_are_json_outside_development_and_hold_no_secret(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.misbehave("catalog", "drop")
    ran = cli("list", ENVIRONMENT="production", LOG_LEVEL="DEBUG")
    entries = [json.loads(line) for line in ran.err.splitlines()]
    assert {entry["severity"] for entry in entries} >= {"DEBUG", "INFO"}
    assert len({entry["request_id"] for entry in entries}) == 1
    assert any(entry["message"] == "asking again" for entry in entries)


@pytest.mark.parametrize("log_format", ["human", "json"])
def test_a_secret_that_gets_into_a_log_is_masked(
    log_format: Literal["human", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    from auditor import logs, redact
    from auditor.settings import Settings

    secret = "s3cr3t-&-more"
    redact.protect(secret)
    logs.set_up(Settings(log_format=log_format, log_level="DEBUG"))
    logger = logging.getLogger("auditor.test")
    try:
        raise ValueError(f"bad key {secret}")
    except ValueError:
        logger.exception("with %s", secret, extra={"header": f"Bearer {secret}"})
    redact.forget()
    text = capsys.readouterr().err
    assert "s3cr3t" not in text
    assert text.count("***") >= 3
    assert "ValueError" in text


def test_a_secret_that_gets_into_a_log_or_an_error_is_masked(cli: Cli, odoo: Odoo) -> None:
    password = odoo.env["ODOO_PASSWORD"]
    odoo.standin.misbehave("catalog", "fault", value=(2, f"Your password {password} is old."))
    ran = cli("list", "--json")
    assert ran.code == 2
    assert "Your password *** is old." in ran.err
    odoo.standin.misbehave("catalog", "fault", value=(2, f"Your password {password} is old."))
    assert "Your password *** is old." in cli("list", "--debug").err
    odoo.standin.problems = [{"code": "x", "message": "m", "remedy": ""}]
    hook = "https://hooks.example/T0/secret-part"
    odoo.standin.misbehave("catalog", "fault", value=(2, f"Posting to {hook} failed."))
    assert "Posting to *** failed." in cli("list", SLACK_WEBHOOK_URL=hook).err


def test_the_password_of_a_proxy_is_not_shown(cli: Cli, odoo: Odoo) -> None:
    url = odoo.url.replace("http://", "http://user:proxy-pw@")
    # JSON-2 has no room for it, so a key goes by XML-RPC.
    behind = {"ODOO_URL": url, "ODOO_TRANSPORT": "auto"}
    assert cli("list", **behind).code == 0
    odoo.standin.misbehave("catalog", "html")
    ran = cli("list", **behind)
    assert "proxy-pw" not in ran.err
    odoo.standin.misbehave("catalog", "fault", value=(2, "user:proxy-pw is unknown."))
    assert "user:*** is unknown." in cli("list", **behind).err
    ran = cli("pull", **behind)
    assert "proxy-pw" not in ran.out + Path(odoo.env["SENTINEL_STORE"]).read_bytes().decode("latin")
