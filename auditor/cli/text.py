"""Make values fit for a terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


_SEALED_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def plain(text: str, *, lines: bool = False) -> str:
    """Return ``text`` without control characters, so that no name can steer the terminal.

    :param lines: keep line breaks.
    """

    def instead(match: re.Match[str]) -> str:
        if match[0] == "\n" and lines:
            return "\n"
        return " " if match[0] in "\n\t\r" else ""

    return _CONTROL.sub(instead, text)


def money(amount: str, currency: str) -> str:
    """Return ``1,234.50 EUR``; ``""`` when there is no amount."""
    if not amount:
        return ""
    try:
        shown = f"{Decimal(amount):,}"
    except InvalidOperation:
        shown = plain(amount)
    return f"{shown} {plain(currency)}".strip()


def value(item: object) -> str:
    """Return one recorded value as people read it."""
    if item is None or item is False or item == "":
        return "(empty)"
    if item is True:
        return "yes"
    if isinstance(item, list | tuple) and len(item) == 2 and isinstance(item[1], str):
        return plain(item[1])  # Odoo's [id, name]
    if isinstance(item, Mapping) and isinstance(item.get("name"), str):
        return plain(item["name"])
    return plain(str(item))


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    """Return ``state: draft → cancel``, one field after the other.

    Fields that stayed as they were are left out, they are in ``--json``. With no ``after`` at all
    nothing was to change, and the recorded values say how the record was found.
    """
    if not after:
        return ", ".join(f"{plain(field)}: {value(item)}" for field, item in before.items())
    parts = []
    for field, new in after.items():
        if field not in before:
            parts.append(f"{plain(field)}: → {value(new)}")
        elif before[field] != new:
            parts.append(f"{plain(field)}: {value(before[field])} → {value(new)}")
    return ", ".join(parts) or "no recorded field changed"


def moment(text: str) -> str:
    """Return a time of Odoo, or one as it was sealed, to the second and with its zone."""
    text = plain(text)
    if _SEALED_TIME.fullmatch(text):
        text = f"{text[:10]} {text[11:19]}"
    return f"{text} UTC" if text else ""


def plural(count: int, one: str, many: str = "") -> str:
    """Return ``1 run`` or ``1,234 runs``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
