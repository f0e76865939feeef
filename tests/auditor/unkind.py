"""A proxy in front of the BigQuery emulator that loses, delays, refuses and cuts off answers."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

LOST, LATE, CUT, CUT_JSON, DROPPED = "lost", "late", "cut", "cut json", "dropped"
"""Done but not answered; answered after a while; broken off; answered in part as if it were all;
not done and not answered."""
REFUSED = ("429", "500", "502", "503")
KINDS = (LOST, LATE, CUT, CUT_JSON, DROPPED, *REFUSED)

Fault = Callable[[str, str], str]
"""Says, given a request's method and path, what goes wrong with it; "" for nothing."""

_HOP = frozenset("connection keep-alive transfer-encoding content-length host".split())


class Faults:
    """Faults at random, with a seed; ``hits`` counts them by kind."""

    def __init__(self, seed: int, share: float) -> None:
        self._random = random.Random(seed)
        self._share = share
        self._lock = threading.Lock()
        self.hits: dict[str, int] = {}

    def __call__(self, _method: str, _path: str) -> str:
        with self._lock:
            if self._random.random() >= self._share:
                return ""
            kind = self._random.choice(KINDS)
            self.hits[kind] = self.hits.get(kind, 0) + 1
            return kind


class Handler(BaseHTTPRequestHandler):
    """Passes requests on, unless ``fault`` says otherwise."""

    host: str
    fault: Fault
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: object) -> None:
        """Keep quiet."""

    def _serve(self) -> None:
        body = self._body()
        kind = type(self).fault(self.command, self.path)
        if kind.isdecimal():
            reason = {"403": "accessDenied", "404": "notFound"}.get(kind, "backendError")
            error = {"code": int(kind), "message": "unkind", "errors": [{"reason": reason}]}
            self._answer(int(kind), [], json.dumps({"error": error}).encode())
            return
        if kind == DROPPED:
            self._break()
            return
        status, headers, content = self._forward(body)
        if kind == LOST:
            self._break()
        elif kind == CUT:
            self._answer(status, headers, content, sent=len(content) // 2)
        elif kind == CUT_JSON:
            self._answer(status, headers, content[: len(content) // 2])
        else:
            if kind == LATE:
                time.sleep(0.3)
            self._answer(status, headers, content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self.host, timeout=120)
        try:
            headers = {k: v for k, v in self.headers.items() if k.lower() not in _HOP}
            headers["Accept-Encoding"] = "identity"
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in _HOP]
            mine = f"127.0.0.1:{self.server.server_address[1]}"
            # The address that an upload goes on at.
            moved = [(k, v.replace(self.host, mine)) for k, v in kept]
        except (OSError, http.client.HTTPException):
            return 502, [], b'{"error": {"code": 502, "message": "down", "errors": []}}'
        else:
            return answer.status, moved, content
        finally:
            connection.close()

    def _answer(
        self, status: int, headers: list[tuple[str, str]], content: bytes, sent: int = -1
    ) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content if sent < 0 else content[:sent])
        if sent >= 0:
            self._break()

    def _break(self) -> None:
        self.close_connection = True


class Server(ThreadingHTTPServer):
    """Its threads end with the test."""

    daemon_threads = True

    def handle_error(self, *_arguments: object) -> None:
        """A client that went away is no news here."""


@contextmanager
def unkind(target: str, fault: Fault) -> Iterator[str]:
    """Serve ``target`` with faults and give the address."""
    bound = {"host": urlsplit(target).netloc, "fault": staticmethod(fault)}
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), bound))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
