"""``sentinel-ops alerts test`` and ``preview``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.errors import BadInput

if TYPE_CHECKING:
    from auditor.alerts.channels.interface import Channel, NotSent
    from auditor.alerts.channels.opening import Opened
    from auditor.alerts.events.facts import Facts
    from auditor.alerts.notification import Notification


@click.command()
@click.argument("name", metavar="ROUTE|CHANNEL")
@json_option
@common_options
@pass_app
def test(app: App, name: str) -> None:
    """Send a test message by a channel, or by those of a route of the rules, by its number."""
    from auditor.alerts.channels.opening import open_channels
    from auditor.cli.render import sentence

    facts = _facts(app)
    chosen = _chosen(name, open_channels(app.settings), facts)
    message = _message(app, facts, "run_failed")
    failures = [(channel.name, _send(channel, message)) for channel in chosen]
    for channel, failure in failures:
        if failure is not None:
            app.err.print(sentence(f"{channel}: not sent: {failure.message}", "red"))
        elif not app.as_json:
            app.out.print(sentence(f"{channel}: ✓ sent"))
    failed = next((failure for _name, failure in failures if failure is not None), None)
    if failed is not None:
        raise failed
    if app.as_json:
        app.print_json({"sent": [channel.name for channel in chosen]})


@click.command()
@click.argument("name", metavar="[CHANNEL]", default="")
@click.option("--kind", default="run_failed", show_default=True, help="Of which kind of alert.")
@json_option
@common_options
@pass_app
def preview(app: App, name: str, kind: str) -> None:
    """Show what a message looks like in each channel, or in one; sends nothing."""
    from auditor.alerts.channels.opening import open_channels
    from auditor.alerts.kinds import KINDS

    if kind not in KINDS:
        raise BadInput(f"There is no kind of alert {kind!r}.", f"Kinds: {', '.join(KINDS)}")
    opened = open_channels(app.settings)
    facts = _facts(app)
    shown = _chosen(name, opened, facts) if name else opened.complete()
    if not shown:
        raise _no_channel()
    texts = {channel.name: channel.preview(_message(app, facts, kind)) for channel in shown}
    if app.as_json:
        app.print_json({"previews": texts})
        return
    from rich.text import Text

    from auditor.cli.text import plain

    for channel, text in texts.items():
        app.out.print(Text(channel, "bold"))
        app.out.print(Text(plain(text, lines=True)), soft_wrap=True)


def _send(channel: Channel, message: Notification) -> NotSent | None:
    from auditor.alerts.channels.interface import NotSent

    try:
        channel.send(message, receipt="")
    except NotSent as error:
        return error
    return None


def _facts(app: App) -> Facts:
    from auditor.alerts.sample import nothing_known
    from auditor.alerts.watcher import utc_now

    return nothing_known(app.settings, utc_now(), app.settings.connection().shown_url)


def _message(app: App, facts: Facts, kind: str) -> Notification:
    from auditor.alerts.sample import message, sample

    database = app.settings.connection().database
    return message(app.settings, facts, database, sample(app.settings, facts, kind))


def _chosen(name: str, opened: Opened, facts: Facts) -> list[Channel]:
    """Return the channel of that name, or those of the route with that number."""
    channels = {channel.name: channel for channel in opened.channels}
    routes = facts.rules.routes
    asked: tuple[str, ...] = (name,)
    if name.isdecimal() and 1 <= int(name) <= len(routes):
        asked = routes[int(name) - 1].channels
        if not asked:
            raise BadInput(f"Route {name} sends nothing anywhere, as the alert rules say.")
    for each in asked:
        if each in opened.errors:
            raise opened.errors[each]
    if all(each in channels for each in asked):
        return [channels[each] for each in asked]
    facts.rules.check_channels((*channels, *opened.errors))
    if not opened.complete():
        raise _no_channel()
    raise BadInput(
        f"There is no channel or route {name}.",
        f"Channels: {', '.join(channels)}. Routes: "
        + (f"1 to {len(routes)}." if routes else "none; every channel gets what is urgent."),
    )


def _no_channel() -> BadInput:
    return BadInput(
        "No channel for alerts is configured.",
        "Set SLACK_WEBHOOK_URL, ALERT_WEBHOOK_URL or SMTP_URL; docs/alerts.md shows all of them.",
    )
