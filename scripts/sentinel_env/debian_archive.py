"""Packages out of a Debian archive, without root and without touching the system's apt.

apt checks Debian's signature over the index, the index states size and SHA-256 of each package,
and both are checked again here on the file, just before it is unpacked.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .commands import clean_environment, run
from .errors import SetupError
from .prerequisites import KEYRING, install_command

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Package:
    """One version of a package, as the signed index describes it."""

    name: str
    version: str
    size: int
    sha256: str


class DebianArchive:
    """One archive, seen through an apt that has its own folders.

    :param mirror: URI of the archive.
    :param folder: where apt keeps its lists and puts the packages; it may be thrown away.
    :param pinned: the user named the mirror, so an old snapshot is meant, not an attack.
    """

    def __init__(
        self, mirror: str, folder: Path, *, pinned: bool = False, keyring: Path = KEYRING
    ) -> None:
        self.mirror = mirror
        self.folder = folder
        self.packages = folder / "packages"
        self._pinned = pinned
        self._keyring = keyring
        for part in ("apt/lists/partial", "apt/cache/archives/partial", "packages"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        (folder / "apt/status").touch()
        self._configuration = folder / "apt" / "apt.conf"
        self._configuration.write_text(self._settings())

    def _settings(self) -> str:
        apt = self.folder / "apt"
        # Of the system's settings only those of the transport are taken over (proxy,
        # certificates, retries): its hooks after an update and its pins are not for us.
        transport = [
            line
            for line in run(["apt-config", "dump"], what="reading apt's settings").splitlines()
            if line.startswith("Acquire::")
        ]
        own = {
            "Dir::Etc::Parts": "/dev/null",
            "Dir::Etc::Main": "/dev/null",
            "Dir::Etc::SourceList": str(apt / "sources.list"),
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
            "Dir::State": str(apt),
            "Dir::State::lists": str(apt / "lists"),
            "Dir::State::status": str(apt / "status"),
            "Dir::Cache": str(apt / "cache"),
            "Debug::NoLocking": "true",
            # As root apt would fetch as user _apt, who cannot enter a cache under /root.
            "APT::Sandbox::User": "root",
            "APT::Update::Error-Mode": "any",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
        }
        return "\n".join([*transport, *(f'{name} "{value}";' for name, value in own.items())])

    def _apt(self, arguments: Sequence[str], what: str, remedy: str = "") -> str:
        environment = clean_environment({"APT_CONFIG": str(self._configuration), "LC_ALL": "C"})
        return run(arguments, what=what, remedy=remedy, env=environment, cwd=self.packages)

    def update(self, suite: str) -> None:
        """Fetch the index of `suite` and check its signature.

        :raises SetupError: no network, no such suite, or a signature that does not fit.
        """
        options = f"signed-by={self._keyring}"
        if self._pinned:
            options += " check-valid-until=no"
        (self.folder / "apt" / "sources.list").write_text(
            f"deb [{options}] {self.mirror} {suite} main\n"
        )
        try:
            self._apt(["apt-get", "update"], f"reading the index of Debian {suite}")
        except SetupError as error:
            raise SetupError(error.message, _remedy_for(error.message)) from error

    def find(self, name: str, version_contains: str = "") -> Package | None:
        """Return the newest version of `name` in the suite, or None.

        :param version_contains: take only versions that contain this text.
        """
        try:
            shown = self._apt(["apt-cache", "show", name], f"looking up {name}")
        except SetupError:
            return None
        for paragraph in shown.split("\n\n"):
            fields = dict(
                line.split(": ", 1)
                for line in paragraph.splitlines()
                if ": " in line and not line.startswith(" ")
            )
            if fields.get("Package") == name and version_contains in fields.get("Version", ""):
                return Package(name, fields["Version"], int(fields["Size"]), fields["SHA256"])
        return None

    def fetch(self, package: Package) -> Path:
        """Download `package`, or take the file of an earlier run if it is whole.

        :raises SetupError: it did not arrive, or not as the index describes it.
        """
        file = self._file_of(package)
        if file is not None and is_whole(file, package):
            return file
        if file is not None:
            file.unlink()
        self._apt(
            ["apt-get", "download", f"{package.name}={package.version}"],
            f"downloading {package.name} {package.version}",
            "look at the network connection and the free disk space, and run it again",
        )
        file = self._file_of(package)
        if file is None or not is_whole(file, package):
            raise SetupError(
                f"the downloaded {package.name} {package.version} is not what Debian's signed "
                "index describes (size or SHA-256 differ)",
                f"run it again; if it stays, remove {self.folder} and look at the proxy or mirror",
            )
        return file

    def _file_of(self, package: Package) -> Path | None:
        # apt writes the colon of an epoch as %3a.
        version = package.version.replace(":", "%3a")
        return next(iter(self.packages.glob(f"{package.name}_{version}_*.deb")), None)


def is_whole(file: Path, package: Package) -> bool:
    """Tell whether `file` is the package to the last byte."""
    if file.stat().st_size != package.size:
        return False
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest() == package.sha256


def _remedy_for(said: str) -> str:
    if "NO_PUBKEY" in said or "not signed" in said or "signatures" in said:
        return (
            "the signature does not fit the keys on this machine; bring the keys up to date: "
            f"{install_command(['debian-archive-keyring'])}; "
            "or set ODOO_PATH to a checkout of Odoo 19"
        )
    return (
        "connect to the network and run it again (needed once: the cache is used from then on); "
        "behind a proxy set http_proxy and https_proxy; without network copy SENTINEL_HOME from "
        "a machine that has it, or set ODOO_PATH to a checkout of Odoo 19"
    )
