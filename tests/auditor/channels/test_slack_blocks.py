"""Blocks stay within Slack's limits and are escaped, whatever is in a notification.

The stand-in's checks are Slack's own (slack-sdk's validators and the documented limits); that they
refuse what they should is tested at the end.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.alerts.channels.safe import safe
from auditor.alerts.channels.slack_blocks import message
from auditor.alerts.channels.slack_text import escaped, units
from auditor.alerts.notification import Alert, Notification, Reason, Record, Severity, Status
from tests.auditor.channels.making import AT, alert, notification
from tests.support.slack import _MENTION, _texts, check_blocks, check_text

NASTY = [
    "<!channel>",
    "@here",
    "x @channel, y",
    "<@U012AB3CD>",
    "<https://evil.example.com|https://bank.example.com>",
    "&lt;!everyone&gt;",
    "&&&&" * 900,
    "👩‍👩‍👧‍👦🔴" * 700,
    '"\\' * 3000,
    "*bold* _it_ ~no~ `code` ```block``` ＊bold＊ ＿it＿ ｀code｀ _a_b_",
    ":white_check_mark: RESOLVED :+1: :a::b: x:100:y",
    "> quoted",
    "\x00\x07\x1b[31m\x7f\u202egnp.exe\u2028\r\n> quoted\n",
    "\ud83d",
    "é" * 5000,
    'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    x\nValueError: no',
]
# What Slack makes bold, italic, struck, code, a quotation or a picture of.
MARKUP = re.compile(r"[*＊~`｀]|(?<![A-Za-z0-9])[_＿]|^(?:&gt;|＞)|:[\w+'-]*[^\W\d][\w+'-]*:")
texts = st.one_of(
    st.sampled_from(NASTY), st.text(max_size=60), st.characters().map(lambda one: one * 4000)
)
addresses = st.one_of(
    st.sampled_from(
        [
            "https://odoo.example.com/odoo/1?a=1&b=<2>|3",
            "javascript:alert(1)",
            "http://user:password@odoo.example.com/",
            "https://example.com/" + "x" * 990,
            "https://example.com/" + "&" * 900,
            "https://[::1",
            "docs/runbooks/run_failed.md",
            "",
        ]
    ),
    texts,
)
records = st.builds(Record, name=texts, url=addresses)
alerts = st.builds(
    Alert,
    key=texts,
    kind=texts,
    severity=st.sampled_from(Severity),
    status=st.sampled_from(Status),
    summary=texts,
    since=st.just(AT),
    job=texts,
    job_name=texts,
    company=texts,
    tags=st.lists(texts, max_size=3).map(tuple),
    run=texts,
    details=st.lists(st.tuples(texts, texts), max_size=12).map(tuple),
    records=st.lists(records, max_size=7).map(tuple),
    total=st.integers(0, 10**9),
    changed=texts,
    owner=texts,
    runbook=addresses,
    url=addresses,
)
notifications = st.builds(
    Notification,
    group=texts,
    status=st.sampled_from(Status),
    severity=st.sampled_from(Severity),
    reason=st.sampled_from(Reason),
    instance=texts,
    environment=texts,
    title=texts,
    alerts=st.lists(alerts, min_size=1, max_size=4).map(tuple),
    at=st.just(AT),
    hidden=st.integers(0, 99),
    repeated=st.booleans(),
)


@settings(max_examples=120, deadline=None, database=None)
@given(notifications, st.booleans())
def test_any_notification_is_a_message_that_slack_takes(
    anything: Notification, record_names: bool
) -> None:
    made = message(safe(anything, record_names=record_names))
    blocks: list[Any] = list(made.blocks)
    check_blocks(blocks)
    check_text(made.text)
    assert 0 < units(made.text) <= 3000
    assert units(json.dumps(blocks, ensure_ascii=False)) <= 12_000
    assert not _MENTION.search("\n".join([made.text, *_texts(blocks)])), "it calls somebody"


@settings(max_examples=200, deadline=None, database=None)
@given(texts, st.integers(1, 200))
def test_text_is_cut_to_its_length_and_never_within_a_character(text: str, longest: int) -> None:
    cut = escaped(text, longest)
    assert units(cut) <= longest
    text_of_slack = cut.replace("&lt;", "").replace("&gt;", "").replace("&amp;", "")
    assert not set(text_of_slack) & set("<>&")
    if "…" not in text and cut.endswith("…"):
        assert escaped(text, 10 * len(text)).startswith(cut[:-1])
    assert not MARKUP.search(cut)


@pytest.mark.parametrize("text", [":white_check_mark: RESOLVED", "*x* _x_ ~x~ `x`", "> x"])
def test_text_from_odoo_makes_no_markup_wherever_it_stands(text: str) -> None:
    odd = alert(
        summary=text, changed=text, owner=text, job_name=text, company=text, tags=(text,),
        details=((text, text),), records=(Record(text, "https://odoo.example.com/1"), Record(text)),
    )  # fmt: skip
    changes = {"title": text, "instance": text, "environment": text, "alerts": (odd,)}
    plain = [*said(**changes), message(safe(notification(**changes), record_names=True)).text]
    ours = re.compile(r"^(?:• )?<https://[^|>]*\||^\*[^*\n]*\*", re.MULTILINE)
    for line in "\n".join(plain).splitlines():
        assert not MARKUP.search(ours.sub("", line).removeprefix("• ")), line


def test_what_people_copy_stays_as_it_is() -> None:
    for text in ("clean_old_orders", "docs/runbooks/run_failed.md", "2026-11-23 11:24:05 UTC"):
        assert escaped(text, 100) == text


def said(**changes: Any) -> list[str]:
    made = message(safe(notification(**changes), record_names=True))
    return _texts(list(made.blocks))


def test_one_alert_has_room_for_all_of_it_even_if_every_text_is_long() -> None:
    long = alert(
        summary="s" * 5000,
        changed="c" * 5000,
        owner="o" * 5000,
        details=tuple((f"label {number}" * 50, "v" * 5000) for number in range(20)),
        records=tuple(
            Record("r" * 5000, f"https://odoo.example.com/{'p' * 300}/{number}")
            for number in range(5)
        ),
    )
    made = message(safe(notification(alerts=(long,)), record_names=True))
    types = [block["type"] for block in made.blocks]
    assert types == [
        "header",
        "context",
        "divider",
        "section",
        "section",
        "section",
        "section",
        "actions",
    ]


def test_many_alerts_are_told_shorter_and_the_rest_counted() -> None:
    many = tuple(alert(summary=f"Alert number {number}.", key=str(number)) for number in range(90))
    texts = said(alerts=many, hidden=3)
    counted = [text for text in texts if "more alerts" in text]
    told = [text for text in texts if "Alert number" in text]
    assert "Alert number 0." in told[0]
    assert len(told) > 20
    assert counted == [f"and {93 - len(told)} more alerts"]
    assert texts.index(counted[0]) == len(texts) - 1


def test_only_the_first_five_records_are_told() -> None:
    seven = tuple(Record(f"R{number}") for number in range(7))
    (text,) = [text for text in said(alerts=(alert(records=seven, total=7),)) if "R4" in text]
    assert "R5" not in text
    assert "and 2 more" in text


def test_a_runbook_in_the_documentation_is_named_not_linked() -> None:
    texts = said(alerts=(alert(runbook="docs/runbooks/run_failed.md"),))
    assert "*Runbook*\ndocs/runbooks/run_failed.md" in texts
    assert "Runbook" not in texts


def test_an_alert_that_is_over_among_others_is_marked_in_the_text_too() -> None:
    both = (alert(), alert(status=Status.RESOLVED, summary="It came back."))
    made = message(safe(notification(alerts=both), record_names=True))
    assert "• resolved: It came back." in made.text


@pytest.mark.parametrize(
    "block",
    [
        {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        {"type": "header", "text": {"type": "plain_text", "text": ""}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "🔴" * 1501}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "a < b"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "a & b"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]},
        {"type": "section"},
        {"type": "poem"},
    ],
)
def test_the_stand_in_refuses_what_slack_refuses(block: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r"."):
        check_blocks([block])
