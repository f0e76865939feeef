"""`make test`: the addon's tests inside Odoo, then everything that looks from outside."""

import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from . import interruption
from .commands import clean_environment
from .console import complain, say
from .errors import SetupError
from .layout import ADDON, TEST_ADDON
from .locks import exclusive
from .provision import Site
from .throwaway import Throwaway

SUITE_HELD = "SENTINEL_SUITE_HELD"
_SUMMARY = re.compile(r"^=+ (?P<counts>.*) in [\d.]+s.*=+$")
_PASSED = re.compile(r"\b(\d+) passed\b")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_OUTSIDE = {"outside": ("tests/auditor", "tests/tooling"), "e2e": ("tests/e2e", "tests/torture")}


@dataclass(frozen=True)
class PartResult:
    """How one run of pytest ended.

    :param summary: pytest's own last line, "" when it printed none.
    """

    name: str
    status: int
    summary: str

    @property
    def problem(self) -> str:
        """Return why this part counts as failed, "" when it does not."""
        if self.status != 0:
            return f"pytest ended with exit status {self.status}"
        if not any(int(count) for count in _PASSED.findall(self.summary)):
            # A suite that lost its tests must not look like one that passed.
            return "no test passed in it"
        return ""


def run_parts(site: Site, parts: Sequence[str] | None, arguments: Sequence[str]) -> int:
    """Run the parts (all when None) and return 0 only if every one of them passed.

    :param arguments: further arguments for pytest.
    """
    chosen = list(parts or ["addon", "outside", "e2e"])
    results: list[PartResult] = []
    # Two suites on a small machine make each other's time limits fail.
    with exclusive(site.cache.lock("suite"), "tests"):
        started = time.monotonic()
        if "addon" in chosen:
            results.append(_addon(site, arguments))
        folders = [folder for part in chosen for folder in _OUTSIDE.get(part, ())]
        if folders:
            results.append(_outside(site, folders, arguments))
    return report(results, time.monotonic() - started)


def torture(site: Site, arguments: Sequence[str]) -> int:
    """Play the crash test (`tests/torture`) and return 0 only if it found nothing.

    :param arguments: such as `--rounds 1000 --seed 7`.
    """
    root = site.clone.root
    environment = clean_environment({"PYTHONPATH": str(root / "scripts")})
    with subprocess.Popen(
        [str(site.python), "-m", "tests.torture", *arguments], cwd=root, env=environment
    ) as process:
        try:
            return process.wait()
        except interruption.Terminated:
            process.terminate()
            raise
        except KeyboardInterrupt:
            # The terminal's Ctrl-C reached it, too; it has servers to end.
            process.wait()
            raise


def _addon(site: Site, arguments: Sequence[str]) -> PartResult:
    throwaway = Throwaway(site)
    try:
        throwaway.sweep()
        database = throwaway.database()
        throwaway.install(database, [TEST_ADDON], [site.clone.test_addons])
        site = site.with_addons(site.clone.test_addons)
        configuration = site.program.write_configuration(
            throwaway.folder / "odoo.conf", database, {"max_cron_threads": "0"}
        )
        say(f"== the addon, in Odoo {site.program.source.label} on {database}")
        root = site.clone.root
        return run_pytest(
            "addon",
            [
                str(site.program.python),
                *("-m", "pytest"),
                *("-c", str(root / "scripts" / "pytest-odoo.ini"), f"--rootdir={root}"),
                *("-p", "no:cacheprovider"),
                # tests/conftest.py is for the tests from outside, and imports what they have.
                f"--confcutdir={site.clone.test_addons}",
                f"--odoo-config={configuration}",
                "--odoo-http",
                *arguments,
                str(root / ADDON),
                str(site.clone.test_addons / TEST_ADDON),
            ],
            root,
            # The engine's tests commit for real, so they ask for a database that may be spoilt.
            {**site.program.environment(), "SENTINEL_COMMIT_TESTS_IN": database},
        )
    finally:
        throwaway.close()


def _outside(site: Site, folders: Sequence[str], arguments: Sequence[str]) -> PartResult:
    root = site.clone.root
    there = [folder for folder in folders if (root / folder).is_dir()]
    if not there:
        raise SetupError(f"none of {', '.join(folders)} is there", "look at the clone: git status")
    say(f"== from outside: {', '.join(there)}")
    return run_pytest(
        "outside",
        [str(site.python), "-m", "pytest", *arguments, *there],
        root,
        clean_environment({SUITE_HELD: "1"}),
    )


def run_pytest(
    name: str, command: Sequence[str], cwd: Path, environment: dict[str, str]
) -> PartResult:
    """Run pytest, show what it says as it says it, and return how it ended."""
    if sys.stdout.isatty():
        command = [*command[:3], "--color=yes", *command[3:]]
    with subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment,
        cwd=cwd,
    ) as process:
        summary = ""
        try:
            # Shown while it runs; the last summary is kept to be repeated at the very end.
            for line in process.stdout or ():
                sys.stdout.write(line)
                sys.stdout.flush()
                plain = _ANSI.sub("", line).strip()
                if _SUMMARY.match(plain):
                    summary = plain
        except interruption.Terminated:
            # Ctrl-C reaches the child by itself; this came to us alone.
            process.terminate()
            raise
    return PartResult(name, process.returncode, summary)


def report(results: Sequence[PartResult], seconds: float) -> int:
    """Say how the parts ended, and return 0 only if every one of them passed."""
    say()
    failed = [result for result in results if result.problem]
    for result in failed:
        complain(f"{result.name}: {result.problem}")
    say(f"{len(results) - len(failed)} of {len(results)} parts well, {seconds:.0f} s in all")
    for result in results:
        say(f"{result.name}:")
        say(result.summary or "(pytest printed no summary)")
    return 1 if failed else 0
