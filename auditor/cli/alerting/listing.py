"""``sentinel-ops alerts list``."""

from __future__ import annotations

import click

from auditor.cli.context import App, common_options, json_option, pass_app


@click.command("list")
@click.option("--all", "everything", is_flag=True, help="Also what ended lately.")
@json_option
@common_options
@pass_app
def list_(app: App, everything: bool) -> None:
    """Show what is wrong as of the last pull, and who was told."""
    from auditor.alerts.state import remember
    from auditor.alerts.watcher import instance_of
    from auditor.cli.alerting import showing
    from auditor.stores.opening import open_alert_store

    with open_alert_store(app.settings, create=False) as store:
        memory = remember(store, instance_of(app.settings))
    alerts = [known for known in memory.alerts.values() if known.active]
    if everything:
        alerts += [known for known in memory.alerts.values() if known.ended_at is not None]
    if app.as_json:
        app.print_json({"alerts": [showing.known_document(known) for known in alerts]})
        return
    if not memory.marks and not alerts:
        app.out.print("Nothing was judged yet: sentinel-ops pull does it, once a channel is set.")
        return
    if not alerts:
        app.out.print("As of the last pull nothing is wrong.")
        return
    app.out.print(showing.alerts_table(alerts, memory.tolds.values()))
