"""What to type when a part is not installed, or is too old.

From a clone, as the README has it: a name given to a package index would be whoever's took it.
"""

UPGRADE_AUDITOR = (
    "Upgrade this auditor: in the clone of Sentinel-Ops, git pull, then pip install again."
)


def install_extra(extra: str) -> str:
    """Return the remedy for an ``extra`` of ``pyproject.toml`` that is not installed."""
    return f"In the clone of Sentinel-Ops: pip install '.[{extra}]'"
