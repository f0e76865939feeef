"""Copies of databases, and templates that a run did not finish."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sentinel_env.databases import Databases
from sentinel_env.errors import SetupError
from sentinel_env.layout import Cache, Clone
from sentinel_env.source_hash import source_hash
from sentinel_env.templates import Templates
from tests.support.workshop import Workshop

pytestmark = pytest.mark.odoo


@pytest.fixture
def databases(workshop: Workshop) -> Databases:
    """Return the databases of the real server."""
    return workshop.site.databases


def test_a_copy_has_its_own_identity_and_all_files(
    databases: Databases, new_database: Callable[..., str]
) -> None:
    first, second = new_database(), new_database()
    server = databases.server
    for query in (
        "SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'",
        "SELECT uid FROM sentinel_chain",
    ):
        assert server.sql(query, first) != server.sql(query, second)
    files = [len(list(databases.filestore(name).rglob("*"))) for name in (first, second)]
    assert files[0] == files[1] > 10


def test_only_databases_of_this_project_are_touched(databases: Databases) -> None:
    for name in ("postgres", "odoo", 'sentinel_x"; DROP', "sentinel_", "SENTINEL_x"):
        with pytest.raises(SetupError, match="not the name of a database of this project"):
            databases.drop(name)


def test_a_dropped_database_takes_its_files_along(databases: Databases, workshop: Workshop) -> None:
    name = workshop.new_database()
    assert databases.filestore(name).is_dir()
    workshop.throwaway.drop(name)
    assert not databases.exists(name)
    assert not databases.filestore(name).exists()


def test_databases_of_killed_runs_are_swept(workshop: Workshop, databases: Databases) -> None:
    # Process 1 is alive, and no process has a number beyond the kernel's limit.
    prefix = f"{workshop.site.templates.clone_prefix}tmp_"
    gone = int(Path("/proc/sys/kernel/pid_max").read_text()) + 1
    names = [f"{prefix}{gone}_1", f"{prefix}{os.getpid()}_999"]
    for name in names:
        databases.server.sql('CREATE DATABASE :"name"', name=name)
    try:
        workshop.throwaway.sweep()
        assert [databases.exists(name) for name in names] == [False, True]
    finally:
        databases.drop(names[1])


class _Odoo:
    """Stands for Odoo as far as templates need it: it makes a database, and may die in it."""

    def __init__(self, real: Any, databases: Databases) -> None:
        self.source = replace(real.source, key="faketest")
        self.databases = databases
        self.calls = 0
        self.dies = True

    def change_modules(self, database: str, *_arguments: object, **_options: object) -> None:
        self.calls += 1
        self.databases.server.sql('CREATE DATABASE :"name"', name=database)
        if self.dies:
            raise SetupError("killed half-way")


@pytest.fixture
def fake(
    workshop: Workshop, databases: Databases, tmp_path: Path
) -> Iterator[tuple[_Odoo, Templates]]:
    """Give templates that are built by `_Odoo`."""
    odoo = _Odoo(workshop.site.program, databases)
    cache, clone = Cache(tmp_path), Clone(workshop.site.clone.root)
    templates = Templates(odoo, databases, cache, clone)  # type: ignore[arg-type]
    yield odoo, templates
    for name in databases.names(templates.shared_name("base")):
        databases.drop(name)


def test_a_half_built_template_is_noticed_and_built_again(
    fake: tuple[_Odoo, Templates], databases: Databases
) -> None:
    odoo, templates = fake
    with pytest.raises(SetupError, match="half-way"):
        templates.shared("base")
    name = templates.shared_name("base")
    assert databases.names(name) == [f"{name}_building"]
    odoo.dies = False
    assert templates.shared("base") == name
    assert databases.names(name) == [name]
    assert templates.shared("base") == name
    assert odoo.calls == 2


def test_the_addons_mark_changes_with_what_runs_and_not_with_its_tests(tmp_path: Path) -> None:
    for file in ("models/a.py", "tests/test_a.py", "__pycache__/a.pyc"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("1")
    first = source_hash(tmp_path)
    (tmp_path / "tests/test_a.py").write_text("2")
    (tmp_path / "__pycache__/a.pyc").write_text("2")
    assert source_hash(tmp_path) == first
    (tmp_path / "models/a.py").write_text("2")
    second = source_hash(tmp_path)
    assert second != first
    (tmp_path / "models/a.py").rename(tmp_path / "models/b.py")
    assert source_hash(tmp_path) not in (first, second)
