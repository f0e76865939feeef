"""The page: one section for each question that people ask of a period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from importlib.resources import files

from auditor.cli import words
from auditor.cli.text import changes, moment, money, plural
from auditor.report.charts import Series, length, number, patterns, spark, stacked, swatch
from auditor.report.figures import (
    CHECK_FAILED,
    DECISIONS,
    EVENTS,
    FAILURES,
    STOPS,
    ZERO,
    Event,
    Figures,
)
from auditor.report.markup import Child, Html, table, tag
from auditor.report.proof import Proof
from auditor.trail.period import Period

ROWS = 20
"""At the most so many rows stand in a table."""
_STYLES = {
    "success": "good",
    "dry_run": "dry",
    CHECK_FAILED: "warn",
    "partial": "partial",
    "failure": "bad",
    "aborted": "stopped",
    "interrupted": "broken",
    "cancelled": "grey",
}
_CHANGED = {"created": "new", "changed": "changed", "deleted": "deleted"}
_WITHHELD = {
    "company": "of companies that whoever pulled may not see",
    "erased": "erased at somebody's request",
    "retention": "removed by retention in Odoo before they were pulled",
    "lines": "whose lines retention in Odoo removed before they were pulled",
}


@dataclass(frozen=True)
class Chapter:
    """What there is to say about one chain."""

    figures: Figures
    proof: Proof


def page(period: Period, chapters: Sequence[Chapter], *, made_at: datetime) -> Html:
    """Return the whole document."""
    title = f"Sentinel-Ops, {_days(period)}"
    style = (files("auditor.report") / "report.css").read_text(encoding="utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        # Nothing is loaded and nothing runs, whatever a name in the trail may hold.
        tag(
            "meta",
            http_equiv="Content-Security-Policy",
            content="default-src 'none'; style-src 'unsafe-inline'",
        ),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Html(style)),
    )
    parts: list[Child] = [
        patterns(),
        tag(
            "header",
            tag("p", "Sentinel-Ops", class_="brand"),
            tag("h1", _days(period)),
            tag(
                "p", f"Days are in UTC, by the time of sealing. Made {made_at:%Y-%m-%d %H:%M} UTC."
            ),
        ),
        [_chapter(chapter, period) for chapter in chapters],
    ]
    if not chapters:
        parts.append(tag("p", "Nothing has been pulled into this store yet.", class_="nothing"))
    body = tag("body", tag("main", *parts))
    return Html("<!DOCTYPE html>\n" + tag("html", head, body, lang="en") + "\n")


def _chapter(chapter: Chapter, period: Period) -> Html:
    figures = chapter.figures
    head = [
        tag("h2", f"Database {figures.chain.database}"),
        _proof(figures, chapter.proof),
    ]
    if figures.within is None:
        what = f"Nothing was sealed {_in_days(period)}."
        return tag("article", *head, tag("p", what, class_="nothing"))
    return tag(
        "article",
        *head,
        tag("p", _summary(figures, period), class_="summary"),
        _tiles(figures),
        _gaps(figures),
        _runs(figures),
        _findings(figures),
        _money(figures),
        _failures(figures),
        _durations(figures),
        _requests(figures),
        _events(figures, DECISIONS, "Decisions", "who approved and denied", "Nobody decided."),
        _events(figures, STOPS, "Stops", "who stopped what, and why", "Nothing was stopped."),
        _events(
            figures,
            "",
            "Other definitions",
            "who changed jobs, limits, windows, exclusions and policies",
            "Nobody changed a job or a policy.",
        ),
    )


def _proof(figures: Figures, proof: Proof) -> Html:
    mark, css = {True: ("✓", "good"), False: ("✗", "bad"), None: ("?", "open")}[proof.good]
    said = proof.message
    if proof.good is False:
        said = f"BROKEN. {said} Do not rely on the figures below."
    chain = figures.chain
    facts = [
        ("Trail", chain.chain),
        ("Position", f"{chain.head.position:,}"),
        ("Seal there", chain.head.seal if chain.head.position else "none yet"),
        ("Last pulled", moment(chain.pulled_at)),
    ]
    return tag(
        "section",
        tag("p", tag("span", mark, class_="mark"), " ", tag("strong", said), class_="verdict"),
        tag("p", f"Only the seals of these could be checked: {proof.limits}.")
        if proof.limits
        else None,
        tag("dl", *((tag("dt", name), tag("dd", value)) for name, value in facts)),
        class_=f"proof {css}",
    )


def _summary(figures: Figures, period: Period) -> str:
    wrong = figures.by_outcome(FAILURES)
    said = f"{_in_days(period).capitalize()}, {plural(figures.runs, 'run')} ended"
    if figures.live:
        said += f"; {plural(figures.live, 'live run')} changed {plural(figures.changed, 'record')}"
    else:
        said += "; none of them was live, so nothing was changed"
    if wrong:
        said += f", and {plural(wrong, 'record')} could not be changed"
    open_findings = figures.open_findings()
    if open_findings:
        said += f". {plural(len(open_findings), 'job')} found something that is still open"
    return said + "."


def _tiles(figures: Figures) -> Html:
    skipped = sum(count for code, count in figures.outcomes.items() if code.startswith("skipped"))
    tiles = [
        ("Runs", f"{figures.runs:,}", f"{figures.live:,} of them live"),
        ("Records changed", f"{figures.changed:,}", "by live runs"),
        ("Could not be changed", f"{figures.by_outcome(FAILURES):,}", "refused, failed, no effect"),
        ("Left alone", f"{skipped:,}", "changed since, in use, excluded"),
        ("Jobs with findings", f"{len(figures.open_findings()):,}", "found and not repaired since"),
    ]
    for currency in sorted(figures.saved):
        total = sum(figures.saved[currency], ZERO)
        note = f"{currency}, by live runs" if currency else "by live runs"
        tiles.append(("Money put right", _money_text(total, ""), note))
    return tag(
        "ul",
        *(
            tag(
                "li",
                tag("span", name, class_="name"),
                tag("span", value, class_="value"),
                tag("span", note, class_="note"),
            )
            for name, value, note in tiles
        ),
        class_="tiles",
    )


def _gaps(figures: Figures) -> Html | None:
    """Say what is not in the figures, so that they never look more complete than they are."""
    said = [
        f"{plural(count, 'entry', 'entries')} {_WITHHELD.get(reason, f'withheld ({reason})')}"
        for reason, count in sorted(figures.withheld.items())
    ]
    if figures.unread:
        said.append(
            f"{plural(figures.unread, 'entry', 'entries')} that cannot be read: "
            "sentinel-ops verify tells whether they were edited"
        )
    if not said:
        return None
    return tag("p", tag("strong", "! Not in the figures: "), "; ".join(said) + ".", class_="gaps")


def _runs(figures: Figures) -> Html:
    codes = [code for code in _STYLES if code in figures.results]
    codes += sorted(code for code in figures.results if code not in _STYLES)
    labels, unit = figures.buckets.labels, figures.buckets.unit
    series = [
        Series(_status(code)[1], _STYLES.get(code, "grey"), figures.results[code]) for code in codes
    ]
    rows = [
        [label, *(f"{each.values[at]:,.0f}" for each in series)]
        for at, label in enumerate(labels)
        if any(each.values[at] for each in series)
    ]
    heads = [_status(code)[1] for code in codes]
    return _section(
        f"Runs a {unit}, by how they ended",
        _legend(
            [(_STYLES.get(code, "grey"), *_status(code)[:2]) for code in codes], figures.results
        ),
        stacked(labels, series, name=f"Runs a {unit}, by how they ended", unit="runs"),
        _numbers(table([unit.capitalize(), *heads], rows, right=heads)),
        empty=None if series else "No run ended.",
    )


def _legend(entries: list[tuple[str, str, str]], results: dict[str, list[int]]) -> Html:
    totals = {_status(code)[1]: sum(values) for code, values in results.items()}
    return tag(
        "ul",
        *(
            tag("li", swatch(style), f" {mark} {label}: ", tag("b", f"{totals[label]:,}"))
            for style, mark, label in entries
        ),
        class_="legend",
    )


def _findings(figures: Figures) -> Html:
    rows = []
    order = sorted(figures.findings.items(), key=lambda pair: (-pair[1].open, -pair[1].matched))
    labels = figures.buckets.labels
    for job, found in order[:ROWS]:
        seen = [value for value in found.values if value is not None]
        newest = found.newest
        if newest is None:
            verdict: Child = "? could not look, not once"
        else:
            mark, said, _colour = words.verdict(newest.verdict)
            verdict = f"{mark} {said}".strip()
        if found.broken and newest:
            verdict = f"{verdict}; {plural(found.broken, 'time')} it could not look"
        trend = seen[-1] - seen[0] if len(seen) > 1 else 0
        rows.append(
            [
                [tag("strong", found.name or job), tag("br"), tag("small", job)],
                spark(labels, found.values, name=f"Findings of {job}", style="warn"),
                f"{newest.matched:,}" if newest else "?",
                f"{found.open:,}" if newest else "?",
                f"{newest.population:,}" if newest else "?",
                f"{'▲ +' if trend > 0 else '▼ −'}{abs(trend):,}" if trend else "＝",
                verdict,
            ]
        )
    return _section(
        "What the jobs found",
        tag(
            "p",
            f"From dry runs and checks: the newest look of each {figures.buckets.unit}. "
            "A gap: nobody looked. A dot: nothing was found. Still open: less what live runs have "
            "repaired since.",
        ),
        table(
            ["Job", "Over time", "Newest", "Still open", "Out of", "Since the first", "Verdict"],
            rows,
            right=["Newest", "Still open", "Out of", "Since the first"],
        ),
        _more(len(figures.findings), "job"),
        empty=None if rows else "No dry run and no check ended.",
    )


def _money(figures: Figures) -> Html:
    stakes: dict[tuple[str, str], Decimal] = {}
    for job, found in figures.findings.items():
        if found.newest and found.newest.amount:
            stakes[job, found.newest.currency] = Decimal(found.newest.amount)
    keys = sorted({*stakes, *figures.saved_by_job})
    rows = [
        [
            job,
            _money_text(stakes[job, currency], currency) if (job, currency) in stakes else "",
            _money_text(figures.saved_by_job.get((job, currency), ZERO), currency),
        ]
        for job, currency in keys
    ]
    labels, unit = figures.buckets.labels, figures.buckets.unit
    charts = [
        tag(
            "figure",
            tag("figcaption", f"Put right a {unit}, in {currency or 'money without currency'}"),
            stacked(
                labels,
                [Series("put right", "good", [float(value) for value in values])],
                name=f"Money put right a {unit}, {currency}",
                unit=currency,
            ),
        )
        for currency, values in sorted(figures.saved.items())
    ]
    heads = ["At stake at the newest look", "Put right by live runs"]
    return _section(
        "Money",
        table(["Job", *heads], rows[: ROWS * 2], right=heads),
        *charts,
        empty=None if rows else "No money was at stake, as far as the jobs can tell.",
    )


def _failures(figures: Figures) -> Html:
    order = sorted(figures.failures.items(), key=lambda item: -item[1].count)
    top = order[0][1].count if order else 1
    rows = []
    for (job, mode, outcome, message), failure in order[:ROWS]:
        mark, said, _colour = _outcome(outcome)
        example = f"{failure.record}, " if failure.record else ""
        rows.append(
            [
                f"{failure.count:,}",
                length(failure.count / top, "bad"),
                [tag("strong", job), tag("br"), tag("small", words.mode(mode))],
                f"{mark} {said}",
                message or "no message",
                f"{example}run {failure.run[:8]}",
            ]
        )
    return _section(
        "What went wrong most",
        tag("p", "Of live runs and simulations. … stands for the record's own name."),
        table(["Times", "", "Job", "How", "Message", "Newest example"], rows, right=["Times"]),
        _more(len(order), "message"),
        tag("p", "There were too many different messages to count the rare ones.")
        if figures.let_go
        else None,
        empty=None if rows else "Nothing went wrong.",
    )


def _durations(figures: Figures) -> Html:
    order = sorted(figures.durations.items(), key=lambda item: -item[1].average)
    top = order[0][1].average if order else 1
    rows = [
        [
            job,
            words.mode(mode, shape),
            length(each.average / top if top else 0, "dry"),
            _seconds(each.average),
            _seconds(each.longest),
            f"{each.runs:,}",
        ]
        for (job, mode, shape), each in order[:ROWS]
    ]
    return _section(
        "Slowest jobs",
        tag("p", "From the start of a run to its end, pauses between slices of work included."),
        table(
            ["Job", "Kind", "", "On average", "Longest", "Runs"],
            rows,
            right=["On average", "Longest", "Runs"],
        ),
        _more(len(order), "job"),
        empty=None if rows else "No run has both a start and an end.",
    )


def _requests(figures: Figures) -> Html:
    order = sorted(figures.requests.items(), key=lambda item: (-item[1].changed, -item[1].runs))
    rows = [
        [
            user or "(nobody)",
            job,
            words.mode(mode, shape),
            source,
            f"{each.runs:,}",
            f"{each.changed:,}",
            moment(each.last),
        ]
        for (user, job, mode, shape, source), each in order[:ROWS]
    ]
    return _section(
        "Who ran what",
        table(
            ["Who", "Job", "Kind", "From", "Runs", "Records changed", "Last"],
            rows,
            right=["Runs", "Records changed"],
        ),
        _more(len(order), "row"),
        empty=None if rows else "Nobody ran anything.",
    )


def _events(figures: Figures, kind: str, title: str, about: str, empty: str) -> Html:
    events = figures.events.get(kind, ())
    rows = [
        [
            moment(event.at),
            event.user,
            event.what,
            _CHANGED.get(event.kind, event.kind),
            _what(event),
        ]
        for event in reversed(events)
    ]
    total = figures.event_counts[kind]
    return _section(
        title,
        tag("p", f"{about[0].upper()}{about[1:]}, newest first."),
        table(["When", "Who", "What", "How", "Details"], rows),
        tag("p", f"These are the newest {EVENTS:,} of {total:,}.") if total > EVENTS else None,
        empty=None if rows else empty,
    )


def _what(event: Event) -> str:
    decision = words.DECISIONS.get(str(event.after.get("decision", "")))
    if event.model == DECISIONS and decision:
        said = f"{decision[0]} {decision[1]}"
        if comment := event.after.get("comment"):
            said += f": {comment}"
        door = words.DOORS.get(str(event.after.get("via", "")), "")
        return f"{said} ({door})" if door else said
    if event.model == STOPS:
        if lifted := event.after.get("lifted_reason"):
            return f"✓ lifted: {lifted}"
        if reason := event.after.get("reason"):
            return f"✗ stopped: {reason}"
    if event.kind == "deleted":
        return changes(event.before, {})
    return changes(event.before, event.after)


def _section(title: str, *parts: Child, empty: str | None) -> Html:
    if empty is not None:
        return tag("section", tag("h3", title), tag("p", empty, class_="nothing"))
    return tag("section", tag("h3", title), *parts)


def _numbers(numbers: Html) -> Html:
    return tag("details", tag("summary", "The numbers"), numbers)


def _more(count: int, one: str) -> Html | None:
    if count <= ROWS:
        return None
    return tag("p", f"And {plural(count - ROWS, one)} more; sentinel-ops export has them.")


def _status(code: str) -> tuple[str, str, str]:
    if code == CHECK_FAILED:
        return ("!", "a check failed, or could not tell", "yellow")
    return words.status(code)


def _outcome(code: str) -> tuple[str, str, str]:
    return words.outcome(code) if code in words.OUTCOMES else words.status(code)


def _money_text(amount: Decimal, currency: str) -> str:
    return money(
        f"{amount:.2f}" if amount == amount.quantize(Decimal("0.01")) else str(amount), currency
    )


def _seconds(value: float) -> str:
    if value < 60:
        return f"{number(round(value, 1))} s"
    minutes, seconds = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def _days(period: Period) -> str:
    if period.since == period.until:
        return str(period.since)
    return f"{period.since} to {period.until}"


def _in_days(period: Period) -> str:
    if period.since == period.until:
        return f"on {period.since}"
    return f"from {period.since} to {period.until}"
