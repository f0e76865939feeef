"""What may be wrong with a trail."""

from __future__ import annotations

from enum import Enum

from auditor.errors import AuditorError


class Break(str, Enum):
    """The ways in which a chain may be broken."""

    CONTENT = "content_edited"
    LINE_EDITED = "line_edited"
    LINE_MISSING = "line_missing"
    LINE_EXTRA = "line_extra"
    LINE_ORDER = "line_order"
    MISSING = "entry_missing"
    ORDER = "entry_order"
    SEAL = "seal_rewritten"
    HEAD = "head_missing"
    WITHHELD = "withheld_unseen"


class TrailError(AuditorError):
    """A trail contradicts itself or what is stored; nothing was stored of it."""


class Broken(TrailError):
    """The chain does not hold from ``position`` on; everything before it does.

    :param line: position of the line in its run, 0 when it is not about one line.
    """

    def __init__(
        self, kind: Break, position: int, message: str, remedy: str = "", *, line: int = 0
    ) -> None:
        super().__init__(message, remedy)
        self.kind = kind
        self.position = position
        self.line = line
        self.details = {"break": kind.value, "position": str(position), "line": line}


class Outdated(Exception):
    """Odoo withholds less or more of an entry than when it was read: read it again."""


class Forked(TrailError):
    """Odoo has another entry at a position that is already stored."""


class Rewound(TrailError):
    """The chain ends before the position that is already stored."""


class Removed(TrailError):
    """Retention in Odoo took entries that were never stored here."""


class ChainChanged(TrailError):
    """The database answers with another chain than a moment ago."""
