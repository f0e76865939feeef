"""What a check found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from auditor.errors import AuditorError


class Verdict(str, Enum):
    """How a check went."""

    OK = "ok"
    WARN = "warn"
    """It works; somebody should look at it all the same."""
    FAIL = "fail"
    UNKNOWN = "could_not_check"
    """Nobody knows, which is not good."""
    UNUSED = "not_used"
    """Nothing is set up here, or it was to be skipped."""


BAD = frozenset((Verdict.FAIL, Verdict.UNKNOWN))


@dataclass(frozen=True)
class Finding:
    """One sentence about one thing.

    :param message: for people, without secrets.
    :param remedy: what to do, ``""`` when nothing is to be done.
    :param details: the numbers, for programs.
    """

    verdict: Verdict
    message: str
    remedy: str = ""
    details: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


class CannotTell(AuditorError):
    """A check has nothing to go by, usually because of what another one found."""


def ok(message: str, remedy: str = "", **details: object) -> Finding:
    """It is as it should be."""
    return Finding(Verdict.OK, message, remedy, details)


def warn(message: str, remedy: str = "", **details: object) -> Finding:
    """It works, and somebody should look at it."""
    return Finding(Verdict.WARN, message, remedy, details)


def fail(message: str, remedy: str = "", **details: object) -> Finding:
    """It does not work."""
    return Finding(Verdict.FAIL, message, remedy, details)


def unknown(message: str, remedy: str = "", **details: object) -> Finding:
    """It could not be checked."""
    return Finding(Verdict.UNKNOWN, message, remedy, details)


def unused(message: str, **details: object) -> Finding:
    """There is nothing to check."""
    return Finding(Verdict.UNUSED, message, "", details)
