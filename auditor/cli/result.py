"""Print the result of a run, for ``run`` and ``status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.cli.common import link

if TYPE_CHECKING:
    from auditor.cli.context import App
    from auditor.odoo.answers import Run
    from auditor.odoo.client import Client


def report(app: App, client: Client, run: Run, *, shown: int) -> None:
    """Print ``run`` with its first lines."""
    page = client.read_lines(run.uid, limit=shown) if shown else None
    address = link(app.settings.connection().links_url, run.url)
    if app.as_json:
        app.print_json(
            {
                **run.model_dump(mode="json"),
                "link": address,
                "lines": [line.model_dump(mode="json") for line in page.lines] if page else [],
                "line_total": page.total if page else None,
            }
        )
        return
    from auditor.cli.render import print_lines, run_summary

    app.out.print(run_summary(run, link=address))
    if page:
        print_lines(
            app.out,
            page.lines,
            total=page.total,
            shape=run.shape,
            more="more with --show, or in the browser",
        )
