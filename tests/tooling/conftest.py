"""Fixtures of the tooling's tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel_env.layout import Cache
from tests.tooling.fake_debian import FakeDebian, serving


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """Return an empty cache."""
    return Cache(tmp_path / "cache")


@pytest.fixture
def debian(tmp_path: Path) -> Iterator[FakeDebian]:
    """Give an empty Debian archive."""
    for tool, package in (("apt-get", "apt"), ("gpg", "gnupg"), ("dpkg-deb", "dpkg")):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed (apt-get install {package}); no real apt here")
    archive = FakeDebian(tmp_path / "archive")
    yield archive
    archive.close()


@pytest.fixture
def mirror(debian: FakeDebian, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve `debian` and make it the mirror that set-up uses."""
    debian.tree.mkdir()
    with serving(debian.tree) as address:
        monkeypatch.setenv("DEBIAN_MIRROR", address)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        yield address
