"""Where a BigQuery store is, as one text: ``bigquery://PROJECT/DATASET?mode=append&location=EU``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from auditor.errors import BadInput

SCHEME = "bigquery"
MERGE, APPEND = "merge", "append"
_PROJECT = re.compile(r"[a-z0-9.-]+(:[a-z0-9.-]+)?\Z")
_DATASET = re.compile(r"[A-Za-z0-9_]{1,1024}\Z")
_LOCATION = re.compile(r"[A-Za-z0-9-]+\Z")
_REMEDY = "It looks like bigquery://my-project/sentinel_ops, or with ?location=EU or ?mode=append."


@dataclass(frozen=True)
class Address:
    """The parts of the address.

    :param mode: :data:`MERGE` or :data:`APPEND`.
    :param location: where the dataset is made when it is missing, "" for BigQuery's default.
    """

    project: str
    dataset: str
    mode: str = MERGE
    location: str = ""

    def __str__(self) -> str:
        return f"{SCHEME}://{self.project}/{self.dataset}" + (
            f"?mode={self.mode}" if self.mode != MERGE else ""
        )


def is_address(text: str) -> bool:
    """Tell whether ``text`` names a store in BigQuery rather than a file."""
    return text.lower().startswith(f"{SCHEME}:")


def parse(text: str) -> Address:
    """Return the address that ``text`` is.

    :raises BadInput: it is none; the message names the part that is wrong.
    """
    # urlsplit lowers the host, which a project is anyway; "domain:project" must not become a port.
    parts = urlsplit(text)
    project, dataset = parts.netloc, parts.path.strip("/")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    mode, location = options.pop("mode", MERGE), options.pop("location", "")
    problem = ""
    if not _PROJECT.match(project):
        problem = f"'{project}' is not the id of a project"
    elif not _DATASET.match(dataset):
        problem = f"'{dataset}' is not the name of a dataset"
    elif mode not in (MERGE, APPEND):
        problem = f"mode is '{mode}', it must be {MERGE} or {APPEND}"
    elif location and not _LOCATION.match(location):
        problem = f"'{location}' is not a location"
    elif options or parts.fragment:
        problem = f"'{next(iter(options), parts.fragment)}' is not known"
    if problem:
        raise BadInput(f"The address of the store {text} cannot be used: {problem}.", _REMEDY)
    return Address(project, dataset, mode, location)
