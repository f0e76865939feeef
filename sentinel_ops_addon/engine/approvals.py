"""Who may consent to a plan, who did, and how many it takes.

An approval is bound to the plan's hash and stands alone in its table. It counts only while it
holds: it is tested again whenever a live run asks.
"""

from odoo.http import request
from odoo.tools.misc import hmac

from .canonical import canonical_json, money_text

SUPERUSER = 1  # base.user_root; it is no person


def approvers_needed(env, policy, selected, amount, currency) -> tuple[int, str]:
    """How many other people have to consent, and why, for people.

    :param policy: as frozen into the plan: ``{"rules": [{"measure", "above", "approvers"}]}``;
        the strictest rule that applies counts
    :param selected: number of records
    :param amount: money at stake, in company currency
    :param currency: empty when the task says nothing about money; a rule about money then applies,
        because not knowing is not "nothing"
    """
    needed, why = 0, ""
    for rule in policy.get("rules", []):
        above = float(rule["above"])
        if rule["measure"] == "records":
            applies = selected > above
            reason = env._(
                "%(selected)s records, more than %(above)g", selected=selected, above=above
            )
        elif currency:
            applies = round(amount, 2) > above
            reason = env._(
                "%(amount)s %(currency)s, more than %(above)s",
                amount=money_text(amount),
                currency=currency,
                above=money_text(above),
            )
        else:
            applies = selected > 0
            reason = env._("nobody can say what money is at stake")
        if applies and rule["approvers"] > needed:
            needed, why = rule["approvers"], reason
    return needed, why


def barred(plan, live_runs=(), jobs=None) -> dict[int, str]:
    """User IDs that may not decide about a plan, each with the reason (a key of ``WHY``).

    Administrators are not excepted. Editors are those of when the plan was made and those of now:
    who raises a cap after the plan decides about it as little as who wrote it before.

    :param plan: the ``sentinel.run`` record of the plan
    :param live_runs: live runs that apply it, whose requesters are barred too
    :param jobs: of all jobs that are asked about those that exist, in sudo; ``None`` to look it up
    """
    found = {}
    job = plan.env["sentinel.job"].sudo().browse(plan.job_ref)
    job = job.exists() if jobs is None else job & jobs
    for user_id in (*(plan.policy or {}).get("editors", []), *job._editors().ids):
        found[user_id] = "editor"
    for run in (plan, *live_runs):
        found[run.run_as_ref] = "run_as"
        found[run.requested_by_ref] = "requester"
    # Whatever else it did: it is no person.
    found[SUPERUSER] = "superuser"
    return found


def may_decide(plan):
    """The people who may decide about a plan and have not yet, ``res.users``; may be nobody.

    :param plan: the ``sentinel.run`` record of the plan
    """
    may_not = barred(plan, plan._live_runs_of_plan())
    decided = plan.env["sentinel.approval"].search([("plan_ref", "=", plan.id)])
    approvers = plan.env.ref("sentinel_ops_addon.group_approver").all_user_ids
    return approvers.filtered(
        lambda user: (
            user.active
            and user.id not in may_not
            and user.id not in decided.mapped("user_ref")
            and plan.company_ref in user.company_ids.ids
        )
    )


def decisions(run, made=None, jobs=None):
    """The consents and refusals that hold for a live run, or for a plan without one.

    A decision holds when it was made about this very plan and through a door: what was put into
    the table past :meth:`sentinel.approval.create` lacks its proof. Where it was made about chosen
    lines, a consent is for a run on nothing but those, a refusal for a run on any of them. A
    consent holds only while its author may decide (see :func:`barred`, the requester of this live
    run included); a refusal stays.

    :param made: what was decided about its plan, oldest first; ``None`` to look it up
    :param jobs: see :func:`barred`
    :return: approvals (one a person) and denials, ``sentinel.approval``
    """
    plan = run.browse(run.plan_ref) if run.mode == "live" else run
    may_not = barred(plan, [run], jobs)
    if made is None:
        made = run.env["sentinel.approval"].search([("plan_ref", "=", plan.id)], order="id")
    held = made.filtered(
        lambda decision: (
            decision.plan_digest == plan.plan_digest and decision.proof == proof_of(decision)
        )
    )
    approved = run.env["sentinel.approval"]
    for decision in held.filtered(lambda one: one.decision == "approve" and _covers(one, run)):
        if decision.user_ref not in {*may_not, *approved.mapped("user_ref")}:
            approved |= decision
    return approved, held.filtered(lambda one: one.decision == "deny" and _touches(one, run))


def _covers(decision, run):
    """Whether it was made about every line that the run would act on."""
    if not decision.chosen:
        return True
    return bool(run.chosen) and set(run.chosen) <= set(decision.chosen)


def _touches(decision, run):
    """Whether it was made about any line that the run would act on."""
    if not decision.chosen or not run.chosen:
        return True
    return not set(run.chosen).isdisjoint(decision.chosen)


def proof_of(decision) -> str:
    """What only code of this database can compute for a decision (HMAC with its secret).

    It unmasks rows that were written by SQL; who can read the database's secret can forge it.
    """
    return hmac(
        decision.env(su=True),
        "sentinel_ops_addon.approval",
        canonical_json(
            [
                decision.plan_uid,
                decision.plan_digest,
                decision.chosen or [],
                decision.user_ref,
                decision.decision,
                decision.comment or "",
                decision.at.isoformat(),
                decision.via,
            ]
        ),
    )


def door_of(env) -> str:
    """Through which door the current call came: ``session`` (a person in a browser) or ``key``.

    Everything but a browser session of this very user counts as a key: remote calls with a key or
    a password, scheduled actions, and code that acts in somebody else's name.
    """
    if request and request.session.uid == env.uid:
        return "session"
    return "key"
