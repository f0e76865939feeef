"""``sentinel-ops alerts close``."""

from __future__ import annotations

import click

from auditor.cli.alerting.person import who
from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.errors import BadInput


@click.command()
@click.argument("key", metavar="KEY")
@click.option("--comment", default="", help="Why it is over.")
@json_option
@common_options
@pass_app
def close(app: App, key: str, comment: str) -> None:
    """Say that an alert is over: for what nothing else can tell, such as a run by hand that failed.

    People are told with the next pull. What is still wrong then comes up again.
    """
    from dataclasses import replace

    from auditor.alerts.notification import Status
    from auditor.alerts.state import ALERT, ALERTS, remember
    from auditor.alerts.watcher import instance_of, utc_now
    from auditor.stores.interface import StoreError
    from auditor.stores.opening import open_alert_store

    if not comment.strip():
        raise BadInput("Closing an alert needs a reason.", "--comment 'Why it is over'")
    instance = instance_of(app.settings)
    with open_alert_store(app.settings, create=False) as store:
        memory = remember(store, instance)
        known = memory.alerts.get(key)
        if known is None or not known.active:
            raise BadInput(
                f"There is no alert {key} that fires.", "sentinel-ops alerts list shows their keys."
            )
        ending = f"Closed by {who()}: {comment.strip()}"
        closed = replace(
            known,
            alert=replace(known.alert, status=Status.RESOLVED, changed=ending),
            active=False,
            bad=0,
            ended_at=utc_now(),
            ending=ending,
        )
        if not store.write(instance, [memory.change(ALERT, key, ALERTS.write(closed))]):
            raise StoreError("The alert changed meanwhile.", "Try again.", passing=True)
    if app.as_json:
        app.print_json({"closed": key})
    else:
        app.out.print("Closed. People are told with the next pull.")
