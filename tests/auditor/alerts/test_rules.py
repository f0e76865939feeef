"""The file of rules: what it may say, and what is said of a bad one."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, time, timedelta, timezone
from pathlib import Path

import pytest

from auditor.alerts.events.facts import Facts
from auditor.alerts.kinds import KINDS
from auditor.alerts.matching import Match
from auditor.alerts.rules import Mute, Route, Rules, Section, parse_rules, read_rules
from auditor.alerts.stages.group import routes_of
from auditor.errors import BadInput
from tests.auditor.alerts.conftest import NOON

EXAMPLE = Path(__file__).parents[3] / "alerts.toml.example"


EXAMPLES = {"severity", "findings", "routes", "mutes", "inhibit"}
"""What there is nothing of without a file, and the file says "For example" of."""


def switched_on(text: str) -> Rules:
    """The rules with everything in them switched on."""
    # Prose begins with "# ", what can be switched on with "#" alone.
    lines = [
        line[1:] if line[:1] == "#" and line[1:2] != " " else line for line in text.splitlines()
    ]
    return parse_rules("\n".join(lines), "example")


def test_the_example_says_what_holds_without_it() -> None:
    assert parse_rules(EXAMPLE.read_text(), "example") == Rules()
    said, without = switched_on(EXAMPLE.read_text()), Rules()
    for name in Rules.model_fields.keys() - EXAMPLES - {"failures_before", "successes_after"}:
        assert getattr(said, name) == getattr(without, name), name
    several = {kind: without.failures(kind) for kind in KINDS if without.failures(kind) > 1}
    assert said.failures_before == several
    assert {said.successes(kind) for kind in KINDS} == {1}


def test_everything_in_the_example_can_be_switched_on() -> None:
    rules = switched_on(EXAMPLE.read_text())
    assert rules.model_fields_set == set(Rules.model_fields)
    for name in rules.model_fields_set:
        value = getattr(rules, name)
        assert value not in ({}, ()), name
        for table in value if isinstance(value, tuple) else (value,):
            if isinstance(table, Section) and not isinstance(table, Route):
                assert table.model_fields_set == set(type(table).model_fields), name
    given = {name for route in rules.routes for name in route.model_fields_set}
    assert given == set(Route.model_fields)


def test_an_example_is_called_one() -> None:
    paragraphs = EXAMPLE.read_text().split("\n\n")
    called = [
        re.findall(r"^#\[+(\w+)", each, re.MULTILINE)
        for each in paragraphs
        if "For example:" in each
    ]
    assert {name for names in called for name in names} == EXAMPLES


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('group_wait = \nname = "x"', "line 1"),
        ('name = "x"\nrutes = []', "line 2, rutes: there is no such key"),
        ('group_wait = "5 parsecs"', "line 1, group_wait: '5 parsecs' is no length of time"),
        ("group_wait = 5", "line 1, group_wait: must be a text"),
        ('[[mutes]]\nstart = "22:00Z"', "mutes[1].start: must be a time of day like"),
        ('[[mutes]]\nend = "06:00+02:00"', "without a zone: `timezone` says which"),
        ("[[mutes]]\nstart = 3600", 'mutes[1].start: must be a time of day like "22:00"'),
        ('[flapping]\nwithin = "never"', "line 2, flapping.within: must end"),
        ('[flapping]\nquiet = "never"', "line 2, flapping.quiet: must end"),
        ("[flapping]\nchanges = 21", "line 2, flapping.changes"),
        ('group_wait = "never"', "line 1, group_wait: must end"),
        ('group_interval = "never"', "line 1, group_interval: must end"),
        ('key_expires_within = "999999d"', "'999999d' is too long: 3650d at most"),
        ('[reminders]\ninfo = "999999h"', "line 2, reminders.info: '999999h' is too long"),
        ("[anomaly]\ndeviations = inf", "line 2, anomaly.deviations"),
        ("[anomaly]\nchange = inf", "line 2, anomaly.change"),
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
        (
            '[[routes]]\nchannels = []\nmatch = { kind = ["run_faild"] }',
            "line 3, routes[1].match: 'run_faild' is no kind of alert",
        ),
        ('[[mutes]]\nmatch.kind = ["runs_*"]', "'runs_*' is no kind of alert"),
        ('[[inhibit]]\nsource = ["stop"]\ntarget = []', "'stop' is no kind of alert"),
        ('[[inhibit]]\nsource = []\ntarget = ["run_*"]', "'run_*' is no kind of alert"),
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


def test_a_route_keeps_the_channels_that_there_are() -> None:
    text = "\n".join(
        f"[[routes]]\nchannels = {channels}"
        for channels in ('["pager", "slack"]', '["pager"]', "[]", '["email"]')
    )
    kept = parse_rules(text, "x").only(("slack", "email"))
    assert [route.channels for route in kept.routes] == [
        ("slack",),
        ("slack", "email"),  # rather everywhere than nowhere
        (),  # nowhere, on purpose
        ("email",),
    ]


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
    ("pattern", "company", "fits"),
    [
        ("Acme*", "Acme Ltd", True),
        ("*[CH]", "Acme [CH]", True),
        ("*[CH]", "Acme C", False),
        ("Who?", "Who?", True),
        ("Who?", "Whom", False),
        ("A*e", "A\nme", True),
        ("acme", "Acme", False),
        ("Acme", "Acme Ltd", False),
    ],
)
def test_a_star_stands_for_any_text_and_nothing_else_for_any(
    pattern: str, company: str, fits: bool
) -> None:
    alert = Facts("", Rules(), True, NOON).alert("run_failed", "It is.", key="k", since=NOON)
    assert Match(company=(pattern,)).fits(replace(alert, company=company)) is fits


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


def test_a_time_of_day_as_toml_writes_it() -> None:
    (window,) = parse_rules("[[mutes]]\nstart = 22:00:00\nend = 06:30:00", "x").mutes
    assert (window.start, window.end) == (time(22), time(6, 30))


def test_a_window_without_times_is_the_whole_day() -> None:
    window = Mute.model_validate({"days": ["sun"]})
    sunday = datetime(2026, 11, 22, tzinfo=timezone.utc)
    assert window.covers(sunday)
    assert window.covers(sunday + timedelta(hours=23, minutes=59))
    assert not window.covers(sunday + timedelta(hours=24))
    assert not window.covers(sunday - timedelta(seconds=1))


def test_the_example_names_every_kind() -> None:
    named = EXAMPLE.read_text().partition("# Kinds of alerts:")[2].partition("# Severities")[0]
    assert sorted(named.replace("#", "").split()) == sorted(KINDS)


def test_every_kind_has_a_severity_and_a_name() -> None:
    assert len(KINDS) == 18
    assert all(kind.title and kind.titles for kind in KINDS.values())
