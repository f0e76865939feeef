"""What a bare image may lack, checked before anything long starts."""

import os
import shutil
import sys
from pathlib import Path

from .commands import clean_environment, run
from .errors import SetupError

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def base_python() -> str:
    """Return the Python that a virtual environment may be built from.

    `. .sentinel/env` puts the clone's own environment first in PATH; building on that one would
    tie the shared cache to a clone.
    """
    return os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)


def install_command(packages: list[str]) -> str:
    """Return the command that installs Debian or Ubuntu `packages` for this user."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get update && {sudo}apt-get install -y {' '.join(packages)}"


def check(*, needs_debian: bool, keyring: Path = KEYRING) -> None:
    """Check for the tools that set-up calls.

    :param needs_debian: Odoo will be fetched from Debian, so apt-get and the keyring must be there.
    :raises SetupError: names all that is missing at once, and the command that installs it.
    """
    missing: dict[str, str] = {}
    try:
        run([base_python(), "-c", "import venv, ensurepip"], what="looking for venv")
    except SetupError:
        missing["python3-venv"] = "the Python module venv (with ensurepip)"
    if needs_debian:
        if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
            raise SetupError(
                "Odoo 19 would be fetched from Debian, but this machine has no apt-get",
                "get a checkout of Odoo 19 and name it: make ODOO_PATH=/path/to/odoo demo",
            )
        if not keyring.is_file():
            missing["debian-archive-keyring"] = (
                f"{keyring}, the keys that Debian signs its packages with"
            )
    if missing:
        raise SetupError(
            "this machine lacks:\n"
            + "\n".join(f"    - {why} (package {package})" for package, why in missing.items()),
            install_command(sorted(missing)),
        )


def native_architecture() -> str:
    """Return Debian's name of this machine's architecture, such as `amd64`."""
    return run(
        ["dpkg", "--print-architecture"], what="asking dpkg", env=clean_environment()
    ).strip()
