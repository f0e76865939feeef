"""Which Odoo 19 this is: the user's checkout, or Debian's package in the cache."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from . import debian_odoo
from .commands import clean_environment, run
from .errors import SetupError
from .layout import Cache, short_hash

_VERSION = re.compile(r"^version_info\s*=\s*\((\d+)\s*,\s*(\d+)", re.MULTILINE)


@dataclass(frozen=True)
class OdooSource:
    """A tree of Odoo 19.

    :param path: the folder that holds the Python package `odoo`.
    :param label: version for people.
    :param key: eight hex digits that change with the code, for the names of databases.
    """

    path: Path
    label: str
    key: str

    @property
    def addons(self) -> list[Path]:
        """Folders of modules beside the package itself (a checkout has one)."""
        beside = self.path / "addons"
        return [beside] if any(beside.glob("*/__manifest__.py")) else []


def given_path(cache: Cache) -> Path | None:
    """Return ODOO_PATH, or None when it is unset or only repeats what the cache gave before.

    `.sentinel/env` exports ODOO_PATH, so a shell that has read it must not look like a user
    with a checkout.
    """
    given = os.environ.get("ODOO_PATH", "").strip()
    if not given:
        return None
    path = Path(given).expanduser().resolve()
    return None if path.is_relative_to(cache.root) else path


def locate(cache: Cache) -> OdooSource:
    """Return the Odoo to work with, fetched from Debian when the user names none.

    :raises SetupError: there is none, or it is another version.
    """
    given = given_path(cache)
    if given is None:
        path = debian_odoo.ensure(cache)
        # .../odoo/debian-<version>/usr/lib/python3/dist-packages
        label = path.parents[3].name.removeprefix("debian-")
        return OdooSource(path, f"{label} (Debian)", short_hash(str(path)))
    path = _package_folder(given)
    major, minor = _version(path)
    if major != "19":
        raise SetupError(
            f"ODOO_PATH={given} is Odoo {major}.{minor}; this project needs Odoo 19",
            "check out branch 19.0 there, or unset ODOO_PATH to use Debian's package",
        )
    revision = _revision(given)
    label = f"{major}.{minor} at {given}"
    return OdooSource(path, label, short_hash(f"{path} {revision}"))


def _package_folder(given: Path) -> Path:
    for candidate in (given, given.parent, given / _DEBIAN_TREE):
        if (candidate / "odoo" / "release.py").is_file():
            return candidate
    raise SetupError(
        f"ODOO_PATH={given} holds no Odoo: neither odoo-bin with odoo/ nor a package odoo is there",
        "name the folder of the checkout, the one with odoo-bin, or unset ODOO_PATH",
    )


_DEBIAN_TREE = Path("usr/lib/python3/dist-packages")


def _version(path: Path) -> tuple[str, str]:
    # Read and not imported: this Python has none of Odoo's dependencies.
    match = _VERSION.search((path / "odoo" / "release.py").read_text())
    return (match[1], match[2]) if match else ("unknown", "")


def _revision(checkout: Path) -> str:
    if not (checkout / ".git").exists():
        return ""
    try:
        return run(
            ["git", "-C", checkout, "rev-parse", "HEAD"],
            what="reading the revision of the checkout",
            env=clean_environment(),
        ).strip()
    except SetupError:
        # No git, or a checkout of another user: the path alone has to do as an identity.
        return ""
