"""Calls that an assistant's program repeats: the same call again gives the same run.

A client that waited too long sends its call once more, and no two calls look different on the wire.
So the same request within :data:`WINDOW` seconds carries the key of the first, by which Odoo knows
it. A key that the caller names itself holds for ever and over all servers.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from hashlib import sha256

WINDOW = 120.0
"""Seconds from the first call within which the same one counts as repeated."""
_MOST = 1000


class Repeats:
    """Keys of what was asked lately; of one process, shared by its threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, tuple[float, str]] = {}

    def key(self, **request: object) -> str:
        """Return the key of this request: that of the same one a moment ago, or a new one."""
        text = json.dumps(request, sort_keys=True, default=str)
        name = sha256(text.encode()).hexdigest()
        with self._lock:
            now = self._clock()
            for old in [name for name, (at, _key) in self._keys.items() if now - at >= WINDOW]:
                del self._keys[old]
            if name not in self._keys:
                while len(self._keys) >= _MOST:
                    del self._keys[next(iter(self._keys))]
                self._keys[name] = (now, uuid.uuid4().hex)
            return self._keys[name][1]
