"""The one error that set-up raises on purpose."""


class SetupError(Exception):
    """Something the person at the keyboard can put right.

    :param message: what went wrong, in one or some lines.
    :param remedy: what to do about it; a command where there is one.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n  what to do: {self.remedy}" if self.remedy else self.message
