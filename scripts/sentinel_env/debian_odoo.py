"""Odoo 19 from Debian's package, unpacked into the cache."""

import json
import os
import shutil
from pathlib import Path

from .commands import run
from .console import busy, note
from .debian_archive import DebianArchive, Package
from .debian_mirror import mirrors
from .errors import SetupError
from .folders import built_whole, prepare, sweep
from .layout import Cache
from .locks import exclusive
from .prerequisites import KEYRING

TRIED = ("19.0.0+dfsg-1",)
SUITE = "sid"
PACKAGE = "odoo-19"
# Odoo's tree has links into these.
_NEIGHBOURS = (
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-roboto-unhinted",
    "fonts-montserrat",
    "fonts-inconsolata",
    "fonts-ocr-b",
)
# Odoo 19 wants the files of Font Awesome 4.7; newer suites have a version without them.
_FONT_AWESOME = "fonts-font-awesome"
_FONT_AWESOME_VERSION = "4.7"
_FONT_AWESOME_SUITES = (SUITE, "trixie", "bookworm")
_TREE = Path("usr/lib/python3/dist-packages")
# Without these the login page answers 500 or has no buttons; fonts only look different.
_ESSENTIAL = ("jquery.js", "underscore.js", "fontawesome-webfont.woff2")

_GO_ON = (
    "name a checkout of Odoo 19: make ODOO_PATH=/path/to/odoo demo; or set DEBIAN_MIRROR to a "
    "dated snapshot of the Debian archive that still has odoo-19 "
    f"({', '.join(TRIED)} is known to work)"
)


def installed(cache: Cache) -> Path | None:
    """Return the newest Odoo tree in the cache, or None."""
    found = sorted(cache.odoo.glob("debian-19*"), key=lambda folder: folder.stat().st_mtime)
    return found[-1] / _TREE if found else None


def ensure(cache: Cache, keyring: Path = KEYRING) -> Path:
    """Return the folder that holds the package `odoo`, fetched if it is not in the cache yet.

    :param keyring: the keys that the archive must be signed with.
    :raises SetupError: it is neither in the cache nor to be had.
    """
    there = installed(cache)
    if there is not None:
        return there
    prepare(cache.root)
    with exclusive(cache.lock("odoo"), "Odoo 19"):
        # Another run may have brought it while this one waited.
        there = installed(cache)
        if there is not None:
            return there
        sweep(cache.odoo)
        return _bring(cache, keyring)


def _bring(cache: Cache, keyring: Path) -> Path:
    note("Odoo 19 is not in the cache yet; it comes from Debian's package odoo-19 (123 MB)")
    archive, odoo = _first_archive_with_odoo(cache, keyring)
    if odoo.version not in TRIED:
        note(f"Debian has {odoo.version}; tried so far: {', '.join(TRIED)}. Going on with it;")
        note(f"if it fails, {_GO_ON}")
    files = []
    with busy(f"downloading {odoo.name} {odoo.version}"):
        files.append(archive.fetch(odoo))
    with busy("downloading the scripts and fonts that it links to"):
        for name in _NEIGHBOURS:
            neighbour = archive.find(name)
            if neighbour is not None:
                files.append(archive.fetch(neighbour))
        files.append(_font_awesome(archive))
    target = cache.odoo / f"debian-{odoo.version}"
    with built_whole(target) as folder:
        with busy("unpacking (1.1 GB)"):
            for file in files:
                run(
                    ["dpkg-deb", "-x", file, folder],
                    what=f"unpacking {file.name}",
                    remedy="look at the free disk space (df -h), and run it again",
                )
        _check_links(folder / _TREE)
        manifest = {"version": odoo.version, "sha256": odoo.sha256, "packages": []}
        manifest["packages"] = [file.name for file in files]
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=2))
    # Indexes and packages have done their work; the unpacked tree is what is kept.
    shutil.rmtree(archive.folder, ignore_errors=True)
    return target / _TREE


def _first_archive_with_odoo(cache: Cache, keyring: Path) -> tuple[DebianArchive, Package]:
    pinned = bool(os.environ.get("DEBIAN_MIRROR"))
    failures: list[SetupError] = []
    for mirror in mirrors():
        archive = DebianArchive(mirror, prepare(cache.downloads), pinned=pinned, keyring=keyring)
        try:
            with busy(f"reading the index of Debian {SUITE}"):
                archive.update(SUITE)
        except SetupError as error:
            failures.append(error)
            continue
        odoo = archive.find(PACKAGE)
        if odoo is None:
            raise SetupError(f"Debian {SUITE} has no package {PACKAGE} any more", _GO_ON)
        if not odoo.version.startswith("19."):
            raise SetupError(f"{PACKAGE} in Debian is {odoo.version}, not Odoo 19", _GO_ON)
        return archive, odoo
    raise failures[0]


def _font_awesome(archive: DebianArchive) -> Path:
    for suite in _FONT_AWESOME_SUITES:
        archive.update(suite)
        package = archive.find(_FONT_AWESOME, _FONT_AWESOME_VERSION)
        if package is not None:
            return archive.fetch(package)
    raise SetupError(
        f"no Debian suite of {_FONT_AWESOME_SUITES} has {_FONT_AWESOME} {_FONT_AWESOME_VERSION}",
        _GO_ON,
    )


def _check_links(tree: Path) -> None:
    if not (tree / "odoo" / "release.py").is_file():
        raise SetupError(f"the package has no {_TREE}/odoo, unlike the versions tried", _GO_ON)
    dead = [
        path
        for folder, _folders, files in os.walk(tree)
        for path in (Path(folder) / name for name in files)
        if path.is_symlink() and not path.exists()
    ]
    fatal = [path for path in dead if path.name in _ESSENTIAL]
    if fatal:
        raise SetupError(
            "the unpacked Odoo lacks files that its pages need: "
            + ", ".join(str(path.relative_to(tree)) for path in fatal),
            _GO_ON,
        )
    for path in dead:
        note(f"without effect here: {path.relative_to(tree)} is a link to a file that is not there")
