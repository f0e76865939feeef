"""The top of the command line: the group of commands and the one place that handles errors."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Mapping
from difflib import get_close_matches
from types import MappingProxyType

import click

from auditor import __version__
from auditor.cli.context import App, common_options
from auditor.cli.exits import Exit, Interrupted, for_error
from auditor.context import bind
from auditor.errors import AuditorError
from auditor.redact import redact

COMMANDS = {
    "list": "List the jobs that Odoo offers.",
    "run": "Run a job: dry (--dry-run) or for real.",
    "status": "Show the state of a run.",
    "approve": "Approve a plan, or what a live run waits for.",
    "deny": "Deny a plan, or what a live run waits for.",
    "cancel": "Stop one run, within a batch.",
    "pause": "Pause a job: its live runs stop, new ones do not act.",
    "resume": "Let a paused job act again.",
    "stop-all": "Stop all live runs in Odoo, within a batch.",
    "resume-all": "Lift the stop of everything.",
    "undo": "Put back what a run changed: dry, or for real (--live).",
    "retry": "Try again what a run left: dry, or for real (--live).",
    "pull": "Copy the sealed trail from Odoo into the local store.",
    "verify": "Check that the trail is what was sealed.",
    "reconcile": "Compare the store with Odoo, day by day, and refill it.",
    "backfill": "Refill a period of the store from Odoo.",
    "show": "Show what was done, from the local store.",
    "history": "Show the life of one record, from the local store.",
    "report": "Make a page about a period for people, from the local store.",
    "export": "Write a period of the trail as JSON lines or Parquet.",
    "alerts": "See, silence and try out what people are told of.",
    "doctor": "Check everything around: settings, Odoo, store, alerts; changes nothing.",
    "health": "Ask Odoo whether Sentinel-Ops is able to work.",
    "mcp": "Serve assistants over the Model Context Protocol.",
}


class _Lazy(click.Group):
    """A group that imports a command's file only when that command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002  click's signature
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"auditor.cli.commands.{cmd_name.replace('-', '_')}")
        command = module.command
        if not isinstance(command, click.Command):
            raise TypeError(f"auditor.cli.commands.{cmd_name}.command is no command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise click.UsageError(
                f"There is no command {args[0]}.{hint} Commands: {', '.join(COMMANDS)}.", ctx
            )
        return super().resolve_command(ctx, args)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002  click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  sentinel-ops list
  sentinel-ops run clean_old_orders --dry-run --days=60 --limit=100
  sentinel-ops run clean_old_orders --help      the job's own parameters
  sentinel-ops pull
  sentinel-ops history sale.order S00042

\b
Settings come from the environment or from .env.local in the current folder:
ODOO_URL, ODOO_DB, ODOO_USERNAME, ODOO_PASSWORD; see .env.local.template.

\b
Exit codes: 0 done as asked, 1 ended badly, 2 bad input, 3 Odoo could not be
reached or understood, 4 refused, 5 not known yet or waits for approval,
6 the trail is not what was sealed, 130 interrupted.
""",
)
@click.version_option(__version__, prog_name="sentinel-ops")
@common_options
def group() -> None:
    """Run Odoo jobs dry first, copy the sealed log of what they did, and read it."""


def run_command(arguments: list[str]) -> int:
    """Run one command line and return its exit code; every error ends here."""
    for stream in (sys.stdout, sys.stderr):
        # A name with a letter that the terminal lacks must not stop the command.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="replace")
    app = App()
    # Known before click has parsed anything, for errors in the parsing itself.
    app.as_json = "--json" in arguments
    try:
        with bind(request_id=app.request_id):
            result = group.main(arguments, prog_name="sentinel-ops", standalone_mode=False, obj=app)
        code = Exit.DONE if result is None else int(result)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "sentinel-ops"
        return _report(
            app, "BadInput", error.format_message(), f"{where} --help shows how.", Exit.BAD_INPUT
        )
    except click.ClickException as error:
        return _report(app, "BadInput", error.format_message(), "", Exit.BAD_INPUT)
    except AuditorError as error:
        return report_error(app, error)
    except (KeyboardInterrupt, click.Abort):
        return _report(app, Interrupted.__name__, "Interrupted.", "", Exit.INTERRUPTED)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001  the last net: no traceback reaches a user unasked
        return _report(
            app,
            "Bug",
            f"A bug in sentinel-ops: {type(error).__name__}: {error}",
            "Please report it with what --debug shows.",
            Exit.ENDED_BADLY,
        )
    return code


def report_error(app: App, error: AuditorError) -> int:
    """Say what went wrong and return its exit code."""
    return _report(
        app, type(error).__name__, error.message, error.remedy, for_error(error), error.details
    )


def _report(
    app: App,
    kind: str,
    message: str,
    remedy: str,
    code: Exit,
    details: Mapping[str, object] = MappingProxyType({}),
) -> int:
    """Say what went wrong and what to do: text on stderr, with ``--json`` also a document."""
    from auditor.cli.text import plain

    if app.debug and sys.exc_info()[0] is not None:
        sys.stderr.write(redact(traceback.format_exc()))
    message, remedy = redact(plain(message, lines=True)), redact(plain(remedy, lines=True))
    if app.as_json:
        app.print_json(
            {
                "error": {
                    "kind": kind,
                    "message": message,
                    "remedy": remedy,
                    "exit_code": int(code),
                    **details,
                }
            }
        )
    from rich.text import Text

    prefix = "" if code is Exit.INTERRUPTED else "Error: "
    app.err.print(Text(prefix, "bold red").append(message, "not bold default"), soft_wrap=True)
    if remedy:
        app.err.print(Text(remedy), soft_wrap=True)
    return code
