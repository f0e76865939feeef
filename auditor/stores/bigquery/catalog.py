"""Make the dataset, its tables and views on first use, and bring older ones forward."""

from __future__ import annotations

from auditor.installing import UPGRADE_AUDITOR
from auditor.stores.bigquery.address import APPEND
from auditor.stores.bigquery.schema import (
    APPEND_TABLES,
    APPEND_VIEWS,
    CHAINS,
    DASHBOARDS,
    LOG,
    MERGE_TABLES,
    SCHEMA_VERSION,
    VERSION_LABEL,
    Table,
)
from auditor.stores.bigquery.service import Service
from auditor.stores.interface import StoreError

# BigQuery says INTEGER for what is made as INT64.
_SAME_KINDS = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL", "DECIMAL": "NUMERIC"}


def prepare(service: Service, *, create: bool) -> None:
    """See that the dataset is one of ours and of this release.

    :param create: make what is missing; otherwise a missing dataset or table is an error.
    :raises StoreError: it can't be made, or is another program's or a newer release's.
    """
    address = service.address
    append = address.mode == APPEND
    tables = APPEND_TABLES if append else MERGE_TABLES
    views = APPEND_VIEWS + DASHBOARDS if append else DASHBOARDS
    found = service.find_dataset()
    if not found and create:
        service.make_dataset()
        found = service.find_dataset()
    there = service.tables() if found else {}
    if LOG in there and not append:
        raise StoreError(
            f"The dataset {service.dataset_id} was made in append mode.",
            f"Keep to it: bigquery://{address.project}/{address.dataset}?mode=append; or take "
            "another dataset and pull again.",
        )
    if append and there.get(CHAINS) == "TABLE":
        raise StoreError(
            f"The dataset {service.dataset_id} was made in merge mode.",
            f"Leave out mode=append: bigquery://{address.project}/{address.dataset}",
        )
    if not create and any(table.name not in there for table in tables):
        raise StoreError(
            f"Nothing has been pulled yet: there is no trail in BigQuery ({address}).",
            "sentinel-ops pull copies the trail from Odoo; SENTINEL_STORE names another store.",
        )
    outdated = False
    for table in tables:
        if table.name not in there:
            service.make_table(table, SCHEMA_VERSION)
        elif _bring_forward(service, table, there[table.name], change=create):
            outdated = True
    for view in views:
        if create and (view.name not in there or outdated):
            service.put_view(view, exists=view.name in there)
    if outdated and create:
        for table in tables:
            service.label(table.name, SCHEMA_VERSION)


def _bring_forward(service: Service, table: Table, kind: str, *, change: bool) -> bool:
    """Check one table, add the columns it lacks, and tell whether it was of an older release."""
    stored = service.table(table.name)
    label = str((stored.labels or {}).get(VERSION_LABEL, ""))
    version = int(label) if label.isdecimal() else 0
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The dataset {service.dataset_id} was written by a newer auditor (schema {version}, "
            f"this one knows {SCHEMA_VERSION}).",
            UPGRADE_AUDITOR,
        )
    kinds = {
        field.name: _SAME_KINDS.get(field.field_type, field.field_type) for field in stored.schema
    }
    missing = [column for column in table.columns if column.name not in kinds]
    strange = [
        column.name
        for column in table.columns
        if kinds.get(column.name, column.kind) != column.kind
    ]
    strange += [column.name for column in missing if column.required]
    if kind != "TABLE" or not version or strange:
        what = f": its column {strange[0]} is missing or of another type" if strange else ""
        raise StoreError(
            f"The table {table.name} in {service.dataset_id} is not one of Sentinel-Ops{what}.",
            "Take another dataset in SENTINEL_STORE.",
        )
    if missing and change:
        service.add_columns(table.name, missing)
    return version < SCHEMA_VERSION or bool(missing)
