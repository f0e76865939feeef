"""One measured piece of work."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Timing:
    """How long it took to deal with some records.

    :param seconds: of wall-clock time, as the client saw it.
    """

    records: int
    seconds: float

    @property
    def rate(self) -> float:
        """Records per second."""
        return self.records / self.seconds

    def as_dict(self) -> dict[str, float]:
        """Return it as it is written to a file."""
        return {**asdict(self), "records_per_second": self.rate}
