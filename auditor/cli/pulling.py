"""One pull with what belongs to it: the store around it, and the alerts after it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from auditor.alerts.watcher import watch_once
from auditor.cli.text import plural
from auditor.errors import AuditorError
from auditor.stores.opening import open_store

if TYPE_CHECKING:
    from auditor.alerts.flow import Decision
    from auditor.cli.context import App
    from auditor.odoo.client import Client
    from auditor.stores.interface import TrailStore
    from auditor.trail.pull import Pulled


def pull_and_watch(app: App, client: Client, once: Callable[[TrailStore], Pulled]) -> Pulled:
    """Pull, then judge and tell people, whether the pull went well or not.

    :raises AuditorError: why the pull failed; nothing about alerts is ever raised.
    """
    with ExitStack() as stack:
        store = None
        try:
            store = stack.enter_context(open_store(app.settings, create=True))
            pulled = once(store)
        except AuditorError as error:
            _say(app, watch_once(app.settings, client, store, error))
            raise
        _say(app, watch_once(app.settings, client, store))
        return pulled


def _say(app: App, decisions: list[Decision]) -> None:
    sent = [each for each in decisions if each.sent]
    if sent and not app.as_json:
        channels = ", ".join(sorted({each.channel for each in sent}))
        app.err.print(f"Alerts: {plural(len(sent), 'message')} sent by {channels}.")
