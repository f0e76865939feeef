"""The one error that the start raises on purpose."""


class StartError(Exception):
    """Something that the person who starts the container can put right.

    :param message: what is wrong.
    :param remedy: what to do about it.
    """

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
