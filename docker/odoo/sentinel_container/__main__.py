"""The container's entrypoint: `serve` is the server, anything else is run as it is.

`docker compose run --rm odoo odoo shell -d sentinel` works: Odoo's configuration is written first.
"""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

from . import health, program
from .configuration import Configuration
from .database import Database, State
from .errors import StartError

_HAND_OVER = """
from pathlib import Path
from sentinel_container.account import hand_over
hand_over(env, Path({key_file!r}))
"""
_SEED = """
from sentinel_container.quotations import seed
seed(env)
"""
_COMMIT = "env.cr.commit()\n"


def main(arguments: list[str]) -> int:
    """Prepare and become what `arguments` say; return an exit status only if that fails."""
    # The first process of a container has no default for it: `docker stop` would have to kill.
    signal.signal(signal.SIGTERM, _end)
    try:
        configuration = Configuration.of(os.environ)
        configuration.write()
        if arguments[:1] != ["serve"]:
            os.execvp(arguments[0], arguments)
        _set_up(configuration)
        health.forget(configuration.file.parent)
        program.serve(arguments[1:])
    except StartError as error:
        sys.stderr.write(f"error: {error.message}\n  what to do: {error.remedy}\n")
        return 1
    except FileNotFoundError as error:
        sys.stderr.write(f"error: {error}\n  what to do: look at the command for a slip\n")
        return 127


def _set_up(configuration: Configuration) -> None:
    database = Database(configuration)
    with database.alone(lambda: _say("another container sets the database up; waiting for it")):
        state = database.state()
        _say(f"database {database.name}: {state.value}")
        code = ""
        if state in (State.NOTHING, State.BEGUN):
            database.create()
            program.install(configuration)
            if configuration.demo:
                code += _SEED
        elif state is State.OLDER:
            program.upgrade()
        # Killed between the file and the commit, it leaves a key that does not work; the next start
        # sees that and makes another.
        code += _HAND_OVER.format(key_file=str(configuration.key_file)) + _COMMIT
        program.shell(database.name, code)
        if state is not State.CURRENT:
            database.note_current()
    _say("ready")


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    # Whoever runs a child ends it on the way out.
    sys.exit(128 + number)


def _say(text: str) -> None:
    sys.stderr.write(f"sentinel-ops: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
