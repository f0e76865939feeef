"""Guards, approvals and stops from outside: every door, everybody's rights, and attacks on both."""

import xmlrpc.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import requests

from sentinel_env.odoo_rpc import OdooRpc
from tests.auditor.conftest import Ran, clean_env, run_process
from tests.support.server import RunningOdoo

from .orders import Orders
from .waiting import ended, until

DAYS = 5000  # nobody else's quotations are that old
AGE = 6000
OPERATOR = "sentinel_ops_addon.group_operator"
APPROVER = "sentinel_ops_addon.group_approver"
BUSINESS, RIGHTS = 2, 4  # codes of XML-RPC faults


class Refused(Exception):
    """Odoo refused a call of the browser, with the message that it would show."""


class Browser:
    """What Odoo's own web client does: log in, keep the cookie, call methods."""

    def __init__(self, server: RunningOdoo, login: str, password: str) -> None:
        self.url, self.session = server.url, requests.Session()
        self.post(
            "/web/session/authenticate", {"db": server.db, "login": login, "password": password}
        )

    def post(self, path: str, params: dict[str, Any]) -> Any:
        """Call a route and return its result."""
        answer = self.session.post(
            self.url + path, json={"jsonrpc": "2.0", "params": params}, timeout=60
        ).json()
        if "error" in answer:
            raise Refused(answer["error"]["data"]["message"])
        return answer["result"]

    def call(self, model: str, method: str, *args: Any) -> Any:
        """Call a method as a button does."""
        params = {"model": model, "method": method, "args": list(args), "kwargs": {}}
        return self.post("/web/dataset/call_kw", params)


class Company:
    """The people, the jobs and the doors of these tests.

    `asker` may ask and approve, `other` approves, `viewer` looks, `chief` manages and stops.
    """

    def __init__(self, server: RunningOdoo) -> None:
        self.server = server
        self.admin = server.rpc()
        self.asker = server.new_user(OPERATOR, APPROVER)
        self.other = server.new_user(APPROVER)
        self.other_key = server.api_key(self.other.login)
        self.viewer = server.new_user("sentinel_ops_addon.group_viewer")
        self.chief = server.new_user(
            "sentinel_ops_addon.group_manager", "sentinel_ops_addon.group_emergency"
        )
        self.policy = self._policy("More than two need another person", allow_keys=False)
        self.job = self._job("guarded_orders", self.policy)
        self._job("keyed_orders", self._policy("The same, by key", allow_keys=True))
        self._job("free_orders", False)

    def _policy(self, name: str, *, allow_keys: bool) -> int:
        rule = {"measure": "records", "above": 2, "approvers": "1"}
        values = {"name": name, "allow_keys": allow_keys, "rule_ids": [(0, 0, rule)]}
        return int(self.admin.execute("sentinel.approval.policy", "create", values))

    def _job(self, code: str, policy: int | bool) -> int:
        (task,) = self.admin.execute("sentinel.task", "search", [("code", "=", "clean_old_orders")])
        values = {
            "name": code,
            "code": code,
            "task_id": task,
            "run_as_id": self.admin.uid,
            "max_records": 500,
            "approval_policy_id": policy,
        }
        return int(self.admin.execute("sentinel.job", "create", values))

    def ask(self, code: str, mode: str = "live", **kwargs: Any) -> str:
        """Ask for a run as `asker` and return its uid."""
        parameters = {} if kwargs.get("plan") else {"days": DAYS}
        answer = self.asker.execute("sentinel.job", "trigger", code, mode, parameters, **kwargs)
        return str(answer["uid"])

    def status(self, uid: str) -> dict[str, Any]:
        """What a viewer is told about a run."""
        return dict(self.viewer.execute("sentinel.run", "status", uid))

    def waiting(self, code: str, **kwargs: Any) -> str:
        """Ask for a live run, wait until it waits for approval, and return its uid."""
        uid = self.ask(code, **kwargs)
        until(lambda: self.status(uid), lambda run: run["awaits"] == "approval")
        return uid

    def record(self, uid: str) -> int:
        """The run's id in the database."""
        (found,) = self.admin.execute("sentinel.run", "search", [("uid", "=", uid)])
        return int(found)

    def decisions(self, uid: str) -> list[tuple[str, str, str]]:
        """(Login, decision, door) of every decision about a run's plan."""
        approvals = self.status(uid)["approvals"]
        return [(one["login"], one["decision"], one["via"]) for one in approvals]

    def command(self, who: OdooRpc, secret: str, folder: Path, *arguments: str) -> Ran:
        """Run `sentinel-ops` as somebody."""
        environment = {
            **clean_env(folder),
            **self.server.environment(),
            "ODOO_USERNAME": who.login,
            "ODOO_PASSWORD": secret,
        }
        return run_process(environment, folder, *arguments)


@pytest.fixture(scope="module")
def company(odoo_server: RunningOdoo) -> Iterator[Company]:
    made = Company(odoo_server)
    yield made
    jobs = made.admin.execute(
        "sentinel.job",
        "search",
        [("code", "in", ["guarded_orders", "keyed_orders", "free_orders"])],
    )
    made.admin.execute("sentinel.job", "write", jobs, {"active": False})


def refusal(who: OdooRpc, model: str, method: str, *args: Any, **kwargs: Any) -> str:
    """Return the message with which Odoo refuses the call; it must refuse, and not break."""
    with pytest.raises(xmlrpc.client.Fault) as caught:
        who.execute(model, method, *args, **kwargs)
    fault = caught.value
    assert fault.faultCode in (BUSINESS, RIGHTS), (model, method, fault.faultString)
    assert "Traceback" not in fault.faultString
    return str(fault.faultString)


def test_above_its_limit_a_run_waits_and_only_another_person_in_a_browser_decides(
    company: Company, orders: Orders
) -> None:
    ids = orders.make([AGE] * 3)
    uid = company.waiting("guarded_orders")
    run = company.status(uid)
    # Other tests have approvers on this server, too.
    assert company.other.login in run["deciders"]
    assert not {company.asker.login, company.admin.login} & set(run["deciders"])
    assert run["decide_by_key"] is False
    verdict = run["guards"][-1]
    assert (verdict["guard"], verdict["verdict"]) == ("approval", "wait")
    assert "3 records, more than 2" in verdict["message"]
    other_by_key = company.other.as_user(company.other.login, company.other_key)
    for who, says in (
        (company.other, "in the browser"),
        (other_by_key, "in the browser"),
        (company.asker, "You asked for it"),
        (company.viewer, "Only Sentinel approvers"),
        (company.chief, "Only Sentinel approvers"),
        (company.admin, "The job runs as you"),
    ):
        assert says in refusal(who, "sentinel.run", "approve", uid), who.login
    assert "in the browser" in refusal(company.other, "sentinel.run", "deny", uid, "no")

    asker = Browser(company.server, company.asker.login, company.asker._secret)
    with pytest.raises(Refused, match="You asked for it"):
        asker.call("sentinel.run", "approve", uid)
    # The browser of one, the key of another: no person in a browser said yes.
    body = xmlrpc.client.dumps(
        (
            company.server.db,
            company.other.uid,
            company.other_key,
            "sentinel.run",
            "approve",
            [uid],
        ),
        "execute_kw",
    )
    answer = asker.session.post(f"{company.server.url}/xmlrpc/2/object", data=body, timeout=60)
    assert "in the browser" in answer.text
    answer = requests.post(
        f"{company.server.url}/json/2/sentinel.run/approve",
        json={"uid": uid},
        headers={
            "Authorization": f"bearer {company.other_key}",
            "X-Odoo-Database": company.server.db,
        },
        timeout=60,
    )
    assert (answer.status_code, "in the browser" in answer.text) == (403, True), answer.text
    with pytest.raises(Refused):
        Browser(company.server, company.other.login, company.other_key)
    assert company.decisions(uid) == []
    assert orders.states(ids) == ["draft"] * 3

    other = Browser(company.server, company.other.login, company.other._secret)
    other.call("sentinel.run", "approve", uid, "seen with sales")
    run = ended(company.viewer, uid)
    assert (run["status"], run["outcomes"]) == ("success", {"done": 3})
    assert company.decisions(uid) == [(company.other.login, "approve", "session")]
    assert orders.states(ids) == ["cancel"] * 3
    with pytest.raises(Refused):
        other.call("sentinel.run", "approve", uid)


def test_where_the_policy_allows_keys_the_command_decides(
    company: Company, orders: Orders, tmp_path: Path
) -> None:
    ids = orders.make([AGE] * 3)
    asked = company.command(
        company.asker,
        company.asker._secret,
        tmp_path,
        *("run", "keyed_orders", f"--days={DAYS}", "--timeout=60", "--json"),
    )
    assert asked.code == 5, asked.err
    uid = asked.json["uid"]
    assert asked.json["awaits"] == "approval"
    shown = company.command(company.viewer, company.viewer._secret, tmp_path, "status", uid)
    assert shown.code == 5
    (deciders,) = [line for line in shown.out.splitlines() if line.startswith("Who may decide: ")]
    assert company.other.login in deciders
    assert f"sentinel-ops approve {uid}" in shown.out
    own = company.command(company.asker, company.asker._secret, tmp_path, "approve", uid)
    assert (own.code, "You asked for it" in own.err) == (4, True)
    approved = company.command(company.other, company.other_key, tmp_path, "approve", uid)
    assert approved.code == 0, approved.err
    run = ended(company.viewer, uid)
    assert (run["status"], orders.states(ids)) == ("success", ["cancel"] * 3)
    assert company.decisions(uid) == [(company.other.login, "approve", "key")]


def test_denied_and_cancelled_runs_change_nothing(
    company: Company, orders: Orders, tmp_path: Path
) -> None:
    ids = orders.make([AGE] * 3)
    denied = company.waiting("keyed_orders")
    ran = company.command(
        company.other, company.other_key, tmp_path, "deny", denied, "--comment=wrong customers"
    )
    assert ran.code == 0, ran.err
    run = ended(company.viewer, denied)
    assert (run["status"], run["outcomes"]) == ("aborted", {"not_attempted": 3})
    assert "wrong customers" in run["error"]

    cancelled = company.waiting("guarded_orders")
    assert "Operator" in refusal(company.viewer, "sentinel.run", "cancel", cancelled, "x")
    ran = company.command(
        company.asker, company.asker._secret, tmp_path, "cancel", cancelled, "--reason=not today"
    )
    assert ran.code == 0, ran.err
    run = ended(company.viewer, cancelled)
    assert (run["status"], run["outcomes"]) == ("cancelled", {"not_attempted": 3})
    assert "not today" in run["error"]
    assert orders.states(ids) == ["draft"] * 3


def test_the_kill_switch_stops_a_live_run_within_a_batch(
    company: Company, orders: Orders, tmp_path: Path
) -> None:
    ids = orders.make([AGE + 100 - number for number in range(60)])
    for who in (company.viewer, company.asker, company.other):
        assert "Emergency stop" in refusal(who, "sentinel.job", "stop_all", "x")
    # Batches are 1, 5 and 25: somebody else holds a row of the third one.
    with psycopg2.connect(company.server.database_url) as holder, holder.cursor() as cr:
        cr.execute("SELECT id FROM sale_order_line WHERE order_id = %s FOR UPDATE", [ids[10]])
        uid = company.ask("free_orders")
        until(lambda: company.status(uid), lambda run: run["progress"]["done"] == 6)
        company.chief.execute("sentinel.job", "stop_all", "customers complain")
        holder.rollback()
    holder.close()
    try:
        run = ended(company.viewer, uid)
        done = run["outcomes"]["done"]
        assert run["status"] == "aborted"
        assert 6 < done <= 31
        assert run["outcomes"] == {"done": done, "not_attempted": 60 - done}
        assert "customers complain" in run["error"]
        assert orders.states(ids) == ["cancel"] * done + ["draft"] * (60 - done)
        # A new live run does not begin, a simulation neither; a plan may look.
        for mode, status in (("live", "aborted"), ("simulate", "aborted"), ("plan", "dry_run")):
            run = ended(company.viewer, company.ask("free_orders", mode))
            assert run["status"] == status, mode
            (verdict,) = [each for each in run["guards"] if each["guard"] == "kill_switch"]
            assert "customers complain" in verdict["message"]
        assert "Emergency stop" in refusal(company.asker, "sentinel.job", "resume_all", "x")
    finally:
        lifted = company.command(
            company.chief, company.chief._secret, tmp_path, "resume-all", "--reason=all is well"
        )
    assert lifted.code == 0, lifted.err
    run = ended(company.viewer, company.ask("free_orders"))
    assert (run["status"], run["outcomes"]) == ("success", {"done": 60 - done})


def test_a_paused_job_does_not_act(company: Company, orders: Orders, tmp_path: Path) -> None:
    ids = orders.make([AGE])
    for who in (company.viewer, company.asker):
        assert "Manager" in refusal(who, "sentinel.job", "pause", "free_orders", "x")
    chief = (company.chief, company.chief._secret, tmp_path)
    ran = company.command(*chief, "pause", "free_orders", "--reason=prices change")
    assert ran.code == 0, ran.err
    live = ended(company.viewer, company.ask("free_orders"))
    assert (live["status"], "prices change" in live["error"]) == ("aborted", True)
    assert orders.states(ids) == ["draft"]
    assert ended(company.viewer, company.ask("free_orders", "plan"))["status"] == "dry_run"
    ran = company.command(*chief, "resume", "free_orders", "--reason=prices are done")
    assert ran.code == 0, ran.err
    assert ended(company.viewer, company.ask("free_orders"))["status"] == "success"
    assert orders.states(ids) == ["cancel"]


def test_only_the_chosen_lines_of_that_plan(
    company: Company, orders: Orders, tmp_path: Path
) -> None:
    ids = orders.make([AGE + 10 - number for number in range(4)])
    plan = ended(company.viewer, company.ask("guarded_orders", "plan"))
    assert plan["outcomes"] == {"planned": 4}
    larger = ended(company.viewer, company.ask("free_orders", "plan"))
    for lines in ([], [5], [0], [-1], [1, 99], ["1"], [True], "1", {"1": 1}):
        said = refusal(
            company.asker,
            *("sentinel.job", "trigger", "guarded_orders", "live"),
            plan=plan["uid"],
            lines=lines,
        )
        assert "line" in said
    for code, uid in (("guarded_orders", larger["uid"]), ("free_orders", plan["uid"])):
        said = refusal(company.asker, "sentinel.job", "trigger", code, "live", plan=uid, lines=[1])
        assert "not a finished plan of the job" in said
    ran = company.command(
        company.asker,
        company.asker._secret,
        tmp_path,
        *("run", "guarded_orders", "--plan", plan["uid"], "--lines=1,3", "--json"),
    )
    # Two are not more than two: nobody is asked.
    assert ran.code == 0, ran.err
    assert (ran.json["chosen"], ran.json["outcomes"]) == ([1, 3], {"done": 2})
    assert orders.states(ids) == ["cancel", "draft", "cancel", "draft"]


def test_attacks_on_a_waiting_run(company: Company, orders: Orders) -> None:
    ids = orders.make([AGE] * 3)
    context = {"su": True, "uid": 1, "sentinel_force": True, "install_mode": True}
    uid = company.waiting("guarded_orders", context=context)
    before = company.status(uid)
    live, plan = company.record(uid), company.record(before["plan"])
    consent = {"plan_ref": plan, "decision": "approve"}
    forged = {
        **consent,
        "plan_uid": before["plan"],
        "plan_digest": "x",
        "user_ref": company.other.uid,
        "login": company.other.login,
        "via": "session",
        "at": "2026-01-31 12:00:00",
        "proof": "x",
    }
    stop = {"scope": "all", "ref": 0, "reason": "x", "login": "admin"}
    attacks: list[tuple[Any, ...]] = [
        ("sentinel.approval", "create", consent),
        ("sentinel.approval", "create", [forged]),
        ("sentinel.approval", "web_save", [], forged, {}),
        ("sentinel.approval", "_decide", [plan], "approve", ""),
        ("sentinel.approval", "_complete", consent, company.other.uid),
        ("sentinel.approval", "search_read", [], ["proof"]),
        ("sentinel.stop", "create", stop),
        ("sentinel.stop", "_set", "all", 0, "x", "x"),
        ("sentinel.stop", "_lift", "all", 0, "x", "x"),
        ("sentinel.run", "create", {"uid": "x", "job_code": "x"}),
        ("sentinel.run", "write", [live], {"awaits": False}),
        ("sentinel.run", "write", [live, plan], {"policy": {}}),
        ("sentinel.run", "write", [plan], {"requested_by_ref": 0}),
        ("sentinel.run", "unlink", [live]),
        ("sentinel.run", "copy", [live]),
        ("sentinel.run", "_decided", uid, "approve", ""),
        ("sentinel.run", "_dispatch"),
        ("sentinel.run", "search_read", [], ["owner_token"]),
        ("sentinel.run.line", "create", {"run_id": plan, "position": 9}),
        ("sentinel.event", "create", {"kind": "changed", "login": "admin"}),
        ("sentinel.event", "search_read", []),
        ("sentinel.attempt", "create", {"job_ref": company.job}),
        ("sentinel.attempt", "write", [1], {"attempts": 0}),
        ("sentinel.window", "create", {"name": "x"}),
        ("sentinel.approval.policy", "write", [company.policy], {"allow_keys": True}),
        ("sentinel.approval.policy", "create", {"name": "x"}),
        ("sentinel.approval.rule", "create", {"policy_id": company.policy, "above": 1e6}),
        ("sentinel.job", "write", [company.job], {"approval_policy_id": False}),
        ("sentinel.job", "copy", [company.job], {"code": "mine"}),
        ("sentinel.job", "_request", [company.job], "live"),
        ("sentinel.job", "trigger", "guarded_orders", "live", {"max_records": 1_000_000}),
        ("sentinel.job", "trigger", "guarded_orders", "live", {"days": DAYS, "policy": {}}),
        ("sentinel.job", "trigger", "check_records", "plan", {"model": "res.users"}),
        ("sentinel.job", "trigger", "check_records", "plan", {"population": "[]"}),
        ("sentinel.job", "pause", "guarded_orders", "x"),
        ("sentinel.job", "resume_all", "x"),
    ]
    for model, method, *args in attacks:
        refusal(company.asker, model, method, *args)
        refusal(company.asker, model, method, *args, context=context)
    # An import answers with messages instead of a fault.
    columns, row = list(forged), [str(value) for value in forged.values()]
    assert not company.asker.execute("sentinel.approval", "load", columns, [row])["ids"]
    # The dialogue of the menu goes through the same door.
    for who, action in (
        (company.asker, "approve"),
        (company.other, "approve"),
        (company.other, "deny"),
        (company.asker, "stop_all"),
        (company.viewer, "cancel"),
        (company.asker, "pause"),
    ):
        target = "guarded_orders" if action == "pause" else uid
        values = {"action": action, "target": target, "reason": "x"}
        dialogue = who.execute("sentinel.reason", "create", values)
        refusal(who, "sentinel.reason", "action_confirm", [dialogue])
    for method, *args in (
        ("trigger", "guarded_orders", "plan"),
        ("pause", "guarded_orders", "x"),
        ("stop_all", "x"),
    ):
        refusal(company.viewer, "sentinel.job", method, *args)
    for method in ("undo", "retry"):
        refusal(company.viewer, "sentinel.run", method, uid)
    assert company.status(uid) == before
    assert orders.states(ids) == ["draft"] * 3
    company.asker.execute("sentinel.run", "cancel", uid, "the attacks are over")
    assert ended(company.viewer, uid)["status"] == "cancelled"
