"""BigQuery and the way to it misbehave: an error with a remedy, or the same store in the end."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from google.api_core import exceptions as api
from google.auth import exceptions as auth

from auditor.stores.bigquery.address import Address
from auditor.stores.bigquery.errors import store_error
from auditor.stores.bigquery.store import BigQueryStore
from auditor.stores.interface import MovedOn, StoreError
from sentinel_env import ports
from sentinel_env.bigquery_emulator import BigQueryEmulator
from tests.auditor.conftest import Cli
from tests.auditor.origin import CHAIN, as_sealed, head, put, stored
from tests.auditor.unkind import CUT, CUT_JSON, DROPPED, Faults, unkind

pytestmark = pytest.mark.one_transport(
    "the store is what is tested; the pull that fills it is tested over both"
)

_NUMBERS = count(1)
ADDRESS = Address("a-project", "trail")

Reach = Callable[[str], BigQueryStore]


@pytest.fixture
def reach(monkeypatch: pytest.MonkeyPatch) -> Reach:
    """Open a store of this test's own behind a given address, with little patience."""
    address = Address("a-project", f"trouble_{next(_NUMBERS)}")

    def make(url: str) -> BigQueryStore:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        return BigQueryStore(address, retry_seconds=2)

    return make


def test_every_answer_may_fail_and_all_arrives_once(
    bigquery_emulator: BigQueryEmulator, reach: Reach
) -> None:
    last = 24
    faults = Faults(seed=7, share=0.3)
    errors: list[StoreError] = []
    with unkind(bigquery_emulator.url, faults) as url:
        for _attempt in range(200):
            try:
                store = reach(url)
                while (at := store.head(CHAIN).position) < last:
                    put(store, at + 1, min(at + 4, last))
                break
            except MovedOn:
                continue
            except StoreError as error:
                errors.append(error)
    store = reach(bigquery_emulator.url)
    assert stored(store) == as_sealed(last)
    assert store.head(CHAIN) == head(last)
    assert store.orphans(CHAIN) == []
    assert len(faults.hits) >= 5, faults.hits
    assert [error.message for error in errors if not (error.remedy and error.passing)] == []
    print(f"faults {faults.hits}, errors shown {len(errors)}")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("401", "gcloud auth application-default login"),
        ("403", "BigQuery Data Editor"),
        ("404", "Check the project"),
        ("429", "quota"),
        ("500", "Try again"),
        ("502", "Try again"),
        ("503", "Try again"),
        (CUT, "Try again"),
        (CUT_JSON, "Try again"),
        (DROPPED, "Check the network"),
    ],
)
def test_what_never_gets_better_is_an_error_with_a_remedy(
    bigquery_emulator: BigQueryEmulator, reach: Reach, kind: str, said: str
) -> None:
    with unkind(bigquery_emulator.url, lambda *_: kind) as url:
        with pytest.raises(StoreError) as caught:
            reach(url)
        text = f"{caught.value.message} {caught.value.remedy}"
        assert said in text
        assert "a-project" in text
        assert "\n" not in text
        assert caught.value.passing == (kind not in ("401", "403", "404"))


def test_trouble_that_begins_in_the_middle(
    bigquery_emulator: BigQueryEmulator, reach: Reach
) -> None:
    """Nobody may load or query: what is shown names it, and nothing has landed."""
    broken: list[str] = []

    def fault(method: str, path: str) -> str:
        return "403" if method == "POST" and any(each in path for each in broken) else ""

    with unkind(bigquery_emulator.url, fault) as url:
        store = reach(url)
        put(store, 1, 2)
        for each in ("/tables", "/upload", "/jobs"):
            broken[:] = [each]
            with pytest.raises(StoreError, match="unkind"):
                put(store, 3, 4)
    assert stored(reach(bigquery_emulator.url)) == as_sealed(2)


def test_nobody_answers(reach: Reach) -> None:
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        reach(f"http://127.0.0.1:{ports.choose()}")
    assert "BIGQUERY_EMULATOR_HOST" in caught.value.remedy


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (api.Forbidden("Billing has not been enabled for this project."), "mode=append"),
        (api.Forbidden("Access Denied: User does not have bigquery.jobs.create"), "Job User"),
        (
            api.Forbidden("Quota exceeded", errors=[{"reason": "quotaExceeded"}]),
            "quota is used up",
        ),
        (auth.DefaultCredentialsError("none found"), "gcloud auth application-default login"),  # type: ignore[no-untyped-call]
        (api.RetryError("gave up", cause=api.ServiceUnavailable("busy")), "Try again"),
        (
            api.NotFound("PUT https://bigquery.example/upload/x?id=1: no such upload"),
            "loading a batch: no such upload. Nothing has landed",
        ),
        (OSError(28, "No space left on device"), "Free some disk space"),
    ],
)
def test_remedies(error: Exception, said: str) -> None:
    shown = store_error(error, ADDRESS, "loading a batch")
    assert said in f"{shown.message} {shown.remedy}"


def test_a_full_disk(
    bigquery_emulator: BigQueryEmulator, reach: Reach, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full on this system")
    store = reach(bigquery_emulator.url)
    monkeypatch.setattr("tempfile.TemporaryFile", lambda: full.open("w+b", buffering=0))
    with pytest.raises(StoreError, match="No space left") as caught:
        put(store, 1, 2)
    assert "TMPDIR" in caught.value.remedy


def test_the_command_shows_no_traceback(cli: Cli) -> None:
    nobody = f"http://127.0.0.1:{ports.choose()}"
    for store, host in (("bigquery://p/a-b", nobody), ("bigquery://p", nobody)):
        ran = cli("pull", SENTINEL_STORE=store, BIGQUERY_EMULATOR_HOST=host)
        assert ran.code != 0
        assert "It looks like bigquery://" in ran.err
