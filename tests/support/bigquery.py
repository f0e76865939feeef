"""Where tests get their BigQuery from."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sentinel_env.bigquery_emulator import BigQueryEmulator
from sentinel_env.folders import prepare
from sentinel_env.layout import Cache, Clone
from sentinel_env.throwaway import throwaway_home
from sentinel_env.venvs import emulator_python


@contextmanager
def open_emulator() -> Iterator[BigQueryEmulator]:
    """Give a running emulator, installed if it is not, and remove its data in the end."""
    python = emulator_python(Cache.from_environment())
    # Beside the databases of tests, so that what a killed run left is ended and removed with them.
    home = prepare(throwaway_home(Clone.here()))
    folder = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=home))
    emulator = BigQueryEmulator(python, folder)
    try:
        emulator.start()
        yield emulator
    finally:
        emulator.kill()
        shutil.rmtree(folder, ignore_errors=True)
