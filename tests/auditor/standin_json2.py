"""JSON-2 as the stand-in speaks it: the controller of Odoo 19, its errors, its strictness."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from tests.auditor.standin_server import Handler

NO_DATABASE = b"""<!DOCTYPE html>
<title>404 Not Found</title>
<h1>Not Found</h1>
<p>No database is selected and the requested URL was not found in the server-wide controllers.</p>
"""
NOT_FOUND = b"<!DOCTYPE html><title>404 Not Found</title><h1>Not Found</h1>"
DATABASE = "acme"

_NAMES = {
    1: (500, "builtins.Exception"),
    2: (422, "odoo.exceptions.UserError"),
    3: (401, "werkzeug.exceptions.Unauthorized"),
    4: (403, "odoo.exceptions.AccessError"),
}


def answer(handler: Handler, body: bytes) -> Any:
    """Return the answer to ``POST /json/2/<model>/<method>``."""
    from tests.auditor.standin_server import Fault, Misbehave

    standin = handler.standin
    _, _, _, model, method = urlsplit(handler.path).path.split("/")
    if not standin.has_json2:
        raise Misbehave(lambda handler: handler.reply(404, NOT_FOUND))
    if handler.headers["X-Odoo-Database"] != DATABASE:
        raise Misbehave(lambda handler: handler.reply(404, NO_DATABASE))
    if handler.headers.get_content_type() != "application/json":
        raise Misbehave(lambda handler: handler.reply(415, b"<title>Unsupported</title>"))
    named = json.loads(body)
    login = standin.login_of(handler.bearer)

    def work() -> Any:
        if not login:
            raise Fault(3, "Invalid apikey")
        uid = standin.authenticate(DATABASE, login, handler.bearer)
        if (model, method) == ("res.users", "context_get"):
            return {"lang": "en_US", "tz": False, "uid": uid}
        if (model, method) == ("res.users", "read"):
            return [{"id": number, "login": login} for number in named["ids"] if number == uid]
        return standin.execute(uid, handler.bearer, model, method, named)

    # What the login is over XML-RPC, so that tests can say once how it goes wrong.
    name = "authenticate" if model == "res.users" else method
    return standin.in_mood(handler, name, named, work)


def encoded(value: Any) -> bytes:
    """Return an answer as Odoo writes it: ASCII only."""
    return json.dumps(value).encode()


def encoded_fault(code: int, text: str) -> tuple[int, bytes]:
    """Return status and body of what XML-RPC would say as a fault."""
    status, name = _NAMES[code]
    message, debug = text, ""
    if missing := re.search(r"Object (\S+) doesn't exist", text):
        status, name = 404, "werkzeug.exceptions.NotFound"
        message = f"the model {missing[1]!r} does not exist"
    elif missing := re.search(r"The method '\S+' does not exist", text):
        status, name, message = 404, "werkzeug.exceptions.NotFound", missing[0]
    elif code == 1:
        kind, _, message = text.strip().splitlines()[-1].partition(": ")
        name, debug = f"builtins.{kind}", text
    error = {"name": name, "message": message, "arguments": [message], "context": {}}
    return status, json.dumps({**error, "debug": debug or f"Traceback\n{message}"}).encode()
