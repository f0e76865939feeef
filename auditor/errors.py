"""The root of every error that a user of the auditor may see."""

from __future__ import annotations


class AuditorError(Exception):
    """Something that a person can understand and act on.

    :param message: what happened, one or a few sentences, no traceback, no secret.
    :param remedy: what to do about it, ``""`` when there is nothing useful to say.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.details: dict[str, object] = {}
        """What a program may want to know besides; shown by ``--json``."""


class BadInput(AuditorError):
    """What the user typed or configured can't be used; nothing was sent."""
