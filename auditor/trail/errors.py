"""What may be wrong with a trail."""

from __future__ import annotations

from auditor.errors import AuditorError


class TrailError(AuditorError):
    """The trail that Odoo gives contradicts itself or what is stored; nothing was stored of it."""


class Gap(TrailError):
    """A run is missing, doubled or out of order."""


class LineMismatch(TrailError):
    """A run has other lines than it says, or a line belongs to none of the runs."""


class ChainChanged(TrailError):
    """The database answers with another chain than a moment ago."""


class Rewound(TrailError):
    """The chain ends before the position that is already stored."""
