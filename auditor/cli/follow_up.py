"""What ``undo`` and ``retry`` share: a run that follows another one, dry unless told otherwise."""

from __future__ import annotations

import uuid

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Exit
from auditor.cli.options import follow_options, request_options


def follow_up_command(kind: str, *, says: str, epilog: str) -> click.Command:
    """Return the command that asks for a run of this kind, waits for it and shows what it did.

    :param kind: ``undo`` or ``retry``.
    :param says: what the command does, for its help.
    """

    @click.command(kind, help=says, epilog=epilog)
    @click.argument("run", metavar="RUN")
    @click.option("--live", is_flag=True, help="For real; without it nothing is changed.")
    @request_options
    @follow_options(wait=True)
    @json_option
    @common_options
    @pass_app
    def command(
        app: App,
        run: str,
        live: bool,
        reason: str,
        wait_for_end: bool,
        timeout: float,
        shown: int,
        idempotency_key: str,
    ) -> Exit:
        from auditor.cli.request import ask, follow, queued

        client = app.client()
        key = idempotency_key or str(uuid.uuid4())
        triggered = ask(
            lambda: client.follow_up(
                kind,
                run,
                mode="live" if live else "plan",
                idempotency_key=key,
                reason=reason,
                request_id=app.request_id,
            ),
            key,
        )
        if not wait_for_end:
            return queued(app, triggered)
        return follow(app, client, triggered, timeout=timeout, shown=shown)

    return command
