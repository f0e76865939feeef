"""One error tree for everything that can go wrong between the auditor and Odoo.

::

    OdooError
      Unreachable           no usable answer: down, slow, a proxy's page, garbage
        LostAnswer          the request may have been carried out, its answer did not arrive
        Garbled             an answer came, and it does not make sense
      Refused               wrong login or key, or no rights
      BusinessFault         Odoo understood and said no, with a message for people
      ServerFault           Odoo broke while it answered
      IncompatibleAddon     the addon is missing, too old or too new
"""

from __future__ import annotations

from auditor.errors import AuditorError


class OdooError(AuditorError):
    """Any failed conversation with Odoo."""


class Unreachable(OdooError):
    """No usable answer, and the request surely had no effect or its effect is unknown.

    :param sent: False when the request surely never reached Odoo, so that sending it again is
        harmless whatever it asks.
    """

    def __init__(self, message: str, remedy: str = "", *, sent: bool = False) -> None:
        super().__init__(message, remedy)
        self.sent = sent


class LostAnswer(Unreachable):
    """The request went out and its answer did not come back whole.

    :param timed_out: True when the time ran out, so that asking at once again would only add load.
    """

    def __init__(self, message: str, remedy: str = "", *, timed_out: bool = False) -> None:
        super().__init__(message, remedy, sent=True)
        self.timed_out = timed_out


class Garbled(Unreachable):
    """An answer arrived that is not what the contract promises."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy, sent=True)


class PageTooLarge(Garbled):
    """A page of the trail unpacks to more than the auditor is willing to hold in memory."""


class Refused(OdooError):
    """Odoo knows us not, or not well enough."""


class BusinessFault(OdooError):
    """Odoo understood the request and refuses it, with a message written for people."""


class ServerFault(OdooError):
    """Odoo's own code broke; only the last line of its traceback is kept."""


class IncompatibleAddon(OdooError):
    """Sentinel-Ops in that database is missing, too old or too new for this auditor."""


def may_be_done(error: OdooError) -> bool:
    """Whether what was asked for may have been done all the same, so that nobody can tell.

    A fault is no proof that it was not: Odoo commits a request for a run apart from the rest.
    """
    return isinstance(error, ServerFault) or (isinstance(error, Unreachable) and error.sent)
