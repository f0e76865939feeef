"""What Slack's answers mean, for webhooks and for its Web API alike.

Codes: docs.slack.dev, "Sending messages using incoming webhooks" (errors), chat.postMessage and
chat.update (errors).
"""

from __future__ import annotations

import re
import ssl
from http.client import HTTPException, InvalidURL
from urllib.error import URLError

from slack_sdk.errors import SlackClientError

from auditor.alerts.channels.interface import NotSent
from auditor.alerts.channels.trying import Setback
from auditor.redact import redact

FAILURES = (OSError, HTTPException, ValueError, LookupError, AttributeError, SlackClientError)
"""What slack-sdk lets through when an exchange goes wrong: urllib's errors, bytes that are no text,
JSON that is none or, for AttributeError, no object."""

_NEW_WEBHOOK = (
    "Make a new incoming webhook in your app at https://api.slack.com/apps and set "
    "SLACK_WEBHOOK_URL to it."
)
_NEW_INSTALLATION = (
    "Install the app again at https://api.slack.com/apps and set SLACK_BOT_TOKEN to its bot token."
)
_CHANNEL = (
    "Set SLACK_CHANNEL to the id of a channel (its details end with it), and invite the bot there: "
    "/invite @its-name"
)
_ADMIN = "A rule of the workspace forbids it: ask whoever administers Slack."
_REMEDIES = {
    "no_service": _NEW_WEBHOOK,
    "no_service_id": _NEW_WEBHOOK,
    "no_team": _NEW_WEBHOOK,
    "no_active_hooks": _NEW_WEBHOOK,
    "team_disabled": _NEW_WEBHOOK,
    "invalid_token": _NEW_WEBHOOK,
    "action_prohibited": _ADMIN,
    "posting_to_general_channel_denied": _ADMIN,
    "restricted_action": _ADMIN,
    "restricted_action_read_only_channel": _ADMIN,
    "ekm_access_denied": _ADMIN,
    "org_login_required": _ADMIN,
    "invalid_auth": _NEW_INSTALLATION,
    "not_authed": _NEW_INSTALLATION,
    "account_inactive": _NEW_INSTALLATION,
    "token_revoked": _NEW_INSTALLATION,
    "token_expired": _NEW_INSTALLATION,
    "not_allowed_token_type": "SLACK_BOT_TOKEN must be a bot token; it begins with xoxb-.",
    "missing_scope": (
        "Give the app the scope chat:write at https://api.slack.com/apps and install it again."
    ),
    "channel_not_found": _CHANNEL,
    "not_in_channel": _CHANNEL,
    "channel_is_archived": "Take the channel out of the archive, or choose another one.",
    "is_archived": "Take the channel out of the archive, or choose another one.",
}
_PASSING = frozenset(
    (
        "accesslimited",
        "fatal_error",
        "internal_error",
        "message_limit_exceeded",
        "rate_limited",
        "ratelimited",
        "request_timeout",
        "rollup_error",
        "service_unavailable",
        "team_added_to_org",
    )
)
_UNSURE = frozenset(("fatal_error", "internal_error", "request_timeout", "rollup_error"))
_FORM = frozenset(
    (
        "invalid_attachments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_payload",
        "msg_blocks_too_long",
        "msg_too_long",
    )
)
_CODE = re.compile(r"[a-z][a-z0-9_.]{1,60}")


class BadForm(NotSent):
    """Slack takes exception to how the message is built; as plain text it may pass."""


class Coded(NotSent):
    """Slack names the reason.

    :param code: such as ``message_not_found``.
    """

    def __init__(self, code: str, remedy: str) -> None:
        super().__init__(f"Slack refused the message: {code}.", remedy, passing=False)
        self.code = code


def refusal(status: int, code: str, wait: float | None) -> NotSent:
    """Return the error for an answer that is not "ok".

    :param status: of HTTP.
    :param code: Slack's word for it, or whatever else the answer held.
    :param wait: seconds that Slack asks for.
    """
    code = redact(code.strip())  # a stranger's answer may echo the request
    if not _CODE.fullmatch(code):
        code = ""
    if status == 429 or code in ("rate_limited", "ratelimited", "message_limit_exceeded"):
        pause = f" for {wait:g} seconds" if wait else ""
        return Setback(f"Slack takes no more messages{pause}.", wait=wait)
    if code in _PASSING or status >= 500:
        told = code or f"HTTP {status}"
        return Setback(
            f"Slack is not able to take the message just now ({told}).",
            # Who stands between can't tell what Slack did; 503 is said before anything is done.
            unsure=code in _UNSURE or (code not in _PASSING and status != 503),
            wait=wait,
        )
    if code in _FORM:
        return BadForm(
            f"Slack can't read the message: {code}.",
            "This is a mistake in sentinel-ops, please report it.",
            passing=False,
        )
    if code:
        known = _REMEDIES.get(code) or (_NEW_WEBHOOK if status in (404, 410) else "")
        return Coded(code, known or f"Slack's documentation explains {code}.")
    if 200 <= status < 400:
        return NotSent(
            "What answered is not Slack.",
            "Check the address, and that no login page or proxy stands before it.",
            passing=False,
            unsure=True,
        )
    remedy = _NEW_WEBHOOK if status in (403, 404, 410) else "Check the settings of this channel."
    return NotSent(f"Slack refused the message (HTTP {status}).", remedy, passing=False)


def failure(error: Exception, timeout: float) -> NotSent:
    """Return the error for an exchange that broke off; see :data:`FAILURES`.

    :param timeout: seconds that were allowed.
    """
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return NotSent(
            "Slack's TLS certificate is not trusted or does not fit.",
            "If a proxy with a certificate of its own stands between, set SSL_CERT_FILE.",
            passing=False,
        )
    if isinstance(error, URLError):
        # urllib wraps only what happens before the request is out.
        return Setback("Slack cannot be reached.", "Is there a way out to the internet?")
    if isinstance(error, TimeoutError):
        return Setback(f"Slack did not answer within {timeout:g} seconds.", unsure=True, soon=False)
    if isinstance(error, InvalidURL):
        return NotSent("Slack's address is none.", "Check the settings.", passing=False)
    if isinstance(error, OSError | HTTPException):
        return Setback("Slack dropped the connection before it answered.", unsure=True)
    return NotSent(
        "What answered is not Slack.",
        "Check the address, and that no login page or proxy stands before it.",
        passing=False,
        unsure=True,
    )
