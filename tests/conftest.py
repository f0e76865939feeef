"""Fixtures for tests against a real Odoo 19 on a real PostgreSQL.

The set-up is that of `make up`, so a first run on an empty cache takes some minutes.
"""

import sys
from collections.abc import Callable, Iterator

import pytest

from sentinel_env import interruption
from sentinel_env.bigquery_emulator import BigQueryEmulator
from sentinel_env.odoo_rpc import OdooRpc
from tests.support.bigquery import open_emulator
from tests.support.server import RunningOdoo
from tests.support.workshop import Workshop, open_workshop

# Otherwise a time limit would end pytest on the spot, and the servers would stay.
interruption.on_sigterm()


@pytest.fixture(scope="session")
def workshop() -> Iterator[Workshop]:
    """Make databases and servers (`new_database`, `new_server`, `shell`)."""
    with open_workshop() as opened:
        yield opened


@pytest.fixture(scope="session")
def odoo_server(workshop: Workshop) -> RunningOdoo:
    """Serve a copy of the database with demo data and the addon, cron workers on.

    It is shared by the whole session: a test that kills or restarts it leaves it running, and
    one that needs a database for itself takes `new_server`.
    """
    return workshop.new_server()


@pytest.fixture
def new_server(workshop: Workshop) -> Iterator[Callable[..., RunningOdoo]]:
    """Return `Workshop.new_server`; what it made is removed after the test."""
    made: list[RunningOdoo] = []

    def make(*args: object, **kwargs: object) -> RunningOdoo:
        server = workshop.new_server(*args, **kwargs)  # type: ignore[arg-type]
        made.append(server)
        return server

    yield make
    for server in made:
        workshop.throwaway.drop(server.db)


@pytest.fixture
def new_database(workshop: Workshop) -> Iterator[Callable[..., str]]:
    """Return `Workshop.new_database`; what it made is removed after the test."""
    made: list[str] = []

    def make(*args: object, **kwargs: object) -> str:
        name = workshop.new_database(*args, **kwargs)  # type: ignore[arg-type]
        made.append(name)
        return name

    yield make
    for name in made:
        workshop.throwaway.drop(name)


@pytest.fixture(scope="session")
def bigquery_emulator() -> Iterator[BigQueryEmulator]:
    """Run a BigQuery emulator; a test that kills it starts it again."""
    if sys.version_info < (3, 11):
        pytest.skip("the BigQuery emulator needs Python 3.11 or newer")
    with open_emulator() as emulator:
        yield emulator


@pytest.fixture(scope="session")
def rpc(odoo_server: RunningOdoo) -> OdooRpc:
    """Return a plain XML-RPC client of the administrator on `odoo_server`."""
    return odoo_server.rpc()
