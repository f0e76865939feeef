"""``pull --follow``, ``--consumer`` and the streaming route."""

from __future__ import annotations

import signal
import socket
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.odoo.errors import Unreachable
from auditor.stores.interface import StoreError
from auditor.trail.errors import Forked
from auditor.trail.follow import JITTER, LONGEST_PAUSE, Stopped, follow
from tests.auditor.conftest import Cli, Odoo, assert_no_secret, start_process
from tests.auditor.test_pull import assert_whole


def test_trouble_is_waited_for_ever_longer_and_a_broken_chain_ends_it() -> None:
    down, busy = Unreachable("down"), StoreError("busy", passing=True)
    turns: list[Any] = [None, down, busy, *[down] * 9, None, down, Forked("broken")]
    slept: list[float] = []
    told: list[tuple[str, float]] = []

    def once() -> None:
        turn = turns.pop(0)
        if turn:
            raise turn

    with pytest.raises(Forked):
        follow(
            once,
            interval=10,
            on_trouble=lambda error, pause: told.append((error.message, pause)),
            sleep=slept.append,
        )
    assert [pause for _message, pause in told] == [
        10, 20, 40, 80, 160, 320, 640, *[LONGEST_PAUSE] * 4, 10,
    ]  # fmt: skip
    planned = [10, *(pause for _message, pause in told[:-1]), 10, 10]
    assert len(slept) == len(planned)
    for real, meant in zip(slept, planned, strict=True):
        assert meant * (1 - JITTER) <= real <= meant * (1 + JITTER)
    assert len(set(slept)) > 1, "two that were started together must drift apart"


@pytest.mark.parametrize("error", [StoreError("disk full"), Stopped(), ValueError()])
def test_what_waiting_does_not_mend_ends_it(error: BaseException) -> None:
    def once() -> None:
        raise error

    with pytest.raises(type(error)):
        follow(once, interval=1, on_trouble=lambda *_: None, sleep=lambda _seconds: None)


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def positions(store: Path) -> int:
    try:
        with sqlite3.connect(store) as db:
            return int(db.execute("SELECT coalesce(max(position), 0) FROM chains").fetchone()[0])
    except sqlite3.Error:
        return 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_follows_over_an_outage_and_ends_when_asked(
    odoo: Odoo, tmp_path: Path, store: Path, number: int
) -> None:
    odoo.standin.seal()
    process = start_process(odoo.env, tmp_path, "pull", "--follow", "--interval=1")
    until(lambda: positions(store) == 1)
    odoo.standin.misbehave("health", "html")
    assert process.stderr
    # The outage must be met before there is more to pull: the first pull may still be at it.
    assert any("Trying again in about 1 s" in line for line in iter(process.stderr.readline, ""))
    odoo.standin.seal()
    until(lambda: positions(store) == 2)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert "Stopped, as asked" in err
    assert "Traceback" not in err
    assert_no_secret(out + err)
    assert_whole(store, odoo.standin)


def test_the_heartbeat_is_of_pulls_that_worked(odoo: Odoo, tmp_path: Path, store: Path) -> None:
    odoo.standin.seal()
    odoo.standin.misbehave("health", "html")
    beat = tmp_path / "pulled"
    process = start_process(
        odoo.env, tmp_path, "pull", "--follow", "--interval=1", f"--heartbeat={beat}"
    )
    assert process.stderr
    assert "Trying again" in process.stderr.readline()
    assert not beat.exists(), "a pull that failed is no sign of life"
    until(beat.exists)
    assert positions(store) == 1
    first = beat.stat().st_mtime_ns
    until(lambda: beat.stat().st_mtime_ns > first)
    process.terminate()
    _out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err


def test_a_heartbeat_that_cannot_be_written_is_said(cli: Cli, odoo: Odoo, tmp_path: Path) -> None:
    odoo.standin.seal()
    ran = cli("pull", f"--heartbeat={tmp_path / 'no' / 'folder'}")
    assert ran.code == 2
    assert "heartbeat" in ran.err
    assert "/tmp" in ran.err


def test_asked_to_end_in_the_middle_of_a_batch(odoo: Odoo, tmp_path: Path, store: Path) -> None:
    odoo.standin.seal()
    odoo.standin.misbehave("export_lines", "slow", value=20)
    process = start_process(odoo.env, tmp_path, "pull", "--follow")
    until(lambda: odoo.standin.counted("export_lines"))
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _out, err = process.communicate(timeout=15)
    assert process.returncode == 0, err
    assert time.monotonic() - started < 15
    assert positions(store) == 0


def test_following_ends_at_a_broken_chain(odoo: Odoo, tmp_path: Path, store: Path) -> None:
    odoo.standin.seal()
    odoo.standin.seal()
    odoo.standin.settle()
    odoo.standin.entries[1]["seal"] = "ab" * 32
    process = start_process(odoo.env, tmp_path, "pull", "--follow", "--interval=1")
    _out, err = process.communicate(timeout=30)
    assert process.returncode == 6
    assert "seal was rewritten" in err
    assert positions(store) == 1


def test_odoo_that_is_down_at_the_start(odoo: Odoo, tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        env = {**odoo.env, "ODOO_URL": f"http://127.0.0.1:{held.getsockname()[1]}"}
        process = start_process(env, tmp_path, "pull", "--follow", "--interval=1")
        assert process.stderr
        line = process.stderr.readline()
        process.terminate()
        process.communicate(timeout=15)
    assert "Cannot connect" in line
    assert process.returncode == 0


def test_a_consumer_acknowledges_what_has_landed(cli: Cli, odoo: Odoo) -> None:
    standin = odoo.standin
    standin.consumers["archive"] = {}
    assert cli("pull", "--consumer=archive").code == 0
    assert standin.counted("acknowledge") == 0, "there is nothing to acknowledge yet"
    for _ in range(3):
        standin.seal()
    assert cli("pull", SENTINEL_CONSUMER="archive").code == 0
    assert standin.consumers["archive"] == {"position": 3}
    assert cli("pull").code == 0
    assert standin.counted("acknowledge") == 1
    # What landed before a break counts, and the break is what is told.
    standin.seal()
    standin.seal()
    standin.settle()
    standin.entries[4]["seal"] = "ab" * 32
    ran = cli("pull", "--consumer=archive")
    assert ran.code == 6
    assert standin.consumers["archive"] == {"position": 4}


def test_nothing_is_acknowledged_to_another_chain(cli: Cli, odoo: Odoo) -> None:
    odoo.standin.consumers["archive"] = {}
    odoo.standin.seal()
    assert cli("pull").code == 0
    odoo.standin.rewrite(1, sealed_at="2026-01-01T00:00:00.000000Z")
    ran = cli("pull", "--consumer=archive")
    assert ran.code == 6
    assert "has forked" in ran.err
    assert odoo.standin.counted("acknowledge") == 0


def test_a_consumer_that_nobody_registered(cli: Cli, odoo: Odoo, store: Path) -> None:
    odoo.standin.seal()
    ran = cli("pull", "--consumer=laptop")
    assert ran.code == 2
    assert "There is no consumer laptop" in ran.err
    assert_whole(store, odoo.standin)


@pytest.fixture
def streaming(odoo: Odoo, monkeypatch: pytest.MonkeyPatch) -> Odoo:
    """Runs, and a client that streams whatever there is."""
    from auditor.odoo import streaming
    from auditor.trail import source

    monkeypatch.setattr(source, "STREAM_FROM", 1)
    monkeypatch.setattr(streaming, "_PIECE", 1000)
    for lines in (0, 40, 3, 0, 60):
        odoo.standin.seal(lines=lines)
    return odoo


def test_lines_come_as_a_stream(cli: Cli, streaming: Odoo, store: Path) -> None:
    assert cli("pull").code == 0
    assert_whole(store, streaming.standin)
    assert streaming.standin.counted("export_lines") == 0
    assert streaming.standin.counted("stream") == 1
    assert cli("verify", "--against-odoo").code == 0


@pytest.mark.parametrize("reason", ["no route", "no key", "not ours"])
def test_where_there_is_no_stream_pages_do(
    cli: Cli, streaming: Odoo, store: Path, reason: str
) -> None:
    standin = streaming.standin
    standin.largest_runs_page = 3
    if reason == "no route":
        standin.streams = False
    else:
        code = 401 if reason == "no key" else 200
        standin.misbehave("stream", "status", value=code)
    assert cli("pull").code == 0
    assert_whole(store, standin)
    assert standin.counted("stream") == 1, "asked once, not with every batch"
    assert standin.counted("export_lines") >= 2


@pytest.mark.parametrize("mood", ["cut_stream", "no_end"])
def test_a_stream_that_breaks_off_goes_on_in_pages(
    cli: Cli, streaming: Odoo, store: Path, mood: str
) -> None:
    streaming.standin.misbehave("stream", mood)
    assert cli("pull").code == 0
    assert_whole(store, streaming.standin)
    asked = [named for name, named in streaming.standin.calls if name == "export_lines"]
    assert asked
    if mood == "no_end":
        assert (asked[0]["after"], asked[0]["after_line"]) == ("5", 60)


@pytest.mark.parametrize(
    ("mood", "says", "code"),
    [
        ("wrong_end", "ends with", 3),
        ("edited_stream", "a line was edited", 6),
        ("other_chain", "streams the chain other", 3),
    ],
)
def test_a_stream_that_lies(
    cli: Cli, streaming: Odoo, store: Path, mood: str, says: str, code: int
) -> None:
    streaming.standin.misbehave("stream", mood)
    ran = cli("pull")
    assert ran.code == code
    assert says in ran.err
    assert assert_whole(store, streaming.standin, complete=False) <= 1
    assert cli("pull").code == 0
    assert_whole(store, streaming.standin)
