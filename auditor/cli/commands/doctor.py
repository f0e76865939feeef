"""``sentinel-ops doctor``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from auditor.cli.context import App, common_options, json_option, pass_app
from auditor.cli.exits import Exit
from auditor.doctor.examination import CHECKS

if TYPE_CHECKING:
    from auditor.doctor.examination import Examined

_MARKS = {
    "ok": ("✓", "ok", "green"),
    "warn": ("!", "warning", "yellow"),
    "fail": ("✗", "FAILED", "red"),
    "could_not_check": ("?", "could not check", "red"),
    "not_used": ("–", "not used", "dim"),
}


@click.command(
    epilog=f"""\b
Examples:
  sentinel-ops doctor
  sentinel-ops doctor --skip chain --skip lag
  sentinel-ops doctor --json | jq -r '.checks[] | select(.verdict == "fail") | .remedy'

\b
Checks: {", ".join(CHECKS[:11])},
{", ".join(CHECKS[11:])}.

\b
Nothing is changed and nothing is sent: no message, no mail, no sign of life,
no run. Exit code 0 when everything is good or a warning, 1 when something
failed or could not be checked.
"""
)
@click.option("--skip", multiple=True, metavar="CHECK", help="Leave a check out; may be repeated.")
@json_option
@common_options
@pass_app
def command(app: App, skip: tuple[str, ...]) -> Exit:
    """Check everything that can be reached from here, and say what to do about the rest."""
    from auditor.doctor.examination import examine
    from auditor.doctor.finding import BAD
    from auditor.doctor.subject import Subject

    subject = Subject(lambda: app.settings, app.arguments)
    if app.err.is_terminal and not app.as_json:
        with app.err.status("Looking ..."):
            found = list(examine(subject, skip=skip))
    else:
        found = list(examine(subject, skip=skip))
    good = not any(each.finding.verdict in BAD for each in found)
    counts = Counter(each.finding.verdict.value for each in found)
    if app.as_json:
        _print_json(app, found, good=good, counts=counts)
    else:
        _print(app, found, good=good, counts=counts)
    return Exit.DONE if good else Exit.ENDED_BADLY


def _print_json(app: App, found: list[Examined], *, good: bool, counts: Counter[str]) -> None:
    from auditor.redact import redact

    app.print_json(
        {
            "good": good,
            "counts": {verdict: counts[verdict] for verdict in _MARKS},
            "checks": [
                {
                    "check": each.check,
                    "verdict": each.finding.verdict.value,
                    "message": redact(each.finding.message),
                    "remedy": redact(each.finding.remedy),
                    **({"details": dict(each.finding.details)} if each.finding.details else {}),
                }
                for each in found
            ],
        }
    )


def _print(app: App, found: list[Examined], *, good: bool, counts: Counter[str]) -> None:
    from rich.text import Text

    from auditor.cli.render import marked, sentence, table
    from auditor.redact import redact

    shown = table("Check", "", "What")
    before = ""
    for each in found:
        finding = each.finding
        what = sentence(redact(finding.message))
        if finding.remedy:
            what = Text.assemble(what, "\n", sentence(f"→ {redact(finding.remedy)}", "bold"))
        name = each.check if each.check != before else ""
        shown.add_row(name, marked(_MARKS[finding.verdict.value]), what)
        before = each.check
    app.out.print(shown)
    said = ", ".join(
        f"{counts[verdict]} {word}"
        for verdict, (_, word, _style) in _MARKS.items()
        if counts[verdict]
    )
    mark, style = (
        ("✓ All that was checked is good", "green") if good else ("✗ Not all is good", "red")
    )
    app.out.print(sentence(f"{mark}: {said}. Nothing was changed or sent.", style))
