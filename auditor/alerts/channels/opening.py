"""Make the channels that the settings ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.errors import BadInput
from auditor.installing import install_extra

if TYPE_CHECKING:
    from auditor.alerts.channels.interface import Channel
    from auditor.settings import Settings


def open_channels(settings: Settings) -> list[Channel]:
    """Return a channel for each way to tell people that is set up, none when none is.

    Nothing is sent or connected to yet.

    :raises BadInput: a channel is set up by half, its setting can't be used, or its package is not
        installed.
    """
    channels: list[Channel] = []
    if settings.slack_webhook_url is not None:
        channels.append(_slack(settings, settings.slack_webhook_url.get_secret_value()))
    if settings.slack_bot_token is not None:
        channels.append(_slack_bot(settings, settings.slack_bot_token.get_secret_value()))
    if settings.alert_webhook_url is not None:
        from auditor.alerts.channels.webhook import WebhookChannel

        channels.append(
            WebhookChannel(
                settings.alert_webhook_url.get_secret_value(),
                record_names=settings.alert_record_names,
            )
        )
    if settings.smtp_url is not None:
        channels.append(_email(settings, settings.smtp_url.get_secret_value()))
    _nothing_by_half(settings)
    return channels


def _nothing_by_half(settings: Settings) -> None:
    if settings.slack_channel and settings.slack_bot_token is None:
        raise BadInput(
            "SLACK_CHANNEL is set and SLACK_BOT_TOKEN is not.",
            "Set the bot's token too; an incoming webhook has its channel built in and needs "
            "neither.",
        )
    if (settings.alert_email_from or settings.alert_email_to) and settings.smtp_url is None:
        raise BadInput(
            "ALERT_EMAIL_FROM or ALERT_EMAIL_TO is set and SMTP_URL is not.",
            "Set SMTP_URL to the mail server: smtp://user:password@mail.example.com:587",
        )


def _slack(settings: Settings, url: str) -> Channel:
    try:
        from auditor.alerts.channels.slack import SlackChannel
    except ModuleNotFoundError as error:
        raise _no_slack(error) from None
    return SlackChannel(url, record_names=settings.alert_record_names)


def _slack_bot(settings: Settings, token: str) -> Channel:
    if not settings.slack_channel:
        raise BadInput(
            "SLACK_BOT_TOKEN is set and SLACK_CHANNEL is not.",
            "Set SLACK_CHANNEL to the id of the channel to post in, and invite the bot there.",
        )
    try:
        from auditor.alerts.channels.slack_bot import SlackBotChannel
    except ModuleNotFoundError as error:
        raise _no_slack(error) from None
    return SlackBotChannel(
        token,
        settings.slack_channel,
        record_names=settings.alert_record_names,
        api_url=settings.slack_api_url,
    )


def _email(settings: Settings, url: str) -> Channel:
    if not (settings.alert_email_from and settings.alert_email_to):
        raise BadInput(
            "SMTP_URL is set, and ALERT_EMAIL_FROM or ALERT_EMAIL_TO is not.",
            "Set both: the sender's address, and the receivers' with commas between them.",
        )
    from auditor.alerts.channels.smtp import EmailChannel

    return EmailChannel(
        url,
        settings.alert_email_from,
        settings.alert_email_to,
        record_names=settings.alert_record_names,
    )


def _no_slack(error: ModuleNotFoundError) -> Exception:
    if (error.name or "").partition(".")[0] != "slack_sdk":
        return error
    return BadInput("Slack needs its client, which is not installed.", install_extra("slack"))
