"""A small Debian archive, signed with a key of its own, for the real apt to read."""

import hashlib
import http.server
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path


def _run(*command: str | Path, **options: object) -> str:
    return subprocess.run(  # type: ignore[call-overload,no-any-return]
        [str(part) for part in command], check=True, capture_output=True, text=True, **options
    ).stdout


@dataclass
class FakeDebian:
    """An archive under `root`; `keyring` checks what `publish` signed."""

    root: Path
    _packages: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._home = self.root / "gnupg"
        self._home.mkdir(mode=0o700, parents=True)
        self._gpg("--quick-generate-key", "Fake Debian <fake@example.org>", "rsa2048", "sign")
        self.keyring = self.root / "keyring.gpg"
        self._gpg("--output", str(self.keyring), "--export")

    @property
    def tree(self) -> Path:
        """What a web server serves."""
        return self.root / "debian"

    def _gpg(self, *arguments: str) -> None:
        _run("gpg", "--homedir", self._home, "--batch", "--yes", "--passphrase", "", *arguments)

    def close(self) -> None:
        """End the agent that gpg left behind."""
        subprocess.run(["gpgconf", "--homedir", self._home, "--kill", "all"], check=False)

    def add(self, suite: str, name: str, version: str, files: dict[str, str]) -> Path:
        """Put a package with these files (or links, `-> target`) into `suite`."""
        build = self.root / "build" / f"{name}-{version}"
        (build / "DEBIAN").mkdir(parents=True)
        (build / "DEBIAN" / "control").write_text(
            f"Package: {name}\nVersion: {version}\nArchitecture: all\n"
            "Maintainer: Nobody <nobody@example.org>\nDescription: made for a test\n"
        )
        for path, content in files.items():
            file = build / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if content.startswith("-> "):
                file.symlink_to(content[3:])
            else:
                file.write_text(content)
        pool = self.tree / "pool"
        pool.mkdir(parents=True, exist_ok=True)
        deb = pool / f"{name}_{version}_all.deb"
        _run("dpkg-deb", "--root-owner-group", "--build", build, deb)
        data = deb.read_bytes()
        control = _run("dpkg-deb", "--field", deb).strip()
        self._packages.setdefault(suite, []).append(
            f"{control}\nFilename: pool/{deb.name}\nSize: {len(data)}\n"
            f"SHA256: {hashlib.sha256(data).hexdigest()}\n"
        )
        return deb

    def publish(self, *, sign: bool = True) -> None:
        """Write the indexes of all suites."""
        architecture = _run("dpkg", "--print-architecture").strip()
        for suite, paragraphs in self._packages.items():
            folder = self.tree / "dists" / suite
            index = folder / f"main/binary-{architecture}/Packages"
            index.parent.mkdir(parents=True, exist_ok=True)
            index.write_text("\n".join(paragraphs))
            data = index.read_bytes()
            (folder / "Release").write_text(
                f"Origin: Debian\nSuite: {suite}\nCodename: {suite}\nComponents: main\n"
                f"Architectures: {architecture}\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n"
                f" {hashlib.sha256(data).hexdigest()} {len(data)} "
                f"main/binary-{architecture}/Packages\n"
            )
            (folder / "InRelease").unlink(missing_ok=True)
            if sign:
                self._gpg(
                    *("--output", str(folder / "InRelease")),
                    *("--clearsign", str(folder / "Release")),
                )


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve `folder` over HTTP on this machine and give its address."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(_Quiet, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
