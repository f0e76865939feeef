"""A job's own flags, made from the catalogue: ``--days=60``.

What can be known to be wrong is said before anything is sent, all of it at once. Odoo checks again.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Callable, Collection, Sequence
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING

from auditor.errors import BadInput

if TYPE_CHECKING:
    from auditor.odoo.answers import Job, Parameter

_WHOLE = re.compile(r"[+-]?\d+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_LARGEST, _SMALLEST = 2**31 - 1, -(2**31)
_TRUE = frozenset({"1", "true", "yes", "y", "on"})
_FALSE = frozenset({"0", "false", "no", "n", "off"})


class _Unfit(Exception):
    """The text does not fit the type; says what does."""


def flag(name: str) -> str:
    """Return the flag of parameter ``name``."""
    return "--" + name.replace("_", "-")


def split_job(words: Sequence[str]) -> tuple[str, list[str]]:
    """Return (job code, its flags) from what the command line did not know.

    The job may stand behind flags of the form ``--name=value``.

    :raises BadInput: there is no job.
    """
    for index, word in enumerate(words):
        before = words[index - 1] if index else ""
        if not word.startswith("-") and not (before.startswith("--") and "=" not in before):
            return word, [*words[:index], *words[index + 1 :]]
    raise BadInput(
        "Which job?", "sentinel-ops run JOB [--dry-run] [--PARAM=VALUE ...]; sentinel-ops list"
    )


def read(job: Job, words: Sequence[str], assignments: Sequence[str]) -> dict[str, object]:
    """Return the parameters to send.

    :param words: flags as typed, ``--days=60``, ``--days 60``, ``--quiet``, ``--no-quiet``.
    :param assignments: ``NAME=VALUE`` of ``--set``, for names that are options of ``run`` too.
    :raises BadInput: listing every problem and what is allowed.
    """
    given, problems = _pair(job, words, assignments)
    allowed = {parameter.name: parameter for parameter in job.parameters if parameter.overridable}
    declared = {parameter.name: parameter for parameter in job.parameters}
    values: dict[str, object] = {}
    for name, text in given:
        if name in allowed:
            if name in values:
                problems.append(f"{flag(name)} is given twice")
                continue
            try:
                values[name] = _convert(allowed[name], text)
            except _Unfit as error:
                problems.append(f"{flag(name)} {error}")
                values[name] = None
        elif name in declared:
            problems.append(
                f"{flag(name)} belongs to the job and is changed there, not for one run"
            )
        else:
            near = get_close_matches(name, allowed, n=1)
            hint = f" (did you mean {flag(near[0])}?)" if near else ""
            problems.append(f"{job.code} has no parameter {flag(name)}{hint}")
    for parameter in job.parameters:
        if parameter.required and parameter.name not in values and parameter.value in ("", None):
            problems.append(f"{flag(parameter.name)} must be given")
    if problems:
        names = ", ".join(flag(name) for name in allowed) or "none"
        raise BadInput(
            f"{_sentence(problems)}.",
            f"Parameters of {job.code}: {names}. More: sentinel-ops run {job.code} --help",
        )
    return values


def describe(parameter: Parameter, taken: Collection[str]) -> tuple[str, str]:
    """Return (flag with type, help) for the job's help page.

    :param taken: flags that are options of ``run`` itself, so that ``--set`` is the way.
    """
    if flag(parameter.name) in taken:
        usage = f"--set {parameter.name}={parameter.type.upper()}"
    elif parameter.type == "boolean":
        usage = f"{flag(parameter.name)} / --no-{flag(parameter.name)[2:]}"
    else:
        usage = f"{flag(parameter.name)} {parameter.type.upper()}"
    facts = []
    if parameter.choices:
        facts.append("one of " + ", ".join(choice.value for choice in parameter.choices))
    if bounds := _bounds(parameter):
        facts.append(bounds)
    if parameter.value != "":
        facts.append(f"this job: {_shown(parameter.value)}")
    if parameter.default not in ("", parameter.value):
        facts.append(f"default: {_shown(parameter.default)}")
    if parameter.required:
        facts.append("required")
    if not parameter.overridable:
        facts.append("set in the job only")
    text = " ".join(part.rstrip(".") + "." for part in (parameter.label, parameter.help) if part)
    return usage, f"{text} [{'; '.join(facts)}]" if facts else text


def _pair(
    job: Job, words: Sequence[str], assignments: Sequence[str]
) -> tuple[list[tuple[str, str]], list[str]]:
    """Split words into (name, text) pairs; ``""`` stands for a flag without a value."""
    booleans = {parameter.name for parameter in job.parameters if parameter.type == "boolean"}
    pairs: list[tuple[str, str]] = []
    problems: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("--") or len(word) == 2:
            problems.append(f"{word!r} is not a parameter: write --NAME=VALUE")
            continue
        name, has_value, text = word[2:].partition("=")
        name = name.replace("-", "_")
        if has_value:
            pairs.append((name, text))
        elif name in booleans:
            pairs.append((name, "true"))
        elif name.startswith("no_") and name[3:] in booleans:
            pairs.append((name[3:], "false"))
        elif waiting and not waiting[0].startswith("--"):
            pairs.append((name, waiting.pop(0)))
        else:
            pairs.append((name, ""))
    for assignment in assignments:
        name, has_value, text = assignment.partition("=")
        if not has_value or not name:
            problems.append(f"--set {assignment!r} must be --set NAME=VALUE")
        else:
            pairs.append((name.replace("-", "_"), text))
    return pairs, problems


def _convert(parameter: Parameter, text: str) -> object:
    if parameter.type != "text" and text == "":
        raise _Unfit("needs a value")
    if _CONTROL.search(text):
        raise _Unfit("holds control characters")
    converter = _CONVERTERS.get(parameter.type)
    # A type this release does not know yet travels as text; Odoo judges it.
    return converter(parameter, text) if converter else text


def _integer(parameter: Parameter, text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise _Unfit(f"must be a whole number, not {text!r}")
    number = int(text)
    _check_bounds(parameter, number)
    if not _SMALLEST <= number <= _LARGEST:
        raise _Unfit(f"must lie between {_SMALLEST} and {_LARGEST}")
    return number


def _number(parameter: Parameter, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise _Unfit(f"must be a number, not {text!r}") from None
    if not math.isfinite(number):
        raise _Unfit(f"must be a number, not {text!r}")
    _check_bounds(parameter, number)
    return number


def _boolean(_parameter: Parameter, text: str) -> bool:
    word = text.lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _Unfit(f"must be true or false, not {text!r}")


def _selection(parameter: Parameter, text: str) -> str:
    values = [choice.value for choice in parameter.choices or []]
    if text in values:
        return text
    near = get_close_matches(text, values, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise _Unfit(f"must be one of {', '.join(values)}, not {text!r}{hint}")


def _date(_parameter: Parameter, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise _Unfit(f"must be a date like 2026-01-31, not {text!r}") from None


def _domain(_parameter: Parameter, text: str) -> str:
    for parse in (ast.literal_eval, json.loads):
        try:
            domain = parse(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(domain, list):
            return text
    raise _Unfit("must be a domain like [('state', '=', 'draft')]")


_CONVERTERS: dict[str, Callable[[Parameter, str], object]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "selection": _selection,
    "date": _date,
    "domain": _domain,
}


def _check_bounds(parameter: Parameter, number: float) -> None:
    too_small = parameter.minimum is not None and number < parameter.minimum
    too_large = parameter.maximum is not None and number > parameter.maximum
    if too_small or too_large:
        raise _Unfit(f"must be {_bounds(parameter)}, not {number:g}")


def _bounds(parameter: Parameter) -> str:
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None:
        return f"from {_shown(low)} to {_shown(high)}"
    if low is not None:
        return f"at least {_shown(low)}"
    if high is not None:
        return f"at most {_shown(high)}"
    return ""


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _sentence(problems: list[str]) -> str:
    text = "; ".join(problems)
    return text[0].upper() + text[1:]
