"""Fixtures of the channels' tests."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import redact
from tests.auditor.channels.making import Pauses
from tests.auditor.conftest import clean_env
from tests.support.listener import Listener, listening
from tests.support.slack import SlackStandIn, slack_standin


@pytest.fixture(autouse=True)
def _nothing_of_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No setting or proxy of this machine counts; no secret of one test hides text of the next."""
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in clean_env(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    redact.forget()
    yield
    redact.forget()


@pytest.fixture
def slack() -> Iterator[SlackStandIn]:
    """A Slack that behaves until told otherwise."""
    with slack_standin() as standin:
        yield standin


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A web server that says yes to all until told otherwise."""
    with listening(Listener()) as listener:
        yield listener


@pytest.fixture
def auditor_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let caplog see it, also after a test that set the log up as the command does."""
    logger = logging.getLogger("auditor")
    monkeypatch.setattr(logger, "propagate", True)
    before = logger.level
    logger.setLevel(logging.DEBUG)
    yield
    logger.setLevel(before)


@pytest.fixture
def pauses() -> Pauses:
    """What was waited, in seconds."""
    return Pauses()
