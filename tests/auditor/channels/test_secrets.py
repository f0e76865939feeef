"""No secret leaves by a log, an error or a message, even where everybody's log is on at DEBUG."""

from __future__ import annotations

import logging
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.alerts.channels.deadman import ping
from auditor.alerts.channels.interface import Channel, NotSent
from auditor.alerts.channels.slack import SlackChannel
from auditor.alerts.channels.slack_bot import SlackBotChannel
from auditor.alerts.channels.smtp import EmailChannel
from auditor.alerts.channels.webhook import WebhookChannel
from auditor.settings import load
from tests.auditor.channels.making import Pauses, alert, notification
from tests.auditor.conftest import clean_env
from tests.support.listener import Mood, answers, drops, hangs
from tests.support.mail import mail_server
from tests.support.slack import SlackStandIn, rate_limited, refuses

SECRET = "s3cr3t"
MOODS = [
    Mood(),
    rate_limited(1),
    answers(502, f"<html>{SECRET}"),
    answers(404, "s3cr3tWebhookPath"),
    refuses("invalid_auth"),
    drops(),
    hangs(),
]


@pytest.fixture(autouse=True)
def _everybody_talks(caplog: pytest.LogCaptureFixture, auditor_log: None) -> None:  # noqa: ARG001
    caplog.set_level(logging.DEBUG)
    # What an embedder may do to each of them.
    for name in ("slack_sdk", "slack_sdk.webhook.client", "slack_sdk.web.base_client", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)


def slack_webhook(slack: SlackStandIn, pauses: Pauses, timeout: float) -> Channel:
    return SlackChannel(slack.webhook_url, patience=pauses.patience(timeout=timeout))


def slack_bot(slack: SlackStandIn, pauses: Pauses, timeout: float) -> Channel:
    patience = pauses.patience(timeout=timeout)
    return SlackBotChannel(slack.token, "alerts", api_url=slack.api_url, patience=patience)


def webhook(slack: SlackStandIn, pauses: Pauses, timeout: float) -> Channel:
    url = slack.webhook_url.replace("://", "://anna:s3cr3tPassword@") + "?key=s3cr3tKey12345"
    return WebhookChannel(url, patience=pauses.patience(timeout=timeout))


@pytest.mark.parametrize("make", [slack_webhook, slack_bot, webhook])
@pytest.mark.parametrize("mood", MOODS)
def test_nothing_secret_is_logged_or_raised(
    slack: SlackStandIn,
    pauses: Pauses,
    caplog: pytest.LogCaptureFixture,
    make: Callable[[SlackStandIn, Pauses, float], Channel],
    mood: Mood,
) -> None:
    slack.behave(*[mood] * 3)
    channel = make(slack, pauses, 0.2 if mood.hangs else 20)
    told = ""
    try:
        channel.send(notification(), receipt="")
    except NotSent as error:
        told = f"{error!r} {error.remedy} {''.join(traceback.format_exception(error))}"
    assert SECRET in repr(slack.asked), "there was something to leak"
    assert SECRET not in told
    assert SECRET not in caplog.text
    if make is webhook and not (mood.drops or mood.hangs):
        assert "POST" in caplog.text, "urllib3's log is on"


def test_the_dead_mans_address_is_not_logged(
    slack: SlackStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    ping(load(deadman_url=slack.webhook_url))
    ping(load(deadman_url="http://127.0.0.1:9/s3cr3t-0000-0000"))
    assert "GET" in caplog.text
    assert SECRET not in caplog.text


def test_the_mail_servers_password_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="mail.log")  # the server's own
    with mail_server(user="anna", password="s3cr3tPassword") as mail:
        mail.behave("554 No: s3cr3tPassword")
        url = mail.url.replace("//", "//anna:s3cr3tPassword@")
        with pytest.raises(NotSent) as caught:
            EmailChannel(url, "a@b.c", "a@b.c").send(notification(), receipt="")
        assert mail.logins == ["anna"]
    assert SECRET not in f"{caught.value!r} {''.join(traceback.format_exception(caught.value))}"
    assert SECRET not in caplog.text


def test_no_secret_or_traceback_is_in_a_message(slack: SlackStandIn) -> None:
    load(odoo_password="s3cr3tPassword", odoo_username="anna")
    trace = 'Traceback (most recent call last):\n  File "x.py", line 1\nValueError: s3cr3tPassword'
    bad = alert(
        summary=trace,
        details=(("Said", "login anna:s3cr3tPassword"),),
        url="https://odoo.example.com/?key=s3cr3tPassword",
    )
    said = notification(alerts=(bad,), title="s3cr3tPassword")
    with mail_server() as mail:
        channels: list[Channel] = [
            SlackChannel(slack.webhook_url),
            SlackBotChannel(slack.token, "alerts", api_url=slack.api_url),
            WebhookChannel(f"{slack.url}/messages"),
            EmailChannel(mail.url, "a@b.c", "a@b.c"),
        ]
        for channel in channels:
            if channel.name == "webhook":
                slack.behave(answers(200))
            channel.send(said, receipt="")
        arrived = [repr(asked.body) for asked in slack.asked]
        arrived += [part.get_content() for part in mail.messages[0].iter_parts()]
        arrived += [channel.preview(said) for channel in channels]
    assert len(arrived) == 9
    for text in arrived:
        assert SECRET not in text
        assert "Traceback" not in text
        assert "x.py" not in text
        # In Slack a star is markup, so it gets characters that look like one.
        assert "ValueError: ***" in text.replace("∗", "*")


def test_slack_sdk_prints_nothing_where_nobody_set_up_a_log(tmp_path: Path) -> None:
    """Python prints warnings of loggers without handlers to stderr, and slack-sdk has errors."""
    program = """
from auditor.alerts.channels.interface import NotSent
from auditor.alerts.channels.slack import SlackChannel
from auditor.alerts.channels.trying import Patience
from tests.auditor.channels.making import notification
try:
    SlackChannel("http://127.0.0.1:9/s3cr3t", patience=Patience(attempts=1)).send(
        notification(), receipt="")
except NotSent as error:
    print(error.message)
"""
    made = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=clean_env(tmp_path),
        cwd=tmp_path,
    )
    assert (made.stdout, made.stderr) == ("Slack cannot be reached.\n", "")
