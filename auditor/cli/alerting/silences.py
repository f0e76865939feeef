"""``sentinel-ops alerts silence``, ``silences`` and ``unsilence``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.cli.alerting.person import who
from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.errors import BadInput

if TYPE_CHECKING:
    from auditor.alerts.state import AlertStore, Change


@click.command()
@click.option(
    "--matcher",
    "matchers",
    multiple=True,
    metavar="FIELD=VALUE",
    help="What: severity, kind, job, tag or company; * stands for any text. All must fit.",
)
@click.option("--until", default="", metavar="MOMENT", help="The end, in UTC.")
@click.option("--for", "span", default="", metavar="SPAN", help="How long: 90s, 15m, 4h, 7d.")
@click.option("--comment", default="", help="Why.")
@json_option
@common_options
@pass_app
def silence(app: App, matchers: tuple[str, ...], until: str, span: str, comment: str) -> None:
    """Keep some alerts from people for a while. What still holds at its end is told then."""
    from auditor.alerts.rules import read_rules
    from auditor.alerts.state import SILENCE, SILENCES, Change
    from auditor.alerts.watcher import instance_of, utc_now
    from auditor.cli.alerting import showing
    from auditor.cli.alerting.silencing import new_silence
    from auditor.cli.render import sentence
    from auditor.stores.opening import open_alert_store

    made = new_silence(
        matchers,
        until=until,
        span=span,
        comment=comment,
        author=who(),
        now=utc_now(),
        rules=read_rules(app.settings.sentinel_alerts),
    )
    with open_alert_store(app.settings) as store:
        _store(
            store,
            instance_of(app.settings),
            Change(SILENCE, made.id, 0, SILENCES.write(made)),
            "Nothing was silenced",
        )
    if app.as_json:
        app.print_json(showing.silence_document(made))
        return
    app.out.print(sentence(f"Silenced until {showing.at(made.ends)}: {made.match}"))
    app.out.print(sentence(f"sentinel-ops alerts unsilence {made.id} ends it earlier.", "dim"))


@click.command()
@json_option
@common_options
@pass_app
def silences(app: App) -> None:
    """Show what is silenced, by whom, why and until when."""
    from auditor.alerts.state import remember
    from auditor.alerts.watcher import instance_of, utc_now
    from auditor.cli.alerting import showing
    from auditor.stores.opening import open_alert_store

    with open_alert_store(app.settings, create=False) as store:
        found = remember(store, instance_of(app.settings)).silences.values()
    if app.as_json:
        app.print_json({"silences": [showing.silence_document(each) for each in found]})
    elif found:
        app.out.print(showing.silences_table(found, utc_now()))
    else:
        app.out.print("Nothing is silenced.")


@click.command()
@click.argument("silence_id", metavar="SILENCE")
@json_option
@common_options
@pass_app
def unsilence(app: App, silence_id: str) -> None:
    """End a silence now."""
    from auditor.alerts.state import SILENCE, remember
    from auditor.alerts.watcher import instance_of
    from auditor.stores.opening import open_alert_store

    instance = instance_of(app.settings)
    with open_alert_store(app.settings, create=False) as store:
        memory = remember(store, instance)
        if silence_id not in memory.silences:
            raise BadInput(
                f"There is no silence {silence_id}.", "sentinel-ops alerts silences lists them."
            )
        _store(store, instance, memory.change(SILENCE, silence_id, None), "The silence still holds")
    if app.as_json:
        app.print_json({"ended": silence_id})
    else:
        app.out.print("The silence is over.")


def _store(store: AlertStore, instance: str, change: Change, otherwise: str) -> None:
    from auditor.stores.interface import StoreError

    if not store.write(instance, [change]):
        raise StoreError(
            f"{otherwise}: others changed the alert store meanwhile.", "Try again.", passing=True
        )
