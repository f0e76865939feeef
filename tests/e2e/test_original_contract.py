"""What the first Sentinel-Ops promised its users, row by row, from outside.

Each test is named after its row and begins with the promise. Rows about HTTP, assistants, Secret
Manager, deployment and Slack are in test_original_contract_doors.py.
"""

import os
import re
import sqlite3
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from sentinel_env.bigquery_emulator import BigQueryEmulator

from .first_system import ROOT, House, json_row
from .orders import TEXT, Orders
from .waiting import ended, until

TEMPLATE = ".env.local.template"
CALM = ("--warn=100000", "--fail=100000")
"""So many actions may be late: what the database of a test is like is not the question."""


def run(house: House, folder: Path, *words: str, code: int = 0, **settings: str) -> Any:
    """Run a job with the command and return its result."""
    said = house.auditor(folder, "run", *words, "--json", **settings)
    assert said.code == code, said.out + said.err
    return said.json


# --- purpose and flow ---------------------------------------------------------------------------


def test_purpose_health_checks(house: House, tmp_path: Path) -> None:
    """ERP monitoring and health checks."""
    result = run(house, tmp_path, "cron_health", *CALM)
    assert (result["shape"], result["verdict"]) == ("measure", "pass")
    assert {kpi["name"]: kpi["unit"] for kpi in result["kpis"]}["late"] == "actions"


def test_purpose_automated_remediation(house: House, quotations: Orders, tmp_path: Path) -> None:
    """Automated remediation workflows."""
    ids = quotations.make([400, 410])
    run(house, tmp_path, "clean_old_orders", "--days=390")
    assert quotations.states(ids) == ["cancel", "cancel"]


def test_purpose_scheduled_tasks(house: House) -> None:
    """Scheduled operational tasks."""
    admin = house.server.rpc()
    moment = (datetime.now(timezone.utc) - timedelta(minutes=1)).strftime(TEXT)
    schedule = {
        "schedule_active": True,
        "schedule_number": 1,
        "schedule_unit": "days",
        "schedule_next": moment,
    }
    with house.job("repair_loops", schedule_active=False) as job:
        admin.execute("sentinel.job", "write", [job], schedule)
        # Odoo looks at its schedules once a minute, or when something wakes it.
        admin.execute("sentinel.job", "trigger", "cron_health", "plan")
        domain = [("job_code", "=", "repair_loops"), ("source", "=", "schedule")]
        (made,) = until(
            lambda: admin.execute("sentinel.run", "search_read", domain, ["scheduled_for"]),
            bool,
            150.0,
        )
    assert made["scheduled_for"] == moment


def test_purpose_data_quality(house: House, tmp_path: Path) -> None:
    """Data-quality monitoring."""
    company = {"name": f"Company without e-mail of {os.getpid()}", "email": False}
    house.server.rpc().execute("res.company", "create", company)
    result = run(house, tmp_path, "check_records")
    assert (result["shape"], result["verdict"]) == ("check", "warn")
    assert result["lines"]
    assert {line["outcome"] for line in result["lines"]} == {"found"}


def test_flow(house: House, quotations: Orders, tmp_path: Path) -> None:
    """Request, then context, then job, then operations, then Odoo; the result goes to the trail."""
    (order,) = quotations.make([500])
    result = run(house, tmp_path, "clean_old_orders", "--days=490", "--reason=flow")
    (line,) = result["lines"]
    assert (line["record"], line["operation"]) == (order, "orders.cancel")
    assert quotations.states([order]) == ["cancel"]
    assert house.auditor(tmp_path, "pull").code == 0
    stored = house.auditor(tmp_path, "show", result["uid"], "--json").json
    assert (stored["uid"], stored["reason"]) == (result["uid"], "flow")
    assert [kept["record"] for kept in stored["lines"]] == [order]


def test_context(house: House, quotations: Orders, tmp_path: Path) -> None:
    """One request context (who, from where, why, a request id) reaches the audit trail."""
    quotations.make([600])
    result = run(house, tmp_path, "clean_old_orders", "--days=590", "--reason=the context")
    house.auditor(tmp_path, "pull")
    rows = [json_row(line) for line in house.auditor(tmp_path, "export").out.splitlines()]
    runs = [row["content"] for row in rows if row["kind"] == "run"]
    (request_id,) = {row["request_id"] for row in runs if row["uid"] == result["uid"]}
    assert re.fullmatch(r"[0-9a-f-]{36}", request_id)
    # The live run and the plan that was made for it.
    same = {row["mode"]: row for row in runs if row["request_id"] == request_id}
    assert set(same) == {"plan", "live"}
    assert {row["requested_by"] for row in same.values()} == {house.login}
    live = same["live"]
    assert live["reason"] == "the context"
    assert live["source"] == "cli"
    assert live["origin"]["host"]


# --- jobs, operations, results ------------------------------------------------------------------


def test_jobs_are_in_a_registry(house: House, tmp_path: Path) -> None:
    """A registry of jobs with name, description and tags."""
    jobs = {job["code"]: job for job in house.auditor(tmp_path, "list", "--json").json["jobs"]}
    job = jobs["clean_old_orders"]
    assert job["name"] == "Cancel old quotations"
    assert "older than a number of days" in job["description"]
    assert "sales" in job["tags"]
    tagged = house.auditor(tmp_path, "list", "--tag", "sales", "--json").json["jobs"]
    assert [job["code"] for job in tagged] == ["clean_old_orders"]


def test_a_new_job_is_one_file_and_its_registration(house: House, tmp_path: Path) -> None:
    """A new job is one new file plus its registration."""
    addon = ROOT / "tests" / "addons" / "test_sentinel_ops_addon"
    assert (addon / "tasks" / "contacts_without_language.py").is_file()
    registration = (addon / "data" / "sentinel_job_data.xml").read_text()
    assert '<field name="code">contacts_without_language</field>' in registration
    # Nothing in the addon or in the auditor knows of it.
    for part in ("sentinel_ops_addon", "auditor"):
        for file in (ROOT / part).rglob("*.py"):
            assert "contacts_without_language" not in file.read_text(), file
    result = run(house, tmp_path, "contacts_without_language", "--dry-run", "--days=0")
    assert result["status"] == "dry_run"


def test_jobs_take_named_parameters_with_defaults(
    house: House, quotations: Orders, tmp_path: Path
) -> None:
    """A job takes named parameters with defaults."""
    young, old = quotations.make([80, 95])
    default = run(house, tmp_path, "clean_old_orders", "--dry-run", "--show=500")
    assert default["parameters"] == {"days": 90, "limit": 100}
    records = [line["record"] for line in default["lines"]]
    assert old in records
    assert young not in records
    named = run(house, tmp_path, "clean_old_orders", "--dry-run", "--days=79", "--show=500")
    assert young in [line["record"] for line in named["lines"]]
    wrong = house.auditor(tmp_path, "run", "clean_old_orders", "--dry-run", "--dayz=79")
    assert wrong.code == 2
    assert "no parameter --dayz (did you mean --days?)" in wrong.err


def test_operations_are_dry_run_aware(house: House, quotations: Orders, tmp_path: Path) -> None:
    """Operations are reusable, by domain, and dry-run aware."""
    ids = quotations.make([700, 710])
    plan = run(house, tmp_path, "clean_old_orders", "--dry-run", "--days=690")
    assert [line["intended"] for line in plan["lines"]] == [{"state": "cancel"}] * 2
    simulated = run(house, tmp_path, "clean_old_orders", "--simulate", "--days=690")
    assert [line["after"]["state"] for line in simulated["lines"]] == ["cancel"] * 2
    assert {line["operation"] for line in plan["lines"] + simulated["lines"]} == {"orders.cancel"}
    assert quotations.states(ids) == ["draft", "draft"]


def test_operations_handle_errors(house: House, tmp_path: Path) -> None:
    """Operations have error handling: what Odoo refuses is a result, with Odoo's own words."""
    admin = house.server.rpc()
    mark = f"user of {os.getpid()}"
    values = {"name": "Logs in", "login": mark, "password": mark}
    user = admin.execute("res.users", "create", values)
    (row,) = admin.execute("res.users", "read", [user], ["partner_id"])
    admin.execute("res.partner", "write", [row["partner_id"][0]], {"ref": mark})
    other = admin.execute("res.partner", "create", {"name": "Free", "ref": mark})
    result = run(house, tmp_path, "archive_by_reference", f"--reference={mark}", code=1)
    assert result["status"] == "partial"
    outcomes = {line["record"]: line for line in result["lines"]}
    assert outcomes[other]["outcome"] == "done"
    spared = outcomes[row["partner_id"][0]]
    assert spared["outcome"] == "refused"
    assert "linked to an active user" in spared["message"]
    assert any("linked to an active user" in error for error in result["errors"])
    kept = admin.execute("res.partner", "read", [spared["record"]], ["active"])
    assert kept[0]["active"] is True


def test_jobs_never_write_directly(house: House, tmp_path: Path) -> None:
    """Jobs never write to Odoo directly."""
    admin = house.server.rpc()
    admin.execute("res.partner", "create", {"name": "Nobody's victim", "ref": "victim"})
    result = run(house, tmp_path, "rogue", "--way=writes", code=1)
    assert (result["status"], result["verdict"]) == ("failure", "error")
    assert not admin.execute("res.partner", "search_count", [("name", "=", "rogue")])


def test_job_result(house: House, quotations: Orders, tmp_path: Path) -> None:
    """Status; records checked, updated, skipped; errors; optional KPIs."""
    quotations.make([800, 810, 820])
    dry = run(house, tmp_path, "clean_old_orders", "--dry-run", "--days=790", "--limit=2")
    assert (dry["status"], dry["checked"], dry["updated"]) == ("dry_run", 2, 0)
    live = run(house, tmp_path, "clean_old_orders", "--days=790")
    assert [live[name] for name in ("checked", "updated", "skipped")] == [3, 3, 0]
    assert (live["status"], live["errors"], live["error"]) == ("success", [], "")
    assert {kpi["name"] for kpi in live["kpis"]} >= {"stale_total", "stale_amount", "oldest_age"}


def test_operation_result(house: House, quotations: Orders, tmp_path: Path) -> None:
    """Success or not, action, model, record, values, message."""
    (order,) = quotations.make([900])
    (line,) = run(house, tmp_path, "clean_old_orders", "--days=890")["lines"]
    assert (line["outcome"], line["operation"]) == ("done", "orders.cancel")
    assert (line["model"], line["record"]) == ("sale.order", order)
    assert (line["before"]["state"], line["after"]["state"]) == ("draft", "cancel")
    assert line["message"] == ""
    assert "days old" in line["reason"]


def test_example_job(house: House, quotations: Orders, tmp_path: Path) -> None:
    """clean_old_orders cancels quotations older than `days`, at most `limit` of them."""
    young, oldest, old, older = quotations.make([990, 1030, 1010, 1020])
    confirmed = quotations.make([1040])
    quotations.rpc.execute("sale.order", "action_confirm", confirmed)
    moment = (datetime.now(timezone.utc) - timedelta(days=1040)).strftime(TEXT)
    # Confirming an order dates it today.
    quotations.rpc.execute("sale.order", "write", confirmed, {"date_order": moment})
    result = run(house, tmp_path, "clean_old_orders", "--days=1000", "--limit=2")
    assert [line["record"] for line in result["lines"]] == [oldest, older]
    states = quotations.states([young, old, older, oldest, *confirmed])
    assert states == ["draft", "draft", "cancel", "cancel", "sale"]


# --- the command --------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["module", "console"])
def test_list(house: House, tmp_path: Path, command: str) -> None:
    """<cli> list"""
    program = [sys.executable, "-m", "auditor"]
    if command == "console":
        # What pip makes of the declaration.
        (entry,) = re.findall(
            r'^sentinel-ops = "([\w.]+):(\w+)"$',
            (ROOT / "pyproject.toml").read_text(),
            re.MULTILINE,
        )
        program = [sys.executable, "-c", "import sys; from {} import {} as m; sys.exit(m())"]
        program[2] = program[2].format(*entry)
    said = house.program(tmp_path, *program, "list", **house.settings())
    assert said.code == 0, said.err
    assert "clean_old_orders" in said.out
    assert "Cancel old quotations" in said.out


def test_dry_run(house: House, quotations: Orders, tmp_path: Path) -> None:
    """<cli> run clean_old_orders --dry-run"""
    ids = quotations.make([200])
    said = house.auditor(tmp_path, "run", "clean_old_orders", "--dry-run")
    assert said.code == 0, said.err
    assert "nothing was changed" in said.out
    assert quotations.states(ids) == ["draft"]


def test_live_run(house: House, quotations: Orders, tmp_path: Path) -> None:
    """<cli> run clean_old_orders"""
    ids = quotations.make([5000])
    said = house.auditor(tmp_path, "run", "clean_old_orders")
    assert said.code == 0, said.err
    assert said.out.startswith("Live run of clean_old_orders")
    assert quotations.states(ids) == ["cancel"]


def test_parameters(house: House, quotations: Orders, tmp_path: Path) -> None:
    """<cli> run clean_old_orders --dry-run --days=60 --limit=100"""
    ids = quotations.make([70])
    result = run(house, tmp_path, "clean_old_orders", "--dry-run", "--days=60", "--limit=100")
    assert result["parameters"] == {"days": 60, "limit": 100}
    assert result["line_total"] <= 100
    assert quotations.states(ids) == ["draft"]


def test_exit_codes(house: House, quotations: Orders, tmp_path: Path) -> None:
    """The exit code says how it went; "could not say" is never 0."""
    house.server.rpc().execute("res.partner", "create", {"name": "Bait", "ref": "victim"})
    (order,) = quotations.make([5500])
    rule = {"measure": "records", "above": 0, "approvers": "1"}
    policy = house.server.rpc().execute(
        "sentinel.approval.policy", "create", {"name": "Always", "rule_ids": [(0, 0, rule)]}
    )
    with house.job("clean_old_orders", approval_policy_id=policy):
        waits = house.auditor(tmp_path, "run", "clean_old_orders", "--days=5400", "--json")
        assert (waits.code, waits.json["awaits"]) == (5, "approval")
        uid = waits.json["uid"]
        assert house.auditor(tmp_path, "cancel", uid, "--reason=seen").code == 0
    assert quotations.states([order]) == ["draft"]
    assert house.auditor(tmp_path, "list").code == 0
    assert house.auditor(tmp_path, "run", "rogue", "--way=writes").code == 1
    assert house.auditor(tmp_path, "run", "no_such_job").code == 2
    assert house.auditor(tmp_path, "list", ODOO_URL="http://127.0.0.1:9").code == 3
    assert house.auditor(tmp_path, "list", ODOO_PASSWORD="wrong").code == 4
    assert house.auditor(tmp_path, "run", "clean_old_orders", "--dry-run", "--no-wait").code == 0


# --- settings and logs --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["ODOO_URL", "ODOO_DB", "ODOO_USERNAME", "ODOO_PASSWORD"])
def test_settings_required(house: House, tmp_path: Path, name: str) -> None:
    """ODOO_URL, ODOO_DB, ODOO_USERNAME, ODOO_PASSWORD"""
    settings = house.settings()
    assert len(settings) == 4
    del settings[name]
    said = house.program(tmp_path, sys.executable, "-m", "auditor", "list", **settings)
    assert said.code == 2
    assert name in said.err
    assert TEMPLATE in said.err


def test_settings_optional(house: House, tmp_path: Path) -> None:
    """The five optional settings.

    GCP_PROJECT, BQ_DATASET (default sentinel_ops), SLACK_WEBHOOK_URL, ENVIRONMENT (default
    development) and LOG_LEVEL (default INFO).
    """
    ask = (
        "from auditor.settings import load; s = load(); "
        "print(s.gcp_project, s.bq_dataset, s.slack_webhook_url, s.environment, s.log_level)"
    )
    said = house.program(tmp_path, sys.executable, "-c", ask)
    assert said.out.split() == ["None", "sentinel_ops", "None", "development", "INFO"]
    given = {
        "GCP_PROJECT": "my-project",
        "BQ_DATASET": "mine",
        "SLACK_WEBHOOK_URL": "https://hooks.slack.example/services/T/B/s3cr3t",
        "ENVIRONMENT": "production",
        "LOG_LEVEL": "debug",
    }
    said = house.program(tmp_path, sys.executable, "-c", ask, **given)
    # The webhook's address is a secret.
    assert said.out.split() == ["my-project", "mine", "**********", "production", "DEBUG"]


def test_local_settings(house: House, tmp_path: Path) -> None:
    """.env.local, made from a committed template."""
    text = (ROOT / TEMPLATE).read_text()
    for name, value in house.settings().items():
        text, replaced = re.subn(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
        assert replaced == 1, name
    (tmp_path / ".env.local").write_text(text)
    said = house.program(tmp_path, sys.executable, "-m", "auditor", "list")
    assert said.code == 0, said.err
    assert "clean_old_orders" in said.out
    # The environment comes before the file.
    said = house.program(tmp_path, sys.executable, "-m", "auditor", "list", ODOO_DB="elsewhere")
    assert said.code in (3, 4)
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert any(line.strip("/") in (".env.local", ".env*") for line in ignored)


def test_log_level(house: House, tmp_path: Path) -> None:
    """LOG_LEVEL decides what is logged."""
    quiet = house.auditor(tmp_path, "list", LOG_LEVEL="ERROR")
    assert quiet.err == ""
    loud = house.auditor(tmp_path, "list", LOG_LEVEL="DEBUG")
    assert " DEBUG " in loud.err
    assert loud.out == quiet.out


def test_environment(house: House, tmp_path: Path) -> None:
    """ENVIRONMENT names the installation; beyond development, logs are structured."""
    said = house.auditor(tmp_path, "list", ENVIRONMENT="production", LOG_LEVEL="DEBUG")
    rows = [json_row(line) for line in said.err.splitlines()]
    assert rows
    assert {row["environment"] for row in rows} == {"production"}
    text = house.auditor(tmp_path, "list", LOG_LEVEL="DEBUG").err
    assert "{" not in text.splitlines()[0]


def test_structured_logs(house: House, tmp_path: Path) -> None:
    """Structured logs."""
    said = house.auditor(tmp_path, "pull", "--json", LOG_FORMAT="json", LOG_LEVEL="DEBUG")
    assert said.code == 0, said.err
    assert said.err
    for line in said.err.splitlines():
        row = json_row(line)
        assert {"severity", "message", "time", "request_id"} <= set(row)


def test_every_operation_is_a_row_in_bigquery(
    house: House, quotations: Orders, tmp_path: Path, bigquery_emulator: BigQueryEmulator
) -> None:
    """Every operation as a row in BigQuery, in the dataset sentinel_ops unless told otherwise."""
    ids = quotations.make([1200, 1210])
    uid = run(house, tmp_path, "clean_old_orders", "--days=1190")["uid"]
    settings = {
        "SENTINEL_STORE": "bigquery:",
        "GCP_PROJECT": "first-system",
        "BIGQUERY_EMULATOR_HOST": bigquery_emulator.url,
    }
    said = house.auditor(tmp_path, "pull", **settings)
    assert said.code == 0, said.err
    assert "bigquery://first-system/sentinel_ops" in said.out
    shown = house.auditor(tmp_path, "show", uid, "--json", **settings).json
    assert {line["record"] for line in shown["lines"]} == set(ids)
    assert house.auditor(tmp_path, "verify", **settings).code == 0
    # The default needs no Google at all: the same rows, in a file.
    assert house.auditor(tmp_path, "pull").code == 0
    with sqlite3.connect(tmp_path / "trail.sqlite3") as store:
        rows = store.execute("SELECT record FROM run_lines WHERE run = ?", [uid]).fetchall()
    assert {row[0] for row in rows} == set(ids)


# --- people -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    ["guides/create-a-job.md", "guides/create-an-operation.md", "guides/troubleshooting.md"],
)
def test_guides(page: str) -> None:
    """How to create a job, how to create an operation, troubleshooting."""
    text = (ROOT / "docs" / page).read_text()
    assert text.startswith("# ")
    if "troubleshooting" in page:
        for trouble in ("There is no job", "Cannot connect to", "No module named"):
            assert trouble in text


def test_notes_for_coding_assistants() -> None:
    """Notes for coding assistants that work on the repository."""
    notes = (ROOT / "AGENTS.md").read_text()
    for path in re.findall(
        r"`((?:auditor|sentinel_ops_addon|tests|docs|scripts)/[\w./-]*)`", notes
    ):
        assert (ROOT / path).exists(), path
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"(?:^|`)make ([a-z-]+)", notes, re.MULTILINE))
    assert {"test", "lint"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_rule_dry_run_first(house: House, quotations: Orders, tmp_path: Path) -> None:
    """Dry run first: no live run without a plan of exactly its records."""
    quotations.make([1300])
    live = run(house, tmp_path, "clean_old_orders", "--days=1290")
    plan = house.auditor(tmp_path, "status", live["plan"], "--json").json
    assert (plan["mode"], plan["status"]) == ("plan", "dry_run")
    assert [line["record"] for line in plan["lines"]] == [line["record"] for line in live["lines"]]


def test_rule_audit_everything(house: House, quotations: Orders, tmp_path: Path) -> None:
    """Audit everything: each run is in the trail, dry or live, and nobody can take it out."""
    quotations.make([1400])
    uids = [
        run(house, tmp_path, "clean_old_orders", *words, "--days=1390")["uid"]
        for words in (["--dry-run"], ["--simulate"], [])
    ]
    assert house.auditor(tmp_path, "pull").code == 0
    for uid in uids:
        assert house.auditor(tmp_path, "show", uid, "--json").json["uid"] == uid
    assert house.auditor(tmp_path, "verify", "--against-odoo").code == 0


def test_rule_use_operations(house: House, tmp_path: Path) -> None:
    """Use operations: a remedy names one, and each changed record names it again."""
    partner = house.server.rpc().execute(
        "res.partner", "create", {"name": "Obsolete", "ref": f"old {os.getpid()}"}
    )
    result = run(house, tmp_path, "archive_by_reference", f"--reference=old {os.getpid()}")
    assert [(line["record"], line["operation"]) for line in result["lines"]] == [
        (partner, "partners.archive")
    ]


def test_rule_return_a_result(house: House) -> None:
    """Return a result: whoever asks gets one, though nobody waited for it."""
    operator = house.server.rpc(house.login, house.key)
    asked = operator.execute("sentinel.job", "trigger", "cron_health", "plan")
    result = ended(operator, asked["uid"])
    assert result["status"] in ("dry_run", "success")
    assert result["kpis"]
