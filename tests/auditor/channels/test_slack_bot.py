"""Slack by a bot: one message a group, edited, its history in a thread."""

from __future__ import annotations

import pytest

from auditor.alerts.channels.interface import NotSent
from auditor.alerts.channels.slack_bot import SlackBotChannel
from auditor.alerts.notification import Reason, Severity
from auditor.errors import BadInput
from tests.auditor.channels.making import Pauses, notification, resolved
from tests.support.listener import Mood, answers, drops, hangs
from tests.support.slack import CHANNEL, SlackStandIn, rate_limited, refuses

REPETITION = "may be a repetition"


@pytest.fixture
def channel(slack: SlackStandIn, pauses: Pauses) -> SlackBotChannel:
    return SlackBotChannel(
        slack.token, "#alerts", api_url=slack.api_url, patience=pauses.patience()
    )


@pytest.fixture
def receipt(channel: SlackBotChannel) -> str:
    """Of a group that has been told."""
    return channel.send(notification(), receipt="")


def test_the_first_message_gives_a_receipt(receipt: str, slack: SlackStandIn) -> None:
    (message,) = slack.messages
    assert receipt == f"{CHANNEL}:{message.ts}"
    assert message.thread_ts == ""
    assert "342 of 12,010" in message.everything


def test_a_later_message_edits_the_first_and_adds_to_its_thread(
    channel: SlackBotChannel, slack: SlackStandIn, receipt: str
) -> None:
    again = channel.send(resolved(), receipt=receipt)
    first, answer = slack.messages
    assert again == receipt
    assert first.blocks[0]["text"]["text"].startswith("✅ RESOLVED")
    assert len(first.edits) == 1
    assert answer.thread_ts == first.ts
    assert answer.blocks[0]["text"]["text"].startswith("✅ RESOLVED")
    assert not answer.broadcast


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        (Reason.REMINDER, True),
        (Reason.MORE_SEVERE, True),
        (Reason.NEW_ALERTS, True),
        (Reason.UNSURE, True),
        (Reason.SOME_RESOLVED, False),
    ],
)
def test_what_wants_attention_shows_in_the_channel_too(
    channel: SlackBotChannel, slack: SlackStandIn, receipt: str, reason: Reason, shown: bool
) -> None:
    channel.send(notification(reason=reason), receipt=receipt)
    assert slack.messages[-1].broadcast is shown


def test_a_deleted_message_is_opened_anew(
    channel: SlackBotChannel, slack: SlackStandIn, receipt: str
) -> None:
    slack.delete(receipt.partition(":")[2])
    second = channel.send(notification(reason=Reason.REMINDER), receipt=receipt)
    (message,) = slack.messages
    assert second == f"{CHANNEL}:{message.ts}" != receipt
    assert message.thread_ts == ""


@pytest.mark.parametrize("code", ["cant_update_message", "edit_window_closed"])
def test_a_message_that_cannot_be_edited_is_answered_all_the_same(
    channel: SlackBotChannel, slack: SlackStandIn, receipt: str, code: str
) -> None:
    slack.behave(refuses(code))
    assert channel.send(resolved(), receipt=receipt) == receipt
    first, answer = slack.messages
    assert first.edits == []
    assert answer.thread_ts == first.ts


@pytest.mark.parametrize("receipt", ["<a@example.com>", "ok", "C1:2; drop", "c0:1.2"])
def test_what_is_no_receipt_of_ours_opens_a_new_message(
    channel: SlackBotChannel, slack: SlackStandIn, receipt: str
) -> None:
    channel.send(notification(), receipt=receipt)
    assert [message.thread_ts for message in slack.messages] == [""]


@pytest.mark.parametrize(
    ("mood", "marked"),
    [
        (rate_limited(3), False),
        (refuses("ratelimited"), False),
        (refuses("service_unavailable"), False),
        (refuses("internal_error"), True),
        (answers(503), False),
        (answers(500), True),
        (answers(502), True),
        (drops(takes=True), True),
    ],
)
def test_what_passes_is_tried_again_and_marked_if_it_may_have_arrived(
    channel: SlackBotChannel, slack: SlackStandIn, pauses: Pauses, mood: Mood, marked: bool
) -> None:
    slack.behave(mood)
    receipt = channel.send(notification(), receipt="")
    assert len(pauses.taken) == 1
    assert (REPETITION in slack.messages[-1].text) is marked
    assert receipt.endswith(slack.messages[-1].ts)


def test_the_pause_is_what_slack_asks_for(
    channel: SlackBotChannel, slack: SlackStandIn, pauses: Pauses
) -> None:
    slack.behave(rate_limited(7))
    channel.send(notification(), receipt="")
    assert pauses.taken == [7]


def test_nothing_is_added_to_the_thread_until_the_edit_is_made(
    channel: SlackBotChannel, slack: SlackStandIn, receipt: str
) -> None:
    slack.behave(answers(502), answers(502), answers(502))
    with pytest.raises(NotSent) as caught:
        channel.send(resolved(), receipt=receipt)
    assert caught.value.passing
    assert not caught.value.unsure, "an edit made twice is made once"
    assert len(slack.messages) == 1
    channel.send(resolved(), receipt=receipt)
    assert [message.thread_ts != "" for message in slack.messages] == [False, True]


def test_no_answer_in_time_is_not_tried_again_at_once(slack: SlackStandIn, pauses: Pauses) -> None:
    slack.behave(hangs())
    patience = pauses.patience(timeout=0.2)
    channel = SlackBotChannel(slack.token, CHANNEL, api_url=slack.api_url, patience=patience)
    with pytest.raises(NotSent, match=r"within 0.2 seconds") as caught:
        channel.send(notification(), receipt="")
    assert caught.value.unsure
    assert len(slack.asked) == 1


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("channel_not_found", "/invite"),
        ("not_in_channel", "/invite"),
        ("is_archived", "archive"),
        ("invalid_auth", "SLACK_BOT_TOKEN"),
        ("token_revoked", "SLACK_BOT_TOKEN"),
        ("missing_scope", "chat:write"),
        ("restricted_action", "administers"),
        ("never_heard_of", "documentation"),
    ],
)
def test_a_no_for_good_names_its_remedy_and_is_not_tried_again(
    channel: SlackBotChannel, slack: SlackStandIn, code: str, remedy: str
) -> None:
    slack.behave(refuses(code))
    with pytest.raises(NotSent, match=code) as caught:
        channel.send(notification(), receipt="")
    assert not caught.value.passing
    assert remedy in caught.value.remedy
    assert len(slack.asked) == 1


def test_a_wrong_token_is_refused_and_not_shown(slack: SlackStandIn) -> None:
    channel = SlackBotChannel("xoxb-wrong-token", CHANNEL, api_url=slack.api_url)
    with pytest.raises(NotSent, match="invalid_auth") as caught:
        channel.send(notification(), receipt="")
    assert "xoxb-wrong" not in f"{caught.value!r} {caught.value.remedy} {channel!r}"


def test_a_token_with_other_letters_is_bad_input() -> None:
    with pytest.raises(BadInput, match="SLACK_BOT_TOKEN is no token"):
        SlackBotChannel("xoxb-1\n2", CHANNEL)


@pytest.mark.parametrize(
    "mood",
    [
        *(answers(200, body) for body in ("<html>Log in</html>", "[1]", "", "null", '{"ok":')),
        answers(200, "xyz", Content_Type="application/json; charset=utf-16"),
        answers(200, "xyz", Content_Type="application/json; charset=of-my-own"),
    ],
)
def test_what_is_not_slack_is_said_to_be_none(
    channel: SlackBotChannel, slack: SlackStandIn, mood: Mood
) -> None:
    slack.behave(mood)
    with pytest.raises(NotSent, match="is not Slack") as caught:
        channel.send(notification(), receipt="")
    assert not caught.value.passing


def test_blocks_that_slack_refuses_arrive_as_text(
    channel: SlackBotChannel, slack: SlackStandIn
) -> None:
    slack.behave(refuses("invalid_blocks"))
    receipt = channel.send(notification(severity=Severity.WARNING), receipt="")
    assert slack.messages[0].blocks == []
    slack.behave(refuses("msg_blocks_too_long"))
    channel.send(resolved(), receipt=receipt)
    assert slack.messages[0].blocks == []
    assert "RESOLVED" in slack.messages[0].text
