"""``report``: a page for people, which says what it knows and nothing else."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from auditor.report import figures
from auditor.trail.period import today
from tests.auditor.conftest import Cli, Odoo
from tests.auditor.standin import StandIn
from tests.e2e.browser import ARGUMENTS, find_chromium

pytestmark = pytest.mark.one_transport(
    "the report reads the store; the pull that fills it is tested over both"
)

JANUARY = ("--since=2026-01-01", "--until=2026-01-31", "--output=r.html", "--force")
HOSTILE = """<script>alert(1)</script><img src=x onerror="alert('2')">&amp;\u202e'"""


class Page(HTMLParser):
    """The texts of a page, and every tag and attribute of it."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.sections: list[list[str]] = []
        self.feed(source)
        assert self.open == [], "elements that were not closed"
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _value in attrs)
        if tag == "section":
            self.sections.append([])
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data)
            if "section" in self.open:
                self.sections[-1].append(data.strip())

    def section(self, title: str) -> str:
        """Text of the section whose heading begins with ``title``."""
        (found,) = (text for text in self.sections if " ".join(text).startswith(title))
        return " ".join(" ".join(found).split())


def report(cli: Cli, folder: Path, *options: str, code: int = 0) -> Page:
    ran = cli("report", *(options or JANUARY))
    assert ran.code == code, ran.err
    return Page((folder / "r.html").read_text())


def on(standin: StandIn, day: str, **changes: Any) -> str:
    """Seal a run of that day."""
    standin.day = day
    times = {
        "requested_at": f"{day} 08:00:00",
        "started_at": f"{day} 08:00:01",
        "ended_at": f"{day} 08:00:11",
    }
    outcomes = changes.pop("line_outcomes", [])
    uid = standin.seal(lines=len(outcomes), **{**times, **changes})
    for line, outcome in zip(standin.lines[uid], outcomes, strict=True):
        line["outcome"] = outcome
        if outcome in figures.FAILURES:
            line["message"] = f"The order {line['name']} is locked."
    standin.runs[uid]["outcomes"] = {
        outcome: outcomes.count(outcome) for outcome in dict.fromkeys(outcomes)
    }
    standin.settle()
    return uid


def a_month(standin: StandIn) -> None:
    """Let everything happen that a report tells of."""
    for number in range(1, 29):
        day = f"2026-01-{number:02}"
        on(standin, day, mode="plan", status="dry_run", matched=30 - number, verdict="warn")
        on(
            standin,
            day,
            code="cron_health",
            shape="check",
            mode="plan",
            matched=number % 4,
            population=40,
            verdict="fail" if number % 4 else "pass",
            currency="",
            amount="",
            ended_at=f"{day} 08:03:20",
        )
        if number % 3 == 0:
            outcomes = ["done"] * (number % 7 + 1) + ["refused"] * (number % 4)
            status = "partial" if "refused" in outcomes else "success"
            on(standin, day, line_outcomes=outcomes, status=status, requested_by="eve")
    day = "2026-01-29"
    on(standin, day, status="failure", error="The database was busy.")
    for status in ("aborted", "interrupted", "cancelled"):
        on(standin, day, status=status, source="schedule")
    standin.happen(
        "created",
        model="sentinel.approval",
        model_name="Decision",
        record_name="Cancel old quotations",
        before={},
        after={"decision": "approve", "comment": "seen with sales", "via": "session"},
        user="anna",
    )
    standin.happen(
        "created",
        model="sentinel.stop",
        model_name="Stop",
        record_name="Everything",
        before={},
        after={"scope": "all", "reason": "customers get wrong mails"},
        user="boss",
    )
    standin.happen("changed", before={"max_records": 100}, after={"max_records": 500})
    standin.settle()


@pytest.fixture
def month(cli: Cli, odoo: Odoo) -> None:
    a_month(odoo.standin)
    assert cli("pull").code == 0


@pytest.mark.usefixtures("month")
def test_everything_of_a_month_is_told(cli: Cli, odoo: Odoo, tmp_path: Path) -> None:
    calls = len(odoo.standin.calls)
    page = report(cli, tmp_path)
    assert len(odoo.standin.calls) == calls
    head = odoo.standin.entries[-1]
    assert f"Position {head['position']}" in page.text
    assert head["seal"] in page.text
    assert odoo.standin.chain in page.text
    assert "✓ Checked: every seal, digest and line from position 1 to 72" in page.text

    runs = page.section("Runs a day")
    for said in (
        "✓ success: 9",
        "✓ dry run, nothing was changed: 28",
        "! a check failed, or could not tell: 21",
        "! partly done: 7",
        "✗ failed: 1",
        "✗ stopped by a guard: 1",
    ):
        assert said in runs
    found = page.section("What the jobs found")
    assert "clean_old_orders" in found
    assert re.search(r"Cancel old quotations .* 2 2,000 ▼ −27 ! warning", found)
    wrong = page.section("What went wrong most")
    assert "✗ refused by Odoo's own rules The order … is locked." in wrong
    assert "✗ failed The database was busy." in wrong
    slow = page.section("Slowest jobs")
    assert "cron_health check 3 min 19 s 3 min 19 s 28" in slow
    assert "clean_old_orders live run 10 s 10 s 13" in slow
    assert "eve clean_old_orders live run cli 9 39" in page.section("Who ran what")
    assert "anna Decision: Cancel old quotations new ✓ approved: seen with sales (in the" in (
        page.section("Decisions")
    )
    assert "boss Stop: Everything new ✗ stopped: customers get wrong" in page.section("Stops")
    assert "max_records: 100 → 500" in page.section("Other definitions")


def test_money_is_exact_and_of_what_was_done(cli: Cli, odoo: Odoo, tmp_path: Path) -> None:
    on(odoo.standin, "2026-01-05", mode="plan", status="dry_run", amount="900.00")
    on(odoo.standin, "2026-01-06", mode="plan", status="dry_run", amount="0.30")
    for outcome in ("done", "refused"):
        uid = on(odoo.standin, "2026-01-07", line_outcomes=["done", "done", outcome], amount="9.99")
        for line in odoo.standin.lines[uid]:
            line["amount"] = "0.1"
    on(odoo.standin, "2026-01-07", mode="simulate", line_outcomes=["simulated"])
    # Amounts were changed behind the seals that settling gave, so they are sealed anew.
    odoo.standin.entries.clear()
    for day in (5, 6, 7, 7, 7):
        odoo.standin.day = f"2026-01-{day:02}"
    assert cli("pull").code == 0
    money = report(cli, tmp_path).section("Money")
    assert "clean_old_orders 0.30 EUR 0.50 EUR" in money


def test_what_the_trail_holds_is_only_text(cli: Cli, odoo: Odoo, tmp_path: Path) -> None:
    standin = odoo.standin
    names = ("job_name", "requested_by", "source", "error", "currency", "status", "verdict")
    for mode in ("plan", "live"):
        uid = on(standin, "2026-01-05", mode=mode, line_outcomes=["done", "refused"])
        standin.runs[uid].update(dict.fromkeys(names, HOSTILE))
        standin.runs[uid]["job"] = HOSTILE
        for line in standin.lines[uid]:
            line.update(name=HOSTILE, message=f"no, {HOSTILE}", currency=HOSTILE)
    on(standin, "2026-01-06", mode="plan", status="dry_run", matched=3, job=HOSTILE)
    for model in ("sentinel.approval", "sentinel.stop", HOSTILE):
        standin.happen(
            HOSTILE,
            model=model,
            model_name=HOSTILE,
            record_name=HOSTILE,
            user=HOSTILE,
            before={HOSTILE: HOSTILE},
            after={HOSTILE: 1, "reason": HOSTILE, "decision": HOSTILE, "comment": HOSTILE},
        )
    standin.entries.clear()
    standin.day = "2026-01-05"
    assert cli("pull").code == 0
    with sqlite3.connect(tmp_path / "data" / "trail.sqlite3") as db:
        db.execute("UPDATE chains SET database = ?, url = ?", (HOSTILE, HOSTILE))
    page = report(cli, tmp_path)
    assert "<script>alert(1)</script>" in page.text
    assert not page.tags & {"script", "img", "iframe", "object", "link", "a"}
    assert not {name for name in page.attributes if name.startswith("on")}
    assert "\u202e" not in page.source
    assert "default-src 'none'" in page.source.replace("&#x27;", "'")
    assert not page.attributes & {"src", "href", "style", "data"}
    assert not re.search(r"@import|url\((?!#fill-)", page.source)


@pytest.mark.usefixtures("month")
def test_a_period_without_runs(cli: Cli, tmp_path: Path) -> None:
    page = report(
        cli, tmp_path, "--since=2025-01-01", "--until=2025-01-31", "--output=r.html", "--force"
    )
    assert "Nothing was sealed from 2025-01-01 to 2025-01-31." in page.text
    assert "<svg" not in page.source.replace('class="away"', "").split("</header>")[1]
    # Days with events only.
    page = report(cli, tmp_path)
    assert "Nobody decided." not in page.text


def test_only_events(cli: Cli, odoo: Odoo, tmp_path: Path) -> None:
    odoo.standin.happen()
    assert cli("pull").code == 0
    page = report(cli, tmp_path)
    assert "0 runs ended; none of them was live, so nothing was changed" in page.text
    for said in ("No run ended.", "Nothing went wrong.", "Nobody ran anything.", "Nobody decided."):
        assert said in page.text


def test_an_empty_store(cli: Cli, tmp_path: Path) -> None:
    ran = cli("report", *JANUARY)
    assert ran.code == 1
    assert "Nothing has been pulled yet" in ran.err
    assert not (tmp_path / "r.html").exists()
    assert cli("pull").code == 0
    page = report(cli, tmp_path)
    assert re.search("Nothing (has been pulled|was sealed)", page.text)
    assert "✓ Checked" not in page.text


@pytest.mark.usefixtures("month")
def test_not_checked_is_not_good(cli: Cli, tmp_path: Path) -> None:
    page = report(cli, tmp_path, *JANUARY, "--no-verify")
    assert "? Not checked" in page.text
    assert "✓ Checked" not in page.text


@pytest.mark.usefixtures("month")
def test_a_broken_store_says_so_first(cli: Cli, store: Path, tmp_path: Path) -> None:
    with sqlite3.connect(store) as db:
        edited = "replace(content, '2000', '2001')"
        db.execute(f"UPDATE entries SET content = {edited} WHERE position = 7")
        db.execute("UPDATE entries SET content = '{\"uid\":1}' WHERE position = 9")
    page = report(cli, tmp_path, code=6)
    assert re.search("✗ BROKEN. .*position 7.* Do not rely on", page.text)
    assert "✓ Checked" not in page.text
    assert "1 entry that cannot be read" in page.text
    ran = cli("report", *JANUARY, "--json")
    assert (ran.code, ran.json["broken"]) == (6, True)


def test_what_was_withheld_is_told(cli: Cli, odoo: Odoo, tmp_path: Path) -> None:
    on(odoo.standin, "2026-01-05")
    on(odoo.standin, "2026-01-06")
    entry = odoo.standin.entries[0]
    entry.update(withheld="company", salt="", content="", lines=[])
    assert cli("pull").code == 0
    page = report(cli, tmp_path)
    assert "1 entry of companies that whoever pulled may not see" in page.text
    assert "Only the seals of these could be checked: 1 entries" in page.text


def test_a_plan_that_broke_is_no_clean_bill(cli: Cli, odoo: Odoo, tmp_path: Path) -> None:
    on(odoo.standin, "2026-01-05", mode="plan", status="dry_run", matched=7, verdict="warn")
    on(odoo.standin, "2026-01-06", mode="plan", status="failure", matched=0)
    on(odoo.standin, "2026-01-06", code="cron_health", shape="check", mode="plan", verdict="error")
    assert cli("pull").code == 0
    found = report(cli, tmp_path).section("What the jobs found")
    assert "7 7 2,000 ＝ ! warning; 1 time it could not look" in found
    assert "? ? ? ＝ ? could not look, not once" in found


def test_what_was_repaired_since_is_open_no_longer(cli: Cli, odoo: Odoo, tmp_path: Path) -> None:
    on(odoo.standin, "2026-01-05", mode="plan", status="dry_run", matched=7, verdict="warn")
    on(odoo.standin, "2026-01-06", line_outcomes=["done"] * 4)
    assert cli("pull").code == 0
    assert "7 3 2,000 ＝ ! warning" in report(cli, tmp_path).section("What the jobs found")
    on(odoo.standin, "2026-01-07", line_outcomes=["done"] * 3)
    assert cli("pull").code == 0
    assert "7 0 2,000 ＝ ! warning" in report(cli, tmp_path).section("What the jobs found")


def test_rare_messages_are_let_go_and_that_is_said(
    cli: Cli, odoo: Odoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "MESSAGES", 10)
    for _ in range(3):
        on(odoo.standin, "2026-01-05", status="failure", error="often")
    for number in range(30):
        on(odoo.standin, "2026-01-05", status="failure", error=f"rare {number}")
    assert cli("pull").code == 0
    wrong = report(cli, tmp_path).section("What went wrong most")
    assert re.search("3 clean_old_orders live run ✗ failed often", wrong)
    assert "too many different messages" in wrong


@pytest.mark.parametrize(
    ("days", "unit"), [("2026-01-31", "day"), ("2026-03-31", "week"), ("2027-03-31", "month")]
)
def test_long_periods_have_fewer_bars(
    cli: Cli, odoo: Odoo, tmp_path: Path, days: str, unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditor.trail.period.today", lambda: datetime(2030, 1, 1).date())  # noqa: DTZ001
    on(odoo.standin, "2026-01-05")
    on(odoo.standin, days)
    assert cli("pull").code == 0
    options = ("--since=2026-01-01", f"--until={days}", "--output=r.html")
    page = report(cli, tmp_path, *options)
    runs = page.section(f"Runs a {unit}")
    assert "✓ success: 2" in runs
    page = report(cli, tmp_path, "--since=0001-01-01", *options[1:], "--force")
    assert len(page.source) < 100_000


@pytest.mark.usefixtures("month")
def test_days_and_files_that_cannot_be_meant(cli: Cli, tmp_path: Path) -> None:
    ran = cli("report", "--since=2999-01-01")
    assert (ran.code, "in the future" in ran.err) == (2, True)
    ran = cli("report", "--since=2026-01-02", "--until=2026-01-01")
    assert (ran.code, "lies after" in ran.err) == (2, True)
    (tmp_path / "r.html").write_text("mine")
    ran = cli("report", *JANUARY[:3])
    assert (ran.code, "--force replaces it" in ran.err) == (2, True)
    assert (tmp_path / "r.html").read_text() == "mine"


@pytest.mark.usefixtures("month")
def test_the_last_thirty_days(cli: Cli, tmp_path: Path) -> None:
    ran = cli("report", "--json")
    assert ran.code == 0
    assert ran.json["output"].endswith(f"-{today()}.html")
    assert (tmp_path / ran.json["output"]).exists()


@contextmanager
def opened(path: Path, **options: Any) -> Iterator[Any]:
    """Open the page in a browser that has no network; what it asks for or complains of fails."""
    from playwright.sync_api import sync_playwright

    wrong: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        try:
            context = browser.new_context(offline=True, **options)
            page = context.new_page()
            page.on("console", lambda message: wrong.append(message.text))
            page.on("request", lambda request: wrong.append(request.url))
            page.goto(path.as_uri())
            yield page
        finally:
            browser.close()
    assert wrong == [path.as_uri()]


@pytest.mark.slow
@pytest.mark.usefixtures("month")
def test_in_a_browser(cli: Cli, tmp_path: Path) -> None:
    report(cli, tmp_path)
    papers = {}
    for scheme in ("light", "dark"):
        viewport = {"width": 1100, "height": 900}
        with opened(tmp_path / "r.html", color_scheme=scheme, viewport=viewport) as page:
            page.screenshot(path=tmp_path / f"{scheme}.png", full_page=True)
            papers[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
            bars = page.locator("svg[role=img] rect.bar")
            assert bars.count() > 60
            # A fill whose pattern is missing paints nothing.
            fills = set(bars.evaluate_all("all => all.map(one => one.getAttribute('fill'))"))
            for fill in fills:
                assert page.locator(fill.removeprefix("url(").removesuffix(")")).count() == 1
            assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert papers["light"] != papers["dark"]
    with opened(tmp_path / "r.html", viewport={"width": 390, "height": 800}) as page:
        page.screenshot(path=tmp_path / "phone.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    with opened(tmp_path / "r.html") as page:
        page.pdf(path=tmp_path / "print.pdf")
    assert (tmp_path / "print.pdf").stat().st_size > 10_000


def test_made_at_is_in_utc(cli: Cli, odoo: Odoo, tmp_path: Path) -> None:
    on(odoo.standin, "2026-01-05")
    assert cli("pull").code == 0
    page = report(cli, tmp_path)
    made = re.search(r"Made (\S+ \S+) UTC", page.text)
    assert made
    at = datetime.strptime(made[1], "%Y-%m-%d %H:%M").replace(tzinfo=timezone.utc)
    assert abs((datetime.now(timezone.utc) - at).total_seconds()) < 300
