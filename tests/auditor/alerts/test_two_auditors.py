"""Two auditors on one store send once; one that dies is followed by one that says so. Processes."""

from __future__ import annotations

import json
import sqlite3
import threading
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tests.auditor.alerts.conftest import Hook, kill
from tests.auditor.conftest import Odoo, run_process, start_process

pytestmark = pytest.mark.one_transport("what was read is judged, whichever way it came")


@pytest.fixture
def env(odoo: Odoo, hook: Hook) -> dict[str, str]:
    """What a pull needs that tells people through the hook."""
    odoo.standin.day = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    return {**odoo.env, "ALERT_WEBHOOK_URL": f"{hook.url}/hook"}


def test_four_at_once_send_each_message_once(
    odoo: Odoo, env: dict[str, str], hook: Hook, tmp_path: Path
) -> None:
    meet = threading.Barrier(4)
    waited: list[int] = []

    def wait_for_all() -> None:
        # Only the first request waits: until the others had time to come to the same point, but
        # not until its sender (10 s) takes it for lost and rightly sends it again.
        if not waited:
            waited.append(1)
            all_decided.wait(7)

    all_decided = threading.Event()
    hook.before_answer = wait_for_all
    odoo.standin.seal(status="failure")

    def pull_at_once(codes: list[int]) -> None:
        meet.wait(30)
        codes.append(run_process(env, tmp_path, "pull").code)
        if len(codes) == 3:
            # One sends; the three others looked, found it claimed, and went home.
            all_decided.set()

    codes: list[int] = []
    threads = [threading.Thread(target=pull_at_once, args=(codes,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0, 0, 0, 0]
    assert [(each["reason"], each["repeated"]) for each in hook.messages()] == [("first", False)]
    assert run_process(env, tmp_path, "pull").code == 0
    assert len(hook.messages()) == 1


def test_killed_between_sending_and_noting(
    odoo: Odoo, env: dict[str, str], hook: Hook, tmp_path: Path
) -> None:
    odoo.standin.seal(status="failure")
    process = start_process(env, tmp_path, "pull")
    hook.before_answer = lambda: kill(process.pid)
    assert process.wait(60) < 0
    process.communicate()
    hook.before_answer = lambda: None
    assert [each["repeated"] for each in hook.messages()] == [False]

    # Its claim still stands: nobody sends.
    assert run_process(env, tmp_path, "pull").code == 0
    assert len(hook.messages()) == 1

    # When the claim has run out, it is sent again and says so. Once.
    let_claims_run_out(Path(env["SENTINEL_STORE"]))
    for _ in range(2):
        assert run_process(env, tmp_path, "pull").code == 0
    first, second = hook.messages()
    assert (second["reason"], second["repeated"]) == ("unsure", True)
    assert [each["key"] for each in second["alerts"]] == [each["key"] for each in first["alerts"]]
    assert len(set(hook.keys)) == 1


def let_claims_run_out(store: Path) -> None:
    with sqlite3.connect(store) as db:
        rows = db.execute("SELECT key, document FROM alert_state WHERE kind = 'told'").fetchall()
        assert len(rows) == 1
        for key, text in rows:
            document = json.loads(text)
            assert document["owner"]
            document["lease"] = "2026-01-01T00:00:00Z"
            db.execute(
                "UPDATE alert_state SET document = ? WHERE kind = 'told' AND key = ?",
                (json.dumps(document), key),
            )


def test_a_new_machine_goes_on_where_the_old_one_stopped(
    odoo: Odoo, env: dict[str, str], hook: Hook, tmp_path: Path
) -> None:
    odoo.standin.seal(status="failure")
    run_process(env, tmp_path, "pull")
    other = {**env, "HOME": str(tmp_path / "elsewhere")}
    odoo.standin.seal(status="success")
    run_process(other, tmp_path, "pull")
    assert [each["reason"] for each in hook.messages()] == ["first", "all_resolved"]
