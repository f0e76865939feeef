"""The commands behind the Makefile."""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence

from . import interruption, lifecycle
from .console import complain, say
from .errors import SetupError
from .layout import Clone
from .provision import provisioned

_INTERRUPTED = 130


def _setup(_options: argparse.Namespace) -> int:
    with provisioned() as site:
        site.templates.with_addon()
    return 0


def _up(_options: argparse.Namespace) -> int:
    with provisioned() as site:
        server = lifecycle.up(site)
        lifecycle.describe(site, server)
    return 0


def _down(_options: argparse.Namespace) -> int:
    lifecycle.down()
    return 0


def _clean(_options: argparse.Namespace) -> int:
    lifecycle.clean()
    return 0


def _distclean(_options: argparse.Namespace) -> int:
    lifecycle.distclean()
    return 0


def _demo(_options: argparse.Namespace) -> int:
    from .demo.story import tell

    with provisioned() as site:
        return tell(site)


def _test(options: argparse.Namespace) -> int:
    from .testing import run_parts

    with provisioned() as site:
        return run_parts(site, options.part, options.arguments)


def _test_docker(options: argparse.Namespace) -> int:
    from .containers.testing import test_containers

    return test_containers(options.arguments)


def _torture(options: argparse.Namespace) -> int:
    from .testing import torture

    with provisioned() as site:
        return torture(site, options.arguments)


def _bench(options: argparse.Namespace) -> int:
    # The benchmarks are no part of the set-up, so they are found only when asked for.
    sys.path.insert(0, str(Clone.here().root))
    benchmark = importlib.import_module("benchmarks.suite")
    with provisioned() as site:
        return int(benchmark.main(site, options.arguments))


def _lint(_options: argparse.Namespace) -> int:
    from .linting import lint

    return lint()


_COMMANDS: dict[str, tuple[Callable[[argparse.Namespace], int], str]] = {
    "setup": (_setup, "fetch and build everything, start no Odoo"),
    "up": (_up, "start PostgreSQL and Odoo with the addon; write .sentinel/env"),
    "down": (_down, "stop both"),
    "demo": (_demo, "set up, then show old quotations found, planned, cancelled and audited"),
    "test": (_test, "run all tests"),
    "test-docker": (_test_docker, "build the images, start the demo in containers, and test it"),
    "torture": (_torture, "kill -9 Odoo and PostgreSQL in live runs, and count what is left"),
    "bench": (_bench, "measure the engine next to other ways of doing the same"),
    "lint": (_lint, "run all linters"),
    "clean": (_clean, "remove what was made for this clone"),
    "distclean": (_distclean, "remove the shared cache, too"),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sentinel.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (function, text) in _COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(function=function)
        if name == "test":
            command.add_argument(
                "--part",
                action="append",
                choices=["addon", "outside", "e2e"],
                help="only this part (addon: in Odoo; outside: auditor and tooling; e2e)",
            )
            command.add_argument("arguments", nargs="*", help="further arguments for pytest")
        if name in ("bench", "test-docker", "torture"):
            command.add_argument("arguments", nargs="*", help="its own; after `--`")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; what went wrong is told in sentences."""
    options = _parser().parse_args(arguments)
    # A time limit (`timeout`, a CI) sends SIGTERM; it must clean up as Ctrl-C does.
    interruption.on_sigterm()
    try:
        function: Callable[[argparse.Namespace], int] = options.function
        return function(options)
    except SetupError as error:
        say()
        complain(f"error: {error.message}")
        if error.remedy:
            complain(f"  what to do: {error.remedy}")
        return 1
    except BrokenPipeError:
        # Who read our output (`| head`) has seen enough; Python must not complain at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        complain("\ninterrupted; what is complete stays, run it again to go on")
        return _INTERRUPTED
