"""A mail server that keeps what it is handed and misbehaves when told to.

The protocol is aiosmtpd's; this only decides what it answers::

    with mail_server() as mail:
        EmailChannel(mail.url, "odoo@example.com", "ops@example.com").send(...)
        mail.messages[-1]["Subject"]
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

DROP = "drop"
"""A mood: hang up instead of an answer."""
DROP_AFTER = "drop after"
"""A mood: take the mail and hang up before saying so."""


class MailServer:
    """What arrived, and what is answered.

    :ivar messages: the mails, parsed.
    :ivar encrypted: whether each came over TLS.
    :ivar logins: the users who logged in.
    """

    def __init__(self, user: str, password: str) -> None:
        self.host = ""
        self.port = 0
        self.messages: list[EmailMessage] = []
        self.receivers: list[list[str]] = []
        self.encrypted: list[bool] = []
        self.logins: list[str] = []
        self.refused: dict[str, str] = {}
        """Receiver and what is said to a mail for them, such as ``550 Who?``."""
        self._user, self._password = user, password
        self._moods: deque[str] = deque()

    @property
    def url(self) -> str:
        """For ``SMTP_URL``, without TLS."""
        return f"smtp://{self.host}:{self.port}"

    def behave(self, *moods: str) -> None:
        """Set what the next mails are answered with, such as ``451 Later``."""
        self._moods.extend(moods)

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, given: Any
    ) -> AuthResult:
        """Called by aiosmtpd."""
        assert isinstance(given, LoginPassword)
        good = (given.login.decode(), given.password.decode()) == (self._user, self._password)
        if good:
            self.logins.append(self._user)
        return AuthResult(success=good, handled=False)

    async def handle_RCPT(  # noqa: N802  aiosmtpd's name
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802  aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        mood = self._moods.popleft() if self._moods else ""
        if mood in ("", DROP_AFTER):
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.messages.append(mail)
            self.receivers.append(list(envelope.rcpt_tos))
            self.encrypted.append(session.ssl is not None)
        if mood in (DROP, DROP_AFTER):
            assert server.transport is not None
            server.transport.abort()
        return mood if mood[:1].isdecimal() else "250 OK"


@contextmanager
def mail_server(
    host: str = "127.0.0.1",
    *,
    user: str = "",
    password: str = "",
    starttls: ssl.SSLContext | None = None,
    tls: ssl.SSLContext | None = None,
) -> Iterator[MailServer]:
    """Serve on a free port.

    :param user: who may log in, and must where there is STARTTLS.
    :param starttls: offer STARTTLS with it.
    :param tls: speak TLS from the start.
    """
    mail = MailServer(user, password)
    loop = asyncio.new_event_loop()

    def connection() -> SMTP:
        return SMTP(
            mail,
            hostname="standin",
            loop=loop,
            tls_context=starttls,
            authenticator=mail.authenticate if user else None,
            auth_required=bool(user) and starttls is not None,
            auth_require_tls=starttls is not None,
        )

    server = loop.run_until_complete(loop.create_server(connection, host, 0, ssl=tls))
    mail.host, mail.port = host, server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield mail
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(_ended(asyncio.all_tasks(loop)))
        loop.close()


async def _ended(tasks: set[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
