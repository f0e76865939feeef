"""What ``approve`` and ``deny`` share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from auditor.cli.exits import Exit
from auditor.cli.order import order
from auditor.cli.waiting import look_again

if TYPE_CHECKING:
    from auditor.cli.context import App
    from auditor.odoo.answers import Decided
    from auditor.odoo.client import Client


def decide(app: App, run: str, call: Callable[[Client], Decided], word: str) -> Exit:
    """Send a decision and say what it was about.

    :param run: uid of the plan or of the live run, as typed.
    :param word: what was done, "Approved".
    """
    client = app.client()

    def said(decided: dict[str, object]) -> str:
        return f"{word}: the plan {decided['plan']} (hash {str(decided['digest'])[:12]})."

    return order(
        app,
        lambda: call(client).model_dump(mode="json"),
        said,
        hint=f"What becomes of it: {look_again(run)}",
    )
