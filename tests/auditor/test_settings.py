"""What is written about the settings is what they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from auditor.settings import REQUIRED, Settings, load

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"(#?)([A-Z][A-Z0-9_]*)=(.*)")


def template() -> dict[str, tuple[bool, str]]:
    """Return by setting whether the template has it commented out, and with which value."""
    lines = (ROOT / ".env.local.template").read_text().splitlines()
    found = [match for line in lines if (match := LINE.fullmatch(line))]
    settings = {match[2].lower(): (bool(match[1]), match[3]) for match in found}
    assert len(settings) == len(found), "a setting stands there twice"
    return settings


def test_the_template_names_every_setting_and_nothing_else() -> None:
    assert set(template()) == set(Settings.model_fields)


def test_the_template_shows_the_defaults() -> None:
    for name, (commented, shown) in template().items():
        assert commented == (name not in REQUIRED), name
        if name in REQUIRED:
            continue
        default = Settings.model_fields[name].default
        written = {True: "true", False: "false", None: ""}.get(default, default)
        if isinstance(default, float):
            written = f"{default:g}"
        assert shown == written, name


def test_the_template_as_it_is_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / ".env.local.template").read_text()
    (tmp_path / ".env.local").write_text(re.sub(r"^#([A-Z_]+=)", r"\1", text, flags=re.MULTILINE))
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    settings = load()
    assert settings.odoo_url == "https://odoo.example.com"
    for name, info in Settings.model_fields.items():
        if name not in REQUIRED:
            assert getattr(settings, name) == info.default, name


def test_the_documented_table_is_complete() -> None:
    text = (ROOT / "docs" / "auditor.md").read_text()
    chapter = text.partition("\n## Settings\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in chapter.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)]
    assert sorted(named) == sorted(name.upper() for name in Settings.model_fields)


def test_secrets_are_of_the_type_that_hides_them() -> None:
    telling = re.compile("password|token|key|webhook|smtp_url|deadman")
    for name, info in Settings.model_fields.items():
        assert bool(telling.search(name)) == (SecretStr in getattr(info.annotation, "__args__", ()))
