"""Slack by incoming webhook: what arrives, and what a Slack in a bad mood is answered with."""

from __future__ import annotations

import json
import socket

import pytest

from auditor.alerts.channels.interface import NotSent
from auditor.alerts.channels.slack import SlackChannel
from auditor.alerts.notification import Reason
from tests.auditor.channels.making import Pauses, notification, resolved
from tests.support.listener import Mood, answers, drops, hangs
from tests.support.slack import WEBHOOK, SlackStandIn, rate_limited, refuses


@pytest.fixture
def channel(slack: SlackStandIn, pauses: Pauses) -> SlackChannel:
    return SlackChannel(slack.webhook_url, patience=pauses.patience())


REPETITION = "may be a repetition"


def test_a_message_says_all_that_is_known(channel: SlackChannel, slack: SlackStandIn) -> None:
    assert channel.send(notification(), receipt="") == ""
    (message,) = slack.messages
    for text in (
        "🔴 CRITICAL · Clean old orders failed · production",
        "odoo.example.com/prod",
        "2026-11-23 11:24 UTC",
        "342 of 12,010 quotations (2.8 %) could not be cancelled.",
        "*Owner*\nanna",
        "*Threshold*\n10 records",
        "*What changed*\n+12 new, -30 fixed",
        "<https://odoo.example.com/odoo/sale.order/0|S00040>",
        "and 337 more",
    ):
        assert text in message.everything
    assert REPETITION not in message.everything
    buttons = {
        element["text"]["text"]: element["url"]
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]
    }
    assert buttons == {
        "Open in Odoo": "https://odoo.example.com/odoo/runs/7?a=1&b=2",
        "Runbook": "https://example.com/docs/runbooks/run_failed",
    }
    assert "342 of 12,010" in message.text, "the phone's notification says it too"


def test_resolved_is_said_in_a_word(channel: SlackChannel, slack: SlackStandIn) -> None:
    channel.send(resolved(), receipt="")
    assert slack.messages[0].blocks[0]["text"]["text"].startswith("✅ RESOLVED (was critical)")
    assert "RESOLVED" in slack.messages[0].text


@pytest.mark.parametrize("about", [{"repeated": True}, {"reason": Reason.UNSURE}])
def test_what_may_be_a_repetition_says_so(
    channel: SlackChannel, slack: SlackStandIn, about: dict[str, object]
) -> None:
    channel.send(notification(**about), receipt="")
    (message,) = slack.messages
    assert REPETITION in message.text
    assert REPETITION in json.dumps(message.blocks)


def test_names_of_records_can_be_left_out(slack: SlackStandIn) -> None:
    channel = SlackChannel(slack.webhook_url, record_names=False)
    channel.send(notification(), receipt="")
    assert "S0004" not in slack.messages[0].everything
    assert "S0004" not in channel.preview(notification())
    assert "<https://odoo.example.com/odoo/sale.order/0|record 1>" in slack.messages[0].everything


@pytest.mark.parametrize(
    ("mood", "marked"),
    [
        (rate_limited(3), False),
        (refuses("rate_limited", 429), False),
        (answers(503), False),
        (answers(500), True),
        (answers(502), True),
        (answers(504), True),
        (refuses("rollup_error", 500), True),
        (drops(), True),
        (answers(502, takes=True), True),
        (drops(takes=True), True),
    ],
)
def test_what_passes_is_tried_again_and_marked_if_it_may_have_arrived(
    channel: SlackChannel, slack: SlackStandIn, pauses: Pauses, mood: Mood, marked: bool
) -> None:
    slack.behave(mood, mood)
    channel.send(notification(), receipt="")
    assert len(slack.asked) == 3
    assert len(pauses.taken) == 2
    assert (REPETITION in slack.messages[-1].text) is marked
    if mood.takes:
        assert len(slack.messages) == 3
        assert REPETITION not in slack.messages[0].text


def test_the_pause_is_what_slack_asks_for(
    channel: SlackChannel, slack: SlackStandIn, pauses: Pauses
) -> None:
    slack.behave(rate_limited(7), rate_limited("Wed, 21 Oct 2026 07:28:00 GMT"))
    channel.send(notification(), receipt="")
    assert pauses.taken[0] == 7
    assert 0 < pauses.taken[1] < 2, "a date is no number of seconds: the usual pause"


def test_who_asks_for_a_long_pause_is_asked_again_next_round(
    channel: SlackChannel, slack: SlackStandIn, pauses: Pauses
) -> None:
    slack.behave(rate_limited(600))
    with pytest.raises(NotSent, match="for 600 seconds") as caught:
        channel.send(notification(), receipt="")
    assert caught.value.passing
    assert not caught.value.unsure
    assert pauses.taken == []


def test_patience_ends(channel: SlackChannel, slack: SlackStandIn) -> None:
    slack.behave(answers(502), answers(503), answers(503), answers(503))
    with pytest.raises(NotSent) as caught:
        channel.send(notification(), receipt="")
    assert len(slack.asked) == 3
    assert caught.value.passing
    assert caught.value.unsure, "the first of them may have arrived"


def test_no_answer_in_time_is_not_tried_again_at_once(slack: SlackStandIn, pauses: Pauses) -> None:
    slack.behave(hangs(takes=True))
    channel = SlackChannel(slack.webhook_url, patience=pauses.patience(timeout=0.2))
    with pytest.raises(NotSent, match=r"did not answer within 0.2 seconds") as caught:
        channel.send(notification(), receipt="")
    assert caught.value.passing
    assert caught.value.unsure
    assert len(slack.asked) == 1


def test_nobody_there_passes_and_surely_did_not_arrive(pauses: Pauses) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}{WEBHOOK}"
        with pytest.raises(NotSent, match="cannot be reached") as caught:
            SlackChannel(url, patience=pauses.patience()).send(notification(), receipt="")
    assert caught.value.passing
    assert not caught.value.unsure
    assert len(pauses.taken) == 2


@pytest.mark.parametrize(
    ("mood", "says", "remedy"),
    [
        (refuses("no_service", 404), "no_service", "SLACK_WEBHOOK_URL"),
        (refuses("no_team", 404), "no_team", "SLACK_WEBHOOK_URL"),
        (refuses("invalid_token", 403), "invalid_token", "SLACK_WEBHOOK_URL"),
        (refuses("action_prohibited", 403), "action_prohibited", "administers"),
        (refuses("channel_is_archived", 410), "channel_is_archived", "archive"),
        (refuses("something_new", 410), "something_new", "SLACK_WEBHOOK_URL"),
        (answers(404), "HTTP 404", "SLACK_WEBHOOK_URL"),
        (answers(410, ""), "HTTP 410", "SLACK_WEBHOOK_URL"),
        (answers(418), "HTTP 418", "settings"),
        (answers(200, "<html>Log in to the hotel</html>"), "is not Slack", "proxy"),
    ],
)
def test_a_no_for_good_names_its_remedy_and_is_not_tried_again(
    channel: SlackChannel, slack: SlackStandIn, mood: Mood, says: str, remedy: str
) -> None:
    slack.behave(mood)
    with pytest.raises(NotSent, match=says) as caught:
        channel.send(notification(), receipt="")
    assert not caught.value.passing
    assert remedy in caught.value.remedy
    assert len(slack.asked) == 1


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_blocks_too_long", "invalid_payload"])
def test_blocks_that_slack_refuses_arrive_as_text(
    channel: SlackChannel, slack: SlackStandIn, code: str
) -> None:
    slack.behave(refuses(code, 400))
    channel.send(notification(), receipt="")
    assert len(slack.asked) == 2
    assert slack.messages[0].blocks == []
    assert "342 of 12,010" in slack.messages[0].text


def test_text_that_slack_refuses_too_is_an_error(
    channel: SlackChannel, slack: SlackStandIn
) -> None:
    slack.behave(refuses("invalid_blocks", 400), refuses("invalid_payload", 400))
    with pytest.raises(NotSent, match="invalid_payload") as caught:
        channel.send(notification(), receipt="")
    assert not caught.value.passing


def test_the_environments_proxy_is_not_asked_for_what_no_proxy_names(
    slack: SlackStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    SlackChannel(slack.webhook_url).send(notification(), receipt="")
    assert len(slack.messages) == 1


def test_the_preview_is_what_is_posted(channel: SlackChannel, slack: SlackStandIn) -> None:
    channel.send(notification(), receipt="")
    body = {**slack.asked[0].body}
    assert body.pop("unfurl_links") is False
    assert body.pop("unfurl_media") is False
    assert json.loads(channel.preview(notification())) == body
