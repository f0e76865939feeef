"""``POST /pull`` tells people as the command does, and answers the same whatever becomes of it."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from auditor.adapters.http.door import Door
from tests.auditor.alerts.conftest import Hook, World
from tests.auditor.http.conftest import asked

pytestmark = pytest.mark.one_transport("what was read is judged, whichever way it came")


@pytest.mark.parametrize("status", [200, 404])
def test_a_pull_over_http_tells_people(world: World, hook: Hook, status: int) -> None:
    world.standin.day = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    world.options["alert_webhook_url"] = f"{hook.url}/hook"
    hook.status = status
    world.standin.seal(status="failure")
    door = Door(world.settings, platform=False)
    for _ in range(2):
        assert asked(door, "POST", "/pull").status == 200
    assert [each["reason"] for each in hook.messages()] == ["first"]


def test_a_pull_over_http_that_fails_tells_people_too(world: World, hook: Hook) -> None:
    world.options.update(alert_webhook_url=f"{hook.url}/hook", odoo_username="operator")
    assert asked(Door(world.settings, platform=False), "POST", "/pull").status >= 400
    assert [each["alerts"][0]["kind"] for each in hook.messages()] == ["auditor_blind"]
