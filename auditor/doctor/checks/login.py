"""Does Odoo know the database and let us in?"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.doctor.finding import Finding, fail, ok
from auditor.doctor.subject import Subject
from auditor.odoo.errors import OdooError


def check(subject: Subject) -> Iterator[Finding]:
    """Log in, without anything of Sentinel's."""
    client, connection = subject.client, subject.connection
    try:
        client.log_in()
    except OdooError as error:
        yield fail(error.message, error.remedy)
        return
    subject.logged_in = True
    yield ok(f"{connection.username} may log in to the database {connection.database}.")
