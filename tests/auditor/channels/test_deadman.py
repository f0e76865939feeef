"""The dead-man switch: a ping that never breaks a round."""

from __future__ import annotations

import logging
import uuid

import pytest

from auditor.alerts.channels.deadman import ping
from auditor.errors import BadInput
from auditor.settings import load
from tests.support.listener import Listener, Mood, answers, drops, hangs

ID = str(uuid.UUID(int=7))


def test_a_ping_is_a_get(listener: Listener) -> None:
    assert ping(load(deadman_url=f"{listener.url}/{ID}"))
    assert [(asked.method, asked.path) for asked in listener.asked] == [("GET", f"/{ID}")]


def test_without_an_address_nothing_is_asked() -> None:
    assert not ping(load())


@pytest.mark.usefixtures("auditor_log")
@pytest.mark.parametrize("mood", [answers(500), answers(404), answers(302), drops(), hangs()])
def test_a_ping_that_fails_is_a_warning_without_the_address(
    listener: Listener, caplog: pytest.LogCaptureFixture, mood: Mood
) -> None:
    listener.behave(mood)
    settings = load(deadman_url=f"{listener.url}/{ID}")
    assert not ping(settings, timeout=0.2 if mood.hangs else 20)
    assert len(listener.asked) == 1
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert record.getMessage() == "the dead-man switch was not pinged"
    assert ID not in str(record.__dict__)
    assert listener.url in record.__dict__["because"]


def test_what_is_no_web_address_is_bad_input() -> None:
    with pytest.raises(BadInput, match="DEADMAN_URL"):
        ping(load(deadman_url=ID))
