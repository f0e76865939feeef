"""Google Secret Manager as a source of settings, against a server that speaks its protocol."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from auditor import secrets_gcp
from auditor.settings import Settings
from tests.auditor.conftest import Cli, Odoo, run_process
from tests.auditor.standin_server import PASSWORD
from tests.support.secret_manager import SecretManager, serving_secrets

pytestmark = pytest.mark.one_transport(
    "where a secret comes from is what is tested; the way that it goes then is not"
)

pytestmark = pytest.mark.one_transport("where secrets come from is settled before Odoo is asked")

ALL_SECRETS = [
    "sentinel-ops-alert-webhook-url",
    "sentinel-ops-deadman-url",
    "sentinel-ops-odoo-api-key",
    "sentinel-ops-odoo-password",
    "sentinel-ops-sentinel-http-token",
    "sentinel-ops-sentinel-mcp-token",
    "sentinel-ops-slack-bot-token",
    "sentinel-ops-slack-webhook-url",
    "sentinel-ops-smtp-url",
]


@pytest.fixture
def manager(odoo: Odoo) -> Iterator[SecretManager]:
    """A Secret Manager, and settings that send the auditor there for its secrets."""
    with serving_secrets() as standin:
        odoo.env.update(
            SENTINEL_SECRETS="gcp",
            GCP_PROJECT=standin.project,
            SECRET_MANAGER_EMULATOR_HOST=standin.address,
            ODOO_TRANSPORT="auto",
        )
        del odoo.env["ODOO_PASSWORD"]
        yield standin


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets_gcp, "PATIENCE_SECONDS", 0.5)


def test_settings_secret_manager(manager: SecretManager, cli: Cli) -> None:
    manager.secrets["sentinel-ops-odoo-password"] = f"{PASSWORD}\n".encode()
    assert cli("list").code == 0
    assert manager.names == ALL_SECRETS
    assert set(manager.asked) == {
        f"projects/{manager.project}/secrets/{name}/versions/latest" for name in ALL_SECRETS
    }


def test_every_secret_setting_and_no_other_is_one(manager: SecretManager, cli: Cli) -> None:
    assert [secrets_gcp.secret_name(name) for name in secrets_gcp.secret_fields(Settings)] == [
        name
        for field in Settings.model_fields
        if (name := secrets_gcp.secret_name(field)) in ALL_SECRETS
    ]
    assert cli("list").code == 2  # no password anywhere
    assert manager.methods == ["AccessSecretVersion"] * len(ALL_SECRETS)  # nothing was listed


def test_what_is_set_nearer_by_is_not_asked_for(
    manager: SecretManager, cli: Cli, tmp_path: Path
) -> None:
    manager.secrets["sentinel-ops-odoo-password"] = b"another one"
    manager.secrets["sentinel-ops-odoo-api-key"] = b"yet another one"
    hook = "https://hooks.slack.com/services/T0/B0/x"
    (tmp_path / ".env.local").write_text(f"SMTP_URL=smtp://mail\nODOO_PASSWORD={PASSWORD}\n")
    assert cli("list", SLACK_WEBHOOK_URL=hook).code == 0
    # A key from afar must not overrule the password from nearer by.
    assert set(ALL_SECRETS) - set(manager.names) == {
        "sentinel-ops-odoo-password",
        "sentinel-ops-odoo-api-key",
        "sentinel-ops-smtp-url",
        "sentinel-ops-slack-webhook-url",
    }


def test_an_empty_setting_is_unset_and_an_empty_secret_too(
    manager: SecretManager, cli: Cli
) -> None:
    manager.secrets["sentinel-ops-odoo-password"] = PASSWORD.encode()
    manager.secrets["sentinel-ops-smtp-url"] = b"\n"
    assert cli("list", ODOO_PASSWORD="").code == 0


def test_only_when_asked_for(manager: SecretManager, cli: Cli) -> None:
    for choice in ("none", ""):
        ran = cli("list", SENTINEL_SECRETS=choice)
        assert ran.code == 2
        assert "Missing settings: ODOO_PASSWORD" in ran.err
    assert not manager.methods


def test_only_the_named_ones(manager: SecretManager, cli: Cli) -> None:
    manager.secrets["sentinel-ops-odoo-password"] = PASSWORD.encode()
    ran = cli("list", SENTINEL_SECRETS="gcp:odoo_password, slack-webhook-url")
    assert ran.code == 0
    assert manager.names == ["sentinel-ops-odoo-password", "sentinel-ops-slack-webhook-url"]


@pytest.mark.parametrize("choice", ["aws", "gcp:", "gcp:odoo_url", "none:odoo_password"])
def test_a_choice_that_is_none(manager: SecretManager, cli: Cli, choice: str) -> None:
    ran = cli("list", SENTINEL_SECRETS=choice)
    assert ran.code == 2
    assert "SENTINEL_SECRETS" in ran.err
    assert not manager.methods


REFUSALS = [
    (grpc.StatusCode.PERMISSION_DENIED, "permission denied", "roles/secretmanager.secretAccessor"),
    (grpc.StatusCode.UNAUTHENTICATED, "credentials of Google do not hold", "gcloud auth"),
    (grpc.StatusCode.UNAVAILABLE, "Secret Manager cannot be reached", "Check the network"),
    (grpc.StatusCode.DEADLINE_EXCEEDED, "Secret Manager cannot be reached", "Check the network"),
    (grpc.StatusCode.FAILED_PRECONDITION, "disabled or destroyed", "Add a version"),
    (grpc.StatusCode.INVALID_ARGUMENT, "refused for projects/", "console"),
]


@pytest.mark.parametrize(("status", "says", "remedy"), REFUSALS)
def test_a_secret_that_cannot_be_read_is_named(
    manager: SecretManager, cli: Cli, status: grpc.StatusCode, says: str, remedy: str
) -> None:
    manager.secrets["sentinel-ops-odoo-password"] = PASSWORD.encode()
    manager.refusals["sentinel-ops-smtp-url"] = status
    ran = cli("list")
    assert ran.code == 2
    assert "The secret sentinel-ops-smtp-url in the project acme-project cannot be read" in ran.err
    assert says in ran.err
    assert remedy in ran.err
    assert "or set SMTP_URL in the environment" in ran.err


def test_a_moment_of_trouble_is_sat_out(
    manager: SecretManager, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets_gcp, "PATIENCE_SECONDS", 20.0)
    manager.secrets["sentinel-ops-odoo-password"] = PASSWORD.encode()
    manager.moments["sentinel-ops-odoo-password"] = 1
    assert cli("list").code == 0
    assert manager.asked.count(manager.path("sentinel-ops-odoo-password")) == 2


@pytest.mark.usefixtures("manager")
def test_nothing_listens(cli: Cli) -> None:
    ran = cli("list", SECRET_MANAGER_EMULATOR_HOST="127.0.0.1:9")
    assert ran.code == 2
    assert "sentinel-ops-odoo-password" in ran.err
    assert "cannot be reached" in ran.err


def test_a_secret_that_is_no_text(manager: SecretManager, cli: Cli) -> None:
    manager.secrets["sentinel-ops-odoo-password"] = b"\xff\xfe"
    ran = cli("list")
    assert ran.code == 2
    assert "sentinel-ops-odoo-password in the project acme-project is no text" in ran.err


def test_no_project(manager: SecretManager, cli: Cli) -> None:
    ran = cli("list", GCP_PROJECT="")
    assert ran.code == 2
    assert "GCP_PROJECT" in ran.err
    assert not manager.methods


@pytest.mark.usefixtures("manager")
def test_without_googles_client(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.cloud.secretmanager_v1", None)
    ran = cli("list")
    assert ran.code == 2
    assert "pip install '.[gcp]'" in ran.err


def test_without_credentials(cli: Cli, tmp_path: Path) -> None:
    ran = cli(
        "list",
        SENTINEL_SECRETS="gcp",
        GCP_PROJECT="acme-project",
        GOOGLE_APPLICATION_CREDENTIALS=str(tmp_path / "missing.json"),
        ODOO_PASSWORD="",
    )
    assert ran.code == 2
    assert "there are no credentials of Google" in ran.err
    assert "gcloud auth application-default login" in ran.err


def test_a_secret_from_there_is_shown_nowhere(
    manager: SecretManager, odoo: Odoo, tmp_path: Path
) -> None:
    """In a process of its own, with every logger at its most talkative."""
    manager.secrets["sentinel-ops-odoo-password"] = PASSWORD.encode()
    hook = "https://hooks.slack.com/services/T0/B0/s3cr3t-hook"
    manager.secrets["sentinel-ops-slack-webhook-url"] = hook.encode()
    odoo.standin.misbehave("catalog", "fault", value=(2, f"{PASSWORD} {hook} do not fit."))
    (tmp_path / "sitecustomize.py").write_text(
        "import logging\nlogging.basicConfig(level=logging.DEBUG)\n"
    )
    env = {**odoo.env, "LOG_LEVEL": "DEBUG", "PYTHONPATH": f"{tmp_path}:{odoo.env['PYTHONPATH']}"}
    ran = run_process(env, tmp_path, "list", "--debug")  # looks for secrets in what is printed
    assert ran.code == 2
    assert "*** *** do not fit." in ran.err
    assert "DEBUG:" in ran.err  # the other loggers did speak
