"""Bad input is named before anything is sent, with what is allowed; exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.auditor.conftest import Cli, Odoo


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--limt=5"], "has no parameter --limt (did you mean --limit?)"),
        (["--wholly-unknown=5"], "--days, --limit, --share, --notify-owner"),
        (["--days=many"], "--days must be a whole number, not 'many'"),
        (["--days=1.5"], "--days must be a whole number, not '1.5'"),
        (["--days="], "--days needs a value"),
        (["--days"], "--days needs a value"),
        (["--days=0"], "--days must be from 1 to 36500, not 0"),
        (["--days=-4"], "--days must be from 1 to 36500, not -4"),
        (["--days", "-4"], "--days must be from 1 to 36500, not -4"),
        (["--limit=0"], "--limit must be at least 1, not 0"),
        (["--limit=99999999999"], "--limit must lie between"),
        (["--share=1.5"], "--share must be from 0 to 1, not 1.5"),
        (["--share=nan"], "--share must be a number"),
        (["--notify-owner=perhaps"], "--notify-owner must be true or false"),
        (["--order-by=oldes"], "must be one of oldest, newest, not 'oldes' (did you mean oldest?)"),
        (["--since=31.1.2026"], "--since must be a date like 2026-01-31"),
        (["--domain=[]"], "--domain belongs to the job"),
        (["--days=5", "--days=6"], "--days is given twice"),
        (["stray"], "'stray' is not a parameter"),
        (["--set", "days"], "must be --set NAME=VALUE"),
        (["--set", "reason=bell\x07"], "control characters"),
        (["--days=0", "--limit=x"], "not 0; --limit must be a whole number"),
    ],
)
def test_a_bad_parameter(cli: Cli, odoo: Odoo, flags: list[str], says: str) -> None:
    ran = cli("run", "clean_old_orders", *flags)
    assert ran.code == 2
    assert says in ran.err
    assert "Parameters of clean_old_orders: --days" in ran.err
    assert odoo.standin.counted("trigger") == 0


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        (["clean_old_orders", "--days=60"], {"days": 60}),
        (["clean_old_orders", "--days", "60"], {"days": 60}),
        (["--days=60", "clean_old_orders"], {"days": 60}),
        (["clean_old_orders", "--notify-owner"], {"notify_owner": True}),
        (["clean_old_orders", "--no-notify-owner"], {"notify_owner": False}),
        (["clean_old_orders", "--notify_owner=no"], {"notify_owner": False}),
        (["clean_old_orders", "--share=0.25"], {"share": 0.25}),
        (["clean_old_orders", "--order-by=newest"], {"order_by": "newest"}),
        (["clean_old_orders", "--since=2026-01-31"], {"since": "2026-01-31"}),
        (["clean_old_orders", "--set", "reason=a=b & <c>"], {"reason": "a=b & <c>"}),
    ],
)
def test_good_parameters_arrive_typed(
    cli: Cli, odoo: Odoo, words: list[str], sent: dict[str, object]
) -> None:
    assert cli("run", *words, "--dry-run", "--no-wait").code == 0
    (named,) = [named for name, named in odoo.standin.calls if name == "trigger"]
    assert named["parameters"] == sent
    assert [type(value) for value in named["parameters"].values()] == [
        type(value) for value in sent.values()
    ]


def test_a_missing_parameter(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.jobs[0]["parameters"][0]["value"] = ""
    ran = cli("run", "clean_old_orders")
    assert ran.code == 2
    assert "--days must be given" in ran.err
    assert cli("run", "clean_old_orders", "--days=5", "--no-wait").code == 0


def test_what_only_odoo_knows_to_be_wrong(cli: Cli) -> None:
    ran = cli("run", "clean_old_orders", "--days=13")
    assert ran.code == 2
    assert "13 is unlucky; allowed are 1 to 36500 but for 13." in ran.err


def test_an_unknown_job(cli: Cli) -> None:
    ran = cli("run", "clean_old_order")
    assert ran.code == 2
    assert "Did you mean clean_old_orders?" in ran.err
    assert "Jobs: clean_old_orders, cron_health" in ran.err
    assert cli("status", "clean_old_order").code == 2


def test_a_job_that_is_not_available(cli: Cli, odoo: Odoo) -> None:
    ran = cli("run", "release_stuck_transfers")
    assert ran.code == 2
    assert "The app Inventory is not installed." in ran.err
    assert odoo.standin.counted("trigger") == 0


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["frobnicate"],
        ["run"],
        ["list", "--frob"],
        ["status"],
        ["run", "clean_old_orders", "--timeout=soon"],
        ["run", "clean_old_orders", "--dry-run", "--plan=x"],
        ["run", "clean_old_orders", "--dry-run", "--simulate"],
        ["run", "cron_health", "--plan=x"],
        ["show", "abcd", "--record", "sale.order", "1"],
    ],
)
def test_bad_usage(cli: Cli, words: list[str]) -> None:
    ran = cli(*words)
    assert ran.code == 2
    assert ran.err


def test_all_missing_settings_are_named_at_once(cli: Cli) -> None:
    ran = cli("list", ODOO_URL="", ODOO_PASSWORD="")
    assert ran.code == 2
    assert "Missing settings: ODOO_URL, ODOO_PASSWORD (or ODOO_API_KEY)." in ran.err
    assert ".env.local.template" in ran.err


@pytest.mark.parametrize("url", ["odoo.example.com", "ftp://x", "http://", "http://x:port"])
def test_a_bad_address(cli: Cli, url: str) -> None:
    ran = cli("list", ODOO_URL=url)
    assert ran.code == 2
    assert "ODOO_URL" in ran.err


@pytest.mark.parametrize(
    "login",
    ["bob:s3cr3t/Pw", "bob:s3cr3t\u2100Pw", "bob:s3cr3t[Pw", "bob:1234/s3cr3t", "bob:12#s3cr3t"],
)
def test_a_bad_address_is_not_repeated(cli: Cli, login: str) -> None:
    ran = cli("list", "--debug", ODOO_URL=f"https://{login}@odoo.example.com", LOG_LEVEL="DEBUG")
    assert ran.code == 2
    assert "ODOO_URL: Value error, is not a web address; in a login write /" in ran.err
    for part in ("bob", "1234", "s3cr3t", "Pw"):
        assert part not in ran.out + ran.err


def test_a_bad_log_level_and_timeout(cli: Cli) -> None:
    ran = cli("list", LOG_LEVEL="LOUD", ODOO_TIMEOUT="0")
    assert ran.code == 2
    assert "LOG_LEVEL" in ran.err
    assert "ODOO_TIMEOUT" in ran.err


def test_arguments_over_environment_over_file(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / ".env.local").write_text(
        "ODOO_DB=from_file\nODOO_USERNAME=from_file\nODOO_URL=http://from_file\n"
    )
    ran = cli("list", "--db=from_argument", ODOO_DB="from_environment")
    assert "from_argument" in ran.err
    ran = cli("list", ODOO_DB="from_environment")
    assert "from_environment" in ran.err
    ran = cli("list", ODOO_DB="")
    assert "from_file" in ran.err
    ran = cli("--db=before_the_command", "list")
    assert "before_the_command" in ran.err


def test_help_of_a_job_lists_its_parameters(cli: Cli) -> None:
    ran = cli("run", "clean_old_orders", "--help")
    assert ran.code == 0
    for text in ("--days INTEGER", "from 1 to 36500", "one of oldest, newest", "this job: 90"):
        assert text in " ".join(ran.out.split())
    assert "--set reason=TEXT" in ran.out


def test_help_of_a_job_without_odoo_is_not_a_success(cli: Cli) -> None:
    ran = cli("run", "clean_old_orders", "--help", ODOO_URL="http://127.0.0.1:9")
    assert ran.code == 3
    assert "--dry-run" in ran.out
    assert "Cannot connect" in ran.err


@pytest.mark.parametrize(
    "command", ["", "list", "run", "status", "pull", "show", "history", "health"]
)
def test_every_help_page_has_examples_and_needs_no_settings(
    cli: Cli, odoo: Odoo, command: str
) -> None:
    ran = cli(*filter(None, [command]), "--help", ODOO_URL="", ODOO_DB="", ODOO_PASSWORD="")
    assert ran.code == 0
    assert "Examples:" in ran.out
    assert not odoo.standin.calls


def test_errors_as_json(cli: Cli) -> None:
    for words, code, kind in (
        (["run", "clean_old_orders", "--days=0"], 2, "BadInput"),
        (["run", "clean_old_orders", "--days=13"], 2, "BusinessFault"),
        (["list", "--frob"], 2, "BadInput"),
        (["show"], 1, "StoreError"),
    ):
        ran = cli(*words, "--json")
        assert ran.code == code
        assert ran.json["error"]["kind"] == kind
        assert ran.json["error"]["exit_code"] == code
        assert ran.json["error"]["message"] in ran.err


def test_a_bug_is_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor.odoo.client import Client

    def broken(_self: Client) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(Client, "catalog", broken)
    ran = cli("list")
    assert ran.code == 1
    assert "A bug in sentinel-ops: RuntimeError: unforeseen" in ran.err
    assert "Traceback" in cli("list", "--debug").err
