"""Ask Odoo for a run and follow it, for all commands that make one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from auditor.cli.exits import Exit, Interrupted, for_run
from auditor.context import bind

if TYPE_CHECKING:
    from auditor.cli.context import App
    from auditor.odoo.answers import Triggered
    from auditor.odoo.client import Client


def ask(call: Callable[[], Triggered], key: str) -> Triggered:
    """Ask for the run; where nobody can tell whether it was made, say how to ask again."""
    from auditor.odoo.errors import OdooError, may_be_done

    again = (
        "It is not known whether Odoo got the request. The same command with "
        f"--idempotency-key={key} finds the run, or makes it once."
    )
    try:
        return call()
    except OdooError as error:
        if may_be_done(error):
            error.remedy = f"{error.remedy} {again}".strip()
        raise
    except KeyboardInterrupt:
        raise Interrupted("Interrupted.", again) from None


def queued(app: App, triggered: Triggered) -> Exit:
    """Say that the run is queued and how to look at it."""
    from auditor.cli.waiting import look_again

    if app.as_json:
        app.print_json(triggered.model_dump(mode="json"))
    else:
        from auditor.cli.render import sentence

        known = " (asked for before under this key)" if triggered.repeated else ""
        app.out.print(sentence(f"Queued: run {triggered.uid}{known}"))
        app.out.print(sentence(f"Look at it: {look_again(triggered.uid)}"), soft_wrap=True)
    return Exit.DONE


def follow(app: App, client: Client, triggered: Triggered, *, timeout: float, shown: int) -> Exit:
    """Wait until the run has ended or waits for approval, and print it.

    :param timeout: seconds; 0 waits without end.
    """
    from auditor.cli.result import report
    from auditor.cli.waiting import display, look_again, naming, wait

    show = display(app.err, quiet=app.as_json)
    try:
        if triggered.repeated:
            show.say("This request was made before under the same key; here is its run.")
        with bind(run=triggered.uid, job=triggered.job), naming(triggered.uid):
            run = wait(client, triggered.uid, timeout=timeout, show=show)
    except KeyboardInterrupt:
        raise Interrupted(
            f"Interrupted. The run {triggered.uid} goes on in Odoo.",
            f"Look again: {look_again(triggered.uid)}",
        ) from None
    finally:
        show.close()
    with naming(triggered.uid):
        report(app, client, run, shown=shown)
    return for_run(run)
