"""The socket of the stand-in: XML-RPC in and out, and whatever a mood makes of it."""

from __future__ import annotations

import threading
import xmlrpc.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.auditor.standin import StandIn


class Fault(Exception):
    """Answer with this XML-RPC fault."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class Misbehave(Exception):
    """Do not answer by the contract; ``act`` does something to the connection."""

    def __init__(self, act: Callable[[Handler], None]) -> None:
        super().__init__("misbehave")
        self.act = act


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    standin: StandIn

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        params, method = xmlrpc.client.loads(body)
        try:
            answer = self.standin.answer(self, self.path.rpartition("/")[2], str(method), params)
            text = xmlrpc.client.dumps((answer,), methodresponse=True)
        except Fault as fault:
            text = xmlrpc.client.dumps(xmlrpc.client.Fault(fault.code, fault.text))
        except Misbehave as mood:
            try:
                mood.act(self)
            except OSError:
                self.close_connection = True  # the client had enough, which is the point
            return
        try:
            self.reply(200, text.encode())
        except OSError:
            self.close_connection = True

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def raw(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_arguments: object) -> None:
        """Stay quiet: the tests' own output is read."""


@contextmanager
def serving(standin: StandIn) -> Iterator[str]:
    """Serve ``standin`` on a free port and yield its address."""
    handler = type("BoundHandler", (Handler,), {"standin": standin})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
