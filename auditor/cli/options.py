"""Options that several commands share, so that they mean the same everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

_F = TypeVar("_F", bound=Callable[..., Any])


def request_options(function: _F) -> _F:
    """Give a command what goes with a request for a run: ``reason``, ``idempotency_key``."""
    for decorate in (
        click.option(
            "--idempotency-key",
            default="",
            metavar="KEY",
            help="The same key and request give the same run, however often they are sent.",
        ),
        click.option("--reason", default="", help="Why; kept in the trail."),
    ):
        function = decorate(function)
    return function


def follow_options(*, wait: bool) -> Callable[[_F], _F]:
    """Give a command what goes with looking at a run: ``wait_for_end``, ``timeout``, ``shown``.

    :param wait: whether it waits for the end unless told otherwise.
    """

    def decorated(function: _F) -> _F:
        for decorate in (
            click.option(
                "--show",
                "shown",
                type=click.IntRange(0, 500),
                default=10,
                show_default=True,
                metavar="COUNT",
                help="How many of the run's lines to show.",
            ),
            click.option(
                "--timeout",
                type=click.FloatRange(min=0),
                default=600.0,
                show_default=True,
                metavar="SECONDS",
                help="How long to wait; 0 waits without end.",
            ),
            click.option(
                "--wait/--no-wait",
                "wait_for_end",
                default=wait,
                show_default=True,
                help="Wait until the run has ended, or waits for approval.",
            ),
        ):
            function = decorate(function)
        return function

    return decorated


def period_options(since: str, until: str) -> Callable[[_F], _F]:
    """Give a command days: ``since`` and ``until``, as typed, None when not given.

    :param since: what the default is, in words; ``until`` likewise.
    """

    def decorated(function: _F) -> _F:
        for name, words, default in (
            ("--until", "Last day, included.", until),
            ("--since", "First day.", since),
        ):
            function = click.option(
                name, default=None, metavar="YYYY-MM-DD", help=f"{words} Default: {default}."
            )(function)
        return function

    return decorated
