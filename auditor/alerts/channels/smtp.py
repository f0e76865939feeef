"""E-mail by SMTP.

``SMTP_URL`` is ``smtp://user:password@mail.example.com:587`` (STARTTLS, always, except to this very
machine), ``smtps://...`` (TLS from the start, port 465) or ``smtp+plain://...`` (no TLS: for a
relay in a network that you trust). The receipt is the Message-ID of the mail that opened the group;
later ones refer to it, so that mail programs show them together.
"""

from __future__ import annotations

import hashlib
import logging
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timezone
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, getaddresses
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from auditor.alerts.channels import words
from auditor.alerts.channels.interface import NotSent
from auditor.alerts.channels.mail_text import as_html, as_text
from auditor.alerts.channels.safe import safe
from auditor.alerts.channels.trying import Patience, Setback, persist
from auditor.alerts.notification import Severity, Status
from auditor.errors import BadInput
from auditor.redact import protect

if TYPE_CHECKING:
    from auditor.alerts.notification import Notification

logger = logging.getLogger(__name__)

EXAMPLE = "It looks like smtp://user:password@mail.example.com:587"
_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
_HERE = frozenset(("localhost", "127.0.0.1", "::1"))
_LONGEST_SUBJECT = 200


@dataclass(frozen=True)
class Server:
    """Where and how mail is handed in."""

    host: str
    port: int
    tls: str
    """``start``, ``always`` or ``none``."""
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def shown(self) -> str:
        """The server as people may read it."""
        return f"{self.host}:{self.port}"


def server(url: str) -> Server:
    """Read ``SMTP_URL`` and hide its password in all output.

    :raises BadInput: it can't be used.
    """
    url = url.strip()
    protect(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadInput("SMTP_URL is not the address of a mail server.", EXAMPLE) from None
    password = unquote(parts.password or "")
    protect(parts.password or "")
    protect(password)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise BadInput(
            "SMTP_URL must begin with smtp://, smtps:// or smtp+plain:// and name a server.",
            EXAMPLE,
        )
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise BadInput(
            "SMTP_URL has something behind the server's name and port.",
            "A / ? # or @ in the password is written %2F %3F %23 %40.",
        )
    tls = {"smtps": "always", "smtp+plain": "none"}.get(parts.scheme, "start")
    if tls == "start" and parts.hostname in _HERE:
        tls = "none"
    user = unquote(parts.username or "")
    if not f"{user}{password}".isascii():
        raise BadInput(
            "The user and the password in SMTP_URL must be of plain letters (ASCII).",
            "Python's client can send no others: give this mail account another password.",
        )
    return Server(parts.hostname, port or _PORTS[parts.scheme], tls, user, password)


class EmailChannel:
    """Sends a mail a message.

    :param url: a secret, as above.
    :param sender: one address, with a name or without.
    :param receivers: addresses with commas between them.
    :param record_names: False leaves out what the records are called.
    :param tls: whom to trust, by default whom the system trusts (SSL_CERT_FILE).
    :raises BadInput: an address is none, or the server's.
    """

    name = "email"

    def __init__(
        self,
        url: str,
        sender: str,
        receivers: str,
        *,
        record_names: bool = True,
        patience: Patience | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server(url)
        senders = _addresses(sender, "ALERT_EMAIL_FROM")
        if len(senders) != 1:
            raise BadInput("ALERT_EMAIL_FROM must be one address.", "Such as: odoo@example.com")
        self._sender = senders[0]
        self._receivers = _addresses(receivers, "ALERT_EMAIL_TO")
        self._record_names = record_names
        self._patience = patience or Patience()
        self._tls = tls

    def send(self, notification: Notification, *, receipt: str) -> str:
        """See :class:`~auditor.alerts.channels.interface.Channel`."""
        notification = safe(notification, record_names=self._record_names)
        opened = receipt if _is_message_id(receipt) else ""
        message_id = f"<{notification.id}.sentinel@{self._sender.domain}>"

        def send(told: Notification) -> None:
            # The same Message-ID for each try, in this round and the next: a mail program shows
            # only one of two.
            self._hand_in(self._mail(told, opened, message_id))

        persist(send, notification, self._patience)
        return opened or message_id

    def greet(self) -> None:
        """Connect, secure and log in as for a mail, and hang up without one.

        :raises NotSent: the server can't be reached, or does not let us in.
        """
        with self._connected():
            pass

    def preview(self, notification: Notification) -> str:
        """Return the heads that people see, and the text."""
        notification = safe(notification, record_names=self._record_names)
        receivers = ", ".join(str(address) for address in self._receivers)
        return (
            f"From: {self._sender}\nTo: {receivers}\nSubject: {_subject(notification)}\n\n"
            f"{as_text(notification)}"
        )

    def _mail(self, notification: Notification, opened: str, message_id: str) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self._sender
        mail["To"] = self._receivers
        mail["Subject"] = _subject(notification)
        at = notification.at
        mail["Date"] = format_datetime(at if at.tzinfo else at.replace(tzinfo=timezone.utc))
        mail["Message-ID"] = message_id
        if opened:
            mail["In-Reply-To"] = opened
            mail["References"] = opened
        # RFC 3834: nobody's out-of-office note answers it.
        mail["Auto-Submitted"] = "auto-generated"
        # One id for a group, for filters that people write.
        mail["X-Sentinel-Group"] = hashlib.sha256(notification.group.encode()).hexdigest()[:16]
        if notification.severity is Severity.CRITICAL and notification.status is Status.FIRING:
            mail["Importance"] = "high"
        mail.set_content(as_text(notification))
        mail.add_alternative(as_html(notification), subtype="html")
        return mail

    def _hand_in(self, mail: EmailMessage) -> None:
        with self._connected() as connection:
            try:
                refused = connection.send_message(mail)
            except smtplib.SMTPResponseException as error:
                raise self._said_no(error.smtp_code, "refused the mail") from None
            except smtplib.SMTPRecipientsRefused as error:
                codes = [code for code, _text in error.recipients.values()]
                # Worth another try as long as one of them may be taken later.
                raise self._said_no(min(codes), "refused every receiver") from None
            except (smtplib.SMTPException, OSError) as error:
                raise self._broke_off(error, unsure=True) from None
        for receiver, (code, _text) in refused.items():
            logger.warning(
                "the mail server refused one of the receivers",
                extra={"receiver": receiver, "code": code},
            )

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        try:
            connection = self._connect()
        except smtplib.SMTPResponseException as error:
            raise self._said_no(error.smtp_code, "refused the connection") from None
        except (smtplib.SMTPException, OSError) as error:
            raise self._broke_off(error, unsure=False) from None
        with closing(connection):
            self._greet(connection)
            yield connection
            # Whether the server says goodbye nicely changes nothing.
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()

    def _connect(self) -> smtplib.SMTP:
        server, timeout = self._server, self._patience.timeout
        if server.tls == "always":
            return smtplib.SMTP_SSL(
                server.host, server.port, timeout=timeout, context=self._context()
            )
        return smtplib.SMTP(server.host, server.port, timeout=timeout)

    def _greet(self, connection: smtplib.SMTP) -> None:
        server = self._server
        try:
            if server.tls == "start":
                connection.starttls(context=self._context())
            if server.user:
                connection.login(server.user, server.password)
        except smtplib.SMTPNotSupportedError:
            raise NotSent(
                f"The mail server {server.shown} offers no "
                + ("STARTTLS." if server.tls == "start" else "login."),
                "Try smtps:// with port 465, or smtp+plain:// in a network that you trust.",
                passing=False,
            ) from None
        except smtplib.SMTPResponseException as error:
            raise self._said_no(error.smtp_code, "refused the login") from None
        except (smtplib.SMTPException, OSError) as error:
            raise self._broke_off(error, unsure=False) from None

    def _context(self) -> ssl.SSLContext:
        return self._tls or ssl.create_default_context()

    def _said_no(self, code: int, what: str) -> NotSent:
        told = f"The mail server {self._server.shown} {what} ({code})."
        # RFC 5321, 4.2.1: 4yz passes, 5yz does not. Its text may quote what we said: not shown.
        if 400 <= code < 500:
            return Setback(told)
        return NotSent(told, "Check SMTP_URL, ALERT_EMAIL_FROM and ALERT_EMAIL_TO.", passing=False)

    def _broke_off(self, error: Exception, *, unsure: bool) -> NotSent:
        place = f"The mail server {self._server.shown}"
        if isinstance(error, ssl.SSLCertVerificationError):
            return NotSent(
                f"The TLS certificate of {self._server.shown} is not trusted or does not fit.",
                "Check the name in SMTP_URL; for a private authority set SSL_CERT_FILE.",
                passing=False,
            )
        if isinstance(error, ssl.SSLError):
            return NotSent(
                f"{place} speaks no TLS there.",
                "smtps:// is for port 465, smtp:// (STARTTLS) for port 587.",
                passing=False,
            )
        if isinstance(error, TimeoutError):
            return Setback(
                f"{place} did not answer within {self._patience.timeout:g} seconds.",
                unsure=unsure,
                soon=False,
            )
        told = "dropped the connection." if unsure else "cannot be reached, or hung up at once."
        return Setback(f"{place} {told}", "Is SMTP_URL right?", unsure=unsure)


def _subject(notification: Notification) -> str:
    where = f" ({notification.instance})" if notification.instance else ""
    subject = f"{words.heading(notification)}{where}"
    return subject if len(subject) <= _LONGEST_SUBJECT else f"{subject[: _LONGEST_SUBJECT - 1]}…"


def _addresses(text: str, setting: str) -> tuple[Address, ...]:
    found = []
    for name, address in getaddresses([text]):
        try:
            parsed = Address(display_name=name, addr_spec=address)
        except (HeaderParseError, ValueError, IndexError):
            parsed = Address()
        usable = parsed.username and parsed.domain and parsed.addr_spec.isascii()
        if not usable or not text.isprintable():
            raise BadInput(
                f"{setting} holds something that is no e-mail address of plain letters.",
                "Such as: odoo@example.com, or several with commas between them.",
            )
        found.append(parsed)
    return tuple(found)


def _is_message_id(receipt: str) -> bool:
    inside = receipt[1:-1]
    return (
        receipt.startswith("<")
        and receipt.endswith(">")
        and receipt.isascii()
        and receipt.isprintable()
        and inside.count("@") == 1
        and not set(inside) & set("<> ")
    )
