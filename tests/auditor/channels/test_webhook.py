"""The plain webhook: one documented JSON document a message."""

from __future__ import annotations

import json
import re
import ssl
from pathlib import Path

import pytest

from auditor.alerts.channels.interface import NotSent
from auditor.alerts.channels.webhook import WebhookChannel
from auditor.alerts.notification import Reason
from auditor.errors import BadInput
from tests.auditor.channels.making import Pauses, notification
from tests.auditor.test_wire import breaking_tls
from tests.support.listener import Listener, Mood, answers, drops, hangs

GUIDE = Path(__file__).parents[3] / "docs" / "slack.md"


@pytest.fixture
def channel(listener: Listener, pauses: Pauses) -> WebhookChannel:
    return WebhookChannel(f"{listener.url}/hooks/sentinel", patience=pauses.patience())


def test_the_document_is_the_one_in_the_guide(channel: WebhookChannel, listener: Listener) -> None:
    assert channel.send(notification(), receipt="anything") == ""
    (asked,) = listener.asked
    (shown,) = re.findall(r"```json\n(\{\n  \"version\".*?)```", GUIDE.read_text(), re.DOTALL)
    assert asked.body == json.loads(shown)
    assert (asked.method, asked.path) == ("POST", "/hooks/sentinel")
    assert asked.headers["content-type"] == "application/json"
    assert json.loads(channel.preview(notification())) == asked.body


def test_each_try_of_a_message_has_the_same_key_and_other_messages_others(
    channel: WebhookChannel, listener: Listener
) -> None:
    listener.behave(answers(502))
    channel.send(notification(), receipt="")
    channel.send(notification(reason=Reason.UNSURE), receipt="")
    channel.send(notification(id="4567"), receipt="")
    keys = [asked.headers["idempotency-key"] for asked in listener.asked]
    assert keys[0] == keys[1] == keys[2] != keys[3]
    assert [asked.body["repeated"] for asked in listener.asked] == [False, True, True, False]


def test_names_of_records_can_be_left_out(listener: Listener) -> None:
    channel = WebhookChannel(f"{listener.url}/hooks/sentinel", record_names=False)
    channel.send(notification(), receipt="")
    (asked,) = listener.asked
    assert "S0004" not in json.dumps(asked.body)
    assert asked.body["alerts"][0]["total"] == 342


@pytest.mark.parametrize(
    ("mood", "tries", "passing", "unsure"),
    [
        (answers(503, Retry_After="3"), 3, True, False),
        (answers(429), 3, True, False),
        (answers(500), 3, True, True),
        (answers(502), 3, True, True),
        (drops(), 3, True, True),
        (answers(429, Retry_After="3600"), 1, True, False),
        (answers(302, Location="http://127.0.0.1:9/"), 1, False, False),
        (answers(401), 1, False, False),
        (answers(404), 1, False, False),
        (answers(422), 1, False, False),
    ],
)
def test_what_passes_is_tried_again_and_the_rest_is_not(
    channel: WebhookChannel,
    listener: Listener,
    pauses: Pauses,
    mood: Mood,
    tries: int,
    passing: bool,
    unsure: bool,
) -> None:
    listener.behave(*[mood] * 3)
    with pytest.raises(NotSent) as caught:
        channel.send(notification(), receipt="")
    assert len(listener.asked) == tries
    assert (caught.value.passing, caught.value.unsure) == (passing, unsure)
    if mood.headers.get("Retry-After") == "3":
        assert pauses.taken == [3, 3]


def test_any_2xx_is_a_yes(channel: WebhookChannel, listener: Listener) -> None:
    listener.behave(answers(202), answers(204, ""))
    channel.send(notification(), receipt="")
    channel.send(notification(), receipt="")
    assert len(listener.asked) == 2


def test_no_answer_in_time_is_not_tried_again_at_once(listener: Listener, pauses: Pauses) -> None:
    listener.behave(hangs())
    channel = WebhookChannel(f"{listener.url}/x", patience=pauses.patience(timeout=0.2))
    with pytest.raises(NotSent, match=r"within 0.2 seconds") as caught:
        channel.send(notification(), receipt="")
    assert (caught.value.passing, caught.value.unsure) == (True, True)
    assert len(listener.asked) == 1


def test_nobody_there_passes_and_surely_did_not_arrive(pauses: Pauses) -> None:
    channel = WebhookChannel("http://127.0.0.1:9/x", patience=pauses.patience())
    with pytest.raises(NotSent, match="cannot be reached") as caught:
        channel.send(notification(), receipt="")
    assert (caught.value.passing, caught.value.unsure) == (True, False)
    assert len(pauses.taken) == 2


def test_tls_that_breaks_is_no_bad_certificate_and_may_have_arrived(
    certificate: tuple[Path, ssl.SSLContext], pauses: Pauses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    with breaking_tls(certificate[1]) as server:
        channel = WebhookChannel(f"{server.url}/x", patience=pauses.patience())
        with pytest.raises(NotSent, match=r"TLS connection to .* broke") as caught:
            channel.send(notification(), receipt="")
    assert (caught.value.passing, caught.value.unsure) == (True, True)
    assert server.requests == 3


@pytest.mark.parametrize(
    "url",
    ["", "hooks.example.com/x", "ftp://example.com/x", "https://", "https://a b/", "http://a:x"],
)
def test_what_is_no_web_address_is_bad_input(url: str) -> None:
    with pytest.raises(BadInput, match="ALERT_WEBHOOK_URL is not a web address") as caught:
        WebhookChannel(url)
    assert "https://" in caught.value.remedy
