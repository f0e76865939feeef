"""What holds for the containers without an engine; the rest is in tests/docker."""

import os
import re
import subprocess
from pathlib import Path
from typing import get_args

import pytest
from pydantic import SecretStr

from auditor.settings import Settings
from sentinel_env.containers import engine, images
from sentinel_env.containers.engine import Engine
from sentinel_env.errors import SetupError
from sentinel_env.layout import Cache, Clone
from tests.support.workshop import Workshop

ROOT = Path(__file__).resolve().parents[2]
CLONE = Clone(ROOT)


def commands(folder: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> None:
    """Put programs in front of PATH; each is a shell script that notes its arguments."""
    folder.mkdir(exist_ok=True)
    for name, script in scripts.items():
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "$0 $*" >>"{folder}/called"\n{script}\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def called(folder: Path) -> str:
    """Return which of them were called, with which arguments."""
    return (folder / "called").read_text() if (folder / "called").is_file() else ""


def test_every_secret_of_the_auditor_can_come_in_a_file() -> None:
    script = (ROOT / "docker" / "auditor" / "sentinel-ops").read_text()
    taken = dict(re.findall(r"^take (\w+) (\w+)$", script, re.MULTILINE))
    secrets = {
        name
        for name, field in Settings.model_fields.items()
        if SecretStr in get_args(field.annotation)
    }
    assert set(taken.values()) == secrets
    assert all(name == file.upper() for name, file in taken.items())


def test_no_secret_and_no_registry_stands_in_the_files() -> None:
    files = [ROOT / "docker-compose.yml", *(ROOT / "docker").rglob("Dockerfile")]
    for file in files:
        text = file.read_text()
        assert not re.search(r"(PASSWORD|TOKEN|SECRET|KEY)[ \t]*[=:][ \t]*[^\s/]", text), file
        assert not re.search(r"(?m)^FROM \S+[./]\S+/", text), file


def test_links_lead_to_the_port_that_is_published() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    published = re.search(r"SENTINEL_ADDRESS:-127\.0\.0\.1\}:(\S+):8069\n", text)
    assert published
    assert f"ODOO_PUBLIC_URL: http://localhost:{published[1]}\n" in text


def test_each_base_image_has_what_stands_in_for_it() -> None:
    wanted = images.wanted(CLONE)
    assert wanted == ["python:3.13-slim", "odoo:19", "postgres:17"]
    for image in wanted:
        assert (ROOT / "tests/docker/standins" / image.partition(":")[0] / "Dockerfile").is_file()


def test_no_engine_and_no_way_to_start_one(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands(tmp_path / "bin", monkeypatch, docker="exit 1")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SetupError, match="no container engine can be used here") as caught:
        engine.ensure(cache)
    assert "start Docker" in caught.value.remedy


def test_an_engine_that_was_named_is_not_replaced_by_another(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands(tmp_path / "bin", monkeypatch, docker="exit 1", dockerd="exit 0")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")
    with pytest.raises(SetupError, match=r"DOCKER_HOST is unix:///nowhere.sock") as caught:
        engine.ensure(cache)
    assert "unset DOCKER_HOST" in caught.value.remedy
    assert "dockerd" not in called(tmp_path / "bin").replace("docker ", "")


def test_an_engine_that_runs_is_used_and_left_running(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands(tmp_path / "bin", monkeypatch, docker="echo 1.2.3", dockerd="exit 0")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    found = engine.ensure(cache)
    assert not found.is_ours
    found.stop()
    assert "/dockerd " not in called(tmp_path / "bin")


def test_an_engine_that_dies_at_once_is_an_error_with_its_log(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root starts an engine")
    commands(tmp_path / "bin", monkeypatch, docker="exit 1", dockerd="echo no cgroups here; exit 1")
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("SENTINEL_DOCKER_DATA", str(tmp_path / "data"))
    with pytest.raises(SetupError, match="no cgroups here"):
        engine.ensure(cache)


_DOCKER = """
case "$1 $2" in
"image inspect") [ -f "$0.there" ] && echo "$(cat "$0.there")" || exit 1 ;;
"pull --quiet") [ -f "$0.net" ] || { echo "no such host" >&2; exit 1; } ;;
esac
"""


def test_nothing_gets_an_official_name_in_an_engine_of_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands(tmp_path / "bin", monkeypatch, docker=_DOCKER)
    monkeypatch.delenv("SENTINEL_STANDINS", raising=False)
    with pytest.raises(SetupError, match="cannot be pulled") as caught:
        images.ensure(CLONE, Engine(""))
    assert "SENTINEL_STANDINS=yes" in caught.value.remedy
    assert " build " not in called(tmp_path / "bin")


@pytest.mark.parametrize("have", ["net", "there"])
def test_official_images_are_pulled_or_taken_as_they_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, have: str
) -> None:
    commands(tmp_path / "bin", monkeypatch, docker=_DOCKER)
    (tmp_path / "bin" / f"docker.{have}").touch()
    assert images.ensure(CLONE, Engine("")) == []
    said = called(tmp_path / "bin")
    assert (" pull " in said) == (have == "net")
    assert " build " not in said


_READ = """
import configparser, sys
from odoo.tools import config
config.parse_config(["-c", sys.argv[1]], setup_logging=False)
parser = configparser.RawConfigParser()
parser.read(sys.argv[1])
print(*(set(parser.options("options")) - set(config.options_index)))
print(config["log_handler"], config["db_name"], config["proxy_mode"])
"""


def test_odoo_knows_every_key_of_the_example(workshop: Workshop, tmp_path: Path) -> None:
    file = tmp_path / "odoo.conf"
    text = (ROOT / "odoo.conf.example").read_text()
    file.write_text(text.replace("/path/to/sentinel-ops", str(ROOT)))
    program = workshop.site.program
    result = subprocess.run(
        [str(program.python), "-c", _READ, str(file)],
        capture_output=True,
        text=True,
        env=program.environment(),
    )
    assert result.returncode == 0, result.stderr
    unknown, read = result.stdout.splitlines()
    assert not unknown
    assert "odoo.addons.rpc.controllers.xmlrpc:ERROR" in read
    assert read.endswith("['my_database'] True")


# They share a comment with the key above them.
_SECOND = ("db_port", "http_port", "limit_time_real", "limit_memory_hard")


def test_every_key_of_the_example_is_explained() -> None:
    before = ""
    for line in (ROOT / "odoo.conf.example").read_text().splitlines():
        key = line.partition("=")[0].strip()
        if line and not line.startswith((";", "[")) and key not in _SECOND:
            assert before.startswith(";"), line
            assert not before.startswith("; ---"), line
        before = line
