"""One demo for all tests of the containers; it takes minutes to come up."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

if "SENTINEL_COMPOSE" not in os.environ:
    pytest.skip("needs a container engine: make test-docker", allow_module_level=True)

from .stack import SERVICES, Stack, until

_BEGUN = (
    "SELECT count(*) FROM pg_database WHERE datname = 'sentinel'"
    " AND shobj_description(oid, 'pg_database') LIKE '%not over yet%'"
)
_TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"


@dataclass(frozen=True)
class FirstStart:
    """What the first start was through before it came to its end.

    :param tables: how many tables Odoo had made when its container was killed.
    :param database: number of the database then; a new one has another.
    """

    tables: int
    database: str


@pytest.fixture(scope="session")
def demo() -> Iterator[tuple[Stack, FirstStart]]:
    """Bring the demo up, with a kill -9 of Odoo in the middle of its first installation."""
    stack = Stack()
    try:
        stack.compose("build")
        stack.compose("up", "-d", "db")
        stack.until_healthy("db")
        stack.compose("up", "-d", "--no-deps", "odoo")
        until(lambda: stack.sql(_BEGUN, "postgres") == [["1"]], "the first start has begun", 120)
        tables = until(
            lambda: (found := int(stack.sql(_TABLES)[0][0])) > 100 and found,
            "the installation is well under way",
        )
        (row,) = stack.sql("SELECT oid FROM pg_database WHERE datname = 'sentinel'", "postgres")
        stack.crash("odoo")
        # What a person types; it waits until Odoo is healthy before it starts the auditor.
        stack.compose("up", "-d")
        stack.until_healthy(*SERVICES)
        yield stack, FirstStart(tables, row[0])
    except BaseException:
        for service in SERVICES:
            print(f"== {service}\n{_log(stack, service)}")
        raise
    finally:
        stack.close()


@pytest.fixture
def stack(demo: tuple[Stack, FirstStart]) -> Stack:
    """Return the demo, all of it healthy."""
    demo[0].until_healthy(*SERVICES)
    return demo[0]


@pytest.fixture
def first_start(demo: tuple[Stack, FirstStart]) -> FirstStart:
    """Return what its first start was through."""
    return demo[1]


def _log(stack: Stack, service: str) -> str:
    try:
        return stack.logs(service)[-3000:]
    except ValueError:
        return "(there is no such container)"
