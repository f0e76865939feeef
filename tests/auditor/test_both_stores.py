"""Reports and exports are made through the interface, so they say the same of every store."""

from __future__ import annotations

import io
import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timezone
from pathlib import Path

import pytest

from auditor.export import jsonl
from auditor.export.rows import rows
from auditor.report.figures import gather
from auditor.report.page import Chapter, page
from auditor.report.proof import prove
from auditor.stores.interface import TrailStore
from auditor.stores.sqlite import SqliteStore
from auditor.trail.period import EVER, Period
from tests.auditor import origin

VIEWS = "v_runs_daily v_open_findings v_money v_slowest_jobs v_who_ran_what".split()
YEAR = Period(date(2026, 1, 1), date(2026, 12, 31))
NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


def exported(store: TrailStore, period: Period) -> str:
    file = io.BytesIO()
    found = rows(store, period, counts=Counter(), on_progress=lambda _done, _all: None)
    jsonl.write(found, file)
    return file.getvalue().decode()


def reported(store: TrailStore) -> str:
    (chain,) = store.chains()
    chapter = Chapter(gather(store, chain, YEAR), prove(store, chain.chain))
    return page(YEAR, [chapter], made_at=NOON).replace(chain.pulled_at[:19], "")


@pytest.mark.slow
def test_the_same_of_both(
    tmp_path: Path, bigquery_emulator: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("google.cloud.bigquery", reason="Google's client is not installed")
    from auditor.stores.bigquery.address import Address
    from auditor.stores.bigquery.store import BigQueryStore

    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", bigquery_emulator.url)  # type: ignore[attr-defined]
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    makers: list[Callable[[], TrailStore]] = [
        lambda: SqliteStore(tmp_path / "t.sqlite3"),
        lambda: BigQueryStore(Address("a-project", "both"), create=True, retry_seconds=5),
    ]
    said = []
    for make in makers:
        store = make()
        origin.put(store, 1, 14)
        march = Period(date(2026, 3, 1), date(2026, 3, 31))
        figures = store.run_figures()
        assert figures.tallies
        assert figures.newest
        assert figures.findings
        said.append((exported(store, EVER), exported(store, march), reported(store), figures))
        if isinstance(store, BigQueryStore):
            in_bigquery = {
                view: (len(list(found)), [field.name for field in found.schema])
                for view in VIEWS
                for found in [store._service._client.query_and_wait(f"SELECT * FROM both.{view}")]
            }
        store.close()
    with sqlite3.connect(tmp_path / "t.sqlite3") as db:
        for view in VIEWS:
            found = db.execute(f"SELECT * FROM {view}")
            names = [column[0] for column in found.description]
            assert in_bigquery[view] == (len(found.fetchall()), names), view
    first, second = said
    assert first[0].count("\n") == 14 + sum(map(origin.lines_of, range(1, 15)))
    # The clock went back between these two, so others lie between them.
    assert {json.loads(row)["position"] for row in first[1].split("\n")[:-1]} == {2, 14}
    assert first == second
