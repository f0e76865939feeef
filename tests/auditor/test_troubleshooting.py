"""Each message in docs/guides/troubleshooting.md is one that is printed: here it is provoked."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from auditor.adapters.http.dispatch import dispatch
from auditor.adapters.http.door import Door
from auditor.adapters.http.message import Request
from auditor.settings import load
from auditor.stores.sqlite import SqliteStore
from tests.auditor.conftest import Cli, Odoo
from tests.auditor.unkind import unkind
from tests.support.secret_manager import serving_secrets
from tests.support.slack import slack_standin

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "guides" / "troubleshooting.md").read_text()
MESSAGES = re.findall(r"^\| `([^`]+)` \|", GUIDE, re.MULTILINE)


@dataclass(frozen=True)
class Scene:
    """What a provocation works with."""

    cli: Cli
    odoo: Odoo
    store: Path
    folder: Path
    patch: pytest.MonkeyPatch
    message: str

    def says(self, *arguments: str, **env: str) -> str:
        """Run a command that does not do as asked; return everything that it says."""
        ran = self.cli(*arguments, **env)
        assert ran.code != 0
        return ran.out + ran.err

    def misbehaves(self, mood: str, value: object = None, **env: str) -> str:
        self.odoo.standin.misbehave("catalog", mood, times=9, value=value)
        return self.says("list", **env)

    def health_says(self) -> str:
        """What the addon says, which has to be a text of the addon."""
        source = (ROOT / "sentinel_ops_addon" / "engine" / "health.py").read_text()
        beginning = self.message.partition("...")[0]
        assert beginning in source
        said = {"code": "x", "message": self.message, "remedy": "y"}
        self.odoo.standin.problems = [said]
        return self.says("health")

    def pulled(self) -> None:
        self.odoo.standin.seal()
        self.odoo.standin.seal()
        assert self.cli("pull").code == 0

    def seen(self, *command: str) -> str:
        """What another program prints."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.odoo.env, capture_output=True, text=True
        )
        assert done.returncode != 0
        return done.stdout + done.stderr


def queued(scene: Scene) -> str:
    from auditor.cli import waiting

    scene.odoo.standin.states = ["queued"]
    scene.odoo.standin.problems = [{"code": "x", "message": "No worker.", "remedy": "Start one."}]
    scene.patch.setattr(waiting, "ASK_WHY_AFTER", 0.0)
    return scene.says("run", "clean_old_orders", "--timeout=0.5")


def waits(scene: Scene, *deciders: str) -> str:
    scene.odoo.standin.deciders = list(deciders)
    return scene.says("run", "clean_old_orders")


def nobody_may(scene: Scene) -> str:
    standin = scene.odoo.standin
    standin.deciders = ["anna"]
    uid = scene.cli("run", "clean_old_orders", "--no-wait", "--json").json["uid"]
    standin.runs[uid]["deciders"] = []
    return scene.says("status", uid, "--wait")


def guard_stops(scene: Scene) -> str:
    standin = scene.odoo.standin
    uid = scene.cli("run", "clean_old_orders", "--no-wait", "--json").json["uid"]
    message = "812 of at most 500 records."
    standin.runs[uid]["guards"] = [{"guard": "max_records", "verdict": "stop", "message": message}]
    standin.ending = {"status": "aborted", "verdict": ""}
    return scene.says("status", uid, "--wait").replace("max records", "max_records")


def contract(scene: Scene, number: int) -> str:
    scene.odoo.standin.contract = number
    return scene.says("list")


def without_addon(scene: Scene) -> str:
    scene.odoo.standin.addon = False
    return scene.says("list")


def in_use(scene: Scene) -> str:
    scene.pulled()
    scene.odoo.standin.seal()
    # By default it waits for a minute.
    scene.patch.setattr(SqliteStore.__init__, "__kwdefaults__", {"create": True, "busy": 0.1})
    with sqlite3.connect(scene.store, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        return scene.says("pull")


def newer_store(scene: Scene) -> str:
    scene.pulled()
    with sqlite3.connect(scene.store) as db:
        db.execute("PRAGMA user_version = 999")
    return scene.says("show")


def edited(scene: Scene) -> str:
    scene.pulled()
    with sqlite3.connect(scene.store) as db:
        db.execute("UPDATE lines SET content = replace(content, 'draft', 'sent')")
    return scene.says("verify")


def forked(scene: Scene) -> str:
    scene.pulled()
    scene.odoo.standin.seal()
    scene.odoo.standin.rewrite(2, salt="ab" * 16)
    return scene.says("pull")


def restored(scene: Scene) -> str:
    scene.pulled()
    scene.odoo.standin.sealed.pop()
    return scene.says("pull")


def bigquery_denies(scene: Scene) -> str:
    with unkind("http://127.0.0.1:9", lambda _method, _path: "403") as url:
        return scene.says(
            "pull", SENTINEL_STORE="bigquery://a-project/trail", BIGQUERY_EMULATOR_HOST=url
        )


def no_google(scene: Scene) -> str:
    scene.patch.setitem(sys.modules, "google.cloud", None)
    for name in [name for name in sys.modules if name.startswith("auditor.stores.bigquery.")]:
        scene.patch.delitem(sys.modules, name)
    return scene.says("pull", SENTINEL_STORE="bigquery://a-project/trail")


def no_service(scene: Scene) -> str:
    with slack_standin() as slack:
        gone = slack.webhook_url.rpartition("/")[0] + "/gone"
        return scene.says("alerts", "test", "slack", SLACK_WEBHOOK_URL=gone)


def denied_secret(scene: Scene) -> str:
    with serving_secrets() as manager:
        name = "sentinel-ops-odoo-password"
        manager.refusals[name] = grpc.StatusCode.PERMISSION_DENIED
        return scene.says(
            "list",
            ODOO_PASSWORD="",
            SENTINEL_SECRETS="gcp",
            GCP_PROJECT=manager.project,
            SECRET_MANAGER_EMULATOR_HOST=manager.address,
        )


def a_stranger(scene: Scene) -> str:
    with scene.patch.context() as patch:
        for name, value in scene.odoo.env.items():
            patch.setenv(name, value)
        request = Request("GET", "/jobs", {"host": "sentinel.example"}, {}, b"", "203.0.113.7")
        answer = dispatch(request, Door(load(), platform=False))
    assert answer.status == 401
    return answer.content().decode()


def a_bug(scene: Scene) -> str:
    scene.patch.setattr("auditor.odoo.client.Client.catalog", lambda _self: 1 / 0)
    return scene.says("list")


Provoke = Callable[[Scene], str]
SCENES: dict[str, Provoke] = {
    "There is no job ... Did you mean ...?": lambda s: s.says("run", "clean_old_order"),
    "The job ... is not available: ...": lambda s: s.says("run", "release_stuck_transfers"),
    "... has no parameter ... (did you mean ...?)": lambda s: s.says(
        "run", "clean_old_orders", "--dayz=5"
    ),
    "... must be from 1 to 36500, not 0": lambda s: s.says("run", "clean_old_orders", "--days=0"),
    "... belongs to the job and is changed there, not for one run": lambda s: s.says(
        "run", "clean_old_orders", "--domain=[]"
    ),
    "The run is still queued: ...": queued,
    "waits for approval": lambda s: waits(s, "anna"),
    "max_records ... STOP": guard_stops,
    "Missing settings: ...": lambda s: s.says("list", ODOO_URL="", ODOO_DB=""),
    "Cannot connect to ...": lambda s: s.says("list", ODOO_URL="http://127.0.0.1:9"),
    "... did not answer within ... seconds": lambda s: s.misbehaves(
        "slow", 1.0, ODOO_TIMEOUT="0.2"
    ),
    "... answered with a web page instead of ...": lambda s: s.misbehaves("html"),
    "... answers that it has moved": lambda s: s.misbehaves("redirect", "https://elsewhere/"),
    "... is not able to answer just now (HTTP 502...)": lambda s: s.misbehaves("status", 502),
    "Odoo has no database named ...": lambda s: s.says("list", ODOO_DB="elsewhere"),
    "Odoo refused the login of ...": lambda s: s.says("list", ODOO_PASSWORD="expired"),
    "Odoo refused: ...": lambda s: s.says(
        "pause", "cron_health", "--reason=x", ODOO_USERNAME="operator"
    ),
    "Nobody may: ...": nobody_may,
    "Sentinel-Ops is not installed in the database ...": without_addon,
    "... is older than this auditor": lambda s: contract(s, 0),
    "... is newer than this auditor": lambda s: contract(s, 99),
    "No scheduler works on this database, so requests stay in the queue.": Scene.health_says,
    "The scheduled action that works on requests is switched off.": Scene.health_says,
    "This database is a neutralized copy; its jobs are switched off.": Scene.health_says,
    "Everything is stopped since ...": Scene.health_says,
    "Odoo broke while it answered: ...": lambda s: s.misbehaves("fault", (1, "KeyError: 'x'")),
    "Nothing has been pulled yet: there is no store at ...": lambda s: s.says("show"),
    "The store ... is in use by another pull.": in_use,
    "The store ... cannot be made: ...": lambda s: s.says(
        "pull", SENTINEL_STORE="/proc/nowhere/trail.sqlite3"
    ),
    "The store ... was written by a newer auditor": newer_store,
    "... was edited": edited,
    "The chain in Odoo has forked": forked,
    "The chain in Odoo ends at position ..., the store has it up to ...": restored,
    "needs credentials, and there are none that work": lambda s: s.says(
        "pull",
        SENTINEL_STORE="bigquery://a-project/trail",
        GOOGLE_APPLICATION_CREDENTIALS="/nowhere.json",
    ),
    "The account needs the roles BigQuery Job User on the project and BigQuery Data Editor on the "
    "dataset": bigquery_denies,
    "Slack refused the message: no_service.": no_service,
    "SLACK_CHANNEL is set and SLACK_BOT_TOKEN is not.": lambda s: s.says(
        "alerts", "test", "slack", SLACK_CHANNEL="C1"
    ),
    "A silence needs ...": lambda s: s.says("alerts", "silence", "--matcher", "kind=anomaly"),
    "The secret sentinel-ops-odoo-password in the project ... cannot be read: permission denied.": (
        denied_secret
    ),
    "SENTINEL_SECRETS is gcp, and GCP_PROJECT does not say in which project.": lambda s: s.says(
        "list", SENTINEL_SECRETS="gcp"
    ),
    "Without a token this door answers only the machine that it runs on.": a_stranger,
    "No module named 'odoo'": lambda s: s.seen(
        *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only"),
        str(ROOT / "sentinel_ops_addon" / "tests" / "test_job.py"),
    ),
    "No module named auditor": lambda s: s.seen(sys.executable, "-I", "-S", "-m", "auditor"),
    "needs Google's client, which is not installed": no_google,
    "There is no command ...": lambda s: s.says("lst"),
    "A bug in sentinel-ops: ...": a_bug,
}


@pytest.mark.parametrize("message", MESSAGES)
def test_the_message_is_printed(
    cli: Cli,
    odoo: Odoo,
    store: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    message: str,
) -> None:
    said = SCENES[message](Scene(cli, odoo, store, tmp_path, monkeypatch, message))
    # Lines are wrapped, and columns are wide.
    said = re.sub(r"\s+", " ", said)
    assert re.search(".*".join(map(re.escape, message.split("..."))), said), said


def test_every_provocation_is_in_the_guide() -> None:
    assert sorted(MESSAGES) == sorted(SCENES)
