"""Commands that tell Odoo to do one thing at once: approve, cancel, pause, stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from auditor.cli.exits import Exit

if TYPE_CHECKING:
    from auditor.cli.context import App


def order(
    app: App,
    call: Callable[[], dict[str, object]],
    said: Callable[[dict[str, object]], str],
    *,
    hint: str = "",
) -> Exit:
    """Give the order and say that it was taken.

    It is sent once: given twice, Odoo would refuse the second as done already. If the answer is
    lost, that refusal is how to find out.

    :param call: gives the order and returns what ``--json`` prints.
    :param said: makes of that one sentence for people.
    :param hint: what to look at next, ``""`` for nothing.
    """
    from auditor.odoo.errors import OdooError, may_be_done

    try:
        document = call()
    except OdooError as error:
        if may_be_done(error):
            error.remedy = (
                f"{error.remedy} It is not known whether Odoo got the order. Give it again: if it "
                "was carried out, Odoo says so and nothing happens twice."
            ).strip()
        raise
    if app.as_json:
        app.print_json(document)
        return Exit.DONE
    from auditor.cli.render import sentence

    app.out.print(sentence(f"✓ {said(document)}", "green"), soft_wrap=True)
    if hint:
        app.out.print(sentence(hint), soft_wrap=True)
    return Exit.DONE
