"""A shared server for the tests that do not break it."""

from collections.abc import Iterator

import pytest

from tests.support.server import RunningOdoo

from .orders import Orders


@pytest.fixture
def orders(odoo_server: RunningOdoo, request: pytest.FixtureRequest) -> Iterator[Orders]:
    """Quotations of a customer of its own; old ones are gone again after the test."""
    made = Orders(odoo_server, f"Customer of {request.node.name}")
    yield made
    left = made.rpc.execute(
        "sale.order", "search", [("partner_id", "=", made.customer), ("state", "!=", "sale")]
    )
    if left:
        made.rpc.execute("sale.order", "action_cancel", left)
