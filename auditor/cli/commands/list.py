"""``sentinel-ops list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from auditor.cli.context import App, common_options, json_option, pass_app

if TYPE_CHECKING:
    from rich.text import Text

    from auditor.odoo.answers import Job


@click.command(
    "list",
    epilog="""\b
Examples:
  sentinel-ops list
  sentinel-ops list --tag sales
  sentinel-ops list --json | jq -r '.jobs[].code'
""",
)
@click.option("--tag", "tags", multiple=True, help="Only jobs with this tag (repeatable).")
@json_option
@common_options
@pass_app
def command(app: App, tags: tuple[str, ...]) -> None:
    """List the jobs that Odoo offers, with their last run."""
    catalog = app.client().catalog()
    jobs = [job for job in catalog.jobs if set(tags) <= set(job.tags)]
    if app.as_json:
        app.print_json(
            {
                **catalog.model_dump(mode="json", exclude={"jobs"}),
                "jobs": [job.model_dump(mode="json") for job in jobs],
            }
        )
        return
    if not jobs:
        app.out.print(
            f"No job has the tag(s) {', '.join(tags)}." if tags else "Odoo offers no jobs."
        )
        return
    from auditor.cli import words
    from auditor.cli.render import sentence, table

    made = table("Job", "What it does", "Kind", "Last run", "Schedule")
    for job in jobs:
        made.add_row(
            sentence(job.code, "bold"),
            sentence(job.name),
            words.SHAPES.get(job.shape, job.shape),
            _last_run(job),
            sentence(_schedule(job)),
        )
    app.out.print(made)
    app.out.print(
        "sentinel-ops run JOB --help shows a job's parameters; "
        "sentinel-ops run JOB --dry-run changes nothing."
    )


def _last_run(job: Job) -> Text:
    from auditor.cli import words
    from auditor.cli.render import marked, sentence

    if not job.available:
        return sentence(f"✗ not available: {job.unavailable_reason}", "yellow")
    last = job.last_run
    if not last.uid:
        return sentence("never", "dim")
    if not last.status:
        return sentence("at work")
    mark, said, colour = words.status(last.status)
    text = marked((mark, said.partition(",")[0], colour))
    if last.verdict:
        text.append(", ").append_text(marked(words.verdict(last.verdict)))
    return text.append(f" ({last.ended_at} UTC)" if last.ended_at else "")


def _schedule(job: Job) -> str:
    if not job.active:
        return "archived"
    schedule = job.schedule
    if not schedule.active:
        return "on demand"
    from auditor.cli import words

    kind = words.mode(schedule.mode, job.shape)
    return f"{kind} every {schedule.every} {schedule.unit}, next {schedule.next} UTC"
