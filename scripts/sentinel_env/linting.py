"""`make lint`: every linter, all of their complaints, one exit status."""

import subprocess
from pathlib import Path

from . import prerequisites, venvs
from .commands import clean_environment
from .console import say
from .folders import prepare
from .layout import ADDON, Clone

_CHECKS = {
    "ruff check": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "mypy (auditor)": ("mypy",),
    "mypy (scripts)": ("mypy", "--strict", "scripts/sentinel_env"),
    "mypy (docker)": ("mypy", "--strict", "docker/odoo/sentinel_container"),
    "pylint-odoo": (
        *("pylint", "--load-plugins=pylint_odoo", "--disable=all", "--enable=odoolint"),
        # A README.rst would be generated from the fragments in readme/ when it is published.
        "--disable=missing-readme",
        # The sides of a job and of a run have files of their own: one idea a file.
        "--disable=consider-merging-classes-inherited",
        *("--manifest-required-authors=Sentinel-Ops", "--valid-odoo-versions=19.0"),
        *("--score=n", ADDON),
    ),
}


# Checks of all files that fit a pattern; their tools take no folder.
_FILES = {
    "hadolint": ("hadolint", ("docker/*/Dockerfile", "tests/docker/standins/*/Dockerfile")),
    "shellcheck": (
        "shellcheck",
        (
            "scripts/*.sh",
            "docker/auditor/healthy",
            "docker/auditor/sentinel-ops",
            "docker/postgres/odoo-role.sh",
            "docker/postgres/sentinel-postgres",
            "tests/docker/standins/*/*.sh",
        ),
    ),
}


def _checks(root: Path) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = dict(_CHECKS)
    for name, (program, patterns) in _FILES.items():
        files = [str(file) for pattern in patterns for file in sorted(root.glob(pattern))]
        found[name] = (program, *files)
    return found


def lint() -> int:
    """Run all linters and return 0 only if none complains."""
    clone = Clone.here()
    if not clone.venv.is_dir():
        prerequisites.check(needs_debian=False)
    prepare(clone.state)
    programs = venvs.project_python(clone).parent
    failed = []
    for name, (program, *arguments) in _checks(clone.root).items():
        say(f"== {name}")
        result = subprocess.run(
            [str(programs / program), *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            env=clean_environment(),
            cwd=clone.root,
        )
        if result.returncode != 0:
            failed.append(name)
    say()
    say(f"lint: failed: {', '.join(failed)}" if failed else "lint: all clean")
    return 1 if failed else 0
