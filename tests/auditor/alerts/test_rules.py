"""The file of rules: what it may say, and what is said of a bad one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from auditor.alerts.events.facts import Facts
from auditor.alerts.kinds import KINDS
from auditor.alerts.rules import Mute, Rules, parse_rules, read_rules
from auditor.alerts.stages.group import routes_of
from auditor.errors import BadInput
from tests.auditor.alerts.conftest import NOON

EXAMPLE = Path(__file__).parents[3] / "alerts.toml.example"


def test_the_example_says_what_holds_without_it() -> None:
    assert parse_rules(EXAMPLE.read_text(), "example") == Rules()


def test_everything_in_the_example_can_be_switched_on() -> None:
    lines = EXAMPLE.read_text().splitlines()
    # Prose begins with "# ", what can be switched on with "#" alone.
    text = "\n".join(line[1:] if line[:1] == "#" and line[1:2] != " " else line for line in lines)
    rules = parse_rules(text, "example")
    given = rules.model_dump()
    assert set(given) == set(Rules.model_fields)
    assert rules.model_fields_set == set(Rules.model_fields)
    assert rules.routes
    assert rules.mutes
    assert rules.inhibit


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('group_wait = \nname = "x"', "line 1"),
        ('name = "x"\nrutes = []', "line 2, rutes: there is no such key"),
        ('group_wait = "5 parsecs"', "line 1, group_wait: '5 parsecs' is no length of time"),
        ("group_wait = 5", "line 1, group_wait: must be a text"),
        ('[reminders]\ncritical = "soon"', "line 2, reminders.critical"),
        (
            '[[routes]]\nchannels = ["a"]\n[[routes]]\nchanels = ["b"]',
            "routes[2].chanels: there is no such key",
        ),
        ('[[routes]]\nchannels = []\nmatch.severity = ["urgent"]', "routes[1].match.severity"),
        ("[failures_before]\nrun_faild = 2", "'run_faild' is no kind of alert"),
        ("[failures_before]\nrun_failed = 0", "from 1 to 720"),
        ('[[mutes]]\ntimezone = "Mars/Olympus"', "'Mars/Olympus' is no time zone"),
        ("[message]\nalerts = 0", "line 2, message.alerts"),
    ],
)
def test_a_bad_file_is_told_where(text: str, says: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_rules(text, "my.toml")
    assert says in caught.value.message
    assert "my.toml" in caught.value.message
    assert "alerts.toml.example" in caught.value.remedy


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        read_rules(str(tmp_path / "none.toml"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="no UTF-8"):
        read_rules(str(tmp_path / "bytes.toml"))


def test_a_channel_that_is_not_configured() -> None:
    rules = parse_rules('[[routes]]\nchannels = ["pager"]', "x")
    with pytest.raises(BadInput, match=r"Route 1.*'pager'"):
        rules.check_channels(("slack",))


ROUTES = """
[[routes]]
match = { severity = ["critical"] }
channels = ["email"]
go_on = true
[[routes]]
match = { tag = ["sales"], company = ["Acme*"] }
channels = ["slack"]
[[routes]]
match = { kind = ["run_*"], job = ["noisy"] }
channels = []
"""


@pytest.mark.parametrize(
    ("about", "channels"),
    [
        ({"kind": "run_failed"}, [["slack", "email"]]),  # no route: everywhere
        ({"kind": "new_findings"}, []),  # no route, and not urgent
        ({"kind": "chain_broken"}, [["email"]]),
        ({"kind": "run_failed", "job": "noisy"}, [[]]),
        ({"kind": "run_failed", "tags": ("sales",), "company": "Acme Ltd"}, [["slack"]]),
        ({"kind": "chain_broken", "tags": ("sales",), "company": "Acme"}, [["email"], ["slack"]]),
        ({"kind": "run_failed", "tags": ("sales",), "company": "Other"}, [["slack", "email"]]),
    ],
)
def test_routes(about: dict[str, object], channels: list[list[str]]) -> None:
    kind = str(about["kind"])
    alert = Facts("", Rules(), True, NOON).alert(kind, "It is.", key="k", since=NOON)
    alert = replace(alert, **about)  # type: ignore[arg-type]
    found = routes_of(alert, parse_rules(ROUTES, "x"), ("slack", "email"))
    assert [list(route.channels) for route in found] == channels


@pytest.mark.parametrize(
    ("moment", "covered"),
    [
        ("2026-11-20T20:59", False),  # Friday, 21:59 in Zurich
        ("2026-11-20T21:00", True),
        ("2026-11-21T04:59", True),  # Saturday morning belongs to Friday's night
        ("2026-11-21T05:00", False),
        ("2026-11-21T22:00", False),  # Saturday night is not meant
        ("2026-11-20T03:00", False),  # Friday morning belongs to Thursday's
        ("2026-07-17T20:00", True),  # in summer it is 22:00 an hour earlier
    ],
)
def test_a_window_over_midnight(moment: str, covered: bool) -> None:
    window = Mute.model_validate(
        {"days": ["fri"], "start": "22:00", "end": "06:00", "timezone": "Europe/Zurich"}
    )
    at = datetime.fromisoformat(moment).replace(tzinfo=timezone.utc)
    assert window.covers(at) is covered


def test_a_window_without_times_is_the_whole_day() -> None:
    window = Mute.model_validate({"days": ["sun"]})
    sunday = datetime(2026, 11, 22, tzinfo=timezone.utc)
    assert window.covers(sunday)
    assert window.covers(sunday + timedelta(hours=23, minutes=59))
    assert not window.covers(sunday + timedelta(hours=24))
    assert not window.covers(sunday - timedelta(seconds=1))


def test_every_kind_has_a_severity_and_a_name() -> None:
    assert len(KINDS) == 18
    assert all(kind.title and kind.titles for kind in KINDS.values())
