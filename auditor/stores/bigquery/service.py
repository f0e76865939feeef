"""Google's client with our time limits and errors: every call ends, and ends in a StoreError."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from typing import IO, Any

from google.api_core.exceptions import NotFound
from google.api_core.retry import Retry
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from auditor.stores.bigquery.address import Address
from auditor.stores.bigquery.errors import ERRORS, store_error, transient
from auditor.stores.bigquery.schema import VERSION_LABEL, Column, Table, View
from auditor.stores.interface import StoreError

EMULATOR = "BIGQUERY_EMULATOR_HOST"
"""Address of an emulator, as Google's client reads it; no credentials are sent then."""

RETRY_SECONDS = 60.0
"""How long one request is repeated while BigQuery is busy; Google's client would take 10 minutes"""
REQUEST_SECONDS = 60.0
UPLOAD_SECONDS = 300.0
JOB_SECONDS = 300.0
"""How long a query, a load or the landing of a batch may take; BigQuery ends it then, too."""
PAGE_ROWS = 5000
STAGING_HOURS = 24

Parameter = tuple[str, str, Any]
"""Name, BigQuery's type, value; a list for an array of the type."""


class Service:
    """One dataset, reached through Google's client.

    :param retry_seconds: how long a request is repeated.
    :raises StoreError: there are no credentials that work.
    """

    def __init__(self, address: Address, *, retry_seconds: float = RETRY_SECONDS) -> None:
        self.address = address
        self.location: str | None = address.location or None
        self.dataset_id = f"{address.project}.{address.dataset}"
        self._retry = Retry(predicate=transient, initial=0.3, maximum=8.0, timeout=retry_seconds)
        with self._telling("looking for credentials"):
            anonymous = None
            if os.environ.get(EMULATOR):
                anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]
            self._client = bigquery.Client(project=address.project, credentials=anonymous)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()  # type: ignore[no-untyped-call]

    @contextmanager
    def _telling(self, doing: str) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except ERRORS as error:
            raise store_error(error, self.address, doing) from error

    @property
    def _patience(self) -> dict[str, Any]:
        return {"retry": self._retry, "timeout": REQUEST_SECONDS}

    def rows(
        self, sql: str, parameters: Iterable[Parameter] = (), *, doing: str
    ) -> Iterator[tuple[Any, ...]]:
        """Run a query, or a script whose last statement is one, and give its rows as they come."""
        with self._telling(doing):
            for row in self._result(sql, parameters):
                yield tuple(row.values())

    def run(self, sql: str, *, doing: str) -> list[tuple[Any, ...]]:
        """Run a script to its end and return the rows of its last statement.

        :raises RuledOut: the script itself said no.
        """
        try:
            return [tuple(row.values()) for row in self._result(sql, ())]
        except ERRORS as error:
            mark = str(error).partition(RULED_OUT)[2]
            if mark:
                raise RuledOut(mark.split()[0].strip(";.,'\"")) from error
            raise store_error(error, self.address, doing) from error

    def _result(self, sql: str, parameters: Iterable[Parameter]) -> Iterable[Any]:
        config = bigquery.QueryJobConfig(
            query_parameters=[
                bigquery.ArrayQueryParameter(name, kind, value)
                if isinstance(value, list)
                else bigquery.ScalarQueryParameter(name, kind, value)
                for name, kind, value in parameters
            ],
            use_legacy_sql=False,
            job_timeout_ms=int(JOB_SECONDS * 1000),
            labels={"application": "sentinel-ops"},
        )
        # A job is never begun anew behind our back: whether its first try took effect is decided
        # by what the store holds.
        job = self._client.query(
            sql,
            job_config=config,
            location=self.location,
            job_id_prefix="sentinel_ops_",
            job_retry=None,
            **self._patience,
        )
        result: Iterable[Any] = job.result(
            page_size=PAGE_ROWS, timeout=JOB_SECONDS, retry=self._retry, job_retry=None
        )
        return result

    def load(self, file: IO[bytes], table: str, columns: Sequence[Column], *, doing: str) -> None:
        """Append the rows of ``file``, one JSON object a line, to ``table``.

        All of them or none; but they may land twice, when an answer was lost.
        """
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            schema=_fields(columns),
            labels={"application": "sentinel-ops"},
        )
        config.job_timeout_ms = int(JOB_SECONDS * 1000)

        def once() -> None:
            job = self._client.load_table_from_file(
                file,
                f"{self.dataset_id}.{table}",
                rewind=True,
                num_retries=2,
                location=self.location,
                job_config=config,
                timeout=(REQUEST_SECONDS, UPLOAD_SECONDS),
            )
            job.result(timeout=JOB_SECONDS, retry=self._retry)

        with self._telling(doing):
            self._retry(once)()

    def find_dataset(self) -> bool:
        """Tell whether the dataset is there, and take over its location."""
        with self._telling("looking for the dataset"):
            try:
                found = self._client.get_dataset(self.dataset_id, **self._patience)
            except NotFound:
                return False
            self.location = found.location or self.location
            return True

    def make_dataset(self) -> None:
        """Make the dataset; it may have been made meanwhile."""
        with self._telling("making the dataset"):
            dataset = bigquery.Dataset(self.dataset_id)
            dataset.description = "The sealed trail of Sentinel-Ops"
            if self.location:
                dataset.location = self.location
            self._client.create_dataset(dataset, exists_ok=True, **self._patience)

    def tables(self) -> dict[str, str]:
        """Return what is in the dataset: name and type, such as TABLE or VIEW."""
        with self._telling("listing the tables"):
            return {
                item.table_id: item.table_type
                for item in self._client.list_tables(self.dataset_id, **self._patience)
            }

    def permissions(self, name: str, wanted: Sequence[str]) -> set[str]:
        """Return which of the wanted permissions on a table we have."""
        with self._telling("asking for our rights"):
            answer: Any = self._client.test_iam_permissions(
                f"{self.dataset_id}.{name}", wanted, **self._patience
            )
            return set(answer.get("permissions", ()))

    def table(self, name: str) -> bigquery.Table:
        """Return one table's description."""
        with self._telling(f"reading the table {name}"):
            return self._client.get_table(f"{self.dataset_id}.{name}", **self._patience)

    def make_table(self, table: Table, version: int) -> None:
        """Make a table; it may have been made meanwhile."""
        made = bigquery.Table(f"{self.dataset_id}.{table.name}", schema=_fields(table.columns))
        made.description = table.description
        made.labels = {VERSION_LABEL: str(version)}
        if table.partition:
            made.time_partitioning = bigquery.TimePartitioning(
                type_=bigquery.TimePartitioningType.MONTH, field=table.partition
            )
        if table.clustering:
            made.clustering_fields = list(table.clustering)
        with self._telling(f"making the table {table.name}"):
            self._client.create_table(made, exists_ok=True, **self._patience)

    def make_staging(self, name: str, columns: Sequence[Column]) -> None:
        """Make a table that BigQuery removes by itself after a day."""
        made = bigquery.Table(f"{self.dataset_id}.{name}", schema=_fields(columns))
        made.expires = datetime.now(timezone.utc) + timedelta(hours=STAGING_HOURS)
        with self._telling("making a staging table"):
            self._client.create_table(made, exists_ok=True, **self._patience)

    def drop_staging(self, name: str) -> None:
        """Remove a staging table now; when that fails it goes by itself."""
        with suppress(*ERRORS):
            self._client.delete_table(
                f"{self.dataset_id}.{name}",
                not_found_ok=True,
                retry=self._retry.with_timeout(5.0),
                timeout=10.0,
            )

    def add_columns(self, name: str, columns: Sequence[Column]) -> None:
        """Add columns that may be null to a table."""
        with self._telling(f"adding columns to the table {name}"):
            table = self._client.get_table(f"{self.dataset_id}.{name}", **self._patience)
            table.schema = [*table.schema, *_fields(columns)]
            self._client.update_table(table, ["schema"], **self._patience)
            # The call above is enough for BigQuery; the statement does nothing there, and makes
            # the column known to what keeps its catalogue apart from its data.
            for column in columns:
                list(
                    self._result(
                        f"ALTER TABLE `{self.dataset_id}.{name}` "
                        f"ADD COLUMN IF NOT EXISTS {column.name} {column.kind}",
                        (),
                    )
                )

    def label(self, name: str, version: int) -> None:
        """Write down the version of the schema that a table has."""
        with self._telling(f"changing the table {name}"):
            table = self._client.get_table(f"{self.dataset_id}.{name}", **self._patience)
            table.labels = {**(table.labels or {}), VERSION_LABEL: str(version)}
            self._client.update_table(table, ["labels"], **self._patience)

    def put_view(self, view: View, *, exists: bool) -> None:
        """Make a view, or make it what it must be."""
        made = bigquery.Table(f"{self.dataset_id}.{view.name}")
        made.view_query = view.sql.format(d=self.dataset_id)
        made.view_use_legacy_sql = False
        made.description = view.description
        with self._telling(f"making the view {view.name}"):
            if exists:
                self._client.update_table(made, ["view_query", "description"], **self._patience)
            else:
                self._client.create_table(made, exists_ok=True, **self._patience)


RULED_OUT = "sentinel-ops:"
"""What a script's own objection begins with; one word follows."""


class RuledOut(Exception):
    """A script ended itself; ``word`` says why."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def _fields(columns: Sequence[Column]) -> list[bigquery.SchemaField]:
    return [
        bigquery.SchemaField(
            column.name,
            column.kind,
            mode="REQUIRED" if column.required else "NULLABLE",
            description=column.description,
        )
        for column in columns
    ]
