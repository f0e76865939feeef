"""Make the channels that the settings ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from auditor.errors import BadInput
from auditor.installing import install_extra

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.alerts.channels.interface import Channel
    from auditor.settings import Settings


class Opened(NamedTuple):
    """The channels that can be used, and by name what is wrong with the others.

    A channel that is set up by half, whose setting can't be used or whose package is not installed
    costs the others nothing.
    """

    channels: list[Channel]
    errors: dict[str, BadInput]

    def complete(self) -> list[Channel]:
        """Return the channels when all that were asked for can be used.

        :raises BadInput: what is wrong with the first that can't.
        """
        for error in self.errors.values():
            raise error
        return self.channels


def open_channels(settings: Settings) -> Opened:
    """Return a channel for each way to tell people that is set up, none when none is.

    Nothing is sent or connected to yet.
    """
    channels: list[Channel] = []
    errors: dict[str, BadInput] = {}
    for name, opening in _OPENINGS.items():
        try:
            channel = opening(settings)
        except BadInput as error:  # noqa: PERF203  each by itself
            errors[name] = error
        else:
            channels += [] if channel is None else [channel]
    return Opened(channels, errors)


def _slack(settings: Settings) -> Channel | None:
    if settings.slack_webhook_url is None:
        return None
    try:
        from auditor.alerts.channels.slack import SlackChannel
    except ModuleNotFoundError as error:
        raise _no_slack(error) from None
    return SlackChannel(
        settings.slack_webhook_url.get_secret_value(), record_names=settings.alert_record_names
    )


def _slack_bot(settings: Settings) -> Channel | None:
    if settings.slack_bot_token is None:
        if settings.slack_channel:
            raise BadInput(
                "SLACK_CHANNEL is set and SLACK_BOT_TOKEN is not.",
                "Set the bot's token too; an incoming webhook has its channel built in and needs "
                "neither.",
            )
        return None
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
        settings.slack_bot_token.get_secret_value(),
        settings.slack_channel,
        record_names=settings.alert_record_names,
        api_url=settings.slack_api_url,
    )


def _webhook(settings: Settings) -> Channel | None:
    if settings.alert_webhook_url is None:
        return None
    from auditor.alerts.channels.webhook import WebhookChannel

    return WebhookChannel(
        settings.alert_webhook_url.get_secret_value(), record_names=settings.alert_record_names
    )


def _email(settings: Settings) -> Channel | None:
    if settings.smtp_url is None:
        if settings.alert_email_from or settings.alert_email_to:
            raise BadInput(
                "ALERT_EMAIL_FROM or ALERT_EMAIL_TO is set and SMTP_URL is not.",
                "Set SMTP_URL to the mail server: smtp://user:password@mail.example.com:587",
            )
        return None
    if not (settings.alert_email_from and settings.alert_email_to):
        raise BadInput(
            "SMTP_URL is set, and ALERT_EMAIL_FROM or ALERT_EMAIL_TO is not.",
            "Set both: the sender's address, and the receivers' with commas between them.",
        )
    from auditor.alerts.channels.smtp import EmailChannel

    return EmailChannel(
        settings.smtp_url.get_secret_value(),
        settings.alert_email_from,
        settings.alert_email_to,
        record_names=settings.alert_record_names,
    )


_OPENINGS: dict[str, Callable[[Settings], Channel | None]] = {
    "slack": _slack,
    "slack_bot": _slack_bot,
    "webhook": _webhook,
    "email": _email,
}


def _no_slack(error: ModuleNotFoundError) -> Exception:
    if (error.name or "").partition(".")[0] != "slack_sdk":
        return error
    return BadInput("Slack needs its client, which is not installed.", install_extra("slack"))
