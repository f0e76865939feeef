"""What every command shares: options, settings, the two consoles."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console

    from auditor.odoo.client import Client
    from auditor.settings import Settings

_F = TypeVar("_F", bound=Callable[..., Any])
_WIDTH_WHEN_PIPED = 160


class App:
    """State of one invocation. What is costly is made when it is first used."""

    def __init__(self) -> None:
        self.arguments: dict[str, Any] = {}
        self.as_json = False
        self.debug = False
        self.request_id = str(uuid.uuid4())

    @cached_property
    def settings(self) -> Settings:
        """Settings, with logging set up by them.

        :raises BadInput: a setting can't be used.
        """
        from auditor import logs, telemetry
        from auditor.settings import load

        settings = load(**self.arguments)
        logs.set_up(settings)
        telemetry.set_up(environment=settings.environment)
        return settings

    @cached_property
    def out(self) -> Console:
        """Results."""
        return _console(sys.stdout)

    @cached_property
    def err(self) -> Console:
        """Progress and everything that is not the result."""
        return _console(sys.stderr)

    def client(self) -> Client:
        """Return a client for the Odoo that the settings name.

        :raises BadInput: settings are missing.
        """
        from auditor.odoo.client import connect

        return connect(self.settings.connection())

    def print_json(self, value: object) -> None:
        """Print the one JSON document that ``--json`` promises."""
        import json

        text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def _console(stream: IO[str]) -> Console:
    from rich.console import Console

    # Piped into a file there is no width to fit into, and a cut-off name helps nobody.
    width = None if stream.isatty() or "COLUMNS" in os.environ else _WIDTH_WHEN_PIPED
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


pass_app = click.make_pass_decorator(App, ensure=True)


def _argument(context: click.Context, option: click.Parameter, value: object) -> None:
    if value is not None:
        context.ensure_object(App).arguments[str(option.name)] = value


def _flag(context: click.Context, option: click.Parameter, value: bool) -> None:
    if value:
        setattr(context.ensure_object(App), str(option.name), True)


def common_options(function: _F) -> _F:
    """Give a command the options that every command has, before or after its name.

    There is no option for the password: every user of a machine can read command lines.
    """
    kept: dict[str, Any] = {"expose_value": False, "callback": _argument}
    flags: dict[str, Any] = {"expose_value": False, "callback": _flag, "is_flag": True}
    for decorate in (
        click.option("--debug", help="Show the traceback of an error.", **flags),
        click.option("--log-level", metavar="LEVEL", help="Overrides LOG_LEVEL.", **kept),
        click.option(
            "--store",
            "sentinel_store",
            metavar="FILE|ADDRESS",
            help="Overrides SENTINEL_STORE: a file, or bigquery://PROJECT/DATASET.",
            **kept,
        ),
        click.option(
            "--username", "odoo_username", metavar="LOGIN", help="Overrides ODOO_USERNAME.", **kept
        ),
        click.option("--db", "odoo_db", metavar="NAME", help="Overrides ODOO_DB.", **kept),
        click.option("--url", "odoo_url", metavar="URL", help="Overrides ODOO_URL.", **kept),
    ):
        function = decorate(function)
    return function


def json_option(function: _F) -> _F:
    """Give a command ``--json``."""
    return click.option(
        "--json",
        "as_json",
        is_flag=True,
        expose_value=False,
        callback=_flag,
        help="Print one JSON document instead of text, errors included.",
    )(function)
