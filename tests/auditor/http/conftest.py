"""A door over the stand-in for Odoo, asked without a web server."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auditor import redact
from auditor.adapters.http.dispatch import dispatch
from auditor.adapters.http.door import Door
from auditor.adapters.http.message import Request, Response
from auditor.adapters.http.rate import TokenBucket
from auditor.settings import load
from tests.auditor.conftest import Odoo, assert_no_secret

TOKEN = "t0ken-of-the-d00r-0123456789"
HERE = "127.0.0.1"


@dataclass(frozen=True)
class Answered:
    """What the door answered."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def error(self) -> Any:
        return self.json["error"]


Ask = Callable[..., Answered]


@pytest.fixture
def settings_env(
    odoo: Odoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., None]]:
    """Set exactly these variables, besides those that point at the stand-in."""

    def become(**env: str) -> None:
        for name in list(os.environ):
            monkeypatch.delenv(name)
        for name, value in {**odoo.env, **env}.items():
            if value:
                monkeypatch.setenv(name, value)

    monkeypatch.chdir(tmp_path)
    become()
    redact.forget()
    yield become
    redact.forget()


Open = Callable[..., Door]


@pytest.fixture
def open_door(settings_env: Callable[..., None]) -> Open:
    """Open a door with these settings; requests are unbounded unless buckets are given."""

    def opened(*, platform: bool = False, **given: Any) -> Door:
        buckets = {
            name: given.pop(name, None) or TokenBucket(1e9, 1e9)
            for name in ("callers", "strangers")
        }
        options = {name: given.pop(name) for name in ("clock", "now") if name in given}
        settings_env(**given)
        return Door(load(), platform=platform, **buckets, **options)

    return opened


def asked(door: Door, method: str, path: str, body: object = None, **more: Any) -> Answered:
    """Ask the door; whatever it answers has the marks that every answer has."""
    path, _, query = path.partition("?")
    content = (
        body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    )
    headers = {"host": "localhost:8080", **more.pop("headers", {})}
    if body is not None:
        headers.setdefault("content-type", "application/json")
    pairs: dict[str, list[str]] = {}
    for pair in filter(None, query.split("&")):
        name, _, value = pair.partition("=")
        pairs.setdefault(name, []).append(value)
    response = dispatch(
        Request(method, path, headers, pairs, content, more.pop("peer", HERE)), door
    )
    return checked(response)


def checked(response: Response) -> Answered:
    text = response.content().decode()
    for each in (text, json.dumps(dict(response.headers))):
        assert_no_secret(each)
        assert TOKEN not in each
        assert "Traceback" not in each
    assert response.headers["X-Request-Id"]
    if response.status >= 400 and '"service"' not in text:
        error = json.loads(text)["error"]
        assert set(error) >= {"code", "message", "remedy", "request_id"}
        assert error["request_id"] == response.headers["X-Request-Id"]
        assert error["message"]
    return Answered(response.status, response.headers, text)


def known(door: Door, *arguments: Any, **more: Any) -> Answered:
    """Ask the door with its token."""
    headers = {"authorization": f"Bearer {door.token}", **more.pop("headers", {})}
    return asked(door, *arguments, headers=headers, **more)


@pytest.fixture
def ask(open_door: Open, odoo: Odoo) -> Ask:
    """Ask a door with a token, as somebody who has it; runs end at once."""
    odoo.standin.states = ["done"]
    door = open_door(SENTINEL_HTTP_TOKEN=TOKEN)
    return lambda *arguments, **more: known(door, *arguments, **more)
