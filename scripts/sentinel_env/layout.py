"""Where things live: the cache that clones share, and the folder of one clone."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

ADDON = "sentinel_ops_addon"
TEST_ADDON = "test_sentinel_ops_addon"


def short_hash(text: str) -> str:
    """Return eight hex digits that stand for `text`, fit for a database name."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Cache:
    """The folder shared by all clones of one user (`SENTINEL_HOME`)."""

    root: Path

    @classmethod
    def from_environment(cls) -> "Cache":
        """Return the cache named by SENTINEL_HOME, else `~/.cache/sentinel-ops`."""
        given = os.environ.get("SENTINEL_HOME", "")
        root = Path(given).expanduser() if given else Path.home() / ".cache" / "sentinel-ops"
        # Without resolving, two spellings of one folder would be two clusters' worth of locks.
        return cls(root.resolve())

    @property
    def odoo(self) -> Path:
        """Unpacked Odoo trees, one folder per version."""
        return self.root / "odoo"

    @property
    def downloads(self) -> Path:
        """Packages on their way in."""
        return self.root / "downloads"

    @property
    def venvs(self) -> Path:
        """Virtual environments for Odoo."""
        return self.root / "venvs"

    @property
    def logs(self) -> Path:
        """What long commands printed."""
        return self.root / "logs"

    def lock(self, name: str) -> Path:
        """Return the lock file called `name`."""
        return self.root / "locks" / f"{name}.lock"


@dataclass(frozen=True)
class Clone:
    """One working copy of the project."""

    root: Path

    @classmethod
    def here(cls) -> "Clone":
        """Return the clone that this file belongs to."""
        return cls(Path(__file__).resolve().parents[2])

    @property
    def key(self) -> str:
        """Eight hex digits that tell this clone's databases from those of another."""
        return short_hash(str(self.root))

    @property
    def state(self) -> Path:
        """Everything `make` makes inside the clone."""
        return self.root / ".sentinel"

    @property
    def env_file(self) -> Path:
        """Shell file with what a tool needs to reach the running Odoo."""
        return self.state / "env"

    @property
    def venv(self) -> Path:
        """Virtual environment of the auditor and of the tests."""
        return self.state / "venv"

    @property
    def logs(self) -> Path:
        """Logs of this clone."""
        return self.state / "logs"

    @property
    def addon(self) -> Path:
        """The Odoo module."""
        return self.root / ADDON

    @property
    def test_addons(self) -> Path:
        """The folder of Odoo modules that only tests install."""
        return self.root / "tests" / "addons"

    def lock(self, name: str) -> Path:
        """Return the lock file called `name`."""
        return self.state / "locks" / f"{name}.lock"
