"""What the alerts need from a way to tell people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from auditor.errors import AuditorError

if TYPE_CHECKING:
    from auditor.alerts.notification import Notification


class NotSent(AuditorError):
    """The message did not get through, or nobody knows whether it did.

    :param passing: trying again later may help; without it the configuration must change.
    :param unsure: it may have arrived all the same.
    """

    def __init__(
        self, message: str, remedy: str = "", *, passing: bool, unsure: bool = False
    ) -> None:
        super().__init__(message, remedy)
        self.passing = passing
        self.unsure = unsure


class Channel(Protocol):
    """One way to tell people."""

    @property
    def name(self) -> str:
        """What routes call it, such as ``slack``."""
        ...

    def send(self, notification: Notification, *, receipt: str) -> str:
        """Tell people and return a receipt, by which a later message can join this one.

        :param receipt: of the message that opened the group, ``""`` for the first one or when the
            channel gives none.
        :return: text that the store keeps, ``""`` when the channel has nothing to join to.
        :raises NotSent: with the reason and its remedy, and no secret.
        """
        ...

    def preview(self, notification: Notification) -> str:
        """What would be sent, as text, with no secret in it."""
        ...
