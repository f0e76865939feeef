"""What the tests of the original contract share: one Odoo, an operator, and the command."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auditor import redact
from auditor.cli import main
from tests.support.server import RunningOdoo

ROOT = Path(__file__).resolve().parents[2]
OPERATOR = "sentinel_ops_addon.group_operator"
AUDITOR = "sentinel_ops_addon.group_auditor"


@dataclass(frozen=True)
class Said:
    """How a program ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class House:
    """An Odoo with the addon and a third party's jobs, and a user of it outside.

    :param key: the API key of the user, who is operator and auditor.
    """

    server: RunningOdoo
    login: str
    key: str

    def settings(self) -> dict[str, str]:
        """The four required settings."""
        return {
            "ODOO_URL": self.server.url,
            "ODOO_DB": self.server.db,
            "ODOO_USERNAME": self.login,
            "ODOO_PASSWORD": self.key,
        }

    def program(self, folder: Path, *command: str, **settings: str) -> Said:
        """Run a program in `folder` with these settings and no others."""
        done = subprocess.run(
            command,
            env={**bare_environment(folder), **settings},
            cwd=folder,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=240,
        )
        return self._checked(Said(done.returncode, done.stdout, done.stderr))

    def _checked(self, said: Said) -> Said:
        """Whatever it does, it shows no secret and no traceback."""
        for text in (said.out, said.err):
            assert self.key not in text
            assert "Traceback" not in text
        return said

    def auditor(self, folder: Path, *arguments: str, **settings: str) -> Said:
        """Run the auditor as this user; its store is in `folder`.

        Inside this process, which spares the interpreter's start; `program` starts one.
        """
        mine = {**self.settings(), "SENTINEL_STORE": str(folder / "trail.sqlite3")}
        streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2)]
        with pytest.MonkeyPatch.context() as patch:
            for name in list(os.environ):
                patch.delenv(name)
            for name, value in {**bare_environment(folder), **mine, **settings}.items():
                patch.setenv(name, value)
            patch.chdir(folder)
            patch.setattr(sys, "stdout", streams[0])
            patch.setattr(sys, "stderr", streams[1])
            redact.forget()
            code = main(arguments)
        texts = []
        for stream in streams:
            stream.seek(0)
            texts.append(stream.read())
        return self._checked(Said(code, *texts))

    @contextmanager
    def job(self, code: str, **values: object) -> Iterator[int]:
        """Write on a job, and put it back afterwards; gives its id."""
        admin = self.server.rpc()
        (job,) = admin.execute("sentinel.job", "search", [("code", "=", code)])
        (before,) = admin.execute("sentinel.job", "read", [job], list(values))
        admin.execute("sentinel.job", "write", [job], values)
        try:
            yield job
        finally:
            before.pop("id")
            # A reference is read as [id, name].
            before = {
                name: value[0] if isinstance(value, list) else value
                for name, value in before.items()
            }
            admin.execute("sentinel.job", "write", [job], before)


def bare_environment(home: Path) -> dict[str, str]:
    """Return an environment without any setting of the machine that runs the tests."""
    kept = ("PATH", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "NO_PROXY": "127.0.0.1",
    }


def json_row(line: str) -> dict[str, Any]:
    """Return one line of JSON."""
    row = json.loads(line)
    assert isinstance(row, dict)
    return row
