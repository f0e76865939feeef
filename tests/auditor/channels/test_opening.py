"""Which channels the settings make, and what is said of half a channel."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from auditor.alerts.channels.opening import open_channels
from auditor.errors import BadInput
from auditor.settings import load
from tests.auditor.channels.making import notification
from tests.support.slack import SlackStandIn

ALL: dict[str, Any] = {
    "slack_webhook_url": "https://hooks.slack.com/services/T0/B0/s3cr3tWebhookPath",
    "slack_bot_token": "xoxb-0123456789-s3cr3tToken",
    "slack_channel": "C0123456789",
    "alert_webhook_url": "https://example.com/hooks/s3cr3tWebhookPath",
    "smtp_url": "smtp://anna:s3cr3tPassword@mail.example.com",
    "alert_email_from": "odoo@example.com",
    "alert_email_to": "ops@example.com",
}


def python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def test_every_channel_that_is_set_up_is_opened() -> None:
    channels, errors = open_channels(load(**ALL))
    assert errors == {}
    assert [channel.name for channel in channels] == ["slack", "slack_bot", "webhook", "email"]
    for channel in channels:
        assert "s3cr3t" not in f"{channel!r} {channel.preview(notification())}"


def test_none_is_set_up_by_default() -> None:
    assert open_channels(load()) == ([], {})


def test_names_of_records_are_left_out_of_all_of_them() -> None:
    for channel in open_channels(load(**ALL, alert_record_names=False)).channels:
        assert "S0004" not in channel.preview(notification()), channel.name
    for channel in open_channels(load(**ALL)).channels:
        assert "S0004" in channel.preview(notification()), channel.name


@pytest.mark.parametrize(
    ("given", "channel", "says"),
    [
        (["slack_bot_token"], "slack_bot", "SLACK_CHANNEL is not"),
        (["slack_channel"], "slack_bot", "SLACK_BOT_TOKEN is not"),
        (["smtp_url"], "email", "ALERT_EMAIL_FROM or ALERT_EMAIL_TO is not"),
        (["smtp_url", "alert_email_from"], "email", "ALERT_EMAIL_TO is not"),
        (["alert_email_to"], "email", "SMTP_URL is not"),
        (["alert_email_from"], "email", "SMTP_URL is not"),
    ],
)
def test_half_a_channel_is_bad_input(given: list[str], channel: str, says: str) -> None:
    opened = open_channels(load(**{name: ALL[name] for name in given}))
    assert opened.channels == []
    assert list(opened.errors) == [channel]
    with pytest.raises(BadInput, match=says) as caught:
        opened.complete()
    assert "s3cr3t" not in f"{caught.value.message} {caught.value.remedy}"
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("channel", "broken"),
    [
        ("slack", {"slack_webhook_url": "no address"}),
        ("slack_bot", {"slack_channel": None}),
        ("webhook", {"alert_webhook_url": "no address"}),
        ("email", {"smtp_url": "http://mail.example.com"}),
        ("email", {"smtp_url": None}),
        ("email", {"alert_email_to": "nobody"}),
    ],
)
def test_a_channel_that_cannot_be_used_costs_the_others_nothing(
    channel: str, broken: dict[str, Any]
) -> None:
    opened = open_channels(load(**{**ALL, **broken}))
    assert list(opened.errors) == [channel]
    names = [each.name for each in opened.channels]
    assert names == [name for name in ("slack", "slack_bot", "webhook", "email") if name != channel]


def test_the_web_apis_address_is_a_setting(slack: SlackStandIn) -> None:
    (channel,) = open_channels(
        load(slack_bot_token=slack.token, slack_channel=slack.channel, slack_api_url=slack.api_url)
    ).channels
    channel.send(notification(), receipt="")
    assert len(slack.messages) == 1


@pytest.mark.parametrize(
    "setting",
    ["slack_webhook_url='https://a.example/x'", "slack_bot_token='x', slack_channel='C1'"],
)
def test_without_its_package_slack_is_one_sentence_and_the_rest_works(setting: str) -> None:
    program = f"""
import sys
sys.modules["slack_sdk"] = None
from auditor.alerts.channels.opening import open_channels
from auditor.settings import load
opened = open_channels(load({setting}, alert_webhook_url="https://a.example/x"))
assert [channel.name for channel in opened.channels] == ["webhook"]
for error in opened.errors.values():
    print(error.message, error.remedy)
"""
    made = python(program)
    assert made.stderr == ""
    assert made.stdout.strip() == (
        "Slack needs its client, which is not installed. "
        "In the clone of Sentinel-Ops: pip install '.[slack]'"
    )


def test_nothing_of_a_channel_is_imported_until_it_is_asked_for() -> None:
    program = """
import sys
import auditor.alerts.channels.opening
from auditor.settings import load
assert auditor.alerts.channels.opening.open_channels(load()).channels == []
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & {"slack_sdk", "requests", "smtplib"}))
"""
    made = python(program)
    assert made.stdout.strip() == "[]", made.stderr
