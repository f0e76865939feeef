"""What a task may be told, declared once.

The declaration drives the form in Odoo (a Properties definition), the validation, the flags of
the command line and the catalogue.
"""

import ast
import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from odoo.tools.translate import LazyGettext

PROPERTY_TYPES = {
    "integer": "integer",
    "number": "float",
    "boolean": "boolean",
    "text": "char",
    "selection": "selection",
    "date": "date",
    "domain": "char",
    "model": "char",
}


def text(env, label) -> str:
    """A label in the language of ``env``; plain text stays as it is."""
    return env._(label) if isinstance(label, LazyGettext) else str(label)


class ParameterError(ValueError):
    """A parameter is unknown, missing, ill-typed or out of its bounds; says what is allowed."""


@dataclass(frozen=True)
class Parameter:
    """One named parameter of a task.

    :param name: as typed on the command line (``--name=VALUE``)
    :param type: one of :data:`PROPERTY_TYPES`
    :param label: what the form shows; may be a lazy translation
    :param default: used where the job says nothing; ``None`` where there is none
    :param minimum: smallest number allowed, included
    :param maximum: largest number allowed, included
    :param choices: pairs of value and label, for a ``selection``
    :param required: an empty value is refused
    :param overridable: a trigger may give another value than the job's. Never for what selects
        the kind of records (model, domain): that belongs to the job
    """

    name: str
    type: str
    label: Any
    help: Any = ""
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[tuple[str, Any], ...] = field(default=())
    required: bool = True
    overridable: bool = True

    def __post_init__(self):
        if self.type not in PROPERTY_TYPES:
            raise TypeError(f"Parameter {self.name}: unknown type {self.type!r}")
        if self.type in ("domain", "model") and self.overridable:
            raise TypeError(f"Parameter {self.name}: a {self.type} belongs to the job")

    def property_definition(self, env):
        """The Properties definition that shows this parameter in a form.

        :param env: its language is that of the labels
        """
        definition = {
            "name": self.name,
            "type": PROPERTY_TYPES[self.type],
            "string": text(env, self.label),
        }
        if self.default is not None:
            definition["default"] = self.default
        if self.type == "selection":
            definition["selection"] = [[value, text(env, label)] for value, label in self.choices]
        return definition

    def allowed(self):
        """What is allowed, for people: ``a whole number from 1 to 36500``."""
        text = {
            "integer": "a whole number",
            "number": "a number",
            "boolean": "true or false",
            "text": "a text",
            "date": "a date as YYYY-MM-DD",
            "domain": "an Odoo domain such as [('active', '=', True)]",
            "model": "the technical name of a model such as res.partner",
        }.get(self.type, "one of " + ", ".join(value for value, _label in self.choices))
        if self.minimum is not None and self.maximum is not None:
            text += f" from {self.minimum} to {self.maximum}"
        elif self.minimum is not None:
            text += f" of at least {self.minimum}"
        elif self.maximum is not None:
            text += f" of at most {self.maximum}"
        return text

    def clean(self, value):
        """Return the value in its Python type.

        :raises ParameterError: when it is ill-typed, out of bounds or empty but required
        """
        if value is None or value == "" or (value is False and self.type != "boolean"):
            if self.required:
                raise ParameterError(f"{self.name} must be {self.allowed()}; it is empty.")
            return None
        converted = getattr(self, f"_clean_{self.type}")(value)
        too_small = self.minimum is not None and converted < self.minimum
        too_large = self.maximum is not None and converted > self.maximum
        if too_small or too_large:
            raise ParameterError(f"{self.name} must be {self.allowed()}; {converted} is not.")
        return converted

    def _wrong(self, value):
        return ParameterError(f"{self.name} must be {self.allowed()}; {value!r} is not.")

    def _clean_integer(self, value):
        if isinstance(value, bool):
            raise self._wrong(value)
        if isinstance(value, float) and not value.is_integer():
            raise self._wrong(value)
        try:
            return int(value)
        except (TypeError, ValueError, OverflowError):
            raise self._wrong(value) from None

    def _clean_number(self, value):
        if isinstance(value, bool):
            raise self._wrong(value)
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise self._wrong(value) from None
        if number != number or number in (float("inf"), float("-inf")):
            raise self._wrong(value)
        return number

    def _clean_boolean(self, value):
        words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
        if isinstance(value, bool):
            return value
        if str(value).lower() not in words:
            raise self._wrong(value)
        return words[str(value).lower()]

    def _clean_text(self, value):
        if not isinstance(value, str):
            raise self._wrong(value)
        return value

    _clean_model = _clean_text

    def _clean_selection(self, value):
        if value not in [choice for choice, _label in self.choices]:
            raise self._wrong(value)
        return value

    def _clean_date(self, value):
        if isinstance(value, datetime.date):
            return value.isoformat()[:10]
        try:
            return datetime.date.fromisoformat(value).isoformat()
        except (TypeError, ValueError):
            raise self._wrong(value) from None

    def _clean_domain(self, value):
        try:
            domain = ast.literal_eval(value) if isinstance(value, str) else value
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            raise self._wrong(value) from None
        if not isinstance(domain, list | tuple):
            raise self._wrong(value)
        return repr(list(domain))


def check_names(declared, given: Mapping[str, Any]):
    """Refuse parameters that the task does not know.

    :raises ParameterError: with the list of those it knows
    """
    known = [parameter.name for parameter in declared]
    unknown = [name for name in given if name not in known]
    if unknown:
        allowed = ", ".join(known) or "none"
        raise ParameterError(f"Unknown parameter {', '.join(unknown)}. Allowed: {allowed}.")


def complete(declared, own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of one run: what was given, else the job's own, else the default.

    :param own: the job's values; a name that is missing there takes the declared default
    :param given: what the trigger overrides
    :raises ParameterError: unknown, not overridable, missing, ill-typed or out of bounds
    """
    check_names(declared, given)
    fixed = [p.name for p in declared if not p.overridable and p.name in given]
    if fixed:
        raise ParameterError(
            f"{', '.join(fixed)} belongs to the job and cannot be given by who triggers it; "
            "a Sentinel manager can change it on the job."
        )
    values = {}
    for parameter in declared:
        if parameter.name in given:
            value = given[parameter.name]
        else:
            value = own.get(parameter.name)
            if value is None or (value is False and parameter.type != "boolean"):
                value = parameter.default
        values[parameter.name] = parameter.clean(value)
    return values
