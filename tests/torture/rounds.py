"""One round: a live run begins, somebody is killed, all is started again, both sides counted."""

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from .blows import Blow
from .evidence import Finding, look
from .moments import at_moment
from .stage import Stage, TooLong
from .victims import KILLS_POSTGRES, aftermath, strike


@dataclass(frozen=True)
class Result:
    """How a round went.

    :param state: of the run at the blow; "done" when the blow came too late for it.
    :param done: how many records it had dealt with.
    :param status: what the run ended with.
    """

    blow: Blow
    state: str
    done: int
    status: str
    seconds: float
    findings: list[Finding]


def play(stage: Stage, blow: Blow) -> Result:
    """Play one round and return what was found."""
    stage.prepare_round()
    began = time.monotonic()
    mark = f"blow {blow.number}"
    with stage.cursor() as cr:
        ids = stage.quotations.make(cr, stage.settings.records, mark)
    uid = stage.trigger()
    recoveries = stage.postgres.recoveries()
    findings: list[Finding] = []
    state, done, idle = "", 0, False
    try:
        with at_moment(stage, blow, uid, ids) as watch:
            findings = watch.findings
            state, done, _run_id = stage.run(watch.cr, uid)
            idle = watch.held and state in ("waiting", "sealing")
            strike(stage, blow)
        # What a crash left must be right before anybody repairs it.
        stage.postgres.start()
        with stage.cursor() as cr:
            findings += look(cr, mark, stage.crons, ended=False)
        if blow.victim in KILLS_POSTGRES and stage.postgres.recoveries() == recoveries:
            # Then it was not killed as we meant it, and the round proves nothing.
            findings.append(Finding("PostgreSQL was killed, and had nothing to recover", []))
        findings += aftermath(stage, blow, uid)
        stage.trigger()
        with stage.cursor() as cr:
            stage.until(lambda: stage.all_ended(cr), "all runs end")
    except TooLong as error:
        findings.append(Finding(str(error), []))
    with stage.cursor() as cr:
        findings += look(cr, mark, stage.crons, ended=True)
        status = stage.status(cr, uid)
    # A second blow may well interrupt what the first one did not.
    if idle and blow.victim != "odoo twice" and status != "success":
        findings.append(Finding(f"nobody worked on it, and yet it was {status or 'lost'}", []))
    return Result(blow, state, done, status, time.monotonic() - began, findings)


def keep(stage: Stage, seed: int, result: Result) -> Path:
    """Keep what was found and all that it was found in, and return the folder."""
    folder = stage.site.clone.state / "torture" / f"seed-{seed}-round-{result.blow.number}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "findings.json").write_text(
        json.dumps(
            {
                "seed": seed,
                "blow": vars(result.blow),
                "state": result.state,
                "done": result.done,
                "status": result.status,
                "findings": [vars(finding) for finding in result.findings],
            },
            indent=2,
            default=str,
        )
        + "\n"
    )
    stage.postgres.dump(stage.odoo.database, folder / "database.dump")
    shutil.copy(stage.postgres.log, folder / "postgresql.log")
    for name, server in (("odoo", stage.odoo), ("second-odoo", stage.bystander)):
        for log in server.folder.glob("odoo.log*"):
            shutil.copy(log, folder / log.name.replace("odoo", name, 1))
    return folder
