"""Odoo's own commands."""

import os
import subprocess
from typing import NoReturn

from .configuration import ADDON, Configuration
from .errors import StartError

_REMEDY = "the log above says why; correct it and start the container again"


def install(configuration: Configuration) -> None:
    """Install the apps and the addon in a new database.

    :raises StartError: Odoo could not.
    """
    modules = ",".join([*configuration.apps, ADDON])
    demo = "--with-demo" if configuration.demo else "--without-demo"
    _odoo("-i", modules, demo, "--stop-after-init", "--no-http", "--max-cron-threads=0")


def upgrade() -> None:
    """Bring the database to the addon's version.

    :raises StartError: Odoo could not.
    """
    _odoo("-u", ADDON, "--stop-after-init", "--no-http", "--max-cron-threads=0")


def shell(database: str, code: str) -> None:
    """Run Python `code` in Odoo's shell on `database`; `env` is the superuser's.

    :raises StartError: it ended with an error.
    """
    _odoo("shell", "-d", database, "--no-http", "--shell-interface=python", feed=code)


def serve(arguments: list[str]) -> NoReturn:
    """Become Odoo's server."""
    os.execvp("odoo", ["odoo", *arguments])


def _odoo(*arguments: str, feed: str = "") -> None:
    result = subprocess.run(["odoo", *arguments], check=False, input=feed, text=True)
    if result.returncode != 0:
        raise StartError(f"odoo {arguments[0]} ended with {result.returncode}", _REMEDY)
