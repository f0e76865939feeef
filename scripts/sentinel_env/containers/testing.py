"""The tests of the containers: no part of `make test`, for they need an engine."""

import shlex
import time
from collections.abc import Sequence

from .. import prerequisites, venvs
from ..console import say
from ..folders import prepare
from ..layout import Cache, Clone
from ..locks import exclusive
from ..testing import report, run_pytest
from . import engine, images


def test_containers(arguments: Sequence[str]) -> int:
    """Run `tests/docker` on an engine and return 0 only if every test passed.

    :param arguments: further arguments for pytest.
    :raises SetupError: no engine can be used, or an image can neither be pulled nor stood in for.
    """
    clone, cache = Clone.here(), Cache.from_environment()
    if not clone.venv.is_dir():
        prerequisites.check(needs_debian=False)
    prepare(cache.root)
    prepare(clone.state)
    python = venvs.project_python(clone)
    with exclusive(cache.lock("docker"), "containers"):
        started = time.monotonic()
        running = engine.ensure(cache)
        try:
            compose = running.compose()
            stand_ins = images.ensure(clone, running)
            say(f"== containers, by {shlex.join(compose)}")
            result = run_pytest(
                "containers",
                [str(python), "-m", "pytest", *arguments, "tests/docker"],
                clone.root,
                running.environment() | {"SENTINEL_COMPOSE": shlex.join(compose)},
            )
        finally:
            running.stop()
    status = report([result], time.monotonic() - started)
    if stand_ins:
        say(f"stand-ins of Debian's packages, not the official images: {', '.join(stand_ins)}")
    return status
