"""What the demo says, said only after it was checked."""

from ..console import say
from ..errors import SetupError


class Story:
    """Numbered steps and the claims under them."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._step = 0
        self.claims = 0

    def step(self, title: str) -> None:
        """Start the next step."""
        self._step += 1
        say()
        say(f"[{self._step}/{self._steps}] {title}")

    def claim(self, text: str, true: bool, *, found: object = "", remedy: str) -> None:
        """Print `text` when it is true.

        :param found: what was there instead.
        :raises SetupError: it is not true.
        """
        if not true:
            raise SetupError(
                f"step {self._step} does not hold: {text}"
                + (f"\n    found instead: {found}" if found != "" else ""),
                remedy,
            )
        self.claims += 1
        say(f"  \N{CHECK MARK} {text}")
