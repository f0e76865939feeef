"""Everything that is not answered as asked, with its status code."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from auditor.errors import AuditorError, BadInput
from auditor.odoo.errors import BusinessFault, LostAnswer, OdooError, Refused
from auditor.redact import redact
from auditor.stores.interface import StoreError
from auditor.trail.errors import TrailError

RETRY_SECONDS = 10
"""What ``Retry-After`` says where nothing better is known."""

CODES = {
    "bad_input": "What was sent can't be used; the message says what and why.",
    "refused_by_odoo": "Odoo understood the request and says no; the message is Odoo's.",
    "unauthenticated": "The door does not know who asks.",
    "forbidden": "Odoo does not let the auditor's user do that.",
    "token_needed": "This door has no token, so nobody may change anything through it.",
    "not_found": "There is no such address.",
    "job_unknown": "Odoo offers no job of that code.",
    "run_unknown": "There is no such run, or the auditor's user may not see it.",
    "method_not_allowed": "The address is there, the method is not; Allow says which are.",
    "job_unavailable": "The job can't run in that database, or not in that mode; see the message.",
    "key_conflict": "The Idempotency-Key was used for another request.",
    "too_large": "The body has more than 64 KiB.",
    "not_json": "The body is not sent as application/json.",
    "too_many_requests": "More requests than the door answers; Retry-After says when it will.",
    "misconfigured": "A setting of the door is missing or can't be used.",
    "trail_broken": "The trail in Odoo is not what was sealed.",
    "store_unusable": "The store can't be read or written.",
    "store_busy": "Somebody else is writing to the store.",
    "internal": "A bug; the door's log has the whole story under the request's id.",
    "odoo_unreachable": "Odoo can't be reached or understood.",
    "odoo_too_slow": "Odoo did not answer in time.",
}
"""Every ``error.code`` there is."""


class HttpError(AuditorError):
    """Answer with this status.

    :param code: one of :data:`CODES`.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        remedy: str = "",
        *,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(message, remedy)
        self.status = status
        self.code = code
        self.headers = headers


def for_error(error: AuditorError) -> HttpError:
    """Return the answer that an error of the auditor stands for."""
    if isinstance(error, HttpError):
        return error
    status, code = _status(error)
    headers = {"Retry-After": str(RETRY_SECONDS)} if status == 503 else {}
    found = HttpError(status, code, error.message, error.remedy, headers=headers)
    found.details = error.details
    return found


def _status(error: AuditorError) -> tuple[int, str]:
    if isinstance(error, BadInput):
        return 400, "bad_input"
    if isinstance(error, BusinessFault):
        return 400, "refused_by_odoo"
    if isinstance(error, Refused):
        return 403, "forbidden"
    if isinstance(error, LostAnswer) and error.timed_out:
        return 504, "odoo_too_slow"
    if isinstance(error, OdooError):
        return 502, "odoo_unreachable"
    if isinstance(error, TrailError):
        return 500, "trail_broken"
    if isinstance(error, StoreError):
        return (503, "store_busy") if error.passing else (500, "store_unusable")
    return 500, "internal"


def document(error: HttpError, request_id: str) -> dict[str, object]:
    """Return the one shape that every error has, without secrets."""
    return {
        "error": {
            "code": error.code,
            "message": redact(error.message),
            "remedy": redact(error.remedy),
            "request_id": request_id,
            **error.details,
        }
    }
