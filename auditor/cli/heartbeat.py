"""A file whose age tells a watcher (a container's health check) when something last worked."""

from __future__ import annotations

from pathlib import Path

from auditor.errors import BadInput


def beat(file: Path) -> None:
    """Set the time of ``file`` to now; make it if it is not there.

    :raises BadInput: it can't be written.
    """
    try:
        file.touch()
    except OSError as error:
        raise BadInput(
            f"The heartbeat {file} cannot be written: {error.strerror}.",
            "Name a file in a folder that this user may write, such as /tmp.",
        ) from error
