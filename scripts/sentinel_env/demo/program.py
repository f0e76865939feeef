"""The auditor's command, run as a user would type it."""

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

from ..commands import clean_environment
from ..console import say
from ..errors import SetupError


class AuditorProgram:
    """`sentinel-ops` with the settings of one running Odoo.

    :param programs: folder with the command.
    :param settings: the variables of `.sentinel/env`.
    """

    def __init__(self, programs: Path, settings: dict[str, str]) -> None:
        self._program = programs / "sentinel-ops"
        self._environment = clean_environment(settings)

    def show(self, *arguments: str) -> int:
        """Run it, let the person see its output, and return its exit status."""
        say(f"  $ {shlex.join(['sentinel-ops', *arguments])}")
        return subprocess.run(
            [str(self._program), *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            env=self._environment,
        ).returncode

    def ask(self, *arguments: str) -> Any:  # noqa: ANN401 - JSON
        """Run it with `--json` and return its answer.

        :raises SetupError: it answered something else.
        """
        result = subprocess.run(
            [str(self._program), *arguments, "--json"],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self._environment,
        )
        try:
            return json.loads(result.stdout)
        except ValueError as error:
            raise SetupError(
                f"sentinel-ops {shlex.join(arguments)} --json printed no JSON (exit status "
                f"{result.returncode}): {result.stderr.strip()[-500:]}"
            ) from error
