"""The trail as a stream: the rows of the exports, without pages and without end in memory."""

import zlib

from werkzeug.exceptions import BadRequest
from werkzeug.http import parse_accept_header

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from ..engine.trail_stream import stream_entries, stream_lines
from ..models.sentinel_run import bounded

# Rows are handed to the web server so many bytes at a time: each hand-over costs.
_PIECE = 128_000
_HIGHEST = 2**31 - 1


class Trail(http.Controller):
    """For those who may export it, by the same rights and companies as ``sentinel.run``'s doors.

    An answer ends with ``#end`` and the number of rows. Without that it was cut off: the rows that
    came are good, and the rest is asked for from there.
    """

    @http.route(
        "/sentinel_ops/trail/runs",
        type="http",
        auth="bearer",
        methods=["GET"],
        readonly=True,
        save_session=False,
    )
    def runs(self, after="0", until=str(_HIGHEST)):
        """Places of the chain after one, up to another."""
        request.env["sentinel.run"]._check_auditor()
        after, until = _position("after", after), _position("until", until)
        return _answer(stream_entries, after, until)

    @http.route(
        "/sentinel_ops/trail/lines",
        type="http",
        auth="bearer",
        methods=["GET"],
        readonly=True,
        save_session=False,
    )
    def lines(self, after="0", after_line="0", until=str(_HIGHEST)):
        """Lines of sealed runs, from a line on; see ``sentinel.run.export_lines``."""
        request.env["sentinel.run"]._check_auditor()
        places = (
            _position("after", after),
            _position("after_line", after_line),
            _position("until", until),
        )
        return _answer(stream_lines, *places)


def _position(name, value):
    try:
        return bounded(request.env, name, value, 0, _HIGHEST)
    except UserError as error:
        raise BadRequest(str(error)) from None


def _answer(source, *places):
    """A response whose body is made while it is sent.

    :param source: a function of :mod:`engine.trail_stream`
    """
    env = request.env
    # The request's own cursor is closed by the time that the body is made.
    rows = source(env.registry, env.uid, dict(env.context), *places)
    body = _pieces(rows)
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Sentinel-Chain": env["sentinel.chain"]._identity().uid,
    }
    accepted = parse_accept_header(request.httprequest.headers.get("Accept-Encoding"))
    if accepted.quality("gzip"):
        headers["Content-Encoding"] = "gzip"
        body = _gzip(body)
    return request.make_response(body, headers=list(headers.items()))


def _pieces(rows):
    """Rows joined to pieces of bytes, each ended, and the number of them as the last one."""
    count, size, piece = 0, 0, []
    for row in rows:
        count += 1
        size += len(row)
        piece.append(row)
        if size >= _PIECE:
            piece.append("")
            yield "\n".join(piece).encode()
            size, piece = 0, []
    piece += [f"#end\t{count}", ""]
    yield "\n".join(piece).encode()


def _gzip(pieces):
    # The quickest level: rows are alike, so more of it would save little and cost time.
    packer = zlib.compressobj(level=1, wbits=31)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
