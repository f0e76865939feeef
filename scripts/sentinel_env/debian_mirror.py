"""Which Debian archive to ask: the one this machine already trusts, never one named here."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from .commands import clean_environment, run
from .errors import SetupError

DEBOOTSTRAP_SCRIPTS = Path("/usr/share/debootstrap/scripts")

_INDEX = re.compile(
    r"^'(?P<base>\S+)/dists/(?P<suite>[^/\s]+)/main/binary-[^/]+/Packages[^']*'", re.MULTILINE
)
_SUITES = frozenset(
    "oldoldstable oldstable stable testing unstable sid bullseye bookworm trixie forky duke".split()
)
_DEFAULT_MIRROR = re.compile(r"^\s*default_mirror\s+(\S+)", re.MULTILINE)
_PROGRAM_MIRROR = re.compile(r"^DEF_MIRROR=[\"']?([^\"'\s]+)", re.MULTILINE)
_OFFLINE_METHODS = ("cdrom:", "file:", "copy:")


def mirrors(scripts: Path = DEBOOTSTRAP_SCRIPTS, apt_options: Sequence[str] = ()) -> list[str]:
    """Return the URIs of Debian archives to try, best first.

    In this order: DEBIAN_MIRROR; what apt is set up with here, when that is Debian; the default
    of an installed debootstrap (on Ubuntu, whose own mirrors do not carry Debian).

    :param apt_options: further `-o` options for apt, to look at other configuration files.
    :raises SetupError: there is none.
    """
    given = os.environ.get("DEBIAN_MIRROR", "").strip().rstrip("/")
    if given:
        return [given]
    found = configured(apt_options) or _of_debootstrap(scripts)
    if not found:
        raise SetupError(
            "no Debian archive is known here: apt is set up for another distribution, "
            "DEBIAN_MIRROR is not set, and debootstrap (which knows one) is not installed",
            "sudo apt-get update && sudo apt-get install -y debian-archive-keyring debootstrap"
            "; or set DEBIAN_MIRROR to the address of a Debian mirror; or set ODOO_PATH to a"
            " checkout of Odoo 19",
        )
    return found


def configured(apt_options: Sequence[str] = ()) -> list[str]:
    """Return the Debian archives that apt is set up with.

    apt itself is asked (`update --print-uris` fetches nothing), because its two file formats,
    options in brackets and variables are its own to read; `apt-get indextargets` was rejected,
    it knows nothing before the first `apt-get update`.
    """
    listing = run(
        ["apt-get", "update", "--print-uris", "-oDebug::NoLocking=1", *apt_options],
        what="asking apt for its sources",
        env=clean_environment({"LC_ALL": "C"}),
    )
    found: list[str] = []
    for match in _INDEX.finditer(listing):
        base, suite = match["base"].rstrip("/"), match["suite"]
        if suite in _SUITES and base not in found and not base.startswith(_OFFLINE_METHODS):
            found.append(base)
    # Others use Debian's suite names for their own packages; Debian's archive ends in /debian or
    # is a mirror list. A wrong one would only cost a try: the signature decides.
    return sorted(found, key=lambda base: not (base.endswith("/debian") or "mirror+" in base))


def _of_debootstrap(scripts: Path) -> list[str]:
    # A suite's script may name its mirror; where none does, the program has the default. On
    # Ubuntu that default is Ubuntu's own archive, of no use here.
    program = scripts.parent.parent.parent / "sbin" / "debootstrap"
    for file, pattern in (
        (scripts / "sid", _DEFAULT_MIRROR),
        (scripts / "debian-common", _DEFAULT_MIRROR),
        (program, _PROGRAM_MIRROR),
    ):
        match = pattern.search(file.read_text(errors="replace")) if file.is_file() else None
        if match and "ubuntu" not in match[1]:
            return [match[1].rstrip("/")]
    return []
