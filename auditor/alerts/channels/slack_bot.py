"""Slack by a bot token: one message a group, edited as things change, its history in a thread.

The receipt is ``channel:ts`` of the message that opened the group. A later message edits that one
to how things stand, and adds what is new to its thread. An edit calls nobody, and an answer in a
thread only who follows it; so what wants attention, a reminder or something worse, is shown in the
channel as well.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from auditor.alerts.channels.interface import NotSent
from auditor.alerts.channels.safe import safe
from auditor.alerts.channels.slack import preview
from auditor.alerts.channels.slack_answers import FAILURES, BadForm, Coded, failure, refusal
from auditor.alerts.channels.slack_blocks import SlackMessage, message
from auditor.alerts.channels.slack_quiet import SILENT
from auditor.alerts.channels.trying import Patience, persist, retry_after
from auditor.alerts.notification import Reason, Status
from auditor.errors import BadInput
from auditor.redact import protect

if TYPE_CHECKING:
    from slack_sdk.web import SlackResponse

    from auditor.alerts.notification import Notification

logger = logging.getLogger(__name__)

API_URL = "https://slack.com/api/"

_RECEIPT = re.compile(r"([A-Z0-9]+):(\d+\.\d+)")
_FOR_ALL_TO_SEE = frozenset((Reason.NEW_ALERTS, Reason.MORE_SEVERE, Reason.REMINDER, Reason.UNSURE))
_GONE = frozenset(("message_not_found", "channel_not_found", "is_archived", "thread_not_found"))
_STAYS_AS_IT_IS = frozenset(("cant_update_message", "edit_window_closed", "update_failed"))


class SlackBotChannel:
    """Posts, edits and answers by the Web API.

    :param token: a secret; of a bot with the scope ``chat:write``.
    :param channel: id or name of the channel that new groups are told in.
    :param record_names: False leaves out what the records are called.
    :param api_url: the Web API's address, another one for GovSlack.
    :raises BadInput: the token can't be one.
    """

    name = "slack_bot"

    def __init__(
        self,
        token: str,
        channel: str,
        *,
        record_names: bool = True,
        api_url: str = API_URL,
        patience: Patience | None = None,
    ) -> None:
        token = token.strip()
        protect(token)
        if not re.fullmatch(r"[\x21-\x7e]+", token):
            raise BadInput("SLACK_BOT_TOKEN is no token.", "It begins with xoxb-.")
        self._channel = channel
        self._record_names = record_names
        self._patience = patience or Patience()
        self._client = WebClient(
            token,
            base_url=api_url,
            timeout=self._patience.timeout,  # type: ignore[arg-type]  # urllib takes fractions
            logger=SILENT,
            retry_handlers=[],
        )
        # urllib knows the environment's proxies by itself, and NO_PROXY, which slack-sdk forgets.
        self._client.proxy = None

    def send(self, notification: Notification, *, receipt: str) -> str:
        """See :class:`~auditor.alerts.channels.interface.Channel`."""
        notification = safe(notification, record_names=self._record_names)
        opened = _RECEIPT.fullmatch(receipt)
        if not opened:
            return self._open(notification)
        try:
            return self._continue(notification, *opened.groups())
        except Coded as error:
            if error.code not in _GONE:
                raise
            # Somebody deleted it or archived the channel: then this one opens the group anew.
            return self._open(notification)

    def preview(self, notification: Notification) -> str:
        """Return the payload, as Slack's Block Kit Builder takes it."""
        return preview(message(safe(notification, record_names=self._record_names)))

    def _open(self, notification: Notification) -> str:
        return persist(
            lambda told: self._post(message(told), self._channel), notification, self._patience
        )

    def _continue(self, notification: Notification, channel: str, ts: str) -> str:
        # The edit comes first: should the answer fail, all is done again, and an edit can be.
        try:
            persist(
                lambda told: self._edit(message(told), channel, ts), notification, self._patience
            )
        except Coded as error:
            if error.code not in _STAYS_AS_IT_IS:
                raise
            logger.warning("the first message was not edited", extra={"because": error.message})
        except NotSent as error:
            # An edit that may have been made is no message that may have arrived.
            error.unsure = False
            raise
        shown_to_all = (
            notification.status is Status.FIRING and notification.reason in _FOR_ALL_TO_SEE
        )
        persist(
            lambda told: self._post(message(told), channel, thread=ts, broadcast=shown_to_all),
            notification,
            self._patience,
        )
        return f"{channel}:{ts}"

    def _post(
        self, content: SlackMessage, channel: str, *, thread: str = "", broadcast: bool = False
    ) -> str:
        def post(blocks: list[object] | None) -> SlackResponse:
            return self._client.chat_postMessage(
                channel=channel,
                text=content.text,
                blocks=blocks,  # type: ignore[arg-type]  # dicts are as good as its models
                thread_ts=thread or None,
                reply_broadcast=broadcast or None,
                unfurl_links=False,
                unfurl_media=False,
            )

        answer = self._call(post, content)
        return f"{answer.get('channel', '')}:{answer.get('ts', '')}"

    def _edit(self, content: SlackMessage, channel: str, ts: str) -> None:
        def edit(blocks: list[object] | None) -> SlackResponse:
            return self._client.chat_update(
                channel=channel,
                ts=ts,
                text=content.text,
                # Without blocks Slack would keep those of before.
                blocks=[] if blocks is None else blocks,  # type: ignore[arg-type]
            )

        self._call(edit, content)

    def _call(
        self, request: Callable[[list[object] | None], SlackResponse], content: SlackMessage
    ) -> SlackResponse:
        try:
            return self._once(request, list(content.blocks))
        except BadForm:
            # Better a plain message than none.
            return self._once(request, None)

    def _once(
        self,
        request: Callable[[list[object] | None], SlackResponse],
        blocks: list[object] | None,
    ) -> SlackResponse:
        try:
            return request(blocks)
        except SlackApiError as error:
            raise self._refusal(error) from None
        except FAILURES as error:
            raise failure(error, self._patience.timeout) from None

    @staticmethod
    def _refusal(error: SlackApiError) -> NotSent:
        answer = error.response
        headers = {name.lower(): value for name, value in answer.headers.items()}
        code = answer.get("error", "") if isinstance(answer.data, dict) else ""
        return refusal(answer.status_code, str(code), retry_after(headers.get("retry-after")))
