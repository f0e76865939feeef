"""A web server that notes what it is asked and misbehaves when told to."""

from __future__ import annotations

import json
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar


@dataclass(frozen=True)
class Mood:
    """What the next request meets.

    :param takes: the request has its effect before all else, and its sender may never learn it.
    :param drops: hang up without an answer.
    :param hangs: give no answer until the listener ends.
    """

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    takes: bool = False
    drops: bool = False
    hangs: bool = False


def answers(
    status: int, body: str = "<html>Oh no</html>", *, takes: bool = False, **headers: str
) -> Mood:
    """Any answer at all, such as a gateway's 502; ``Retry_After="1"`` is a header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Mood(status, body, named, takes=takes)


def drops(*, takes: bool = False) -> Mood:
    """The connection ends without an answer."""
    return Mood(drops=True, takes=takes)


def hangs(*, takes: bool = False) -> Mood:
    """No answer comes."""
    return Mood(hangs=True, takes=takes)


@dataclass(frozen=True)
class Asked:
    """One request, whatever became of it.

    :param headers: by name in lower case.
    :param body: what JSON says, None when it is none.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Listener:
    """Answers 200 to all, until told otherwise.

    :ivar asked: every request.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.changed = threading.Condition()
        self.closing = threading.Event()
        self._moods: deque[Mood] = deque()

    def behave(self, *moods: Mood) -> None:
        """Set what the next requests meet, one mood each; afterwards all is well again."""
        with self.changed:
            self._moods.extend(moods)

    def receive(self, asked: Asked) -> Mood:
        """Take one request and return what to answer."""
        with self.changed:
            self.asked.append(asked)
            mood = self._moods.popleft() if self._moods else None
            answer = self.answer(asked) if mood is None or mood.takes else mood
            self.changed.notify_all()
            return mood or answer

    def answer(self, asked: Asked) -> Mood:  # noqa: ARG002  for those who look
        """Return what to answer in a good mood."""
        return Mood()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    listener: Listener

    def do_GET(self) -> None:
        self._handle(None)

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            self._handle(json.loads(raw))
        except ValueError:
            self._handle(None)

    def _handle(self, body: Any) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        mood = self.listener.receive(Asked(self.command, self.path, headers, body))
        if mood.hangs:
            self.listener.closing.wait(60)
        if mood.hangs or mood.drops:
            self.close_connection = True
            return
        content = mood.body.encode()
        self.send_response(mood.status)
        for name, value in {"Content-Type": "text/html", **mood.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: object) -> None:
        """Stay quiet: the tests' own output is read."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Print what is a mistake of the listener; a connection cut by the client is none."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


_L = TypeVar("_L", bound=Listener)


@contextmanager
def listening(listener: _L, host: str = "127.0.0.1", port: int = 0) -> Iterator[_L]:
    """Serve a listener, on a free port unless one is given."""
    handler = type("_BoundHandler", (_Handler,), {"listener": listener})
    with _Server((host, port), handler) as server:
        listener.url = f"http://{host}:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield listener
        finally:
            listener.closing.set()
            server.shutdown()
            thread.join()
