"""Whose Odoo is used."""

from pathlib import Path

import pytest

from sentinel_env import odoo_source
from sentinel_env.errors import SetupError
from sentinel_env.layout import Cache


def _checkout(folder: Path, version: str = "19, 0, 0") -> Path:
    (folder / "odoo").mkdir(parents=True)
    (folder / "odoo-bin").touch()
    (folder / "odoo" / "release.py").write_text(f"version_info = ({version}, 'final', 0, '')\n")
    (folder / "addons" / "sale").mkdir(parents=True)
    (folder / "addons" / "sale" / "__manifest__.py").write_text("{}")
    return folder


def test_a_checkout_is_taken_with_its_addons(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _checkout(tmp_path / "odoo")
    monkeypatch.setenv("ODOO_PATH", str(folder))
    source = odoo_source.locate(cache)
    assert source.path == folder
    assert source.addons == [folder / "addons"]


def test_the_package_itself_may_be_named(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _checkout(tmp_path / "src")
    monkeypatch.setenv("ODOO_PATH", str(folder / "odoo"))
    assert odoo_source.locate(cache).path == folder


def test_another_version_is_refused(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODOO_PATH", str(_checkout(tmp_path / "odoo", "18, 0, 0")))
    with pytest.raises(SetupError, match=r"Odoo 18\.0; this project needs Odoo 19"):
        odoo_source.locate(cache)


@pytest.mark.parametrize("name", ["empty", "nowhere"])
def test_a_folder_without_odoo_is_refused(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("ODOO_PATH", str(tmp_path / name))
    with pytest.raises(SetupError, match="holds no Odoo"):
        odoo_source.locate(cache)


def test_our_own_answer_read_back_is_no_wish(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODOO_PATH", str(cache.odoo / "debian-19" / "usr/lib"))
    assert odoo_source.given_path(cache) is None
