"""A shared server for the tests that do not break it."""

from collections.abc import Iterator

import pytest

from sentinel_env.layout import TEST_ADDON
from tests.support.server import RunningOdoo
from tests.support.workshop import Workshop

from .first_system import AUDITOR, OPERATOR, House
from .orders import Orders


@pytest.fixture
def orders(odoo_server: RunningOdoo, request: pytest.FixtureRequest) -> Iterator[Orders]:
    """Quotations of a customer of its own; old ones are gone again after the test."""
    made = Orders(odoo_server, f"Customer of {request.node.name}")
    yield made
    made.clear()


@pytest.fixture(scope="session")
def house(workshop: Workshop) -> House:
    """An Odoo with a third party's jobs in it, for the original contract and for the guides."""
    addons = [workshop.site.clone.test_addons]
    database = workshop.new_database(install=[TEST_ADDON], addons=addons)
    server = workshop.new_server(database, addons=addons)
    user = server.new_user(
        OPERATOR,
        AUDITOR,
        "sales_team.group_sale_manager",
        "base.group_partner_manager",
        login="first-system",
    )
    return House(server, user.login, server.api_key(user.login))


@pytest.fixture
def quotations(house: House, request: pytest.FixtureRequest) -> Iterator[Orders]:
    """As `orders`, in the Odoo of `house`."""
    made = Orders(house.server, f"Customer of {request.node.name}")
    yield made
    made.clear()
