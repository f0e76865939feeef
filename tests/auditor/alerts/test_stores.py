"""What stores promise of alerts: all or nothing, and only what nobody changed meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from auditor.alerts.flow import Withheld
from auditor.alerts.notification import Notification, Reason, Severity, Status
from auditor.alerts.post import LEASE, Post
from auditor.alerts.state import (
    TOLD,
    TOLDS,
    AlertStore,
    BadState,
    Change,
    Forgetful,
    Told,
    remember,
    told_key,
)
from auditor.stores.interface import StoreError
from auditor.stores.sqlite_alerts import SqliteAlertStore
from sentinel_env.bigquery_emulator import BigQueryEmulator
from tests.auditor.alerts.conftest import NOON, Kept

GROUP = "kind=run_failed"
MESSAGE = Notification(
    GROUP, Status.FIRING, Severity.WARNING, Reason.FIRST, "acme", "test", "Title", (), NOON, "1"
)


_NUMBERS = count(1)
Aborting = tuple[AlertStore, list[int]]


@pytest.fixture(params=["sqlite", "forgetful", "bigquery"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[AlertStore]:
    made: AlertStore
    if request.param == "sqlite":
        made = SqliteAlertStore(tmp_path / "alerts.sqlite3")
    elif request.param == "forgetful":
        made = Forgetful()
    else:
        pytest.importorskip("google.cloud.bigquery", reason="Google's client is not installed")
        from auditor.stores.bigquery.address import Address
        from auditor.stores.bigquery.alerts import BigQueryAlertStore

        emulator = request.getfixturevalue("bigquery_emulator")
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", emulator.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        address = Address("a-project", f"alerts_{next(_NUMBERS)}")
        with pytest.raises(StoreError) as caught:
            BigQueryAlertStore(address, create=False, retry_seconds=5)
        assert caught.value.missing
        made = BigQueryAlertStore(address, retry_seconds=5)
    yield made
    made.close()


def change(key: str, expected: int, document: str | None = "{}") -> Change:
    return Change("alert", key, expected, document)


def test_versions_grow_and_old_ones_are_refused(store: AlertStore) -> None:
    assert store.write("acme", [change("a", 0, "1")])
    assert not store.write("acme", [change("a", 0, "2")])
    assert store.write("acme", [change("a", 1, "2")])
    assert not store.write("acme", [change("a", 1, "3")])
    assert [tuple(row) for row in store.read("acme")] == [("alert", "a", 2, "2")]


def test_all_or_nothing(store: AlertStore) -> None:
    assert store.write("acme", [change("a", 0)])
    assert not store.write("acme", [change("b", 0), change("a", 0)])
    assert not store.write("acme", [change("a", 1, None), change("c", 7)])
    assert [row.key for row in store.read("acme")] == ["a"]


@pytest.fixture
def aborting(bigquery_emulator: BigQueryEmulator, monkeypatch: pytest.MonkeyPatch) -> Aborting:
    """A store in BigQuery that ends transactions because of others on the same table."""
    api = pytest.importorskip("google.api_core.exceptions", reason="no Google client installed")
    from auditor.stores.bigquery import alerts
    from auditor.stores.bigquery.address import Address
    from auditor.stores.bigquery.errors import store_error

    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", bigquery_emulator.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    address = Address("a-project", f"alerts_{next(_NUMBERS)}")
    store = alerts.BigQueryAlertStore(address, retry_seconds=5, sleep=lambda _seconds: None)
    said = api.BadRequest("Transaction is aborted due to concurrent update against table x.")
    run = store._service.run
    left: list[int] = []

    def aborted(sql: str, *, doing: str) -> object:
        if left and left.pop():
            raise store_error(said, address, doing)
        return run(sql, doing=doing)

    monkeypatch.setattr(store._service, "run", aborted)
    return store, left


def test_what_bigquery_aborts_is_tried_again_and_still_only_if_nobody_changed_it(
    aborting: Aborting,
) -> None:
    store, left = aborting
    left += [1, 1]
    assert store.write("acme", [change("a", 0)])
    left += [1, 1]
    assert not store.write("acme", [change("a", 0)])
    assert left == []
    left += [1] * 20
    assert not store.write("acme", [change("a", 1)])
    left.clear()
    assert [row.version for row in store.read("acme")] == [1]
    store.close()


def test_removed_and_made_again(store: AlertStore) -> None:
    assert store.write("acme", [change("a", 0)])
    assert store.write("acme", [change("a", 1, None)])
    assert not store.write("acme", [change("a", 1)])
    assert store.write("acme", [change("a", 0)])


def test_any_text_comes_back_as_it_was(store: AlertStore) -> None:
    text = """{"a": "it's \\"here\\" \\n — ü, {b}, %s, `; DROP"}"""
    assert store.write("acme@odoo:8069", [change("it's/`a", 0, text)])
    assert store.read("acme@odoo:8069")[0][1:] == ("it's/`a", 1, text)


def test_instances_know_nothing_of_each_other(store: AlertStore) -> None:
    assert store.write("acme", [change("a", 0)])
    assert store.write("other", [change("a", 0)])
    assert len(store.read("acme")) == 1


def test_of_many_at_once_one_writes(tmp_path: Path) -> None:
    path = tmp_path / "alerts.sqlite3"
    SqliteAlertStore(path).close()
    meet = threading.Barrier(8)
    won: list[bool] = []

    def claim() -> None:
        mine = SqliteAlertStore(path)
        meet.wait(30)
        won.append(mine.write("acme", [change("a", 0)]))
        mine.close()

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]


def post(store: AlertStore, channel: Kept, owner: str, versions: dict[str, int]) -> Post:
    return Post(store, "acme", {"slack": channel}, versions, owner=owner, clock=lambda: NOON)


def test_who_decided_by_what_was_true_a_moment_ago_does_not_send(store: AlertStore) -> None:
    channel = Kept()
    told = Told(GROUP, "slack", {}, NOON)
    assert post(store, channel, "a", {}).deliver(MESSAGE, "slack", None, told).sent
    late = post(store, channel, "b", {}).deliver(MESSAGE, "slack", None, told)
    assert (late.sent, late.why) == (False, Withheld.CLAIMED)
    assert len(channel.got) == 1


def test_the_claim_stands_while_the_message_is_on_its_way(store: AlertStore) -> None:
    seen: list[Told] = []

    class Looking(Kept):
        def send(self, notification: Notification, *, receipt: str) -> str:
            seen.append(remember(store, "acme").tolds[told_key(GROUP, "slack")])
            return super().send(notification, receipt=receipt)

    post(store, Looking(), "a", {}).deliver(MESSAGE, "slack", None, None)
    (claim,) = seen
    assert (claim.owner, claim.lease) == ("a", NOON + LEASE)
    assert timedelta(minutes=2) < LEASE
    assert store.read("acme") == []


def test_a_document_that_was_edited_is_told_of(store: AlertStore) -> None:
    store.write("acme", [Change(TOLD, "k", 0, '{"group": 1}')])
    with pytest.raises(BadState, match="cannot be read"):
        remember(store, "acme")
    store.write("acme", [Change(TOLD, "k", 1, TOLDS.write(Told("g", "c")))])
    assert remember(store, "acme").tolds["k"].group == "g"
