"""What an operation declares about effects that no rollback reaches."""

from .errors import TaskFailure

EFFECTS = ("none", "postcommit", "inline")


def declared_effects(operation) -> str:
    """``none``; ``postcommit``: things leave after the commit; ``inline``: while it works.

    :raises TaskFailure: for any other word: it would be taken for harmless
    """
    effects = operation._operation_effects
    if effects not in EFFECTS:
        raise TaskFailure(
            operation.env._(
                "the operation %(operation)s declares the effects %(effects)r; known are %(known)s",
                operation=operation._name.removeprefix("sentinel.operation."),
                effects=effects,
                known=", ".join(EFFECTS),
            )
        )
    return effects
