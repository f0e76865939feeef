"""What a container may do, and what can be read about it from outside."""

import json

import pytest

from .stack import SERVICES, Stack

_IMAGES = ("sentinel-ops-postgres", "sentinel-ops-odoo", "sentinel-ops-auditor")


def test_the_auditor_is_nobody_and_changes_nothing_but_its_store(stack: Stack) -> None:
    assert stack.run("auditor", "id", "-u").text.strip() == "10001"
    for place in ("/", "/opt/sentinel-ops", "/usr/local/bin", "/etc", "/run/sentinel-key"):
        answer = stack.run("auditor", "touch", f"{place.rstrip('/')}/new")
        assert answer.status != 0, place
        # Not even root could: it is the file system that refuses.
        answer = stack.run("auditor", "touch", f"{place.rstrip('/')}/new", user="0")
        assert answer.status != 0, place
        assert "Read-only file system" in answer.text
    assert stack.run("auditor", "touch", "/data/new").status == 0
    assert stack.run("auditor", "rm", "/data/new").status == 0
    capabilities = stack.run("auditor", "grep", "Cap[EPB]", "/proc/1/status").text.split()[1::2]
    assert {int(mask, 16) for mask in capabilities[:2]} == {0}


def test_odoo_is_no_root_and_changes_nothing_but_its_data(stack: Stack) -> None:
    assert stack.run("odoo", "id", "-un").text.strip() == "odoo"
    assert "Read-only file system" in stack.run("odoo", "touch", "/opt/new").text
    assert "Read-only file system" in stack.run("odoo", "touch", "/run/sentinel-db/new").text


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_gains_rights_and_nobody_eats_the_machine(stack: Stack, service: str) -> None:
    host = stack.container(service).attrs["HostConfig"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Memory"] > 0
    assert not host["Privileged"]
    status = stack.run(service, "grep", "NoNewPrivs", "/proc/1/status").text
    assert status.split() == ["NoNewPrivs:", "1"]


def test_odoos_role_is_no_superuser(stack: Stack) -> None:
    rows = stack.sql(
        "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = 'odoo'"
    )
    assert rows == [["f", "f", "t"]]


def test_the_network_asks_for_odoos_password(stack: Stack) -> None:
    wrong = stack.run(
        "odoo",
        *("env", "PGPASSWORD=wrong", "psql", "-h", "db", "-U", "odoo", "-d", "postgres", "-c", ""),
    )
    assert wrong.status != 0
    assert "password authentication failed" in wrong.text


def test_no_secret_can_be_read_from_outside(stack: Stack) -> None:
    secrets = [
        stack.run("auditor", "cat", "/run/sentinel-key/api_key").text,
        stack.run("odoo", "cat", "/run/sentinel-db/password").text.strip(),
    ]
    assert all(len(secret) >= 40 for secret in secrets)
    seen = []
    for service in SERVICES:
        container = stack.container(service)
        seen += [json.dumps(container.attrs), json.dumps(container.top()), stack.logs(service)]
    for image in map(stack.client.images.get, _IMAGES):
        seen += [json.dumps(image.attrs), json.dumps(image.history())]
    for secret in secrets:
        assert not [text for text in seen if secret in text]
    for text in seen:
        assert "POSTGRES_PASSWORD=" not in text


def test_an_image_has_no_tests_and_nothing_of_the_clone(stack: Stack) -> None:
    for image in _IMAGES:
        found = stack.client.containers.run(
            image,
            entrypoint=["find"],
            command=["/", "-xdev", "(", "-name", ".env*", "-o", "-name", ".git", ")"],
            user="0",
            remove=True,
        )
        assert found.decode().split() == [], image
    assert stack.run("odoo", "ls", "/opt/sentinel-ops/addons/sentinel_ops_addon/tests").status


@pytest.mark.parametrize(
    ("script", "status", "said"),
    [
        ("ODOO_PASSWORD_FILE=/nowhere sentinel-ops list", 2, "not there or not readable"),
        (": >/tmp/f; ODOO_PASSWORD_FILE=/tmp/f sentinel-ops list", 2, "is empty"),
        ("ODOO_PASSWORD=a ODOO_PASSWORD_FILE=/tmp/f sentinel-ops list", 2, "are both set"),
        ("sentinel-ops list", 2, "Missing settings: ODOO_URL"),
        (
            "printf open-sesame >/tmp/f; ODOO_PASSWORD_FILE=/tmp/f sentinel-ops list",
            2,
            "Missing settings: ODOO_URL, ODOO_DB, ODOO_USERNAME.",
        ),
        ("healthy", 1, "no pull has worked"),
        ("touch /tmp/pulled; healthy", 0, "pulled within"),
        ("touch -d '-10 minutes' /tmp/pulled; healthy", 1, "no pull has worked for 3 minutes"),
    ],
)
def test_the_auditors_commands_alone(stack: Stack, script: str, status: int, said: str) -> None:
    container = stack.client.containers.run(
        "sentinel-ops-auditor",
        entrypoint=["sh", "-c"],
        command=[script],
        read_only=True,
        tmpfs={"/tmp": ""},
        detach=True,
    )
    try:
        assert container.wait(timeout=120)["StatusCode"] == status
        text = container.logs().decode()
        assert said in " ".join(text.split())
        assert "open-sesame" not in text
    finally:
        container.remove(force=True, v=True)


def test_a_secret_of_docker_is_found_by_its_name(stack: Stack) -> None:
    said = stack.client.containers.run(
        "sentinel-ops-auditor",
        entrypoint=["sh", "-c"],
        command=[
            "mkdir -p /run/secrets && echo open-sesame >/run/secrets/odoo_password"
            " && sentinel-ops list 2>&1; true"
        ],
        # Only the engine writes there.
        user="0",
        remove=True,
    ).decode()
    assert "ODOO_PASSWORD" not in said
    assert "Missing settings: ODOO_URL, ODOO_DB, ODOO_USERNAME." in " ".join(said.split())
