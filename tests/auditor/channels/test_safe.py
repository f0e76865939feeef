"""What no channel may send: secrets, tracebacks, characters that steer, links that lead astray."""

from __future__ import annotations

from dataclasses import fields

import pytest

from auditor.alerts.channels.safe import address, line, safe
from auditor.alerts.notification import Record
from auditor.redact import protect
from tests.auditor.channels.making import alert, notification

SECRET = "s3cr3t-Pa55phrase&<7"
TRACEBACK = """Traceback (most recent call last):
  File "/opt/odoo/models.py", line 12, in write
    self._secret_method(vals)
    ~~~~~~~~~~~~~~~~~~~^^^^^^
ValueError: no such partner"""
CHAINED = f"""{TRACEBACK}

During handling of the above exception, another exception occurred:

{TRACEBACK.replace("no such partner", "worse")}
"""


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("two\n  lines\tand\x0bmore", "two lines and more"),
        ("a\x00b\x1b[31mc\x7f\u0085d\u2028e", "ab[31mc d e"),
        ("invoice\u202egnp.exe\u2066\u200b\ufeff", "invoicegnp.exe"),
        ("half \ud83d of one \ufffe", "half of one"),
        ("👩\u200d👧 stays", "👩\u200d👧 stays"),
        (f"It broke: {TRACEBACK}", "It broke: ValueError: no such partner"),
        (f"It broke.\n{CHAINED}", "It broke. ValueError: worse"),
        (repr(f"It broke: {TRACEBACK}"), "'It broke: ValueError: no such partner'"),
        ('File "/opt/a.py", line 3, in f\n  x()\nKeyError: 1', "KeyError: 1"),
        (TRACEBACK.rpartition("\n")[0], "an error; its traceback stays in the log"),
        ("Traceback is a word", "Traceback is a word"),
    ],
)
def test_a_text_becomes_one_harmless_line(text: str, becomes: str) -> None:
    assert line(text) == becomes


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("https://odoo.example.com/odoo/1?a=1&b=ü", "https://odoo.example.com/odoo/1?a=1&b=%C3%BC"),
        ("https://user:password@odoo.example.com:8069/x", "https://odoo.example.com:8069/x"),
        ("http://[::1]:8069/x", "http://[::1]:8069/x"),
        ('https://a.example/"><script>|x', "https://a.example/%22%3E%3Cscript%3E%7Cx"),
        ("https://a.example/100%25", "https://a.example/100%25"),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("https://", ""),
        ("https://[::1", ""),
        ("https://a.example:port/", ""),
        ("https://a.example/ b", ""),
        ("https://a<b>.example/", ""),
        ("https://a.example/" + "x" * 1000, ""),
    ],
)
def test_an_address_is_a_web_address_or_none(text: str, becomes: str) -> None:
    assert address(text) == becomes


def test_no_text_of_a_notification_is_forgotten() -> None:
    """A field that somebody adds to the contract and nobody makes safe fails here."""
    protect(SECRET)
    bad = f"\x1b{SECRET}\n"
    enums = {"severity", "status", "reason", "since", "at", "total", "hidden", "repeated"}
    made = alert(
        **{
            field.name: bad
            for field in fields(alert())
            if field.name not in enums | {"tags", "details", "records"}
        },
        tags=(bad,),
        details=((bad, bad),),
        records=(Record(bad, bad),),
    )
    message = notification(
        **{
            field.name: bad
            for field in fields(notification())
            if field.name not in enums | {"alerts"}
        },
        alerts=(made,),
    )
    shown = repr(safe(message, record_names=True))
    assert SECRET not in shown
    assert "\\x1b" not in shown
    assert "\\n" not in shown


def test_a_secret_hidden_in_pieces_is_found() -> None:
    protect(SECRET)
    assert SECRET not in line(SECRET.replace("-", "\u200b-"))


def test_names_of_records_are_left_out_and_their_links_kept() -> None:
    made = safe(notification(), record_names=False)
    assert {record.name for record in made.alerts[0].records} == {""}
    assert made.alerts[0].records[0].url == "https://odoo.example.com/odoo/sale.order/0"
