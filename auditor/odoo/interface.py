"""What the auditor needs from a way to reach Odoo."""

from __future__ import annotations

from enum import Enum
from typing import Protocol


class Repeat(Enum):
    """When a call may be sent again. One that surely never reached Odoo always may."""

    NEVER = "never"
    """It changes something and Odoo could not tell a second one from the first."""
    READ = "read"
    """It only reads; a slow answer is not asked for again at once, that would only add load."""
    KEYED = "keyed"
    """It carries an idempotency key, by which Odoo gives the first answer again."""


class Transport(Protocol):
    """One way to call a method of Odoo: XML-RPC, JSON-2, or what chooses between them."""

    def call(self, model: str, method: str, *, repeat: Repeat, **arguments: object) -> object:
        """Call ``model.method`` with named arguments and return its plain answer.

        :raises OdooError: one of its subclasses, with a message for people.
        """
        ...
