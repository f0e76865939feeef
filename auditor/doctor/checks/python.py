"""Is this Python one that the auditor is made for?"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator

from auditor import __version__
from auditor.doctor.finding import Finding, fail, ok
from auditor.doctor.subject import Subject

FIRST, LAST = (3, 10), (3, 13)
"""``requires-python`` of the package, both included."""


def check(_subject: Subject) -> Iterator[Finding]:
    """Compare its version."""
    version = sys.version_info[:2]
    details = {"python": platform.python_version(), "auditor": __version__}
    if FIRST <= version <= LAST:
        yield ok(f"Python {platform.python_version()}, auditor {__version__}.", **details)
    else:
        yield fail(
            f"Python {platform.python_version()} is not one that the auditor is tested with.",
            "Use Python 3.10 to 3.13.",
            **details,
        )
