"""The base images: the official ones, or stand-ins where those cannot be pulled."""

import os
import re
import subprocess
import tempfile
from pathlib import Path

from .. import debian_mirror
from ..commands import clean_environment, run
from ..console import busy, note
from ..errors import SetupError
from ..layout import Clone
from ..prerequisites import KEYRING
from ..source_hash import source_hash
from .engine import Engine

LABEL = "sentinel-ops.standin"
_FROM = re.compile(r"^FROM\s+(\S+)(?:\s+AS\s+(\S+))?\s*$", re.MULTILINE | re.IGNORECASE)
_BASE = re.compile(r"^sentinel-standin-(\w+)$")
_PULL_SECONDS = 900.0
# Where a machine's own certificates are, which a proxy of its network may need.
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


def wanted(clone: Clone) -> list[str]:
    """Return the images that the Dockerfiles are made from."""
    found: list[str] = []
    for file in sorted((clone.root / "docker").glob("*/Dockerfile")):
        stages: list[str] = []
        for image, stage in _FROM.findall(file.read_text()):
            if image not in (*stages, *found):
                found.append(image)
            stages.append(stage)
    return found


def ensure(clone: Clone, engine: Engine) -> list[str]:
    """See to it that every base image is there; return those that are stand-ins.

    :raises SetupError: one can neither be pulled nor be stood in for.
    """
    return [image for image in wanted(clone) if _ensure(clone, engine, image)]


def _ensure(clone: Clone, engine: Engine, image: str) -> bool:
    folder = _folder_of(clone, image)
    mark = source_hash(folder) if folder.is_dir() else ""
    label = _label_of(engine, image)
    if label == "":
        note(f"{image}: here already")
        return False
    if label is None or label != mark:
        said = _pull(engine, image) if label is None else ""
        if not said and label is None:
            return False
        if label is None:
            note(f"{image} cannot be pulled: {said}")
        _stand_in(clone, engine, image, mark)
    note(f"{image}: a stand-in, made of Debian's packages (tests/docker/standins)")
    return True


def _folder_of(clone: Clone, image: str) -> Path:
    return clone.root / "tests" / "docker" / "standins" / image.partition(":")[0]


def _label_of(engine: Engine, image: str) -> str | None:
    """Return the image's mark as a stand-in, "" for an official one, None for one not there."""
    result = subprocess.run(
        [
            *("docker", "image", "inspect", image),
            *("--format", f'{{{{ index .Config.Labels "{LABEL}" }}}}'),
        ],
        check=False,
        capture_output=True,
        text=True,
        env=engine.environment(),
    )
    return result.stdout.strip() if result.returncode == 0 else None


def _pull(engine: Engine, image: str) -> str:
    """Pull the image; return why that failed, "" when it did not."""
    with busy(f"pulling {image}"):
        try:
            result = subprocess.run(
                ["docker", "pull", "--quiet", image],
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                env=engine.environment(),
                timeout=_PULL_SECONDS,
            )
        except subprocess.TimeoutExpired:
            return f"no answer for {_PULL_SECONDS:.0f} s"
    if result.returncode == 0:
        return ""
    return (result.stderr.strip().splitlines() or ["no reason given"])[-1]


def _stand_in(clone: Clone, engine: Engine, image: str, mark: str) -> None:
    if not mark:
        raise SetupError(f"nothing stands in for {image}", "connect to the network, run it again")
    if not (engine.is_ours or os.environ.get("SENTINEL_STANDINS") == "yes"):
        raise SetupError(
            f"{image} cannot be pulled, and in an engine that is not ours nothing is given the "
            "name of an official image unasked",
            "connect to the network; or set SENTINEL_STANDINS=yes to have it built of Debian's "
            "packages",
        )
    folder = _folder_of(clone, image)
    base = _FROM.findall((folder / "Dockerfile").read_text())[0][0]
    match = _BASE.match(base)
    if match and _label_of(engine, base) is None:
        _bootstrap(engine, match[1], base)
    with busy(f"building a stand-in for {image}"):
        engine.docker(
            *("build", "--tag", image, "--label", f"{LABEL}={mark}", folder),
            what=f"building a stand-in for {image}",
            remedy="look at the network connection and the free disk space, and run it again",
        )


def _bootstrap(engine: Engine, suite: str, image: str) -> None:
    if os.geteuid() != 0:
        raise SetupError("a stand-in can be built by root only", "run this as root")
    environment = clean_environment({"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"})
    with (
        busy(f"building the base of the stand-ins: Debian {suite}"),
        tempfile.TemporaryDirectory(prefix="sentinel-standin-") as name,
    ):
        run(
            ["apt-get", "install", "--yes", "--no-install-recommends", "debootstrap"],
            what="installing debootstrap",
            env=environment,
        )
        folder = Path(name) / suite
        run(
            [
                *("debootstrap", "--variant=minbase", f"--keyring={KEYRING}"),
                *(suite, folder, debian_mirror.mirrors()[0]),
            ],
            what=f"unpacking Debian {suite}",
            remedy="look at the network connection and the free disk space, and run it again",
            env=environment,
        )
        for file in (folder / "var/cache/apt/archives").glob("*.deb"):
            file.unlink()
        changes = []
        if _CERTIFICATES.is_file():
            # What this machine trusts, in a place that no package of the image rewrites.
            there = folder / "etc/sentinel-standin/certificates.pem"
            there.parent.mkdir()
            there.write_bytes(_CERTIFICATES.read_bytes())
            inside = f"/{there.relative_to(folder)}"
            for variable in ("PIP_CERT", "SSL_CERT_FILE"):
                changes += ["--change", f"ENV {variable}={inside}"]
        archive = Path(name) / f"{suite}.tar"
        run(["tar", "-C", folder, "-cf", archive, "."], what=f"packing Debian {suite}")
        engine.docker("import", *changes, archive, image, what=f"importing Debian {suite}")
