"""Slack by an incoming webhook: the simplest way in, one address for one channel of theirs.

A webhook answers "ok" and nothing else, so later messages can neither edit nor answer the first
one; :mod:`auditor.alerts.channels.slack_bot` can.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from slack_sdk.webhook import WebhookClient

from auditor.alerts.channels.addresses import secret_address
from auditor.alerts.channels.safe import safe
from auditor.alerts.channels.slack_answers import FAILURES, BadForm, failure, refusal
from auditor.alerts.channels.slack_blocks import SlackMessage, message
from auditor.alerts.channels.slack_quiet import SILENT
from auditor.alerts.channels.trying import Patience, persist, retry_after

if TYPE_CHECKING:
    from auditor.alerts.notification import Notification

EXAMPLE = "https://hooks.slack.com/services/T.../B.../..."


class SlackChannel:
    """Posts to an incoming webhook.

    :param url: a secret.
    :param record_names: False leaves out what the records are called.
    """

    name = "slack"

    def __init__(
        self, url: str, *, record_names: bool = True, patience: Patience | None = None
    ) -> None:
        self._record_names = record_names
        self._patience = patience or Patience()
        self._client = WebhookClient(
            secret_address(url, "SLACK_WEBHOOK_URL", EXAMPLE),
            timeout=self._patience.timeout,  # type: ignore[arg-type]  # urllib takes fractions
            logger=SILENT,
            retry_handlers=[],
        )
        # urllib knows the environment's proxies by itself, and NO_PROXY, which slack-sdk forgets.
        self._client.proxy = None

    def send(self, notification: Notification, *, receipt: str) -> str:  # noqa: ARG002  see above
        """See :class:`~auditor.alerts.channels.interface.Channel`."""
        persist(self._send, safe(notification, record_names=self._record_names), self._patience)
        return ""

    def preview(self, notification: Notification) -> str:
        """Return the payload, as Slack's Block Kit Builder takes it."""
        return preview(message(safe(notification, record_names=self._record_names)))

    def _send(self, notification: Notification) -> None:
        content = message(notification)
        try:
            self._post({"text": content.text, "blocks": list(content.blocks)})
        except BadForm:
            # Better a plain message than none.
            self._post({"text": content.text})

    def _post(self, body: dict[str, object]) -> None:
        try:
            answer = self._client.send_dict({**body, "unfurl_links": False, "unfurl_media": False})
        except FAILURES as error:
            raise failure(error, self._patience.timeout) from None
        if answer.status_code == 200 and answer.body == "ok":
            return
        wait = retry_after(answer.headers.get("Retry-After"))
        raise refusal(answer.status_code, answer.body, wait)


def preview(content: SlackMessage) -> str:
    """Return what would be posted, as JSON."""
    return json.dumps(
        {"text": content.text, "blocks": list(content.blocks)}, ensure_ascii=False, indent=2
    )
