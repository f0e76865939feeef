"""``scripts/deploy.sh`` against stand-ins for ``gcloud`` and ``bq``."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.settings import Settings
from tests.support.fake_google import Cloud, serving

CLONE = Path(__file__).parents[3]
SCRIPT = CLONE / "scripts" / "deploy.sh"
PROJECT = ("--project", "my-project")
SECRET = "p'ss\"w$(ord)`& \\x"
HOOK = "https://hooks.slack.com/services/T0/B0/xyz"
RUNNER = "serviceAccount:sentinel-ops@my-project.iam.gserviceaccount.com"
INVOKER = "serviceAccount:sentinel-ops-scheduler@my-project.iam.gserviceaccount.com"
BUILDER = "serviceAccount:sentinel-ops-build@my-project.iam.gserviceaccount.com"

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")


@dataclass(frozen=True)
class Deployed:
    code: int
    out: str
    err: str


class Google:
    """The stand-ins, and the script that calls them."""

    def __init__(self, cloud: Cloud, folder: Path, port: int) -> None:
        self.cloud = cloud
        self.folder = folder
        self._port = port

    def deploy(self, *arguments: str, **env: str) -> Deployed:
        made = subprocess.run(
            [str(shutil.which("bash")), str(SCRIPT), *(arguments or (*PROJECT, "--yes"))],
            env={
                "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "FAKE_GOOGLE": str(self._port),
                "SENTINEL_DEPLOY_PAUSE": "0",
                "TMPDIR": str(self.folder / "tmp"),
                "ODOO_URL": "https://odoo.example.com",
                "ODOO_DB": "acme",
                "ODOO_USERNAME": "sentinel@example.com",
                "ODOO_PASSWORD": SECRET,
                "SLACK_WEBHOOK_URL": HOOK,
                **env,
            },
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        for text in (made.stdout, made.stderr, json.dumps(self.cloud.calls)):
            assert SECRET not in text
            assert json.dumps(SECRET)[1:-1] not in text
            assert HOOK not in text
        return Deployed(made.returncode, made.stdout, made.stderr)


@pytest.fixture
def google(tmp_path: Path) -> Iterator[Google]:
    for name in ("bin", "tmp"):
        (tmp_path / name).mkdir()
    cloud = Cloud()
    with serving(cloud, tmp_path / "bin") as port:
        yield Google(cloud, tmp_path, port)
    # Whatever happened, the file with the function's settings is gone.
    assert list((tmp_path / "tmp").iterdir()) == []


def bare(google: Google) -> str:
    """Return a PATH without any program of Google's."""
    folder = google.folder / "bare"
    folder.mkdir(exist_ok=True)
    for name in ("cat", "dirname", "tr"):
        if not (folder / name).exists():
            (folder / name).symlink_to(str(shutil.which(name)))
    return str(folder)


def test_a_dry_run_prints_and_calls_nobody(google: Google) -> None:
    ran = google.deploy(*PROJECT, "--dry-run")
    assert (ran.code, google.cloud.calls, ran.err) == (0, [], "")
    for text in (
        "Project my-project, region us-central1",
        "sentinel-ops-odoo-password sentinel-ops-slack-webhook-url",
        "Function sentinel (python312), closed",
        '"*/5 * * * *" (UTC)',
        "nothing was done",
    ):
        assert text in ran.out
    assert google.deploy("--project=my-project", "--dry-run", PATH=bare(google)).code == 0


def test_a_deployment(google: Google) -> None:
    ran = google.deploy()
    assert (ran.code, ran.err) == (0, "")
    made = google.cloud.made
    assert ran.out.index("The plan:") < ran.out.index("== switching on")
    assert "https://sentinel-abc123-uc.a.run.app" in ran.out
    assert {"run.googleapis.com", "secretmanager.googleapis.com"} <= set(made["apis"])
    assert made["dataset:my-project:sentinel_ops"] == "us-central1"
    flags = made["function:sentinel"]["flags"]
    assert flags["--runtime"] == "python312"
    assert {"--gen2", "--trigger-http", "--no-allow-unauthenticated"} <= set(flags)
    assert flags["--service-account"] == RUNNER.removeprefix("serviceAccount:")
    job = made["scheduler:sentinel-ops-pull"]
    assert job["--uri"] == "https://sentinel-abc123-uc.a.run.app/pull"
    assert job["--http-method"] == "POST"
    assert job["--oidc-service-account-email"] == INVOKER.removeprefix("serviceAccount:")
    assert job["--oidc-token-audience"] == "https://sentinel-abc123-uc.a.run.app"


def test_rights_are_the_least(google: Google) -> None:
    assert google.deploy().code == 0
    bindings = {
        key.removeprefix("bindings:"): value
        for key, value in google.cloud.made.items()
        if key.startswith("bindings:")
    }
    reads = [[RUNNER, "roles/secretmanager.secretAccessor"]]
    assert bindings == {
        "projects:my-project": [
            [BUILDER, "roles/cloudbuild.builds.builder"],
            [RUNNER, "roles/bigquery.jobUser"],
        ],
        "dataset:my-project.sentinel_ops": [[RUNNER, "roles/bigquery.dataEditor"]],
        "secrets:sentinel-ops-odoo-password": reads,
        "secrets:sentinel-ops-slack-webhook-url": reads,
        "functions:sentinel": [[INVOKER, "roles/run.invoker"]],
    }


def test_secrets_go_through_pipes_as_they_are(google: Google) -> None:
    assert google.deploy().code == 0
    made = google.cloud.made
    assert made["secret:sentinel-ops-odoo-password"] == [SECRET]
    assert made["secret:sentinel-ops-slack-webhook-url"] == [HOOK]
    assert SECRET not in made["function:sentinel"]["settings"]


def test_the_function_gets_settings_that_the_auditor_reads(
    google: Google, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    strange = 'acme "x" \\ é: #1'
    assert google.deploy(ODOO_DB=strange, LOG_LEVEL="DEBUG").code == 0
    text = google.cloud.made["function:sentinel"]["settings"]
    # Each line is NAME: "text", a JSON text, which YAML reads alike.
    pairs = dict(line.split(": ", 1) for line in text.splitlines())
    found = {name: json.loads(value) for name, value in pairs.items()}
    assert {name.lower() for name in found} <= set(Settings.model_fields)
    assert found["ODOO_DB"] == strange
    assert found["SENTINEL_STORE"] == "bigquery://my-project/sentinel_ops"
    assert found["SENTINEL_SECRETS"] == "gcp:odoo_password,slack_webhook_url"
    assert (found["ENVIRONMENT"], found["LOG_LEVEL"]) == ("production", "DEBUG")
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        monkeypatch.delenv(name)
    settings = Settings(
        **{name.lower(): value for name, value in found.items()} | {"sentinel_secrets": "none"}
    )
    assert settings.bigquery_address is not None


def test_every_secret_of_the_settings_is_known_to_the_script() -> None:
    """But for the doors' own tokens: IAM guards the function."""
    from pydantic import SecretStr

    secrets = {
        name.upper()
        for name, field in Settings.model_fields.items()
        if SecretStr in getattr(field.annotation, "__args__", ())
    }
    listed = re.search(r"SECRET_SETTINGS=\((.*?)\)", SCRIPT.read_text(), re.DOTALL)
    assert listed
    assert set(listed[1].split()) == secrets - {"SENTINEL_HTTP_TOKEN", "SENTINEL_MCP_TOKEN"}


def test_again_changes_nothing_and_makes_no_new_version(google: Google) -> None:
    assert google.deploy().code == 0
    first = copy.deepcopy(google.cloud.made)
    google.cloud.calls.clear()
    assert google.deploy().code == 0
    assert google.cloud.made == first
    made_again = [
        call
        for call in google.cloud.calls
        if {"create", "mk", "versions add"} & {*call, " ".join(call[3:5])}
    ]
    assert made_again == []


def test_a_changed_secret_becomes_a_new_version_and_an_unset_one_stays(google: Google) -> None:
    assert google.deploy().code == 0
    assert google.deploy(ODOO_PASSWORD="another one", SLACK_WEBHOOK_URL="").code == 0
    made = google.cloud.made
    assert made["secret:sentinel-ops-odoo-password"] == [SECRET, "another one"]
    assert made["secret:sentinel-ops-slack-webhook-url"] == [HOOK]
    assert "gcp:odoo_password,slack_webhook_url" in made["function:sentinel"]["settings"]


@pytest.mark.slow
def test_a_failure_at_any_call_is_told_and_mended_by_running_it_again(
    google: Google,
) -> None:
    assert google.deploy().code == 0
    whole = google.cloud.made
    google.cloud.made = {}
    failures = 0
    for number in range(1, 200):
        google.cloud.calls.clear()
        google.cloud.fail_at = number
        ran = google.deploy()
        calls = google.cloud.calls
        if len(calls) < number:
            break
        # Not to be allowed to look is no failure: making it then says that it is there.
        if ran.code == 0:
            assert {"describe", "access", "show"} & set(calls[number - 1])
            continue
        failures += 1
        assert "failed while" in ran.err
        assert "run it again" in ran.err
        # Not allowed to look for the scheduler's job, it makes one, and hears that it is there.
        assert re.search("PERMISSION_DENIED|ALREADY_EXISTS: scheduler", ran.err)
        assert "Deployed:" not in ran.out
    assert failures > 8
    assert ran.code == 0
    # A secret that it was not allowed to compare was stored once more.
    for made in (google.cloud.made, whole):
        made.update({key: {*value} for key, value in made.items() if key.startswith("secret:")})
    assert google.cloud.made == whole


def test_what_may_be_made_but_not_looked_at(google: Google) -> None:
    """As when somebody else makes it at the same moment."""
    assert google.deploy().code == 0
    made = copy.deepcopy(google.cloud.made)
    google.cloud.unseen = ("account:sentinel-ops", "dataset:my-project:sentinel_ops")
    assert google.deploy().code == 0
    assert google.cloud.made == made


def test_a_new_account_is_not_known_at_once(google: Google) -> None:
    google.cloud.unknown_accounts = 3
    assert google.deploy().code == 0
    google.cloud.unknown_accounts = 99
    ran = google.deploy()
    assert ran.code != 0
    assert "does not exist" in ran.err
    assert "making the service accounts" in ran.err


@pytest.mark.parametrize(
    ("arguments", "env", "says"),
    [
        (("--dry-run",), {}, "Which project?"),
        (("--project",), {}, "needs a value"),
        (("--project", "My Project"), {}, "no project id"),
        (("--project", "my-project", "--region", "mars"), {}, "no region"),
        (("--project", "my-project", "--force"), {}, "Unknown argument: --force"),
        ((), {"ODOO_URL": "", "ODOO_DB": ""}, "ODOO_URL ODOO_DB"),
        ((), {"ODOO_URL": "https://u:p@odoo.example.com"}, "credentials of a proxy"),
        ((), {"ODOO_USERNAME": "a\nb"}, "more than one line"),
        ((), {"BQ_DATASET": "a`b"}, "no name of a dataset"),
        ((), {"SENTINEL_ALERTS": "/etc/alerts.toml"}, "alerts.toml"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_done(
    google: Google, arguments: tuple[str, ...], env: dict[str, str], says: str
) -> None:
    ran = google.deploy(*arguments, **env)
    assert (ran.code, google.cloud.calls) == (2, [])
    assert says in ran.err
    assert "u:p@" not in ran.out


def test_nobody_to_ask_is_no_consent(google: Google) -> None:
    ran = google.deploy(*PROJECT)
    assert (ran.code, google.cloud.calls) == (2, [])
    assert "--yes" in ran.err
    assert "--dry-run" in ran.err


def test_without_googles_programs(google: Google) -> None:
    ran = google.deploy(PATH=bare(google))
    assert (ran.code, ran.out) == (2, "")
    assert "gcloud is not installed" in ran.err
    assert "cloud.google.com/sdk" in ran.err


def test_without_a_password_nothing_is_changed(google: Google) -> None:
    ran = google.deploy(ODOO_PASSWORD="")
    assert ran.code == 2
    assert "ODOO_API_KEY" in ran.err
    assert google.cloud.made == {}


def test_the_doors_own_token_stays_at_home(google: Google) -> None:
    ran = google.deploy(SENTINEL_HTTP_TOKEN="only-for-other-servers")
    assert ran.code == 0
    assert "IAM guards the function" in ran.out
    assert "only-for-other-servers" not in ran.out + json.dumps(google.cloud.made)


def test_shellcheck_is_content() -> None:
    program = shutil.which("shellcheck", path=str(Path(sys.executable).parent)) or shutil.which(
        "shellcheck"
    )
    if program is None:
        pytest.skip("shellcheck is not installed")
    checked = subprocess.run([program, str(SCRIPT)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "")
