"""What ``pause``, ``resume``, ``stop-all`` and ``resume-all`` share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Exit
from auditor.cli.order import order

if TYPE_CHECKING:
    from auditor.odoo.client import Client


def job_command(
    name: str,
    *,
    summary: str,
    example: str,
    note: str,
    send: Callable[[Client, str, str], None],
    state: dict[str, object],
    said: str,
) -> click.Command:
    """Return a command that stops one job or lets it go on.

    :param summary: the help text, in which the argument is ``JOB``.
    :param example: a reason, for the example.
    :param note: who may do it, and what comes after.
    :param send: gives the order; gets the client, the job's code and the reason.
    :param state: what ``--json`` says of the job from now on.
    :param said: the sentence for people, with ``{job}`` in it.
    """

    def callback(app: App, job: str, reason: str) -> Exit:
        client = app.client()

        def call() -> dict[str, object]:
            send(client, job, reason)
            return {"job": job, **state, "reason": reason}

        return order(app, call, lambda _done: said.format(job=job))

    return click.argument("job", metavar="JOB")(
        _command(name, callback, summary, f"{name} clean_old_orders", example, note)
    )


def everything_command(
    name: str,
    *,
    summary: str,
    example: str,
    note: str,
    send: Callable[[Client, str], None],
    state: dict[str, object],
    said: str,
) -> click.Command:
    """Return a command that stops everything or lets it go on.

    :param send: gives the order; gets the client and the reason.

    The others are those of :func:`job_command`.
    """

    def callback(app: App, reason: str) -> Exit:
        client = app.client()

        def call() -> dict[str, object]:
            send(client, reason)
            return {**state, "reason": reason}

        return order(app, call, lambda _done: said)

    return _command(name, callback, summary, name, example, note)


def _command(
    name: str, callback: Callable[..., Exit], summary: str, usage: str, example: str, note: str
) -> click.Command:
    decorated = pass_app(callback)
    for decorate in (
        common_options,
        json_option,
        click.option("--reason", required=True, help="Why; kept in the history."),
    ):
        decorated = decorate(decorated)
    epilog = f'\b\nExamples:\n  sentinel-ops {usage} --reason "{example}"\n\n\b\n{note}\n'
    return click.command(name, help=summary, epilog=epilog)(decorated)
