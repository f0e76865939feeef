"""Turn what Odoo says instead of an answer into one of our errors.

Codes of XML-RPC (``addons/rpc/controllers/xmlrpc.py``): 1 any exception, with the whole Python
traceback as text; 2 a message for people; 3 the login was refused; 4 a right is missing. JSON-2
names the exception (``http.py``, ``serialize_exception``), from which the same code follows.
"""

from __future__ import annotations

import re

from auditor.odoo.errors import (
    BusinessFault,
    IncompatibleAddon,
    OdooError,
    Refused,
    ServerFault,
    Unreachable,
)

_NO_MODEL = re.compile(r"Object (sentinel\.[\w.]+) doesn't exist")
_NO_MODEL_JSON2 = re.compile(r"the model '(sentinel\.[\w.]+)' does not exist")
_NO_METHOD = re.compile(r"The method '(sentinel\.[\w.]+)' does not exist")
_NO_DATABASE = re.compile(r'database "([^"]*)" does not exist')
# Odoo's own sentences; ours say themselves whom to ask.
_NO_RIGHT = re.compile(r"(Access Denied|(Sorry, )?you are not allowed\b)", re.IGNORECASE)
_EXCEPTION_LINE = re.compile(r"^(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$")

INSTALL_REMEDY = (
    "Install the module sentinel_ops_addon in that database (Apps menu), or point ODOO_DB at the "
    "database that has it."
)
UPGRADE_ADDON = "Upgrade the module sentinel_ops_addon in Odoo to the release of this auditor."
CREDENTIALS_REMEDY = (
    "Check ODOO_DB, ODOO_USERNAME and ODOO_API_KEY or ODOO_PASSWORD (an API key or the password of "
    "that user; keys expire). After several wrong tries Odoo refuses everybody from this address "
    "for a while."
)
RIGHTS_REMEDY = (
    "Ask an administrator to give the user one of Sentinel's groups: operators plan and run, "
    "managers pause jobs, approvers decide, auditors pull the trail, viewers look; Emergency stop "
    "stops everything."
)

_CODES = {
    "odoo.exceptions.AccessDenied": 3,
    "odoo.http.SessionExpiredException": 3,
    "odoo.exceptions.AccessError": 4,
    "odoo.exceptions.UserError": 2,
    "odoo.exceptions.RedirectWarning": 2,
    "odoo.exceptions.ValidationError": 2,
    "odoo.exceptions.MissingError": 2,
    "odoo.exceptions.LockError": 2,
}
"""Code of XML-RPC by the name of the exception; all others are 1."""


def login_refused(database: str, username: str = "") -> Refused:
    """Return the error for a login that Odoo does not take."""
    whose = f" of {username}" if username else ""
    return Refused(f"Odoo refused the login{whose} to the database {database}.", CREDENTIALS_REMEDY)


def last_line(traceback: str) -> str:
    """Return the exception's own message out of a Python traceback.

    A message may span lines, so this is the text from the last line that starts at the margin and
    looks like ``Type: message``; its type is kept only if there is no message.
    """
    lines = [line for line in traceback.strip().splitlines() if line.strip()]
    if not any(line.startswith("Traceback ") for line in lines):
        return lines[-1].strip() if lines else ""
    starts = [i for i, line in enumerate(lines) if line.startswith("Traceback ")]
    tail = lines[starts[-1] + 1 :]
    # Frames are indented: what stands at the margin after them is the exception.
    margin = [line for line in tail if not line[0].isspace()]
    for line in margin:
        match = _EXCEPTION_LINE.match(line)
        if match:
            return (match["message"] or match["type"]).strip()
    return margin[-1].strip() if margin else ""


def from_fault(code: object, text: str, *, database: str) -> OdooError:
    """Return the error that fault ``code`` with its ``text`` stands for."""
    text = text.strip()
    if missing := _NO_MODEL.search(text):
        return IncompatibleAddon(
            f"Sentinel-Ops is not installed in the database {database} "
            f"(Odoo does not know {missing[1]}).",
            INSTALL_REMEDY,
        )
    if missing := _NO_METHOD.search(text):
        return IncompatibleAddon(
            f"Sentinel-Ops in the database {database} is too old: it has no {missing[1]}.",
            UPGRADE_ADDON,
        )
    if code == 2:
        return BusinessFault(text or "Odoo refused the request without saying why.")
    if code == 3:
        return login_refused(database)
    if code == 4:
        remedy = RIGHTS_REMEDY if not text or _NO_RIGHT.match(text) else ""
        return Refused(f"Odoo refused: {text or 'access denied'}", remedy)
    if missing := _NO_DATABASE.search(text):
        return Unreachable(f"Odoo has no database named {missing[1]}.", "Check ODOO_DB.", sent=True)
    if "KeyError: 'res.users'" in text or 'relation "res_users" does not exist' in text:
        return Unreachable(
            f"The database {database} is not an Odoo database yet.", "Check ODOO_DB.", sent=True
        )
    return ServerFault(
        f"Odoo broke while it answered: {last_line(text) or 'no message'}",
        "Odoo's own log has the whole story.",
    )


def from_json2(name: str, message: str, database: str) -> OdooError:
    """Return the error that an exception of Odoo stands for.

    :param name: of its class, with the module.
    """
    if missing := _NO_MODEL_JSON2.search(message):
        message = f"Object {missing[1]} doesn't exist"
    code = _CODES.get(name, 1)
    if code == 1:
        # The shape of a traceback, of which only the message is told.
        message = f"Traceback (most recent call last):\n{name.rpartition('.')[2]}: {message}"
    return from_fault(code, message, database=database)
