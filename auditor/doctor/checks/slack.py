"""Are Slack's settings of the right form? Only Slack itself knows more, and is not asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from auditor.doctor.finding import Finding, fail, ok, unused, warn
from auditor.doctor.subject import Subject

_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
_PATH = re.compile(r"/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]+")
TRY = "sentinel-ops alerts can send a test message."


def check(subject: Subject) -> Iterator[Finding]:
    """Look at the webhook's address and the bot's token."""
    settings = subject.settings
    webhook, token = settings.slack_webhook_url, settings.slack_bot_token
    if webhook:
        yield _webhook(webhook.get_secret_value())
    if token:
        yield _bot(token.get_secret_value(), settings.slack_channel)
    elif settings.slack_channel:
        yield fail("SLACK_CHANNEL is set and SLACK_BOT_TOKEN is not.", "Set the bot's token, too.")
    if not webhook and not token and not settings.slack_channel:
        yield unused("No alerts go to Slack.")


def _webhook(url: str) -> Finding:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        return fail(
            "SLACK_WEBHOOK_URL is not a web address.",
            "It looks like https://hooks.slack.com/services/T.../B.../...",
        )
    if parts.hostname not in _HOSTS:
        return warn(
            f"SLACK_WEBHOOK_URL leads to {parts.hostname}, which is not Slack's.",
            "Right for what speaks Slack's language, such as Mattermost.",
        )
    if parts.scheme != "https" or not _PATH.fullmatch(parts.path) or parts.query:
        return fail(
            "SLACK_WEBHOOK_URL is not the whole address of an incoming webhook.",
            "It looks like https://hooks.slack.com/services/T.../B.../...",
        )
    return ok("SLACK_WEBHOOK_URL has the form of an incoming webhook.", TRY)


def _bot(token: str, channel: str) -> Finding:
    if not token.startswith("xoxb-"):
        return fail(
            "SLACK_BOT_TOKEN is no bot's token.",
            "Take the Bot User OAuth Token of the app, which begins with xoxb-.",
        )
    if not channel:
        return fail(
            "SLACK_BOT_TOKEN is set and SLACK_CHANNEL is not.",
            "Set the channel's id, and invite the bot there.",
        )
    return ok(f"SLACK_BOT_TOKEN has the form of a bot's token, for the channel {channel}.", TRY)
