"""Is the dataset there, and may we read and write it?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing

from auditor.doctor.finding import Finding, fail, ok, unused, warn
from auditor.doctor.subject import Subject
from auditor.installing import install_extra
from auditor.stores.interface import StoreError

PATIENCE = 10.0
"""Seconds for which a request is repeated; a pull would wait longer."""
RIGHTS = ("bigquery.tables.getData", "bigquery.tables.updateData")


def check(subject: Subject) -> Iterator[Finding]:
    """Look for the dataset and its tables, and ask Google what we may do with them."""
    address = subject.settings.bigquery_address
    if address is None:
        yield unused("The store is a file.")
        return
    try:
        from auditor.stores.bigquery.service import EMULATOR, Service
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("google"):
            raise
        subject.store_closed = "Google's client is not installed."
        yield fail(
            "The store in BigQuery needs Google's client, which is not installed.",
            install_extra("bigquery"),
        )
        return
    try:
        with closing(Service(address, retry_seconds=PATIENCE)) as service:
            if not service.find_dataset():
                subject.store_closed = "nothing has been pulled yet."
                yield warn(
                    f"The dataset {service.dataset_id} is not there yet.",
                    "sentinel-ops pull makes it, if it may.",
                )
                return
            tables = service.tables()
            yield ok(f"The dataset {service.dataset_id} is in {service.location}.")
            if "chains" not in tables:
                subject.store_closed = "nothing has been pulled yet."
                yield warn("Nothing has been pulled to it yet.", "sentinel-ops pull does.")
                return
            if os.environ.get(EMULATOR):
                yield unused("It is an emulator, which knows no rights.")
                return
            missing = sorted(set(RIGHTS) - service.permissions("entries", RIGHTS))
    except StoreError as error:
        subject.store_closed = "BigQuery does not answer as it should, see bigquery."
        yield fail(error.message, error.remedy)
        return
    if missing:
        yield fail(
            f"In that dataset we lack {', '.join(missing)}.",
            "Give the account roles/bigquery.dataEditor on the dataset, and "
            "roles/bigquery.jobUser on the project.",
        )
    else:
        yield ok("We may read and write its tables.")
