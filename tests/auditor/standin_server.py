"""The socket of the stand-in: XML-RPC or JSON-2 in and out, and whatever a mood makes of it."""

from __future__ import annotations

import gzip
import sys
import threading
import xmlrpc.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.auditor import standin_json2

if TYPE_CHECKING:
    from tests.auditor.standin import StandIn

PASSWORD = "s3cr3t-Pa55phrase&<7"
"""Of every user."""


def key_of(login: str) -> str:
    """Return the API key of a user, in the shape of Odoo's."""
    return sha1(login.encode()).hexdigest()


class Fault(Exception):
    """Refuse with this code and text, as XML-RPC has them; JSON-2 says the same its own way."""

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
    speaks_json = False

    def do_GET(self) -> None:
        """The stream of lines, and Odoo's version."""
        standin = self.standin
        path, _, query = self.path.partition("?")
        if path == "/web/version":
            standin.version(self)
            return
        asked = {name: values[-1] for name, values in parse_qs(query).items()}
        with standin.lock:
            standin.calls.append(("stream", asked))
            moods = standin._moods["stream"]
            mood = moods.popleft() if moods else None
        if path != "/sentinel_ops/trail/lines" or not standin.streams:
            self.reply(404, b"<title>404 Not Found</title>")
            return
        if self.bearer != PASSWORD and not standin.login_of(self.bearer):
            self.reply(401, b"")
            return
        rows = standin.line_rows(
            int(asked["after"]), int(asked["after_line"]), int(asked["until"]), 10**9
        )
        body = "".join("\t".join(row) + "\n" for row in rows).encode()
        body += f"#end\t{len(rows)}\n".encode()
        try:
            try:
                self.stream(mood(self, lambda: body) if mood else body)
            except Misbehave as misbehave:
                misbehave.act(self)
        except OSError:
            self.close_connection = True  # the client had enough, which is the point

    def stream(self, text: bytes, *, chain: str = "", cut: int = 0) -> None:
        """Send ``text`` packed, in chunks; without its end when ``cut``."""
        packed = gzip.compress(text, 1)
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("X-Sentinel-Chain", chain or self.standin.chain)
        self.end_headers()
        for start in range(0, len(packed) - cut, 500):
            chunk = packed[start : min(start + 500, len(packed) - cut)]
            self.raw(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        if cut:
            self.hang_up()
        else:
            self.raw(b"0\r\n\r\n")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.speaks_json = urlsplit(self.path).path.startswith("/json/2/")
        try:
            if self.speaks_json:
                answer = standin_json2.answer(self, body)
            else:
                params, method = xmlrpc.client.loads(body)
                service = self.path.rpartition("/")[2]
                answer = self.standin.answer(self, service, str(method), params)
            status, content = 200, self.encoded(answer)
        except Fault as fault:
            status, content = self.encoded_fault(fault)
        except Misbehave as mood:
            try:
                mood.act(self)
            except OSError:
                self.close_connection = True  # the client had enough, which is the point
            return
        try:
            self.reply(status, content)
        except OSError:
            self.close_connection = True

    @property
    def bearer(self) -> str:
        """The key that the request came with."""
        kind, _, key = (self.headers["Authorization"] or "").partition(" ")
        return key if kind.lower() == "bearer" else ""

    def encoded(self, answer: Any) -> bytes:
        """Return an answer in the language that was asked in."""
        if self.speaks_json:
            return standin_json2.encoded(answer)
        return xmlrpc.client.dumps((answer,), methodresponse=True).encode()

    def encoded_fault(self, fault: Fault) -> tuple[int, bytes]:
        """Return status and body of a refusal in the language that was asked in."""
        if self.speaks_json:
            return standin_json2.encoded_fault(fault.code, fault.text)
        return 200, xmlrpc.client.dumps(xmlrpc.client.Fault(fault.code, fault.text)).encode()

    def reply(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if self.speaks_json else "text/xml")
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


class Server(ThreadingHTTPServer):
    """A server that takes it calmly when a client is gone: clients that give up are tested here."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Print what is a mistake of the stand-in; a connection cut by the client is none."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def serving(standin: StandIn) -> Iterator[str]:
    """Serve ``standin`` on a free port and yield its address."""
    handler = type("BoundHandler", (Handler,), {"standin": standin})
    with Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
