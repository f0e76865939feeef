"""What an observer outside needs to know, in a bounded number of queries.

Read with sudo, because an auditor may read finished runs only and here the unfinished ones count;
so every query names the companies that the caller may see.
"""

from datetime import datetime, timedelta

from .approvals import approvers_needed, decisions
from .canonical import money_text, utc_text
from .chain import retention
from .credential import credential
from .due import expected_at
from .health import problems

# Of runs and of approvals: an answer is built in memory on both sides.
MOST = 1000


def facts(jobs):
    """All that ``sentinel.job.watch`` answers, but for who answers.

    :param jobs: the ``sentinel.job`` records that the caller may see
    """
    env = jobs.env
    stops = env["sentinel.stop"]
    stops = stops._standing("all") | stops._standing_on("job", jobs.ids)
    return {
        "jobs": _jobs(jobs, stops),
        "runs": [_run(run) for run in _unfinished(env)],
        "approvals": _approvals(env),
        "stops": _stops(jobs, stops),
        "problems": problems(env),
        "key": credential(env),
    }


def _runs(env):
    return env["sentinel.run"].sudo()


def _of_companies(env):
    return [("company_ref", "in", env.companies.ids)]


# --- jobs --------------------------------------------------------------------------------------


def _jobs(jobs, stops):
    pauses = stops.filtered(lambda stop: stop.scope == "job").grouped("ref")
    covered = _last_scheduled(jobs)
    oldest = _oldest_known(jobs.env)
    return [_job(job, pauses.get(job.id), covered.get(job.id), oldest) for job in jobs]


def _job(job, pauses, covered, oldest):
    cron = job.sudo().cron_id
    scheduled = bool(job.active and job.schedule_wanted and cron)
    pause = pauses[:1] if pauses else job.env["sentinel.stop"]
    return {
        "code": job.code,
        "name": job.name,
        "company": job.company_id.sudo().name,
        "tags": job._tag_list(),
        "scheduled": scheduled,
        "expected_at": utc_text(
            expected_at(
                cron.nextcall,
                cron.interval_type,
                cron.interval_number,
                # An edit of the schedule asks for nothing that was due before it.
                since=max(job.schedule_set_at, oldest),
                covered=covered,
            )
            if scheduled
            else None
        ),
        "paused": bool(pause),
        "paused_reason": pause.reason or "",
        "paused_by": pause.login or "",
        "paused_at": utc_text(pause.at),
        "url": f"/odoo/sentinel-jobs/{job.id}",
        **job._alert_policy(),
    }


def _last_scheduled(jobs):
    """When each job's last scheduled run was requested, by ID of the job."""
    # One probe of the index of moments for each job, however many runs they have.
    jobs.env.cr.execute(
        """
        SELECT job.id, last.requested_at
          FROM unnest(%s::integer[]) AS job (id),
               LATERAL (SELECT requested_at FROM sentinel_run
                         WHERE job_ref = job.id AND scheduled_for IS NOT NULL
                         ORDER BY scheduled_for DESC, attempt
                         LIMIT 1) AS last
        """,
        [jobs.ids],
    )
    return dict(jobs.env.cr.fetchall())


def _oldest_known(env):
    """Before it, runs that were there may be gone by retention."""
    try:
        days = retention.periods(env).runs
    except retention.BadSetting:
        days = None
    # What expired is removed by and by; a day is more than it needs to.
    return datetime.now() - timedelta(days=days - 1) if days else datetime.min


# --- runs --------------------------------------------------------------------------------------


def _unfinished(env):
    return _runs(env).search([("state", "!=", "done"), *_of_companies(env)], order="id", limit=MOST)


def _run(run):
    if run.awaits:
        waits_for = run.awaits
    else:
        waits_for = "turn" if run.state in ("queued", "waiting") else ""
    return {
        "uid": run.uid,
        "job": run.job_code,
        "mode": run.mode,
        "state": run.state,
        "requested_at": utc_text(run.requested_at),
        "started_at": utc_text(run.started_at),
        "requested_by": run.requested_by_login or "",
        "waits_for": waits_for,
        "url": f"/odoo/sentinel-runs/{run.id}",
    }


# --- approvals ---------------------------------------------------------------------------------


def _approvals(env):
    """Live runs that wait for consent, and plans that somebody began to consent to.

    A plan that nobody decided about waits for nothing: most are made to look.
    """
    waiting = _runs(env).search(
        [("awaits", "=", "approval"), *_of_companies(env)], order="id", limit=MOST
    )
    asked = waiting | _begun_plans(env)
    plans = {run: run.browse(run.plan_ref) if run.mode == "live" else run for run in asked}
    made = env["sentinel.approval"].sudo()
    by_plan = made.search(
        [("plan_ref", "in", [plan.id for plan in plans.values()])], order="id"
    ).grouped("plan_ref")
    # Read at once, as are the jobs whose editors may not decide.
    found = _runs(env).browse([plan.id for plan in plans.values()])
    found.fetch(["uid", "plan_digest", "policy", "job_ref", "run_as_ref", "requested_by_ref"])
    jobs = env["sentinel.job"].sudo().browse(set(found.mapped("job_ref"))).exists()
    jobs._editors()
    answers = (
        _approval(run, plan, by_plan.get(plan.id, made), jobs) for run, plan in plans.items()
    )
    return [answer for answer in answers if answer]


def _begun_plans(env):
    """Plans that may still be run, were consented to by somebody, and that no live run applies."""
    env.cr.execute(
        """
        SELECT plan.id FROM sentinel_run AS plan
         WHERE plan.id IN (SELECT plan_ref FROM sentinel_approval)
           AND plan.company_ref = ANY(%s) AND plan.mode = 'plan' AND plan.final_status = 'dry_run'
           AND plan.expires_at > timezone('UTC', now())
           AND NOT EXISTS (SELECT 1 FROM sentinel_run AS live
                            WHERE live.plan_ref = plan.id AND live.mode = 'live')
         ORDER BY plan.id
         LIMIT %s
        """,
        [env.companies.ids, MOST],
    )
    return _runs(env).browse([plan_id for (plan_id,) in env.cr.fetchall()])


def _approval(run, plan, made, jobs):
    """One of them; ``None`` when nobody has to decide about it any more."""
    needed, _why = approvers_needed(
        run.env, run.policy or {}, run.selected_count, run.amount, run.currency
    )
    # Most have no decision yet, and who may not decide need not be looked up for them.
    approved, denied = decisions(run, made, jobs) if made else (made, made)
    is_live = run.mode == "live"
    if not is_live and (denied or not 0 < len(approved) < needed):
        return None
    return {
        "plan": plan.uid,
        "run": run.uid if is_live else "",
        "job": run.job_code,
        "requested_by": run.requested_by_login or "",
        "requested_at": utc_text(run.requested_at),
        "expires_at": utc_text(run.expires_at),
        "approvals_needed": needed,
        "approvals_given": len(approved),
        "selected": run.selected_count,
        "amount": money_text(run.amount) if run.currency else "",
        "currency": run.currency or "",
        "url": f"/odoo/sentinel-runs/{run.id}",
    }


# --- stops -------------------------------------------------------------------------------------


def _stops(jobs, stops):
    """Stops of everything and of the caller's jobs, the oldest first."""
    codes = {job.id: job.code for job in jobs}
    return [
        {
            "scope": "all" if stop.scope == "all" else codes[stop.ref],
            "by": stop.login,
            "at": utc_text(stop.at),
            "reason": stop.reason,
        }
        for stop in stops.sorted("id")
    ]
