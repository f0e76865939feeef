"""Write a file so that it is there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from auditor.errors import AuditorError, BadInput


class CannotWrite(AuditorError):
    """The file can't be written; what stood there before still does."""


@contextmanager
def whole_file(path: Path, *, force: bool = False) -> Iterator[BinaryIO]:
    """Open a file that takes its name when the block ends well, readable by its owner only.

    :param force: replace a file of that name.
    :raises BadInput: there is such a file, and ``force`` is not given.
    :raises CannotWrite: the folder or the disk does not let it.
    """
    try:
        if path.is_dir():
            raise BadInput(f"{path} is a folder.", "Give --output the name of a file.")
        if not force and path.exists():
            raise _exists(path)
        number, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise _cannot(path, error) from error
    part = Path(name)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _name(part, path, force=force)
    except OSError as error:
        raise _cannot(path, error) from error
    finally:
        part.unlink(missing_ok=True)


def _name(part: Path, path: Path, *, force: bool) -> None:
    if force:
        part.replace(path)
        return
    try:
        # Unlike a rename, a link never takes the place of a file that came meanwhile.
        path.hardlink_to(part)
    except FileExistsError:
        raise _exists(path) from None
    except OSError:
        # Some file systems have no links.
        if path.exists():
            raise _exists(path) from None
        part.replace(path)


def _exists(path: Path) -> BadInput:
    return BadInput(f"{path} is there already.", "--force replaces it; --output names another.")


def _cannot(path: Path, error: OSError) -> CannotWrite:
    return CannotWrite(
        f"{path} cannot be written: {error.strerror or error}.",
        "--output names a file in a folder that you may write to, with room on its disk.",
    )
