"""What the README tells people to type works as written."""

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sentinel_env import env_file
from tests.support.server import RunningOdoo
from tests.support.workshop import Workshop

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


def chapter(title: str) -> str:
    """Return the text of one chapter of the README."""
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_shell_commands(odoo_server: RunningOdoo, orders: Orders, tmp_path: Path) -> None:
    (order,) = orders.make([200])
    (row,) = orders.rpc.execute("sale.order", "read", [order], ["name"])
    environment = {
        **os.environ,
        **odoo_server.environment(),
        "SENTINEL_STORE": str(tmp_path / "trail.sqlite3"),
    }
    commands = re.findall(
        r"^\$ (sentinel-ops .*?)(?:  +#.*)?$", chapter("What you get"), re.MULTILINE
    )
    assert len(commands) == 9
    printed = ""
    for command in commands:
        words = command.replace("S00080", row["name"]).split()
        done = subprocess.run(
            [sys.executable, "-m", "auditor", *words[1:]],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        printed += done.stdout
    assert f"The life of {row['name']}" in printed
    assert orders.states([order]) == ["cancel"]
    assert list(tmp_path.glob("*.html"))
    assert row["name"] in (tmp_path / "trail.jsonl").read_text()


def steps(title: str) -> list[tuple[str, list[str]]]:
    """Return the commands of a chapter, each with the lines that it is said to print."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", chapter(title), re.MULTILINE | re.DOTALL):
        within = ""
        for line in block.splitlines():
            if within:
                found[-1] = (f"{found[-1][0]}\n{line}", [])
                within = "" if line == within else within
            elif line.startswith("$ "):
                found.append((line[2:], []))
                within = "END" if "<<'END'" in line else ""
            else:
                found[-1][1].append(line)
    return found


def alike(line: str, database: str) -> str:
    """Return the line without what is another one each time: names, numbers, widths."""
    line = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UID", line)
    line = re.sub(r"\d[\d,-]*", "9", line.replace(database, "demo"))
    return re.sub(r"[\s\u2500]+", " ", line).strip()


def test_prove_it(
    new_server: Callable[..., RunningOdoo], workshop: Workshop, tmp_path: Path
) -> None:
    server = new_server()
    orders = Orders(server, "Customer of a stranger")
    orders.make([40, 50, 60])
    programs, state = tmp_path / "bin", tmp_path / ".sentinel"
    for folder in (programs, state):
        folder.mkdir()
    program = programs / "sentinel-ops"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m auditor "$@"\n')
    program.chmod(0o700)
    settings = {
        **server.environment(),
        "DATABASE_URL": server.database_url,
        "SENTINEL_STORE": str(tmp_path / "trail.sqlite3"),
    }
    spare = workshop.site.program.server.psql.parent
    (state / "env").write_text(env_file.render(settings, programs, spare))

    def type_in(command: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-c", f". .sentinel/env\n{command}"],
            env={**os.environ, "COLUMNS": "200"},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout

    # As the demo has: the first run and pull bring the events of the jobs that were made, too.
    for command in ("run clean_old_orders --dry-run", "pull"):
        code, printed = type_in(f"sentinel-ops {command}")
        assert code == 0, printed
    told = steps("Prove it")
    assert len(told) == 16
    for command, lines in told:
        code, printed = type_in(command)
        said = "\n".join(lines)
        expected = 6 if "\N{BALLOT X} demo" in said else 1 if "ERROR:" in said else 0
        assert code == expected, (command, printed)
        rest = iter([alike(line, server.db) for line in printed.splitlines()])
        for line in lines:
            # In this order, others between them.
            assert line == "..." or alike(line, server.db) in rest, (command, line, printed)


@pytest.mark.parametrize("name", sorted(re.findall(r"\]\(([^)#:]+)\)", README)))
def test_links_lead_somewhere(name: str) -> None:
    assert (ROOT / name).exists()


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"\bmake ([a-z]+)\b", README))
    assert {"demo", "test", "up", "down"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
