"""Virtual environments: one for Odoo in the cache, one for the auditor and the tests here."""

import hashlib
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from .commands import run
from .console import busy
from .errors import SetupError
from .folders import prepare
from .layout import Cache, Clone
from .locks import exclusive
from .odoo_source import OdooSource
from .prerequisites import base_python

_SCRIPTS = Path(__file__).resolve().parents[1]
ODOO_REQUIREMENTS = _SCRIPTS / "requirements-odoo.txt"
TEST_REQUIREMENTS = _SCRIPTS / "requirements-tests.txt"
EMULATOR_REQUIREMENTS = _SCRIPTS / "requirements-bigquery.txt"
# Written last: a folder without it is the work of a run that did not finish.
STAMP = "sentinel-ops.json"
_REMEDY = (
    "look at the network connection, the free disk space (df -h) and pip's own settings "
    "(pip config list), and run it again"
)


def odoo_python(cache: Cache, odoo: OdooSource) -> Path:
    """Return the Python that can `import odoo`, made if it is not in the cache yet.

    The environment carries Odoo's path in a `.pth` file, so that `$ODOO_PYTHON -m odoo` needs
    no PYTHONPATH, which would leak into every other Python that such a shell starts.
    """
    requirements = ODOO_REQUIREMENTS.read_text()
    key = _digest(requirements, sys.version, sys.base_prefix, str(odoo.path))
    folder = cache.venvs / f"odoo-{key}"
    if _is_whole(folder, key):
        return _python_of(folder)
    prepare(cache.venvs)
    with exclusive(cache.lock(f"venv-{key}"), "Python's packages for Odoo"):
        if not _is_whole(folder, key):
            _create(folder, "Odoo")
            _pip(folder, ["-r", str(ODOO_REQUIREMENTS)], "Odoo's Python packages", cache.logs)
            site = run(
                [
                    _python_of(folder),
                    "-c",
                    "import sysconfig; print(sysconfig.get_path('purelib'))",
                ],
                what="asking the new environment for its folder",
            ).strip()
            (Path(site) / "sentinel-odoo.pth").write_text(f"{odoo.path}\n")
            run(
                [
                    _python_of(folder),
                    "-c",
                    "import odoo.cli, odoo.service.server, odoo.tests.common",
                ],
                what=f"starting Odoo ({odoo.label}) with Python {sys.version.split()[0]}",
                remedy="another build of Odoo or another Python may fit: make PYTHON=python3.12 "
                "up, or ODOO_PATH=/path/to/odoo",
            )
            _finish(folder, key)
    return _python_of(folder)


def project_python(clone: Clone) -> Path:
    """Return the Python with the auditor (editable), its linters and the tests' needs."""
    folder = clone.venv
    key = _digest(
        (clone.root / "pyproject.toml").read_text(),
        TEST_REQUIREMENTS.read_text(),
        sys.version,
        sys.base_prefix,
        str(clone.root),
    )
    if _is_whole(folder, key):
        return _python_of(folder)
    prepare(clone.state)
    with exclusive(clone.lock("venv"), "this clone's virtual environment"):
        if not _is_whole(folder, key):
            if not _is_python(folder):
                _create(folder, "the auditor")
            (folder / STAMP).unlink(missing_ok=True)
            _pip(
                folder,
                ["-e", f"{clone.root}[dev]", "-r", str(TEST_REQUIREMENTS)],
                "the auditor and its tools",
                clone.logs,
            )
            _finish(folder, key)
    return _python_of(folder)


def emulator_python(cache: Cache) -> Path:
    """Return the Python with the BigQuery emulator, made if it is not in the cache yet."""
    requirements = EMULATOR_REQUIREMENTS.read_text()
    key = _digest(requirements, sys.version, sys.base_prefix)
    folder = cache.venvs / f"bigquery-{key}"
    if _is_whole(folder, key):
        return _python_of(folder)
    prepare(cache.venvs)
    with exclusive(cache.lock(f"venv-{key}"), "the BigQuery emulator's packages"):
        if not _is_whole(folder, key):
            _create(folder, "the BigQuery emulator")
            what = "the BigQuery emulator"
            _pip(folder, ["-r", str(EMULATOR_REQUIREMENTS)], what, cache.logs)
            _finish(folder, key)
    return _python_of(folder)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _python_of(folder: Path) -> Path:
    return folder / "bin" / "python"


def _is_whole(folder: Path, key: str) -> bool:
    stamp = folder / STAMP
    if not stamp.is_file() or json.loads(stamp.read_text()).get("key") != key:
        return False
    return _is_python(folder)


def _is_python(folder: Path) -> bool:
    # A system upgrade may have taken away the Python that the links point to.
    try:
        version = run(
            [_python_of(folder), "-c", "import sys, pip; print(sys.version)"], what="probing"
        )
    except SetupError:
        return False
    return version.strip() == sys.version.strip()


def _create(folder: Path, purpose: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with busy(f"making a virtual environment for {purpose}"):
        run(
            [base_python(), "-m", "venv", folder],
            what=f"making the virtual environment {folder}",
            remedy="look at the free disk space (df -h), and run it again",
        )


def _pip(folder: Path, arguments: Sequence[str], what: str, logs: Path) -> None:
    with busy(f"installing {what}"):
        run(
            [_python_of(folder), "-m", "pip", "install", "--no-input", *arguments],
            what=f"installing {what}",
            remedy=_REMEDY,
            log=logs / f"pip-{folder.name}.log",
        )


def _finish(folder: Path, key: str) -> None:
    (folder / STAMP).write_text(json.dumps({"key": key}))
