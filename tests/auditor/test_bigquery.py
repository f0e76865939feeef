"""The store in BigQuery, against an emulator that speaks to Google's own client."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count

import pytest
from google.cloud import bigquery

from auditor.errors import BadInput
from auditor.settings import load
from auditor.stores.bigquery import schema
from auditor.stores.bigquery.address import APPEND, MERGE, Address, parse
from auditor.stores.bigquery.store import BigQueryStore
from auditor.stores.interface import EMPTY, Head, LineRow, MovedOn, StoreError
from sentinel_env.bigquery_emulator import BigQueryEmulator
from tests.auditor import origin
from tests.auditor.origin import CHAIN, as_sealed, head, put, stored

_NUMBERS = count(1)

Open = Callable[..., BigQueryStore]


@pytest.fixture
def dataset() -> str:
    return f"trail_{next(_NUMBERS)}"


@pytest.fixture
def open_store(
    bigquery_emulator: BigQueryEmulator, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Open]:
    """Open the test's dataset, again and again if need be."""
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", bigquery_emulator.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    opened: list[BigQueryStore] = []

    def make(mode: str = MERGE, *, create: bool = True, name: str = "") -> BigQueryStore:
        address = Address("a-project", name or dataset, mode)
        opened.append(BigQueryStore(address, create=create, retry_seconds=5))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


def client(store: BigQueryStore) -> bigquery.Client:
    return store._service._client


@pytest.mark.parametrize("mode", [MERGE, APPEND])
def test_what_goes_in_comes_out(open_store: Open, mode: str) -> None:
    store = open_store(mode)
    assert store.head(CHAIN) == EMPTY
    assert store.chains() == []
    put(store, 1, 12)
    put(store, 13, 14)
    assert stored(store) == as_sealed(14)
    assert store.head(CHAIN) == head(14)
    (chain,) = store.chains()
    assert (chain.database, chain.url, chain.head) == (origin.DATABASE, origin.URL, head(14))
    assert (chain.runs, chain.events) == (12, 2)
    assert chain.lines == sum(map(origin.lines_of, range(1, 15)))
    assert open_store(mode, create=False).head(CHAIN) == head(14)
    assert store.orphans(CHAIN) == []


@pytest.mark.parametrize("mode", [MERGE, APPEND])
def test_reading_for_people(open_store: Open, mode: str) -> None:
    store = open_store(mode)
    put(store, 1, 9)
    newest = store.recent_runs(limit=2)
    assert [each.run.uid for each in newest] == ["run-9", "run-8"]
    assert [each.run.uid for each in store.recent_runs(limit=0, job="job_1")] == [
        "run-7",
        "run-4",
        "run-1",
    ]
    (found,) = store.find_runs("run-6")
    assert (found.database, found.run.amount, found.run.position) == (
        origin.DATABASE,
        "1234.50",
        "6",
    )
    assert [line.record for line in store.lines(found, limit=2)] == [1, 2]
    assert len(store.lines(found, limit=0, outcome="planned")) == 7
    assert store.lines(found, limit=0, outcome="done") == []
    by_name = [each.stored.run.uid for each in store.history("sale.order", "S00006")]
    by_id = [each.stored.run.uid for each in store.history("sale.order", "6")]
    assert by_name == by_id == ["run-6"]


@pytest.mark.parametrize("mode", [MERGE, APPEND])
def test_days_are_those_of_the_chain(open_store: Open, mode: str) -> None:
    store = open_store(mode)
    put(store, 1, 13)
    days = store.days(CHAIN, "2026-02-02", "2026-12-31")
    assert [day.day for day in days][:2] == ["2026-02-02", "2026-02-14"]
    assert (days[0].first, days[0].last, days[0].count, days[0].lines) == (1, 1, 1, 2)
    assert days[0].digest == origin.sha256(bytes.fromhex(head(1).seal)).hexdigest()
    assert store.days(CHAIN, "2027-01-01", "2027-12-31") == []


@pytest.mark.parametrize("mode", [MERGE, APPEND])
def test_a_batch_that_fails_leaves_nothing(open_store: Open, mode: str) -> None:
    store = open_store(mode)
    put(store, 1, 2)

    def half_a_batch() -> None:
        with store.batch(CHAIN, expected=head(2), database="d", url="u") as batch:
            batch.add_entries([origin.entry(3)])
            batch.add_lines(origin.lines(3))
            batch.advance(head(3))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_a_batch()
    assert stored(store) == as_sealed(2)
    assert store.head(CHAIN) == head(2)
    assert not [name for name in store._service.tables() if name.startswith("staging")]


@pytest.mark.parametrize("mode", [MERGE, APPEND])
def test_a_batch_from_another_head_is_refused(open_store: Open, mode: str) -> None:
    store = open_store(mode)
    put(store, 1, 4)
    for wrong in (EMPTY, head(3), Head(4, head(3).seal)):
        with pytest.raises(MovedOn):
            put(store, 5, 6, expected=wrong)
    assert stored(store) == as_sealed(4)


@pytest.mark.parametrize("mode", [MERGE, APPEND])
def test_the_head_moves_while_a_batch_is_open(open_store: Open, mode: str) -> None:
    first, second = open_store(mode), open_store(mode)
    with (  # noqa: PT012  the batch lands when the block ends
        pytest.raises(MovedOn),
        first.batch(CHAIN, expected=EMPTY, database="d", url="u") as batch,
    ):
        batch.add_entries([origin.entry(1), origin.entry(2)])
        batch.add_lines([*origin.lines(1), *origin.lines(2)])
        put(second, 1, 1)
        batch.advance(head(2))
    assert stored(first) == as_sealed(1)


def test_the_script_itself_decides_whether_the_head_moved(open_store: Open) -> None:
    """Between the look at the head and the landing, only the transaction knows."""
    store = open_store()
    put(store, 1, 3)
    with store._staging(CHAIN) as staging:
        staging.add_entries([origin.entry(2, 7)])
        staging.add_head(head(2), EMPTY, "d", "u")
        with pytest.raises(MovedOn):
            store._land(CHAIN, staging, head(1), head(2))
    assert stored(store) == as_sealed(3)
    assert store.head(CHAIN) == head(3)


def test_rows_that_did_not_all_arrive_do_not_land(open_store: Open) -> None:
    store = open_store()
    with store._staging(CHAIN) as staging:
        staging.add_entries([origin.entry(1)])
        staging.add_head(head(1), EMPTY, "d", "u")
        staging.rows += 1
        with pytest.raises(StoreError, match="did not arrive"):
            store._land(CHAIN, staging, EMPTY, head(1))
    assert store.head(CHAIN) == EMPTY
    assert stored(store) == {}


@pytest.mark.parametrize("mode", [MERGE, APPEND])
def test_rows_loaded_twice_land_once(
    open_store: Open, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a lost answer: the emulator would let a MERGE insert both."""
    store = open_store(mode)
    load = store._service.load

    def twice(*arguments: object, **kwargs: object) -> None:
        load(*arguments, **kwargs)  # type: ignore[arg-type]
        load(*arguments, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(store._service, "load", twice)
    put(store, 1, 6)
    assert stored(store) == as_sealed(6)
    assert [chain.head for chain in store.chains()] == [head(6)]


@pytest.mark.parametrize("mode", [MERGE, APPEND])
def test_a_batch_of_many_parts(
    open_store: Open, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.stores.bigquery.staging.PART_BYTES", 20_000)
    store = open_store(mode)
    put(store, 1, 30)
    assert stored(store) == as_sealed(30)


@pytest.mark.parametrize("mode", [MERGE, APPEND])
def test_a_place_is_replaced(open_store: Open, mode: str) -> None:
    store = open_store(mode)
    put(store, 1, 9)
    for position in (3, 8):
        store.replace(CHAIN, origin.entry(position, 1), origin.lines(position, 1))
    expected = as_sealed(9)
    for position in (3, 8):
        expected[position] = (origin.entry(position, 1), origin.lines(position, 1))
    assert stored(store) == expected
    assert store.head(CHAIN) == head(9)

    def broken() -> Iterator[LineRow]:
        yield origin.lines(4)[0]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.replace(CHAIN, origin.entry(4, 1), broken())
    assert stored(store) == expected


def test_what_a_dead_landing_left_is_overwritten(open_store: Open) -> None:
    """The emulator applies a transaction bit by bit; killed, it keeps the part it had done."""
    store = open_store()
    put(store, 1, 6)
    table = f"`{store._dataset}.chains`"
    list(
        client(store)
        .query(f"UPDATE {table} SET position = 2, seal = '{head(2).seal}' WHERE true")
        .result()
    )
    assert store.head(CHAIN) == head(2)
    put(store, 3, 6, version=1)
    expected = as_sealed(2) | {n: (origin.entry(n, 1), origin.lines(n, 1)) for n in range(3, 7)}
    assert stored(store) == expected


def test_another_seal_at_a_place_is_never_merged_over(open_store: Open) -> None:
    store = open_store()
    put(store, 1, 3)
    list(client(store).query(f"DELETE FROM `{store._dataset}.chains` WHERE true").result())
    forked = origin.entry(2)._replace(seal=origin.hexadecimal("another history"))
    with (  # noqa: PT012
        pytest.raises(StoreError, match="forked"),
        store.batch(CHAIN, expected=EMPTY, database="d", url="u") as batch,
    ):
        batch.add_entries([origin.entry(1), forked])
        batch.advance(Head(2, forked.seal))
    assert stored(store) == as_sealed(3)


def test_several_databases_share_a_dataset(open_store: Open) -> None:
    store = open_store()
    put(store, 1, 3)
    other = 'another chain\'s "name"'
    with store.batch(other, expected=EMPTY, database="b", url="u") as batch:
        batch.add_entries([origin.entry(1, 3)])
        batch.add_lines(origin.lines(1, 3))
        batch.begin(head(9))
        batch.advance(head(1))
    assert stored(store) == as_sealed(3)
    assert store.entries(other, after=0, limit=9) == [origin.entry(1, 3)]
    assert (store.head(other), store.start(other)) == (head(1), head(9))
    assert store.start(CHAIN) == EMPTY


def test_tables_are_partitioned_clustered_and_described(open_store: Open) -> None:
    store = open_store()
    for name, clustering in (
        ("entries", ["chain", "job"]),
        ("lines", ["chain", "model", "record"]),
    ):
        table = client(store).get_table(f"{store._dataset}.{name}")
        assert table.time_partitioning.type_ == "MONTH"
        assert table.time_partitioning.field == "sealed_at"
        assert table.clustering_fields == clustering
        assert table.description
        assert all(field.description for field in table.schema)


@pytest.mark.parametrize("mode", [MERGE, APPEND])
def test_dashboards(open_store: Open, mode: str) -> None:
    store = open_store(mode)
    put(store, 1, 9)

    def ask(sql: str) -> list[tuple[object, ...]]:
        rows = client(store).query(sql.format(d=store._dataset)).result()
        return [tuple(row.values()) for row in rows]

    assert ask("SELECT job, runs FROM `{d}.v_runs_daily` WHERE day = DATE '2026-02-02'") == [
        ("job_1", 1)
    ]
    assert ask(
        "SELECT job, uid, matched, repaired, open FROM `{d}.v_open_findings` ORDER BY 1"
    ) == [
        ("job_0", "run-6", 4, 1, 3),
        ("job_1", "run-4", 4, 1, 3),
        ("job_2", "run-8", 4, 0, 4),
    ]
    # Of seven lines of run 6, one has more money than fits a NUMERIC; none is lost for that.
    money = ask(
        "SELECT CAST(at_stake AS STRING) FROM `{d}.v_money` WHERE job = 'job_0' "
        "AND month = DATE '2026-07-01'"
    )
    assert len(money) == 1
    assert ask(
        "SELECT runs, longest_seconds FROM `{d}.v_slowest_jobs` WHERE job = 'job_2' "
        "AND mode = 'plan'"
    ) == [(2, 2.5)]
    assert ask("SELECT SUM(runs) FROM `{d}.v_who_ran_what` WHERE requested_by = 'mia'") == [(8,)]


def test_a_dataset_of_an_older_release_gets_the_new_columns(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store()
    put(store, 1, 3)
    new = schema.Column("source_note", "STRING", "New", "JSON_VALUE(r.content, '$.source')")
    table = schema.ENTRIES_TABLE._replace(columns=(*schema.ENTRIES_TABLE.columns, new))
    monkeypatch.setattr("auditor.stores.bigquery.catalog.SCHEMA_VERSION", 2)
    monkeypatch.setattr(
        "auditor.stores.bigquery.catalog.MERGE_TABLES",
        (schema.CHAINS_TABLE, table, schema.LINES_TABLE),
    )
    monkeypatch.setattr("auditor.stores.bigquery.statements.ENTRIES_TABLE", table)
    store = open_store()
    put(store, 4, 4)
    assert stored(store) == as_sealed(4)
    rows = client(store).query(
        f"SELECT source_note FROM `{store._dataset}.entries` ORDER BY position"
    )
    assert [row[0] for row in rows.result()] == [None, None, None, "rpc"]
    monkeypatch.undo()


def test_a_dataset_of_a_newer_release_is_left_alone(open_store: Open) -> None:
    store = open_store()
    table = client(store).get_table(f"{store._dataset}.chains")
    table.labels = {schema.VERSION_LABEL: "99"}
    client(store).update_table(table, ["labels"])
    for create in (True, False):
        with pytest.raises(StoreError, match="newer auditor") as caught:
            open_store(create=create)
        assert "Upgrade this auditor" in caught.value.remedy


def test_a_table_of_another_program_is_left_alone(open_store: Open, dataset: str) -> None:
    google = client(open_store(name=f"{dataset}_other"))
    google.create_dataset(f"a-project.{dataset}")
    google.create_table(
        bigquery.Table(f"a-project.{dataset}.lines", [bigquery.SchemaField("theirs", "STRING")])
    )
    with pytest.raises(StoreError, match="not one of Sentinel-Ops"):
        open_store()
    assert [field.name for field in google.get_table(f"a-project.{dataset}.lines").schema] == [
        "theirs"
    ]


def test_the_modes_are_not_mixed(open_store: Open, dataset: str) -> None:
    open_store(MERGE)
    with pytest.raises(StoreError, match="made in merge mode"):
        open_store(APPEND)
    open_store(APPEND, name=f"{dataset}_a")
    with pytest.raises(StoreError, match="made in append mode"):
        open_store(MERGE, name=f"{dataset}_a")


def test_nothing_is_made_for_a_reader(open_store: Open, dataset: str) -> None:
    with pytest.raises(StoreError, match="Nothing has been pulled yet"):
        open_store(create=False)
    google = client(open_store(name=f"{dataset}_other"))
    assert dataset not in {item.dataset_id for item in google.list_datasets()}


def test_a_staging_table_is_asked_to_expire(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store()
    asked: list[bigquery.Table] = []
    make = store._service._client.create_table

    def keep(table: bigquery.Table, **kwargs: object) -> bigquery.Table:
        asked.append(table)
        return make(table, **kwargs)

    monkeypatch.setattr(store._service._client, "create_table", keep)
    put(store, 1, 1)
    (table,) = asked
    left = table.expires - dt.datetime.now(dt.timezone.utc)
    assert dt.timedelta(hours=23) < left <= dt.timedelta(hours=24)


def test_addresses() -> None:
    plain = parse("bigquery://my-project/trail")
    assert plain == Address("my-project", "trail")
    assert str(plain) == "bigquery://my-project/trail"
    assert parse("bigquery://example.com:my-project/t").project == "example.com:my-project"
    assert parse("bigquery://p/d?mode=append&location=europe-west3") == replace(
        Address("p", "d"), mode=APPEND, location="europe-west3"
    )
    for bad, said in (
        ("bigquery://", "project"),
        ("bigquery://p", "dataset"),
        ("bigquery://p/a-b", "dataset"),
        ("bigquery://p/d?mode=x", "mode"),
        ("bigquery://p/d?colour=red", "colour"),
        ("bigquery://P;x/d", "project"),
    ):
        with pytest.raises(BadInput, match=said):
            parse(bad)


def test_settings_choose_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SENTINEL_STORE", raising=False)
    assert load(sentinel_store="~/t.sqlite3").bigquery_address is None
    named = load(sentinel_store="bigquery://p/d")
    assert (named.bigquery_address, named.store_name) == (Address("p", "d"), "bigquery://p/d")
    short = load(sentinel_store="bigquery:", gcp_project="p")
    assert short.bigquery_address == Address("p", "sentinel_ops")


def test_without_googles_client_the_remedy_is_named() -> None:
    code = (
        "import sys; sys.modules['google'] = None\n"
        "from auditor.settings import load\n"
        "from auditor.stores.opening import open_store\n"
        "from auditor.stores.interface import StoreError\n"
        "try:\n"
        "    with open_store(load(sentinel_store='bigquery://p/d'), create=True): pass\n"
        "except StoreError as error: print(error.remedy)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout == "In the clone of Sentinel-Ops: pip install '.[bigquery]'\n", ran.stderr
