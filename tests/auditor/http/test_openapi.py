"""The OpenAPI document, and everything that it allows and forbids, tried."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from auditor.adapters.http import door
from auditor.adapters.http.openapi import document
from auditor.adapters.http.routes import ROUTES
from auditor.adapters.http.trouble import CODES
from tests.auditor.conftest import Odoo, assert_no_secret
from tests.auditor.http.conftest import TOKEN, Ask

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed")
pytest.importorskip("functions_framework", reason="functions-framework is not installed")
validator = pytest.importorskip(
    "openapi_spec_validator", reason="openapi-spec-validator is not installed"
)

KNOWN = {"Authorization": f"Bearer {TOKEN}"}
MAIN = Path(__file__).parents[3] / "main.py"
EXAMPLES = 12
"""For each operation and phase."""


def test_the_document_is_one(ask: Ask) -> None:
    found = ask("GET", "/openapi.json").json
    assert found["openapi"] == "3.1.0"
    validator.validate(found)
    described = {
        (method.upper(), path) for path, methods in found["paths"].items() for method in methods
    }
    assert described == {(route.method, route.path) for route in ROUTES}


def test_every_code_of_an_error_is_described() -> None:
    text = str(document()["paths"])
    assert [code for code in CODES if f"`{code}`" not in text] == []
    for route in ROUTES:
        for codes in route.errors.values():
            assert set(codes) <= set(CODES)


def test_the_schema_knows_what_the_code_refuses() -> None:
    import jsonschema

    found = document()
    schema = {**found["components"]["schemas"]["Execute"], "$defs": {}}
    check = jsonschema.Draft202012Validator(schema).is_valid
    assert check({"job": "x"})
    assert check({"job": "x", "dry_run": False})
    assert check({"job": "x", "dry_run": False, "mode": "live", "plan": "p"})
    assert check({"job": "x", "mode": "simulate", "plan": "p"})
    for wrong in (
        {},
        {"job": "x", "mode": "live"},
        {"job": "x", "mode": "plan", "dry_run": False},
        {"job": "x", "plan": "p"},
        {"job": "x", "dry_run": "false"},
        {"job": "x", "dryrun": False},
    ):
        assert not check(wrong), wrong


# --- schemathesis -----------------------------------------------------------------------------


@pytest.mark.slow
def test_everything_that_it_allows_and_forbids(
    settings_env: Callable[..., None], odoo: Odoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """schemathesis asks the app that functions-framework makes: the same every time.

    It tries examples, every bound from both sides, and sequences of requests: what the document
    allows must be answered as it says, what it forbids must be refused, all without the token too.
    """
    from functions_framework import create_app

    odoo.standin.states = ["done"]
    settings_env(SENTINEL_HTTP_TOKEN=TOKEN)
    for bound in ("PER_SECOND", "BURST", "STRANGERS_PER_SECOND", "STRANGERS_BURST"):
        monkeypatch.setattr(door, bound, 1e9)
    monkeypatch.setitem(sys.modules, "main", None)
    with serving(create_app("sentinel", str(MAIN))) as address:
        tried, wrong = ask_everything(address)
    assert not wrong, "\n\n".join(wrong)
    # It leaves the document's own address out.
    described = {f"{route.method} {route.path}" for route in ROUTES} - {"GET /openapi.json"}
    assert described <= {label for label, requests in tried.items() if requests > 2}


@contextmanager
def serving(app: Any) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask_everything(address: str) -> tuple[Counter[str], list[str]]:
    """Return how many requests were made of each operation, and what was wrong."""
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine import Status, events, from_schema

    schema = schemathesis.openapi.from_url(
        f"{address}/openapi.json",
        config=SchemathesisConfig.from_dict(
            {
                "seed": 19,
                "headers": KNOWN,
                "generation": {"max-examples": EXAMPLES, "deterministic": True, "database": "none"},
                # Shrinking a failure takes longer than finding it.
                "phases": {"stateful": {"max-steps": 4}},
            }
        ),
        headers=KNOWN,
    )
    tried: Counter[str] = Counter()
    wrong = []
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            wrong.append(str(event.info if isinstance(event, events.NonFatalError) else event))
        if not isinstance(event, events.ScenarioFinished):
            continue
        tried[event.label or ""] += len(event.recorder.interactions)
        for interaction in event.recorder.interactions.values():
            if interaction.response is not None:
                text = interaction.response.text
                assert_no_secret(text)
                assert TOKEN not in text
        if event.status in (Status.FAILURE, Status.ERROR):
            for case, checks in event.recorder.checks.items():
                wrong += [
                    f"{event.label}: {check.failure_info.failure}\n"
                    f"{event.recorder.cases[case].value.as_curl_command()}"
                    for check in checks
                    if check.failure_info
                ]
    return tried, wrong
