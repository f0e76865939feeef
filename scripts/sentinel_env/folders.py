"""Folders that are there whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import SetupError

_UNFINISHED = ".building-"


def prepare(folder: Path) -> Path:
    """Make `folder`, readable by its owner only in its last part, and return it.

    :raises SetupError: it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"cannot make the folder {folder}: {error.strerror}",
            "set SENTINEL_HOME to a folder that you may write, on a disk with 4 GB free",
        ) from error
    if not os.access(folder, os.W_OK):
        raise SetupError(
            f"the folder {folder} is not writable for you",
            "set SENTINEL_HOME to a folder that you may write",
        )
    return folder


@contextmanager
def built_whole(target: Path) -> Iterator[Path]:
    """Give a temporary folder beside `target`, and rename it to `target` if the block succeeds.

    Whoever sees `target` sees all of it, also after a crash or a full disk.
    """
    prepare(target.parent)
    temporary = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=target.parent))
    temporary.chmod(0o755)
    try:
        yield temporary
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sweep(parent: Path) -> None:
    """Remove what an interrupted `built_whole` left in `parent`. Call it under the lock."""
    for leftover in parent.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(leftover, ignore_errors=True)
