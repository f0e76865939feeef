"""Which archive is asked: what apt itself reads out of its files."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sentinel_env.debian_mirror import configured, mirrors
from sentinel_env.errors import SetupError

pytestmark = pytest.mark.skipif(
    shutil.which("apt-get") is None, reason="no apt-get here: this is about apt's own files"
)

# example.org stands for a mirror near the user.
DEB822 = """
Types: deb
URIs: http://mirror.example.org/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://mirror.example.org/debian-security
Suites: bookworm-security
Components: main
"""
ONE_LINE = "deb [arch=amd64 signed-by=/x.gpg] http://mirror.example.org/debian trixie main\n"
UBUNTU = "deb http://mirror.example.org/ubuntu noble main universe\n"

Options = Callable[..., list[str]]


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Options:
    """Return a function that makes apt read these files instead of the machine's."""
    monkeypatch.delenv("DEBIAN_MIRROR", raising=False)

    def write(one_line: str = "", **parts: str) -> list[str]:
        (tmp_path / "sources.list").write_text(one_line)
        folder = tmp_path / "parts"
        folder.mkdir()
        for name, text in parts.items():
            (folder / f"{name}.sources").write_text(text)
        return [
            f"-oDir::Etc::SourceList={tmp_path / 'sources.list'}",
            f"-oDir::Etc::SourceParts={folder}",
            f"-oDir::State::lists={tmp_path / 'lists'}",
            "-oAPT::Architecture=amd64",
        ]

    return write


def test_deb822(apt: Options) -> None:
    assert configured(apt(debian=DEB822)) == ["http://mirror.example.org/debian"]


def test_one_line(apt: Options) -> None:
    assert configured(apt(ONE_LINE)) == ["http://mirror.example.org/debian"]


def test_a_disabled_source_does_not_count(apt: Options) -> None:
    assert configured(apt(debian=DEB822.replace("Types:", "Enabled: no\nTypes:"))) == []


def test_the_mirror_list_of_cloud_images(apt: Options) -> None:
    options = apt(debian=DEB822.replace("http://mirror.example.org/", "mirror+file:///etc/m/"))
    assert configured(options) == ["mirror+file:/etc/m/debian"]


def test_debian_comes_before_others_that_use_its_suite_names(apt: Options) -> None:
    other = "deb http://packages.example.com/tool bookworm main\n"
    assert configured(apt(other, debian=DEB822)) == [
        "http://mirror.example.org/debian",
        "http://packages.example.com/tool",
    ]


def test_a_cd_is_no_archive(apt: Options) -> None:
    assert configured(apt("deb cdrom:[Debian 12]/ bookworm main\n" + ONE_LINE)) == [
        "http://mirror.example.org/debian"
    ]


def test_ubuntu_takes_what_debootstrap_knows(apt: Options, tmp_path: Path) -> None:
    scripts = tmp_path / "usr" / "share" / "debootstrap" / "scripts"
    scripts.mkdir(parents=True)
    (scripts / "sid").write_text("keyring /x\ndefault_mirror http://mirror.example.net/debian/\n")
    assert mirrors(scripts, apt(UBUNTU)) == ["http://mirror.example.net/debian"]


def test_a_debootstrap_that_keeps_it_in_the_program(apt: Options, tmp_path: Path) -> None:
    scripts = tmp_path / "usr" / "share" / "debootstrap" / "scripts"
    scripts.mkdir(parents=True)
    (scripts / "sid").write_text("keyring /x\n")
    (tmp_path / "usr" / "sbin").mkdir()
    program = tmp_path / "usr" / "sbin" / "debootstrap"
    program.write_text('DEF_MIRROR="http://mirror.example.net/debian"\n')
    options = apt(UBUNTU)
    assert mirrors(scripts, options) == ["http://mirror.example.net/debian"]
    program.write_text('DEF_MIRROR="http://mirror.example.net/ubuntu"\n')
    with pytest.raises(SetupError):
        mirrors(scripts, options)


def test_ubuntu_without_it_is_told_what_to_install(apt: Options, tmp_path: Path) -> None:
    with pytest.raises(SetupError) as caught:
        mirrors(tmp_path / "nothing", apt(UBUNTU))
    assert "install -y debian-archive-keyring debootstrap" in caught.value.remedy
    assert "DEBIAN_MIRROR" in caught.value.remedy


def test_what_the_user_says_comes_first(
    apt: Options, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    options = apt(debian=DEB822)
    monkeypatch.setenv("DEBIAN_MIRROR", "http://mine.example.com/debian/")
    assert mirrors(tmp_path, options) == ["http://mine.example.com/debian"]
