"""Rows of a batch on their way to BigQuery: a temporary file of bounded size, loaded when full."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from datetime import datetime, timezone
from json import dumps
from json.encoder import encode_basestring as quoted
from uuid import uuid4

from auditor.stores.bigquery.schema import HEAD_LINE, STAGED
from auditor.stores.bigquery.service import Service
from auditor.stores.interface import Entry, Head, LineRow, StoreError

PART_BYTES = 16 * 1024 * 1024
"""Google's client reads a file of less than 100 MB into memory as a whole, so files stay small."""
_SEALED_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z")


class Staging:
    """Takes the rows of one batch.

    :param table: where they go.
    :param make: make that table before the first load, and remove it in the end.
    """

    def __init__(self, service: Service, table: str, chain: str, *, make: bool) -> None:
        self.table = table
        self.batch = uuid4().hex
        self.rows = self.entries = self.erased = 0
        self.first = self.last = ""
        self._service = service
        self._make = make
        self._made = False
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self._now = now
        self._common = (
            f'"chain":{quoted(chain)},"batch":"{self.batch}","loaded_at":"{now}","ordinal":'
        )
        self._sealed: dict[int, str] = {}
        try:
            # Closed in close(); it lives as long as the batch.
            self._file = tempfile.TemporaryFile()  # noqa: SIM115
        except OSError as error:
            raise self._no_room(error) from error

    def add_entries(self, entries: Iterable[Entry]) -> None:
        """Take entries."""
        for entry in entries:
            sealed_at = entry.sealed_at
            if not _SEALED_AT.match(sealed_at):
                raise StoreError(
                    f"Position {entry.position} of the chain was sealed at '{sealed_at[:40]}', "
                    "which is no time in the form of the contract.",
                    "The addon and the auditor may be of different releases: upgrade both.",
                )
            self._sealed[entry.position] = sealed_at
            # Texts of equal length and form: their order is that of the times.
            self.first = min(self.first or sealed_at, sealed_at)
            self.last = max(self.last, sealed_at)
            self._put(entry.position, "null", *entry[1:])
            self.entries += 1

    def add_lines(self, lines: Iterable[LineRow]) -> None:
        """Take lines of entries that were taken before."""
        sealed = self._sealed
        for line in lines:
            place, position, digest, salt, content = line
            self.erased += not content
            if place not in sealed:
                raise ValueError(f"a line of position {place}, which is not in this batch")
            self._put(place, str(position), "", "", sealed[place], digest, "", "", salt, content)

    def add_head(self, head: Head, start: Head, database: str, url: str) -> None:
        """Take the row that says where the chain stands after the batch; it goes last."""
        content = dumps(
            {
                "database": database,
                "start": start.position,
                "start_seal": start.seal,
                "url": url,
            }
        )
        self._put(
            head.position,
            str(HEAD_LINE),
            *("", "", self.last or self._now, "", head.seal, "", "", content),
        )

    def _put(
        self,
        place: int,
        line: str,
        kind: str,
        uid: str,
        sealed_at: str,
        digest: str,
        seal: str,
        withheld: str,
        salt: str,
        content: str,
    ) -> None:
        self.rows += 1
        row = (
            f'{{{self._common}{self.rows},"place":{place},"line":{line},'
            f'"sealed_at":"{sealed_at}","sealed_text":"{sealed_at}","kind":{quoted(kind)},'
            f'"uid":{quoted(uid)},"digest":{quoted(digest)},"seal":{quoted(seal)},'
            f'"withheld":{quoted(withheld)},"salt":{quoted(salt)},"content":{quoted(content)}}}\n'
        )
        try:
            self._file.write(row.encode())
            full = self._file.tell() >= PART_BYTES
        except OSError as error:
            raise self._no_room(error) from error
        if full:
            self.flush()

    def flush(self) -> None:
        """Load what was taken since the last time."""
        try:
            self._file.flush()
            if not self._file.tell():
                return
        except OSError as error:
            raise self._no_room(error) from error
        if self._make and not self._made:
            self._service.make_staging(self.table, STAGED.columns)
            self._made = True
        self._service.load(self._file, self.table, STAGED.columns, doing="loading a batch")
        self._file.seek(0)
        self._file.truncate()

    def close(self) -> None:
        """Let go of the temporary file and of the staging table."""
        self._file.close()
        if self._made:
            self._service.drop_staging(self.table)

    @staticmethod
    def _no_room(error: OSError) -> StoreError:
        return StoreError(
            f"A batch for BigQuery needs room in {tempfile.gettempdir()}: {error.strerror}.",
            "Free some disk space, or set TMPDIR to another folder.",
        )
