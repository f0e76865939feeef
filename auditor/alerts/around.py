"""One pull and the look after it, for every door that pulls."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING

from auditor.alerts.watcher import watch_once
from auditor.errors import AuditorError

if TYPE_CHECKING:
    from auditor.alerts.flow import Decision
    from auditor.odoo.client import Client
    from auditor.settings import Settings
    from auditor.stores.interface import TrailStore
    from auditor.trail.pull import Pulled


def pull_and_watch(
    settings: Settings,
    client: Client,
    opening: AbstractContextManager[TrailStore],
    once: Callable[[TrailStore], Pulled],
    *,
    on_decided: Callable[[list[Decision]], None] = lambda _decisions: None,
) -> Pulled:
    """Open the store, pull, then judge and tell people, whether it went well or not.

    :param on_decided: called with each message that was decided about.
    :raises AuditorError: why the pull failed; nothing about alerts is ever raised.
    """
    with ExitStack() as stack:
        store = None
        try:
            store = stack.enter_context(opening)
            pulled = once(store)
        except AuditorError as error:
            on_decided(watch_once(settings, client, store, error))
            raise
        on_decided(watch_once(settings, client, store))
        return pulled
