"""With what did we log in, and for how long is that good?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from auditor.doctor.finding import CannotTell, Finding, fail, ok, unknown, warn
from auditor.doctor.subject import Subject
from auditor.odoo.errors import OdooError

SOON = 14
"""Days before its end when a key is told of."""
RENEW = (
    "Make a new key (in Odoo: My Preferences > Security > Add API Key), and put it where the "
    "old one is before it ends."
)


def check(subject: Subject) -> Iterator[Finding]:
    """Ask Odoo, which is the only one to know."""
    if not subject.logged_in:
        raise CannotTell("Odoo did not let us in, see login.")
    try:
        key = subject.client.watch().key
    except OdooError as error:
        raise CannotTell(f"Odoo did not tell: {error.message}", error.remedy) from None
    if key.kind == "password":
        yield warn(
            "We log in with a password, which opens Odoo's web pages, too.",
            "An API key in ODOO_API_KEY can be taken back by itself.",
        )
        return
    if not key.expires_at:
        yield (
            ok("We log in with an API key that has no end.")
            if key.kind == "key"
            else unknown("Odoo cannot tell with what we log in.", "Use an API key.")
        )
        return
    ends = datetime.strptime(key.expires_at, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    days = (ends - datetime.now(timezone.utc)).days
    which = "Our API key" if key.kind == "key" else "The first of our API keys to end"
    told = f"{which} ends on {key.expires_at} UTC"
    if days < 0:
        yield fail(f"{told}, which is over.", RENEW, days=days)
    elif days < SOON:
        yield warn(f"{told}, in {days} days.", RENEW, days=days)
    else:
        yield ok(f"{told}, in {days} days.", days=days)
