"""The console command ``sentinel-ops``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; see :mod:`auditor.cli.exits`."""
    try:
        from auditor.cli.top import run_command

        return run_command(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:
        # Whatever the command had to say it has said; this is Ctrl-C while it was still loading.
        sys.stderr.write("Interrupted.\n")
        return 130
    except BrokenPipeError:
        # `| head` has seen enough. Point stdout elsewhere, or closing it complains once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
