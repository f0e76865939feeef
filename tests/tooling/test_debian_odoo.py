"""Odoo out of a Debian archive: real apt, real signature, a small package in Odoo's place."""

import json
import shutil
from pathlib import Path

import pytest

from sentinel_env import debian_odoo
from sentinel_env.debian_archive import DebianArchive
from sentinel_env.errors import SetupError
from sentinel_env.layout import Cache
from tests.tooling.fake_debian import FakeDebian

TREE = "usr/lib/python3/dist-packages"
RELEASE = "version_info = (19, 0, 0, 'final', 0, '')\n"
UP = "../../../../share"


def _publish(
    debian: FakeDebian, version: str = "19.0.0+dfsg-1", *, jquery: bool = True, odoo: bool = True
) -> None:
    """Publish what set-up looks for: Odoo, its neighbours, two versions of one font."""
    if odoo:
        debian.add(
            "sid",
            "odoo-19",
            version,
            {
                f"{TREE}/odoo/release.py": RELEASE,
                f"{TREE}/odoo/jquery.js": f"-> {UP}/javascript/jquery/jquery.js",
                f"{TREE}/odoo/font.ttf": f"-> {UP}/fonts/not-there.ttf",
            },
        )
    for name in ("libjs-jquery", "libjs-underscore", "fonts-roboto-unhinted"):
        file = {"usr/share/javascript/jquery/jquery.js": "//"} if name == "libjs-jquery" else {}
        if jquery or name != "libjs-jquery":
            debian.add("sid", name, "1.0", file or {f"usr/share/doc/{name}": "x"})
    debian.add("sid", "fonts-font-awesome", "7.0-1", {"usr/share/new": "7"})
    debian.add("trixie", "fonts-font-awesome", "5.0.10+really4.7.0-1", {"usr/share/old": "4.7"})
    debian.publish()


def test_it_arrives_whole_with_its_neighbours(
    cache: Cache, debian: FakeDebian, mirror: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _publish(debian)
    path = debian_odoo.ensure(cache, debian.keyring)
    assert (path / "odoo" / "release.py").read_text() == RELEASE
    assert (path / "odoo" / "jquery.js").read_text() == "//"
    root = path.parents[3]
    assert (root / "usr/share/old").read_text() == "4.7"
    assert not (root / "usr/share/new").exists()
    assert json.loads((root / "manifest.json").read_text())["version"] == "19.0.0+dfsg-1"
    said = capsys.readouterr().out
    assert "font.ttf is a link to a file that is not there" in said
    assert mirror


def test_the_second_time_needs_no_network(
    cache: Cache, debian: FakeDebian, mirror: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(debian)
    first = debian_odoo.ensure(cache, debian.keyring)
    shutil.rmtree(debian.tree)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert debian_odoo.ensure(cache, debian.keyring) == first
    assert mirror


def test_a_newer_build_is_taken_and_said(
    cache: Cache, debian: FakeDebian, mirror: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _publish(debian, "19.0.1+dfsg-3")
    debian_odoo.ensure(cache, debian.keyring)
    said = capsys.readouterr().out
    assert "19.0.1+dfsg-3; tried so far: 19.0.0+dfsg-1" in said
    assert "ODOO_PATH" in said
    assert mirror


@pytest.mark.parametrize("version", ["20.0.0-1", None])
def test_no_odoo_19_any_more_says_how_to_go_on(
    cache: Cache, debian: FakeDebian, mirror: str, version: str | None
) -> None:
    _publish(debian, version or "", odoo=version is not None)
    with pytest.raises(SetupError) as caught:
        debian_odoo.ensure(cache, debian.keyring)
    assert (version or "no package odoo-19") in caught.value.message
    assert "ODOO_PATH" in caught.value.remedy
    assert "snapshot" in caught.value.remedy
    assert debian_odoo.installed(cache) is None
    assert mirror


def test_a_half_downloaded_package_is_noticed_and_fetched_again(
    cache: Cache, debian: FakeDebian, mirror: str
) -> None:
    _publish(debian)
    half = cache.downloads / "packages" / "odoo-19_19.0.0+dfsg-1_all.deb"
    half.parent.mkdir(parents=True)
    whole = (debian.tree / "pool" / half.name).read_bytes()
    half.write_bytes(whole[: len(whole) // 2])
    path = debian_odoo.ensure(cache, debian.keyring)
    assert (path / "odoo" / "release.py").read_text() == RELEASE
    assert mirror


def test_a_right_sized_package_with_other_bytes_is_noticed(
    tmp_path: Path, debian: FakeDebian, mirror: str
) -> None:
    _publish(debian)
    archive = DebianArchive(mirror, tmp_path / "a", pinned=True, keyring=debian.keyring)
    archive.update("sid")
    package = archive.find("odoo-19")
    assert package is not None
    file = archive.fetch(package)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert archive.fetch(package).read_bytes() == whole


def test_a_package_that_the_index_does_not_describe_is_refused(
    cache: Cache, debian: FakeDebian, mirror: str
) -> None:
    _publish(debian)
    deb = debian.tree / "pool" / "odoo-19_19.0.0+dfsg-1_all.deb"
    deb.write_bytes(deb.read_bytes() + b"more")
    with pytest.raises(SetupError, match="odoo-19") as caught:
        debian_odoo.ensure(cache, debian.keyring)
    assert caught.value.remedy
    assert debian_odoo.installed(cache) is None
    assert mirror


@pytest.mark.parametrize("signed", [True, False])
def test_an_archive_not_signed_by_debian_is_refused(
    cache: Cache, debian: FakeDebian, mirror: str, tmp_path: Path, signed: bool
) -> None:
    _publish(debian)
    debian.publish(sign=signed)
    keyring = debian.keyring
    if signed:
        other = FakeDebian(tmp_path / "other")
        keyring = other.keyring
        other.close()
    with pytest.raises(SetupError, match="reading the index") as caught:
        debian_odoo.ensure(cache, keyring)
    assert "debian-archive-keyring" in caught.value.remedy
    assert debian_odoo.installed(cache) is None
    assert mirror


def test_a_tree_without_what_its_pages_need_is_not_kept(
    cache: Cache, debian: FakeDebian, mirror: str
) -> None:
    _publish(debian, jquery=False)
    with pytest.raises(SetupError, match=r"jquery\.js"):
        debian_odoo.ensure(cache, debian.keyring)
    assert debian_odoo.installed(cache) is None
    assert list(cache.odoo.iterdir()) == []
    assert mirror


def test_without_network_and_without_cache_there_is_one_clear_error(
    cache: Cache, debian: FakeDebian, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Port 1 is closed on every machine that is not meant to confuse.
    monkeypatch.setenv("DEBIAN_MIRROR", "http://127.0.0.1:1/debian")
    with pytest.raises(SetupError, match="reading the index") as caught:
        debian_odoo.ensure(cache, debian.keyring)
    assert "connect to the network" in caught.value.remedy
    assert "ODOO_PATH" in caught.value.remedy
