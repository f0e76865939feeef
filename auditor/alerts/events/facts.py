"""What all families of events are made with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import quote

from auditor.alerts.kinds import KINDS
from auditor.alerts.notification import Alert, Record, Severity, Status
from auditor.cli.common import link
from auditor.cli.text import plain
from auditor.odoo.faults import last_line
from auditor.redact import redact

if TYPE_CHECKING:
    from auditor.alerts.rules import Rules
    from auditor.odoo.watching import WatchedJob

_SENTENCE = 300
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?Z?\Z")


@dataclass(frozen=True)
class Facts:
    """What is known besides the event itself.

    :param base: Odoo's address, for links; without credentials.
    :param names: whether names of records may be told.
    :param jobs: what Odoo says of its jobs, by code; empty when it could not be asked.
    :param now: the auditor's own clock, UTC.
    """

    base: str
    rules: Rules
    names: bool
    now: datetime
    jobs: Mapping[str, WatchedJob] = field(default_factory=dict)

    def alert(
        self,
        kind: str,
        summary: str,
        *,
        key: str,
        since: datetime,
        job: str = "",
        job_name: str = "",
        company: str = "",
        run: str = "",
        mode: str = "",
        details: tuple[tuple[str, str], ...] = (),
        records: tuple[Record, ...] = (),
        total: int = 0,
        changed: str = "",
        url: str = "",
        severity: Severity | None = None,
    ) -> Alert:
        """Return an alert with what is known of its kind and of its job.

        :param url: a path of Odoo; without one it is that of the job.
        :param severity: when it is another than the kind's; the rules still override it.
        """
        known = self.jobs.get(job)
        path = url or (known.url if known else "")
        return Alert(
            key=key,
            kind=kind,
            severity=self._severity(kind, known, severity),
            status=Status.FIRING,
            summary=clean(summary),
            since=since,
            job=clean(job),
            job_name=clean(job_name or (known.name if known else "")),
            company=clean(company or (known.company if known else "")),
            tags=tuple(known.tags) if known else (),
            run=run,
            mode=mode,
            details=tuple((label, clean(value)) for label, value in details if value),
            records=records[: self.rules.message.records],
            total=total,
            changed=clean(changed),
            owner=clean(known.owner) if known else "",
            runbook=self._runbook(kind, known),
            url=link(self.base, path),
        )

    def _severity(self, kind: str, job: WatchedJob | None, severity: Severity | None) -> Severity:
        ruled = self.rules.severity.get(kind)
        if ruled is not None:
            return ruled
        of_kind = KINDS[kind]
        if of_kind.by_job and job is not None and job.severity:
            return Severity(job.severity)
        return severity or of_kind.severity

    def _runbook(self, kind: str, job: WatchedJob | None) -> str:
        own = job.runbook if job else ""
        # Whoever may edit a job must not be able to send readers to a script.
        if own.startswith(("https://", "http://")):
            return clean(own)
        return f"{self.rules.runbooks.rstrip('/')}/{kind}.md"

    def record(self, model: str, record: int, name: str) -> Record:
        """Return a record as people may be told of it."""
        shown = clean(name) if self.names and name else f"{model} {record}"
        path = f"/odoo/{quote(model, safe='.')}/{record}" if record > 0 else ""
        return Record(shown, link(self.base, path))


def key(kind: str, *parts: str) -> str:
    """Return what makes an alert this one: its kind and its unchanging parts."""
    return "/".join((kind, *(quote(part, safe="") for part in parts)))


def clean(text: str) -> str:
    """Return the first sentence-like part of a text: one line, no secret, not endless."""
    if "Traceback (most recent" in text:
        text = last_line(text)
    first = redact(plain(text, lines=True).strip().partition("\n")[0])
    return first if len(first) <= _SENTENCE else first[: _SENTENCE - 1] + "…"


def moment(text: str) -> datetime | None:
    """Return a time of Odoo, or one as it was sealed; None when there is none."""
    if not _TIME.match(text):
        return None
    # Python 3.10 reads neither the Z nor one to five digits of a second.
    whole = text.rstrip("Z").partition(".")[0].replace("T", " ")
    return datetime.strptime(whole, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
