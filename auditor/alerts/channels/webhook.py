"""A web address of your own: one JSON document a message.

The document is a contract (``docs/slack.md`` shows it): fields may be added within a version, never
taken away or given another meaning.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from auditor.alerts.channels.addresses import secret_address
from auditor.alerts.channels.asking import Request, ask
from auditor.alerts.channels.safe import safe
from auditor.alerts.channels.trying import Patience, persist
from auditor.alerts.channels.words import heading, repeated

if TYPE_CHECKING:
    from auditor.alerts.notification import Alert, Notification

VERSION = 1


class WebhookChannel:
    """Posts each message as JSON.

    :param url: a secret.
    :param record_names: False leaves out what the records are called.
    """

    name = "webhook"

    def __init__(
        self, url: str, *, record_names: bool = True, patience: Patience | None = None
    ) -> None:
        self._url = secret_address(url, "ALERT_WEBHOOK_URL", "https://example.com/hooks/sentinel")
        self._record_names = record_names
        self._patience = patience or Patience()

    def send(self, notification: Notification, *, receipt: str) -> str:  # noqa: ARG002  the group is in the document
        """See :class:`~auditor.alerts.channels.interface.Channel`."""
        persist(self._post, safe(notification, record_names=self._record_names), self._patience)
        return ""

    def preview(self, notification: Notification) -> str:
        """Return the document."""
        content = document(safe(notification, record_names=self._record_names))
        return json.dumps(content, ensure_ascii=False, indent=2)

    def _post(self, notification: Notification) -> None:
        ask(
            Request(
                "POST",
                self._url,
                "The webhook",
                "ALERT_WEBHOOK_URL",
                self._patience.timeout,
                body=json.dumps(document(notification), ensure_ascii=False).encode(),
                headers={
                    "Content-Type": "application/json",
                    "Idempotency-Key": notification.id,
                },
            )
        )


def document(notification: Notification) -> dict[str, object]:
    """Return a notification that is safe to send as the documented JSON."""
    return {
        "version": VERSION,
        "group": notification.group,
        "status": notification.status.value,
        "severity": notification.severity.value,
        "reason": notification.reason.value,
        "repeated": repeated(notification),
        "instance": notification.instance,
        "environment": notification.environment,
        "title": notification.title,
        "text": heading(notification),
        "at": _time(notification.at),
        "alerts": [_alert(alert) for alert in notification.alerts],
        "hidden": notification.hidden,
    }


def _alert(alert: Alert) -> dict[str, object]:
    return {
        "key": alert.key,
        "kind": alert.kind,
        "severity": alert.severity.value,
        "status": alert.status.value,
        "summary": alert.summary,
        "since": _time(alert.since),
        "job": alert.job,
        "job_name": alert.job_name,
        "company": alert.company,
        "tags": list(alert.tags),
        "run": alert.run,
        "details": [{"label": label, "value": value} for label, value in alert.details],
        "records": [{"name": record.name, "url": record.url} for record in alert.records],
        "total": alert.total,
        "changed": alert.changed,
        "owner": alert.owner,
        "runbook": alert.runbook,
        "url": alert.url,
    }


def _time(moment: datetime) -> str:
    if moment.tzinfo is not None:
        moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds") + "Z"
