"""E-mail: what is in a mail, how it is handed in, and what a mail server in a bad mood gets."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.alerts.channels.interface import NotSent
from auditor.alerts.channels.smtp import EmailChannel
from auditor.alerts.notification import Reason, Record, Severity
from auditor.errors import BadInput
from auditor.redact import redact
from tests.auditor.channels.making import Pauses, alert, notification, resolved
from tests.support.mail import DROP, DROP_AFTER, MailServer, mail_server

PASSWORD = "p@ss/w#rd&<7"
QUOTED = "p%40ss%2Fw%23rd%26%3C7"
TO = "ops@example.com, Jörg Müller <joerg@example.com>"
REPETITION = "may be a repetition"


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def channel(mail: MailServer, pauses: Pauses) -> EmailChannel:
    return EmailChannel(mail.url, "Odoo <odoo@example.com>", TO, patience=pauses.patience())


def test_a_mail_says_all_that_is_known_as_text_and_as_html(
    channel: EmailChannel, mail: MailServer
) -> None:
    channel.send(notification(), receipt="")
    (message,) = mail.messages
    assert message["Subject"] == (
        "🔴 CRITICAL · Clean old orders failed · production (odoo.example.com/prod)"
    )
    assert message["From"] == "Odoo <odoo@example.com>"
    assert mail.receivers == [["ops@example.com", "joerg@example.com"]]
    assert message["Date"] == "Mon, 23 Nov 2026 11:24:05 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Importance"] == "high"
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        text = body.get_content()
        for said in (
            "342 of 12,010 quotations (2.8 %) could not be cancelled.",
            "Clean old orders",
            "anna",
            "+12 new, -30 fixed",
            "S00044",
            "https://odoo.example.com/odoo/sale.order/4",
            "and 337 more",
            "https://example.com/docs/runbooks/run_failed",
        ):
            assert said in text, kind
        assert REPETITION not in text


def test_html_of_a_name_is_text(channel: EmailChannel, mail: MailServer) -> None:
    bad = '<img src="https://evil.example.com/x">'
    made = alert(
        summary=bad, records=(Record(bad, 'https://a.example/"><b>'),), details=((bad, bad),)
    )
    channel.send(notification(title=bad, alerts=(made,)), receipt="")
    body = mail.messages[0].get_body(("html",))
    assert body is not None
    assert "<img" not in body.get_content()
    assert '"><b>' not in body.get_content()


def test_heads_cannot_be_injected(channel: EmailChannel, mail: MailServer) -> None:
    channel.send(
        notification(title="x\r\nBcc: evil@example.com\r\n\r\nHello", group="\ud83d\n"), receipt=""
    )
    assert mail.messages[0]["Bcc"] is None
    assert "Bcc: evil@example.com Hello" in mail.messages[0]["Subject"]


def test_mails_of_a_group_are_one_thread(channel: EmailChannel, mail: MailServer) -> None:
    receipt = channel.send(notification(), receipt="")
    assert channel.send(resolved(severity=Severity.INFO, id="4567"), receipt=receipt) == receipt
    first, second = mail.messages
    assert receipt == first["Message-ID"]
    assert first["References"] is None
    assert second["References"] == second["In-Reply-To"] == receipt
    assert second["Message-ID"] != receipt
    assert second["Subject"].startswith("✅ RESOLVED (was info)")
    assert second["Importance"] is None
    assert first["X-Sentinel-Group"] == second["X-Sentinel-Group"]


def test_a_message_sent_once_more_is_the_same_mail(channel: EmailChannel, mail: MailServer) -> None:
    channel.send(notification(), receipt="")
    channel.send(notification(reason=Reason.UNSURE), receipt="")
    channel.send(notification(id="4567"), receipt="")
    first, again, other = (message["Message-ID"] for message in mail.messages)
    assert first == again != other


@pytest.mark.parametrize("receipt", ["C1:17.2", "<no-at>", "<a@b>\r\nBcc: x@y", "<a@b> <c@d>"])
def test_what_is_no_receipt_of_ours_begins_a_thread(
    channel: EmailChannel, mail: MailServer, receipt: str
) -> None:
    made = channel.send(notification(), receipt=receipt)
    assert made == mail.messages[0]["Message-ID"]
    assert mail.messages[0]["References"] is None


@pytest.mark.parametrize(
    ("mood", "marked", "arrived"),
    [("451 Later", False, 1), (DROP, True, 1), (DROP_AFTER, True, 2)],
)
def test_what_passes_is_tried_again_and_marked_if_it_may_have_arrived(
    channel: EmailChannel,
    mail: MailServer,
    pauses: Pauses,
    mood: str,
    marked: bool,
    arrived: int,
) -> None:
    mail.behave(mood)
    receipt = channel.send(notification(), receipt="")
    assert len(mail.messages) == arrived
    assert {message["Message-ID"] for message in mail.messages} == {receipt}
    assert len(pauses.taken) == 1
    body = mail.messages[-1].get_body(("plain",))
    assert body is not None
    assert (REPETITION in body.get_content()) is marked


def test_a_no_for_good_is_not_tried_again(channel: EmailChannel, mail: MailServer) -> None:
    mail.behave("554 You said: secret")
    with pytest.raises(NotSent, match=r"refused the mail \(554\)") as caught:
        channel.send(notification(), receipt="")
    assert not caught.value.passing
    assert "You said" not in caught.value.message
    assert mail.messages == []


@pytest.mark.parametrize(("first", "passing"), [("450 Busy", True), ("550 Who?", False)])
def test_no_receiver_at_all_is_a_failure(
    channel: EmailChannel, mail: MailServer, first: str, passing: bool
) -> None:
    mail.refused = {"ops@example.com": first, "joerg@example.com": "550 Who?"}
    with pytest.raises(NotSent, match="refused every receiver") as caught:
        channel.send(notification(), receipt="")
    assert caught.value.passing is passing


@pytest.mark.usefixtures("auditor_log")
def test_one_receiver_of_two_is_a_warning_that_names_the_other(
    channel: EmailChannel, mail: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    mail.refused = {"joerg@example.com": "550 Who?"}
    channel.send(notification(), receipt="")
    assert mail.receivers == [["ops@example.com"]]
    (record,) = [record for record in caplog.records if record.name.startswith("auditor")]
    assert record.__dict__["receiver"] == "joerg@example.com"


def test_nobody_there_passes_and_surely_did_not_arrive(pauses: Pauses) -> None:
    channel = EmailChannel("smtp://127.0.0.1:9", "a@b.c", "a@b.c", patience=pauses.patience())
    with pytest.raises(NotSent, match="cannot be reached") as caught:
        channel.send(notification(), receipt="")
    assert (caught.value.passing, caught.value.unsure) == (True, False)
    assert len(pauses.taken) == 2


def test_login_and_starttls(certificate: tuple[Path, ssl.SSLContext], pauses: Pauses) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate[0]))
    # Not 127.0.0.1, where smtp:// does without.
    with mail_server("127.0.0.2", user="anna", password=PASSWORD, starttls=certificate[1]) as mail:
        url = f"smtp://anna:{QUOTED}@127.0.0.2:{mail.port}"
        EmailChannel(url, "a@b.c", "a@b.c", tls=trusted).send(notification(), receipt="")
        assert mail.encrypted == [True]
        assert mail.logins == ["anna"]

        stranger = EmailChannel(url, "a@b.c", "a@b.c", patience=pauses.patience())
        with pytest.raises(NotSent, match="certificate") as caught:
            stranger.send(notification(), receipt="")
        assert not caught.value.passing
        assert len(mail.messages) == 1, "nothing is sent to who can't prove who they are"

        wrong = EmailChannel(
            f"smtp://anna:wrong@127.0.0.2:{mail.port}", "a@b.c", "a@b.c", tls=trusted
        )
        with pytest.raises(NotSent, match=r"refused the login \(535\)") as caught:
            wrong.send(notification(), receipt="")
        assert not caught.value.passing


def test_tls_from_the_start(certificate: tuple[Path, ssl.SSLContext]) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate[0]))
    with mail_server(tls=certificate[1]) as mail:
        url = f"smtps://127.0.0.1:{mail.port}"
        EmailChannel(url, "a@b.c", "a@b.c", tls=trusted).send(notification(), receipt="")
        assert len(mail.messages) == 1


def test_a_server_without_starttls_gets_no_mail_and_no_password(pauses: Pauses) -> None:
    with mail_server("127.0.0.2", user="anna", password=PASSWORD) as mail:
        url = f"smtp://anna:{QUOTED}@127.0.0.2:{mail.port}"
        with pytest.raises(NotSent, match="offers no STARTTLS") as caught:
            EmailChannel(url, "a@b.c", "a@b.c", patience=pauses.patience()).send(
                notification(), receipt=""
            )
        assert not caught.value.passing
        assert mail.logins == []
        plain = url.replace("smtp://", "smtp+plain://")
        EmailChannel(plain, "a@b.c", "a@b.c").send(notification(), receipt="")
        assert len(mail.messages) == 1


def test_tls_to_a_server_without_it_names_the_ports(mail: MailServer, pauses: Pauses) -> None:
    url = f"smtps://127.0.0.1:{mail.port}"
    with pytest.raises(NotSent, match="speaks no TLS") as caught:
        EmailChannel(url, "a@b.c", "a@b.c", patience=pauses.patience()).send(
            notification(), receipt=""
        )
    assert "465" in caught.value.remedy


def test_the_password_is_hidden_in_all_its_forms() -> None:
    channel = EmailChannel(f"smtp://anna:{QUOTED}@mail.example.com", "a@b.c", "a@b.c")
    assert redact(f"{PASSWORD} {QUOTED}") == "*** ***"
    assert PASSWORD not in repr(vars(channel))


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com:587",
        "http://mail.example.com",
        "smtp://",
        "smtp://mail.example.com:port",
        "smtp://anna:a/b@mail.example.com",
        "smtp://anna:a#b@mail.example.com",
        "smtp://anna:a?b@mail.example.com",
        "smtp://anna:caf%C3%A9@mail.example.com",
    ],
)
def test_what_is_no_mail_server_is_bad_input(url: str) -> None:
    with pytest.raises(BadInput, match="SMTP_URL") as caught:
        EmailChannel(url, "a@b.c", "a@b.c")
    assert caught.value.remedy
    assert "anna" not in caught.value.message


@pytest.mark.parametrize(
    ("sender", "receivers", "says"),
    [
        ("nobody", "a@b.c", "ALERT_EMAIL_FROM"),
        ("a@b.c, d@e.f", "a@b.c", "ALERT_EMAIL_FROM must be one address"),
        ("a@b.c", "a@b.c, nobody", "ALERT_EMAIL_TO"),
        ("a@b.c", "a@b.c\nBcc: d@e.f", "ALERT_EMAIL_TO"),
        ("a@b.c", ",", "ALERT_EMAIL_TO"),
        ("a@", "a@b.c", "ALERT_EMAIL_FROM"),
        ("a@b.c", "jörg@example.com", "ALERT_EMAIL_TO"),
        ("a@müller.example", "a@b.c", "ALERT_EMAIL_FROM"),
    ],
)
def test_what_is_no_address_is_bad_input(sender: str, receivers: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        EmailChannel("smtp://localhost", sender, receivers)
