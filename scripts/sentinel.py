#!/usr/bin/env python3
"""The door behind the Makefile: `python3 scripts/sentinel.py COMMAND`.

Written so that Python 3.6 and later can parse it: a Python that is too old gets a sentence, not a
SyntaxError from some file of the package.
"""

import sys

if not (3, 10) <= sys.version_info[:2] <= (3, 13):
    sys.stderr.write(
        f"error: Sentinel-Ops and Odoo 19 need Python 3.10 to 3.13; {sys.executable} is "
        f"{sys.version_info[0]}.{sys.version_info[1]}.\n"
        "  what to do: name another one, for example: make PYTHON=python3.12 demo\n"
    )
    sys.exit(2)

from sentinel_env.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
