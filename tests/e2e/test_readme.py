"""What the README tells people to type works as written."""

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import RunningOdoo

from .orders import Orders

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def test_the_python_client(odoo_server: RunningOdoo, orders: Orders) -> None:
    orders.make([200])
    operator = odoo_server.new_user("sentinel_ops_addon.group_operator")
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    settings = f"url, db, login, key = {(odoo_server.url, odoo_server.db)!r} + (" + (
        f"{operator.login!r}, {odoo_server.api_key(operator.login)!r})"
    )
    program, replaced = re.subn(r"^url, db, login, key = .*$", settings, block, flags=re.MULTILINE)
    assert replaced == 1
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(program, "README.md", "exec"), {})
    assert printed.getvalue().split()[0] in ("queued", "running", "done")


def commands() -> list[str]:
    return re.findall(r"^\$ (sentinel-ops .*?)(?:  +#.*)?$", README, re.MULTILINE)


def test_the_shell_commands(odoo_server: RunningOdoo, orders: Orders, tmp_path: Path) -> None:
    (order,) = orders.make([200])
    (row,) = orders.rpc.execute("sale.order", "read", [order], ["name"])
    environment = {
        **os.environ,
        **odoo_server.environment(),
        "SENTINEL_STORE": str(tmp_path / "trail.sqlite3"),
    }
    assert len(commands()) == 5
    for command in commands():
        words = command.replace("S00080", row["name"]).split()
        done = subprocess.run(
            [sys.executable, "-m", "auditor", *words[1:]],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    assert row["name"] in done.stdout
    assert orders.states([order]) == ["cancel"]


@pytest.mark.parametrize("name", sorted(re.findall(r"\]\(([^)#:]+)\)", README)))
def test_links_lead_somewhere(name: str) -> None:
    assert (ROOT / name).exists()


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"\bmake ([a-z]+)\b", README))
    assert {"demo", "test", "up", "down"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
