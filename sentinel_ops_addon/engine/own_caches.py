"""What a simulation learns must not be remembered by others.

Odoo keeps the answers of cached methods for the whole process. During a simulation they may be
true for its transaction only (a setting, a template, an asset's attachment), so its thread gets
caches of its own, which end with it.
"""

import threading
from contextlib import contextmanager

from odoo.tools.lru import LRU

_thread = threading.local()
_lock = threading.Lock()


class _Caches(dict):
    """The registry's caches; a thread that simulates is given its own ones instead."""

    users = 0

    def __getitem__(self, name):
        own = getattr(_thread, "caches", None)
        return super().__getitem__(name) if own is None else own[name]

    def values(self):
        """Everybody's, and the thread's own: used to empty them when the models change."""
        own = getattr(_thread, "caches", None)
        return [*super().values(), *(own or {}).values()]


@contextmanager
def own_caches(registry):
    """Give this thread caches of its own; leave those of the process, and the models, as they were.

    To be left when the simulation's transaction is over: models that it changed are read again.
    """
    caches = _install(registry)
    flagged = set(registry.cache_invalidated)
    registry.cache_invalidated.clear()
    _thread.caches = {
        name: LRU(cache.count, cache.snapshot.items()) for name, cache in caches.items()
    }
    try:
        yield
    finally:
        _thread.caches = None
        # Nothing was invalidated for others, so nothing is signalled to them either.
        registry.cache_invalidated.clear()
        try:
            if registry.registry_invalidated:
                registry.reset_changes()
        finally:
            registry.cache_invalidated.update(flagged)
            _uninstall(registry)


def _install(registry):
    with _lock:
        caches = registry._Registry__caches
        if not isinstance(caches, _Caches):
            caches = registry._Registry__caches = _Caches(caches)
        caches.users += 1
        return caches


def _uninstall(registry):
    with _lock:
        caches = registry._Registry__caches
        caches.users -= 1
        if not caches.users:
            registry._Registry__caches = dict(caches)
