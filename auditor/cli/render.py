"""Runs and lines as text and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from auditor.cli import words
from auditor.cli.ranges import shown_numbers
from auditor.cli.text import changes, moment, money, plain, plural
from auditor.cli.text import value as shown_value

if TYPE_CHECKING:
    from auditor.odoo.answers import Line, Run

_DIGITS = 12
"""Of a hash; as many as Odoo's own sentences show."""


def table(*columns: str, right: Iterable[str] = ()) -> Table:
    """Return an empty table; nothing is cut off, long cells go on in the next line."""
    made = Table(box=SIMPLE, header_style="bold", pad_edge=False, show_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold", justify="right" if column in right else "left")
    return made


def marked(entry: tuple[str, str, str]) -> Text:
    """Return the mark and the words of an entry of :mod:`auditor.cli.words`."""
    mark, text, colour = entry
    return Text(f"{mark} {plain(text)}".strip(), style=colour)


def sentence(text: str, style: str = "") -> Text:
    """Return text that came from elsewhere, harmless."""
    return Text(plain(text), style=style)


def run_summary(run: Run, *, link: str = "") -> RenderableType:
    """Return everything about a run but its lines."""
    parts: list[RenderableType] = [_title(run), _who(run)]
    if run.state == "done":
        parts.extend(_counts(run))
    if run.error:
        parts.append(sentence(run.error, "red"))
    parts.extend(sentence(f"✗ {error}", "red") for error in run.errors)
    if run.guards:
        parts.append(_guards(run))
    if run.approvals:
        parts.append(_approvals(run))
    if run.awaits or run.deciders:
        parts.append(_deciding(run, link))
    if run.kpis:
        parts.append(_kpis(run))
    if run.side_effects:
        parts.append(_side_effects(run))
    if run.footprint:
        parts.append(_footprint(run))
    if link:
        parts.append(Text(f"In the browser: {plain(link)}"))
    return Group(*parts)


def _title(run: Run) -> Text:
    kind = words.mode(run.mode, run.shape).capitalize()
    name = f" ({plain(run.job_name)})" if run.job_name else ""
    title = Text(f"{kind} of {plain(run.job)}{name}: ", style="bold")
    if run.state != "done":
        return title.append(plain(words.state(run.state, run.awaits)), style="not bold cyan")
    title.append_text(marked(words.status(run.status)))
    if run.verdict:
        title.append(", ").append_text(marked(words.verdict(run.verdict)))
    return title


def _who(run: Run) -> Text:
    facts = [f"run {run.uid}"]
    if run.requested_by:
        facts.append(f"asked for by {run.requested_by}")
    if run.run_as and run.run_as != run.requested_by:
        facts.append(f"runs as {run.run_as}")
    if run.company:
        facts.append(f"in {run.company}")
    if run.requested_at:
        facts.append(moment(run.requested_at))
    text = Text(plain(", ".join(facts)), style="dim")
    if run.reason:
        text.append(f"\nBecause: {plain(run.reason)}")
    if run.parameters:
        pairs = ", ".join(f"{name}={shown_value(item)}" for name, item in run.parameters.items())
        text.append(f"\nWith: {plain(pairs)}")
    if run.plan:
        which = f", its lines {shown_numbers(run.chosen)}" if run.chosen else ""
        text.append(f"\nCarries out the plan {plain(run.plan)}{which}")
    if run.digest:
        until = f", valid until {moment(run.expires_at)}" if run.expires_at else ""
        text.append(f"\nHash of the plan: {plain(run.digest[:_DIGITS])}{until}")
    for words_before, uids in (
        ("Undoes the run", [run.undoes]),
        ("Retries the run", [run.retries]),
        ("Undone by the run", run.undone_by),
        ("Retried by the run", run.retried_by),
    ):
        for uid in filter(None, uids):
            text.append(f"\n{words_before} {plain(uid)}")
    return text


def _counts(run: Run) -> list[RenderableType]:
    parts: list[RenderableType] = []
    found = f"{run.matched:,} match"
    if run.population:
        found = f"{run.matched:,} of {plural(run.population, 'record')} match"
    if run.limited:
        found += f"; {run.selected:,} were taken, the oldest first (limit)"
    if run.undoes:
        found = f"{run.selected:,} of {plural(run.population, 'changed record')} can be put back"
    if run.shape != "measure" and (run.matched or run.population):
        parts.append(Text(found + "."))
    if run.withheld:
        parts.append(
            Text(
                f"{plural(run.withheld, 'record')} kept out: excluded, or tried before without "
                "success."
            )
        )
    if run.amount:
        parts.append(Text(f"Money at stake: {money(run.amount, run.currency)}"))
    if run.outcomes:
        counted = table("Outcome", "Records", right=["Records"])
        for code, count in run.outcomes.items():
            counted.add_row(marked(words.outcome(code, run.shape)), f"{count:,}")
        parts.append(counted)
    elif run.shape == "remedy" and not run.matched and run.status in ("success", "dry_run"):
        parts.append(Text("Nothing to do."))
    return parts


def _guards(run: Run) -> Table:
    made = table("Guard", "Says", "Because")
    for guard in run.guards:
        made.add_row(
            sentence(guard.guard.replace("_", " ")),
            marked(words.guard(guard.verdict, run.mode)),
            sentence(guard.message),
        )
    return made


def _approvals(run: Run) -> Table:
    made = table("Who", "Decided", "When", "How", "Comment")
    for decision in run.approvals:
        made.add_row(
            sentence(decision.login),
            marked(words.DECISIONS.get(decision.decision, ("·", decision.decision, "default"))),
            moment(decision.at),
            sentence(words.DOORS.get(decision.via, decision.via)),
            sentence(decision.comment),
        )
    return made


def _deciding(run: Run, link: str) -> Text:
    """Say who may decide and how; the command must not leave people waiting for nobody."""
    text = Text("Nothing is changed before somebody approves", style="yellow")
    if run.awaits and run.expires_at:
        text.append(f"; it waits until {moment(run.expires_at)}")
    text.append(".")
    if not run.deciders:
        return text.append(
            " Nobody may: give the group Sentinel approval / Approver to somebody who neither "
            "asked for it, nor is the user it runs as, nor last changed the job or its policy."
        )
    text.append(f"\nWho may decide: {plain(', '.join(run.deciders))}")
    where = "In the browser, logged in" + (f": {plain(link)}" if link else "")
    text.append(f"\n{where}")
    if run.decide_by_key:
        text.append(
            f"\nOr here: sentinel-ops approve {plain(run.uid)}"
            f"\n         sentinel-ops deny {plain(run.uid)} --comment WHY"
        )
    return text


def _kpis(run: Run) -> Table:
    made = table("Measured", "Value", "Unit", "", "", right=["Value"])
    for kpi in run.kpis:
        made.add_row(
            sentence(kpi.label or kpi.name),
            sentence(kpi.value),
            sentence(kpi.unit),
            marked(words.verdict(kpi.verdict)),
            sentence(kpi.detail),
        )
    return made


def _side_effects(run: Run) -> Table:
    made = table(
        "Other records", "New", "Changed", "Deleted", "Such as", right=["New", "Changed", "Deleted"]
    )
    for entry in run.side_effects:
        some = [
            f"{example.name or example.id} ({words.DIFFERENCES.get(example.what, example.what)})"
            for example in entry.examples
        ]
        if not entry.complete:
            some.append("and more that were not counted")
        made.add_row(
            sentence(entry.name or entry.model),
            f"{entry.created:,}",
            f"{entry.changed:,}",
            f"{entry.deleted:,}",
            sentence(", ".join(some)),
        )
    return made


def _footprint(run: Run) -> Table:
    made = table(
        "Rows written, then undone",
        "Inserted",
        "Updated",
        "Deleted",
        right=["Inserted", "Updated", "Deleted"],
    )
    for entry in run.footprint:
        made.add_row(
            sentence(entry.table), f"{entry.inserted:,}", f"{entry.updated:,}", f"{entry.deleted:,}"
        )
    return made


def line_change(line: Line) -> str:
    """Return what happened to the record's values, or would have; ``""`` if nothing was to."""
    if line.outcome == "planned":
        return changes(line.before, line.intended)
    if line.after or line.outcome == "done":
        return changes(line.before, line.after or line.intended)
    return ""


def lines_table(lines: Sequence[Line], *, shape: str) -> Table:
    """Return one row per line."""
    made = table("Line", "Record", "Outcome", "What", "Why", "Amount", right=["Line", "Amount"])
    for line in lines:
        made.add_row(
            str(line.position),
            sentence(record_name(line)),
            marked(words.outcome(line.outcome, shape)),
            sentence(line_change(line)),
            sentence(": ".join(part for part in (line.reason, line.message) if part)),
            Text(money(line.amount, line.currency)),
        )
    return made


def record_name(line: Line) -> str:
    """Return the record's name, or its model and id."""
    return line.name or f"{line.model} {line.record}"


def print_lines(
    console: Console, lines: Sequence[Line], *, total: int, shape: str, more: str
) -> None:
    """Print lines with how many there are in all.

    :param more: the command that shows the rest.
    """
    if not lines:
        return
    console.print()
    if len(lines) < total:
        console.print(f"The first {len(lines)} of {plural(total, 'record')} ({more}):")
    console.print(lines_table(lines, shape=shape))
