"""Who types."""

from __future__ import annotations

import getpass
import platform


def who() -> str:
    """Return the user and the machine, for people to ask later."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user may have no name
        user = "somebody"
    return f"{user}@{platform.node()}"
