"""What tells whether the addon changed since it was installed in a database."""

import hashlib
from pathlib import Path

_IGNORED_FOLDERS = frozenset({"__pycache__", "tests", "readme", ".git"})
_IGNORED_SUFFIXES = frozenset({".pyc", ".pyo", ".swp", ".orig"})


def source_hash(folder: Path) -> str:
    """Return hex digits over the names and contents of what a running module consists of.

    Its tests do not count: changing one must not cost an upgrade of the database.
    """
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder)
        if _IGNORED_FOLDERS.intersection(inside.parts) or file.suffix in _IGNORED_SUFFIXES:
            continue
        # A module may link to a file that an editor has just replaced.
        if file.is_file():
            digest.update(str(inside).encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]
