"""``sentinel-ops alerts check``."""

from __future__ import annotations

import click

from auditor.cli.context import App, common_options, json_option, pass_app


@click.command()
@json_option
@common_options
@pass_app
def check(app: App) -> int:
    """Judge now and say what would be sent, and why not; sends nothing, remembers nothing.

    Reads the store as it was last pulled, and asks Odoo what it expects. Exit code 0 when all of it
    could be looked at, else that of the reason.
    """
    from auditor.alerts.channels.opening import open_channels
    from auditor.alerts.rules import read_rules
    from auditor.alerts.watcher import look
    from auditor.cli.alerting import showing
    from auditor.cli.exits import Exit, for_error
    from auditor.cli.render import sentence
    from auditor.cli.text import plural
    from auditor.stores.interface import StoreError
    from auditor.stores.opening import open_store

    channels = open_channels(app.settings).complete()
    read_rules(app.settings.sentinel_alerts).check_channels([each.name for each in channels])
    try:
        with open_store(app.settings, create=False) as store:
            if not store.chains():
                raise StoreError(
                    "The store is empty: nothing was pulled yet, or nothing sealed in Odoo.",
                    "sentinel-ops pull copies the trail from Odoo.",
                    missing=True,
                )
            found = look(
                app.settings, app.client(), store, pulled=False, send=False, channels=channels
            )
    except StoreError as error:
        # Missing is no alert: whoever asks is told below.
        trouble = None if error.missing else error
        found = look(
            app.settings, app.client(), None, trouble, pulled=False, send=False, channels=channels
        )
        found = found.with_problem(error)
    code = Exit.NO_ANSWER if found.unwatched else Exit.DONE
    if found.problems:
        code = for_error(found.problems[0])
    if app.as_json:
        app.print_json(
            {
                "channels": [channel.name for channel in channels],
                "alerts": [showing.known_document(known) for known in found.active],
                "held": [showing.held_document(held) for held in found.held],
                "messages": [showing.decision_document(each) for each in found.decisions],
                "problems": [
                    {"message": each.message, "remedy": each.remedy} for each in found.problems
                ],
                "unwatched": found.unwatched,
            }
        )
        return code
    for problem in found.problems:
        app.out.print(sentence(f"Could not check everything: {problem.message}", "red"))
        app.out.print(sentence(problem.remedy))
    if found.unwatched:
        unseen = "Not looked at: missed schedules, long runs, approvals and the auditor's key."
        because = "" if found.problems else f" {found.unwatched}"
        app.out.print(sentence(f"{unseen}{because}", "yellow"))
    if not channels:
        app.out.print(
            "No channel is configured, so nobody is told; docs/alerts.md says how to add one."
        )
    if not found.active:
        well = "Nothing is wrong" if code is Exit.DONE else "Nothing else is known to be wrong"
        app.out.print(f"{well}, as far as it was pulled.")
    else:
        app.out.print(f"{plural(len(found.active), 'alert')}:")
        app.out.print(showing.alerts_table(found.active, ()))
    if found.held:
        app.out.print(showing.held_table(found.held))
    if found.decisions:
        app.out.print(showing.decisions_table(found.decisions))
    return code
