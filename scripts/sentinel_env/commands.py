"""Run other programs: clean environment, output kept, a failure that says what matters."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from .errors import SetupError

# They would redirect a child to another Python, another virtual environment or another database.
_POISON = (
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "VIRTUAL_ENV",
    "__PYVENV_LAUNCHER__",
    "PIP_TARGET",
    "PIP_PREFIX",
    "PIP_REQUIRE_VIRTUALENV",
    "ODOO_RC",
    "OPENERP_SERVER",
    "ODOO_DEV",
    "MAKEFLAGS",
    "MAKELEVEL",
    "MFLAGS",
)
_TAIL_LINES = 12


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without what would mislead a child, plus `extra`."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in _POISON and not (name.startswith("PG") and name[2:].isupper())
    }
    # A user's `pip.conf` may say user=yes, which pip refuses inside a virtual environment.
    environment["PIP_USER"] = "0"
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    environment.update(extra or {})
    return environment


def tail(text: str, lines: int = _TAIL_LINES) -> str:
    """Return the last `lines` non-empty lines of `text`, indented."""
    kept = [line for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join(f"    {line}" for line in kept)


def run(
    command: Sequence[str | Path],
    *,
    what: str,
    remedy: str = "",
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: int | None = None,
    group: int | None = None,
) -> str:
    """Run `command` without input and return what it printed (both streams, in order).

    :param what: what it was for, starts the error message.
    :param log: file that gets the output too.
    :param env: whole environment; the cleaned one when absent.
    :param user: numeric id to run as, only for root; `group` likewise.
    :raises SetupError: it is not there, or did not end with 0.
    """
    arguments = [str(part) for part in command]
    try:
        result = subprocess.run(
            arguments,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(env) if env is not None else clean_environment(),
            cwd=cwd,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
        )
    except FileNotFoundError as error:
        raise SetupError(f"{what}: {arguments[0]} is not there", remedy) from error
    output = result.stdout.decode(errors="replace")
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(output)
    if result.returncode != 0:
        where = f"\n    (all of it: {log})" if log is not None else ""
        raise SetupError(
            f"{what} failed (exit status {result.returncode}). The end of what it said:\n"
            f"{tail(output)}{where}",
            remedy,
        )
    return output
