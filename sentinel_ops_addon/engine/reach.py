"""What a rule written by people, not by code, may look at.

A domain on a secret field answers yes or no to whoever may choose domains, so it is a way to
read it. Users, groups, the system's own tables and keys are out of reach, directly and through
relations.
"""

import ast

from odoo.fields import Domain

from .parameters import ParameterError

_DENIED_MODELS = ("res.users", "res.groups", "auth.", "base.", "bus.", "ir.", "sentinel.")
_DENIED_MARKS = ("apikey", "password", "token", "secret", "identitycheck", "totp")


def is_denied_model(name) -> bool:
    """Whether no-code rules may not look at this model at all."""
    return any(
        name == prefix or name.startswith(prefix if prefix.endswith(".") else prefix + ".")
        for prefix in _DENIED_MODELS
    ) or any(mark in name for mark in _DENIED_MARKS)


def is_denied_field(name) -> bool:
    """Whether a field's name says that it holds a secret."""
    return any(mark in name for mark in _DENIED_MARKS)


def check_reach(env, model, domain, label):
    """Refuse a model or a domain that reaches what it may not, or that does not exist.

    :param domain: a list as a person wrote it
    :param label: name of the parameter, for the message
    :raises ParameterError:
    """
    if model not in env or env[model]._abstract or env[model].is_transient():
        raise ParameterError(
            f"model {model!r} does not exist in this database or keeps no records. Look up the "
            "technical name under Settings > Technical > Models."
        )
    if is_denied_model(model):
        raise ParameterError(f"model {model!r} is out of reach for rules without code.")
    try:
        conditions = list(Domain(domain).iter_conditions())
    except (ValueError, TypeError) as error:
        raise ParameterError(f"{label} is not a valid domain: {error}") from None
    for condition in conditions:
        _check_condition(env, env[model], condition, label)


def check_rule(env, model, text, label) -> Domain:
    """Read a domain that a person wrote, refusing what it may not look at.

    :param text: Python literals, as a ``domain`` parameter keeps them
    :param label: name of the parameter, for the message
    :return: the domain, optimized: ``is_true()`` tells whether it matches every record
    :raises ParameterError:
    """
    rule = ast.literal_eval(text)
    check_reach(env, model, rule, label)
    try:
        return Domain(rule).optimize_full(env[model])
    except (ValueError, TypeError) as error:
        raise ParameterError(f"{label} is not a valid domain: {error}") from None


def _looks_inside(value):
    """Whether a value for a relation makes Odoo search the other side: a text or a domain."""
    if isinstance(value, str | Domain):
        return bool(value)
    if isinstance(value, list | tuple | set | frozenset) or hasattr(value, "__iter__"):
        return any(_looks_inside(item) for item in value)
    return False


def _check_condition(env, target, condition, label):
    path = condition.field_expr.split(".")
    for position, name in enumerate(path):
        field = target._fields.get(name)
        if field is None:
            raise ParameterError(f"{label}: {target._name} has no field {name!r}.")
        if is_denied_field(name):
            raise ParameterError(f"{label}: the field {name!r} is out of reach for rules.")
        if field.relational:
            last = position == len(path) - 1
            # The id of a user is no secret ("no salesperson"); a look inside is.
            inside = not last or _looks_inside(condition.value)
            if inside and is_denied_model(field.comodel_name):
                raise ParameterError(
                    f"{label}: {condition.field_expr!r} looks into {field.comodel_name}, which is "
                    "out of reach for rules without code."
                )
            target = env[field.comodel_name]
        elif position < len(path) - 1 and field.type not in ("date", "datetime", "properties"):
            raise ParameterError(f"{label}: {name!r} of {target._name} leads nowhere.")
        else:
            break
    if condition.operator in ("any", "not any"):
        nested = condition.value
        if isinstance(nested, Domain):
            nested = list(nested)
        check_reach(env, target._name, nested, label)
