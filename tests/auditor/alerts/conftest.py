"""A small world: a stand-in for Odoo, a real store, a clock, a channel that keeps what it gets."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from auditor.alerts import watcher
from auditor.alerts.channels.interface import NotSent
from auditor.alerts.notification import Notification
from auditor.alerts.state import Forgetful
from auditor.alerts.watcher import Round, look
from auditor.errors import AuditorError
from auditor.odoo.client import Client, connect
from auditor.settings import Settings
from auditor.stores.interface import StoreError
from auditor.stores.sqlite import SqliteStore
from auditor.trail.pull import pull
from tests.auditor.conftest import Odoo
from tests.auditor.standin import DATABASE, PASSWORD, StandIn
from tests.auditor.standin_watch import watched_job

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=timezone.utc)


@dataclass
class Kept:
    """A channel that keeps what it is given, and fails when told to."""

    name: str = "slack"
    got: list[Notification] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    def send(self, notification: Notification, *, receipt: str) -> str:
        self.receipts.append(receipt)
        self.ids.append(notification.id)
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, NotSent) and failure.unsure:
                self.got.append(notification)
            raise failure
        self.got.append(notification)
        return f"{self.name}-{len(self.got)}"

    def preview(self, notification: Notification) -> str:
        return notification.title

    def take(self) -> list[Notification]:
        """Everything since the last time."""
        got, self.got = self.got, []
        return got


class World:
    """Rounds on a clock that only the test moves."""

    def __init__(self, odoo: Odoo, folder: Path) -> None:
        self.standin: StandIn = odoo.standin
        self.standin.watched["now"] = f"{NOON:%Y-%m-%d %H:%M:%S}"
        self.standin.watched["jobs"] = [watched_job(expected_at="")]
        self.folder = folder
        self.now = NOON
        self.channel = Kept()
        self.channels = [self.channel]
        self.options: dict[str, Any] = {
            "odoo_url": odoo.url,
            "odoo_db": DATABASE,
            "odoo_username": "manager",
            "odoo_password": PASSWORD,
            "sentinel_store": str(folder / "trail.sqlite3"),
        }
        self.last = Round()

    @property
    def settings(self) -> Settings:
        return Settings(_env_file=None, **self.options)

    @property
    def client(self) -> Client:
        return connect(self.settings.connection())

    def rules(self, text: str) -> None:
        """Use these rules."""
        path = self.folder / "alerts.toml"
        path.write_text(text)
        self.options["sentinel_alerts"] = str(path)

    def wait(self, **span: float) -> None:
        """Let time pass, for Odoo too."""
        self.now += timedelta(**span)
        self.standin.watched["now"] = f"{self.now:%Y-%m-%d %H:%M:%S}"

    def without_store(self, trouble: StoreError) -> list[Notification]:
        """Look when the store could not be opened, and return what was sent."""
        self.last = look(
            self.settings,
            self.client,
            None,
            trouble,
            channels=self.channels,
            clock=lambda: self.now,
        )
        return self.channel.take()

    def round(self, **changes: Any) -> list[Notification]:
        """Pull, look, and return what was sent."""
        settings = self.settings
        store = SqliteStore(settings.store_path)
        trouble = None
        try:
            pull(self.client, store, url=settings.connection().shown_url)
        except AuditorError as error:
            trouble = error
        try:
            self.last = look(
                settings,
                self.client,
                store,
                trouble,
                **{"channels": self.channels, "clock": lambda: self.now, **changes},
            )
        finally:
            store.close()
        return self.channel.take()

    def seal(self, status: str, **changes: Any) -> str:
        """Let a run end now."""
        ended = f"{self.now:%Y-%m-%d %H:%M:%S}"
        return self.standin.seal(**{"status": status, "ended_at": ended, **changes})

    def why(self) -> set[str]:
        """Why alerts and messages were held back in the last round."""
        return {each.why.value for each in (*self.last.held, *self.last.decisions) if each.why}

    def reasons(self) -> list[str]:
        """The reasons of the last round's messages, sent or not."""
        return [each.reason.value for each in self.last.decisions]


@pytest.fixture
def world(odoo: Odoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(watcher, "_of_this_process", Forgetful())
    return World(odoo, tmp_path)


def kinds(messages: list[Notification]) -> list[list[str]]:
    """The kinds of the alerts in each message."""
    return [[alert.kind for alert in message.alerts] for message in messages]


class Hook:
    """A web address that takes messages, as a webhook does."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.lock = threading.Lock()
        self.before_answer: Callable[[], None] = lambda: None
        self.status = 200
        self.url = ""

    def pinged(self) -> int:
        return sum("ping" in each for each in self.got)

    def messages(self) -> list[dict[str, Any]]:
        return [each for each in self.got if "ping" not in each]


@pytest.fixture
def hook() -> Iterator[Hook]:
    kept = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            with kept.lock:
                kept.got.append(json.loads(body))
                kept.keys.append(self.headers["Idempotency-Key"])
            kept.before_answer()
            self._answer()

        def do_GET(self) -> None:
            with kept.lock:
                kept.got.append({"ping": self.path})
            self._answer()

        def _answer(self) -> None:
            self.send_response(kept.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    kept.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def kill(number: int) -> None:
    """End a process as a power cut does."""
    os.kill(number, signal.SIGKILL)
