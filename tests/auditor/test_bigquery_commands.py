"""The commands over the store in BigQuery: pull, verify, tamper, reconcile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from auditor.stores.bigquery.address import APPEND, MERGE, Address
from auditor.stores.bigquery.store import BigQueryStore
from auditor.stores.interface import LineRow
from sentinel_env.bigquery_emulator import BigQueryEmulator
from tests.auditor.conftest import Cli, Odoo, Ran

pytestmark = pytest.mark.one_transport(
    "the store is what is tested; the pull that fills it is tested over both"
)

_NUMBERS = count(1)

Run = Callable[..., Ran]


@pytest.fixture(params=[MERGE, APPEND])
def address(request: pytest.FixtureRequest) -> Address:
    return Address("a-project", f"commands_{next(_NUMBERS)}", request.param)


@pytest.fixture
def run(cli: Cli, bigquery_emulator: BigQueryEmulator, address: Address) -> Run:
    """Run a command over the test's dataset."""
    where = {"SENTINEL_STORE": str(address), "BIGQUERY_EMULATOR_HOST": bigquery_emulator.url}
    return lambda *arguments: cli(*arguments, **where)


@contextmanager
def opened(
    address: Address, emulator: BigQueryEmulator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BigQueryStore]:
    with monkeypatch.context() as patch:
        patch.setenv("BIGQUERY_EMULATOR_HOST", emulator.url)
        patch.setenv("NO_PROXY", "127.0.0.1")
        store = BigQueryStore(address)
        yield store
        store.close()


def test_pull_verify_tamper_reconcile(
    run: Run,
    odoo: Odoo,
    address: Address,
    bigquery_emulator: BigQueryEmulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _run in range(3):
        odoo.standin.seal()
    ran = run("pull", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["store"] == str(address)
    assert run("verify", "--json").json["good"] is True
    assert run("show").code == 0
    with opened(address, bigquery_emulator, monkeypatch) as store:
        (chain,) = store.chains()
        table = "trail_log" if address.mode == APPEND else "lines"
        place, line = ("place", "line") if address.mode == APPEND else ("run_position", "position")
        edited = store._service._client.query(
            f"UPDATE `{store._dataset}.{table}` SET content = REPLACE(content, '\"outcome\"', "
            f"'\"outcomf\"') WHERE {place} = 2 AND {line} = 1"
        )
        edited.result()
        assert edited.num_dml_affected_rows == 1
    ran = run("verify", "--json")
    assert ran.code == 6
    (check,) = ran.json["checks"]
    assert (check["break"], check["position"]) == ("line_edited", "2")
    assert run("reconcile", "--repair").code == 0
    assert run("verify", "--against-odoo").code == 0
    assert run("pull", "--json").json["position"] == str(chain.head.position)


def test_lines_are_not_taken_for_all_there_is(
    address: Address, bigquery_emulator: BigQueryEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.auditor import origin

    with opened(address, bigquery_emulator, monkeypatch) as store:
        origin.put(store, 1, 4)
        begun: Iterator[LineRow] = store.entry_lines(origin.CHAIN, 3)
        assert next(begun) == origin.lines(3)[0]
        assert list(store.entry_lines(origin.CHAIN, 4)) == origin.lines(4)
        with pytest.raises(RuntimeError, match="place 3"):
            list(begun)
        # Read ahead, and then something lands behind.
        assert list(store.entry_lines(origin.CHAIN, 1)) == origin.lines(1)
        assert list(store.entry_lines(origin.CHAIN, 2)) == origin.lines(2)
        with opened(address, bigquery_emulator, monkeypatch) as other:
            origin.put(other, 5, 6)
        assert list(store.entry_lines(origin.CHAIN, 6)) == origin.lines(6)
