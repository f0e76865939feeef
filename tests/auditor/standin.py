"""A small faithful stand-in for Odoo with Sentinel-Ops, over a real socket.

It speaks XML-RPC and JSON-2 by the contract, keeps runs and a chain in memory, knows some users,
and can be told to misbehave: see :meth:`StandIn.misbehave`.
"""

from __future__ import annotations

import base64
import json
import threading
import uuid
import zlib
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import date
from functools import partial
from hashlib import sha256
from typing import Any

from tests.auditor.standin_jobs import FOOTPRINT, JOBS
from tests.auditor.standin_moods import Moods
from tests.auditor.standin_server import PASSWORD, Fault, Handler, Misbehave, key_of

DATABASE = "acme"
NOW = "2026-01-31 12:00:00"
"""By the clock of this Odoo."""

USERS = {
    "manager": (7, {"operator", "auditor", "manager", "approver", "emergency"}),
    "operator": (8, {"operator"}),
    "auditor": (9, {"auditor"}),
    "nobody": (10, set()),
    "anna": (11, {"operator", "approver"}),
}
RIGHTS = {
    "export_runs": "auditor",
    "export_lines": "auditor",
    "export_days": "auditor",
    "acknowledge": "auditor",
    "approve": "approver",
    "deny": "approver",
    "pause": "manager",
    "resume": "manager",
    "stop_all": "emergency",
    "resume_all": "emergency",
}
TRACEBACK = """Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/odoo/http.py", line 2250, in _serve_db
    return service_model.retrying(self._serve_ir_http, self.env)
  File "/usr/lib/python3/dist-packages/odoo/service/model.py", line 156, in retrying
    password='hunter2'
{last}
"""
BROKEN = (
    1,
    TRACEBACK.format(
        last="psycopg2.errors.AdminShutdown: terminating connection due to administrator command"
    ),
)
"""The fault of an Odoo whose PostgreSQL restarts."""
NO_SEAL = "0" * 64
NOT_SEALED = frozenset(
    "state position url progress approvals deciders decide_by_key undone_by retried_by awaits "
    "contract".split()
)
"""Keys of a run that change later, or that belong to who asks."""


class StandIn:
    """State of the stand-in; the test's thread and the server's threads share it under a lock."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.chain = "11111111-2222-3333-4444-555555555555"
        self.contract = 1
        self.odoo: list[Any] = [19, 0, 0, "final", 0, ""]
        self.addon = True
        self.jobs = [json.loads(json.dumps(entry)) for entry in JOBS]
        self.runs: dict[str, dict[str, Any]] = {}
        self.lines: dict[str, list[dict[str, Any]]] = {}
        self.sealed: list[str] = []
        """Uids of the entries in order, as far as they are ready."""
        self.entries: list[dict[str, Any]] = []
        """What was sealed of them, at the latest when it was asked for: columns of the wire as
        text, and ``lines``, each a list of columns without the run's position."""
        self.start = 0
        """Up to where retention has removed entries."""
        self.day = "2026-01-31"
        """On which the next entries are sealed."""
        self.consumers: dict[str, dict[str, Any]] = {}
        self.streams = True
        self.has_json2 = True
        self.keys: dict[str, tuple[object, str]] = {}
        self.problems: list[dict[str, str]] = []
        self.notices: list[dict[str, str]] = []
        self.watched: dict[str, Any] = {
            "now": "2026-01-31 12:00:00",
            "jobs": [],
            "runs": [],
            "approvals": [],
            "stops": [],
            "problems": [],
            "key": {"kind": "password", "expires_at": ""},
        }
        """What watch() answers besides who answers; entries: see standin_watch."""
        self.states = ["running", "done"]
        """What successive calls of status() find."""
        self.ending = {"status": "", "verdict": ""}
        self.deciders: list[str] = []
        """Whose consent live runs wait for; empty: for nobody's."""
        self.keys_may_decide = True
        self.stopped: dict[str, str] = {}
        """Reasons by job, "" stands for everything."""
        self.lines_per_run = 3
        self.largest_runs_page = 200
        self.largest_lines_page = 5000
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._moods: dict[str, deque[Callable[[Handler, Callable[[], Any]], Any]]] = defaultdict(
            deque
        )
        self.twists: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {}
        self._seen: dict[str, int] = defaultdict(int)

    # --- what a test says ---------------------------------------------------

    def misbehave(self, method: str, mood: str, *, times: int = 1, value: Any = None) -> None:
        """Make the next ``times`` calls of ``method`` (``*`` for any) go wrong as ``mood`` says."""
        act = getattr(Moods, mood)
        for _ in range(times):
            self._moods[method].append(lambda handler, work: act(handler, work, value))

    def seal(
        self, *, lines: int = 3, code: str = "clean_old_orders", uid: str = "", **changes: Any
    ) -> str:
        """Add an ended run with lines to the chain and return its uid."""
        with self.lock:
            uid = uid or str(uuid.uuid4())
            self.runs[uid] = self._new_run(uid, code, "live", {})
            self.lines[uid] = self._new_lines(lines, "done", len(self.sealed))
            self._end(uid)
            self.runs[uid].update(changes)
            return uid

    def happen(self, kind: str = "job_changed", **changes: Any) -> str:
        """Add an event to the chain and return its uid."""
        with self.lock:
            uid = str(uuid.uuid4())
            self.lines[uid] = []
            self.runs[uid] = {
                "after": {"active": False},
                "at": "2026-01-31 12:00:00",
                "before": {"active": True},
                "company_id": 1,
                "kind": kind,
                "model": "sentinel.job",
                "model_name": "Job",
                "record": 1,
                "record_name": "Cancel old quotations",
                "uid": uid,
                "user": "manager",
                "user_id": 7,
                **changes,
            }
            self.sealed.append(uid)
            return uid

    def settle(self) -> None:
        """Seal what is ready; what is changed of it later changes nothing in the chain."""
        with self.lock:
            del self.entries[len(self.sealed) :]
            for position in range(len(self.entries) + 1, len(self.sealed) + 1):
                uid = self.sealed[position - 1]
                self.entries.append(self._sealed(position, uid))

    def _sealed(self, position: int, uid: str) -> dict[str, Any]:
        run = self.runs[uid]
        lines = []
        for line in self.lines[uid]:
            salt = uuid.uuid4().hex
            content = canonical({**line, "run": uid, "fingerprint": "", "after_fingerprint": ""})
            lines.append([str(line["position"]), "", salt, content])
        facts = {name: value for name, value in run.items() if name not in NOT_SEALED}
        kind = "event" if "user_id" in run else "run"
        if kind == "run":
            raws = [sha256((salt + content).encode()).digest() for _p, _d, salt, content in lines]
            facts.update(
                requested_by_id=7,
                run_as_id=7,
                job_id=1,
                line_count=len(lines),
                lines_digest=sha256(b"".join(raws)).hexdigest(),
            )
        salt = uuid.uuid4().hex
        content = canonical(facts)
        entry = {
            "position": str(position),
            "kind": kind,
            "uid": uid,
            "sealed_at": f"{self.day}T12:{position // 60 % 60:02}:{position % 60:02}.000000Z",
            "digest": sha256((salt + content).encode()).hexdigest(),
            "seal": "",
            "withheld": "",
            "salt": salt,
            "content": content,
            "lines": lines,
        }
        self.reseal(entry)
        return entry

    def reseal(self, entry: dict[str, Any]) -> None:
        """Give an entry the seal that fits it and the entry before it."""
        position = int(entry["position"])
        before = self.entries[position - 2]["seal"] if position > 1 else NO_SEAL
        names = ("kind", "uid", "sealed_at", "digest")
        fields = [self.chain, entry["position"], *(entry[name] for name in names), before]
        text = "".join(f"{field}\n" for field in ("sentinel-ops/1", *fields))
        entry["seal"] = sha256(text.encode()).hexdigest()

    def rewrite(self, position: int, **columns: str) -> None:
        """Do what an owner of the database can: change an entry and seal everything anew."""
        with self.lock:
            self.settle()
            entry = self.entries[position - 1]
            entry.update(columns)
            entry["digest"] = sha256((entry["salt"] + entry["content"]).encode()).hexdigest()
            for each in self.entries[position - 1 :]:
                self.reseal(each)

    def counted(self, method: str) -> int:
        """How often ``method`` was called."""
        return sum(1 for name, _arguments in self.calls if name == method)

    # --- the contract -------------------------------------------------------

    def authenticate(self, database: str, login: str, password: str) -> int | bool:
        if database != DATABASE:
            raise Fault(
                1,
                TRACEBACK.format(
                    last="psycopg2.OperationalError: connection failed: FATAL:  "
                    f'database "{database}" does not exist\n'
                ),
            )
        if login not in USERS or password not in (PASSWORD, key_of(login)):
            return False
        return USERS[login][0]

    def login_of(self, key: str) -> str:
        """Whose API key that is; empty for none."""
        return next((login for login in USERS if key_of(login) == key), "")

    def execute(self, uid: int, password: str, model: str, method: str, named: Any) -> Any:
        login, rights = next(
            (login, rights) for login, (number, rights) in USERS.items() if number == uid
        )
        if password not in (PASSWORD, key_of(login)):
            raise Fault(3, "Access Denied")
        if not self.addon and model.startswith("sentinel."):
            raise Fault(2, f"Object {model} doesn't exist")
        work = {
            ("sentinel.job", "catalog"): self.catalog,
            ("sentinel.job", "trigger"): self.trigger,
            ("sentinel.job", "health"): self.health,
            ("sentinel.job", "watch"): self.watch,
            ("res.users", "context_get"): lambda: {"lang": "en_US", "tz": "UTC", "uid": uid},
            ("sentinel.run", "status"): self.status,
            ("sentinel.job", "pause"): self.stop,
            ("sentinel.job", "resume"): self.lift,
            ("sentinel.job", "stop_all"): partial(self.stop, ""),
            ("sentinel.job", "resume_all"): partial(self.lift, ""),
            ("sentinel.run", "approve"): partial(self.decide, login, "approve"),
            ("sentinel.run", "deny"): partial(self.decide, login, "deny"),
            ("sentinel.run", "cancel"): self.cancel,
            ("sentinel.run", "undo"): partial(self.follow_up, "undoes"),
            ("sentinel.run", "retry"): partial(self.follow_up, "retries"),
            ("sentinel.run", "read_lines"): self.read_lines,
            ("sentinel.run", "export_runs"): self.export_runs,
            ("sentinel.run", "export_lines"): self.export_lines,
            ("sentinel.run", "export_days"): self.export_days,
            ("sentinel.run", "acknowledge"): self.acknowledge,
        }.get((model, method))
        if work is None:
            raise Fault(
                1,
                TRACEBACK.format(
                    last=f"AttributeError: The method '{model}.{method}' does not exist"
                ),
            )
        needed = RIGHTS.get(method, "operator")
        if method == "context_get":
            return work()
        if (method not in ("catalog", "health", "watch") and needed not in rights) or not rights:
            raise Fault(4, f"You are not allowed to call {method} on {model}.")
        answer = work(**named)
        twist = self.twists.get(method)
        return twist(answer) if twist else answer

    def version(self, handler: Handler) -> None:
        with self.lock:
            self.calls.append(("version", {}))
            moods = self._moods["version"]
            mood = moods.popleft() if moods else None
        body = json.dumps({"version_info": self.odoo, "version": "19.0"}).encode()
        try:
            handler.reply(200, mood(handler, lambda: body) if mood else body)
        except Misbehave as misbehave:
            misbehave.act(handler)

    def catalog(self) -> dict[str, Any]:
        return {
            "contract": self.contract,
            "addon_version": "19.0.1.0.0",
            "chain": self.chain,
            "database": DATABASE,
            "jobs": self.jobs,
        }

    def health(self) -> dict[str, Any]:
        return {
            "ok": not self.problems,
            "contract": self.contract,
            "addon_version": "19.0.1.0.0",
            "odoo_version": "19.0",
            "database": DATABASE,
            "chain": self.chain,
            "now": NOW,
            "neutralized": False,
            "queued": 1,
            "running": 0,
            "oldest_queued_seconds": 20,
            "dispatcher_last": "",
            "head": str(len(self.entries)),
            "head_seal": self._seal_at(len(self.entries)),
            "problems": self.problems,
            "notices": self.notices,
        }

    def watch(self) -> dict[str, Any]:
        return {
            "contract": self.contract,
            "addon_version": "19.0.1.0.0",
            "chain": self.chain,
            "database": DATABASE,
            **self.watched,
        }

    def trigger(
        self,
        code: str,
        mode: str,
        parameters: dict[str, Any],
        idempotency_key: str,
        reason: str,
        origin: dict[str, str],
        plan: str,
        lines: list[int] | None = None,
    ) -> dict[str, Any]:
        entry = next((entry for entry in self.jobs if entry["code"] == code), None)
        if entry is None:
            raise Fault(2, f"There is no job {code}. Jobs: clean_old_orders")
        if mode not in entry["modes"]:
            raise Fault(2, f"{code} has no mode {mode}.")
        if parameters.get("days") == 13:
            raise Fault(2, "days: 13 is unlucky; allowed are 1 to 36500 but for 13.")
        if lines is not None and max(lines) > self.lines_per_run:
            raise Fault(2, f"1 of the {len(lines)} chosen numbers are no planned lines.")
        request = (code, mode, sorted(parameters.items()), plan, lines)
        known = self.keys.get(idempotency_key) if idempotency_key else None
        if known and known[0] != request:
            raise Fault(
                2,
                f"The idempotency key {idempotency_key} belongs to another request (run {known[1]} "
                f"of {code}). Use a new key for a new request.",
            )
        if known:
            run = self.runs[known[1]]
            return self._triggered(run, repeated=True)
        if not entry["available"]:
            raise Fault(2, f"The job {code} cannot run in this database.")
        end = self.runs[plan]["expires_at"] if plan in self.runs else ""
        if end and end < NOW:
            raise Fault(2, f"The plan {plan} expired at {end} UTC. Make a new one.")
        uid = str(uuid.uuid4())
        self.runs[uid] = self._new_run(uid, code, mode, parameters)
        self.runs[uid].update(
            {"reason": reason, "request_id": origin["request_id"], "source": origin["source"]}
        )
        self.lines[uid] = self._new_lines(
            self.lines_per_run,
            {"live": "done", "simulate": "simulated"}.get(mode, "planned"),
            0,
        )
        self.runs[uid].update({"plan": plan, "chosen": lines or []})
        if mode == "live" and self.deciders:
            self._await(self.runs[uid])
        if mode == "simulate":
            self.runs[uid].update(FOOTPRINT)
        entry["last_run"] = {
            "uid": uid,
            "mode": mode,
            "status": "",
            "verdict": "",
            "ended_at": "",
        }
        if idempotency_key:
            self.keys[idempotency_key] = (request, uid)
        return self._triggered(self.runs[uid], repeated=False)

    def follow_up(
        self,
        pointer: str,
        uid: str,
        mode: str,
        reason: str,
        idempotency_key: str,
        origin: dict[str, str],
    ) -> dict[str, Any]:
        old = self.runs.get(uid)
        if old is None:
            raise Fault(2, f"There is no run {uid} here.")
        if old["mode"] != "live":
            raise Fault(2, f"The run {uid} changed nothing, because it was a dry run.")
        answer = self.trigger(
            old["job"], mode, {pointer: uid}, idempotency_key, reason, origin, plan=""
        )
        self.runs[answer["uid"]].update({"parameters": old["parameters"], pointer: uid})
        return answer

    def stop(self, code: str, reason: str) -> bool:
        self._check_job(code)
        if code in self.stopped:
            raise Fault(2, f"{code or 'Everything'} is stopped already.")
        self.stopped[code] = reason
        return True

    def lift(self, code: str, reason: str) -> bool:
        self._check_job(code)
        if not reason or not self.stopped.pop(code, ""):
            raise Fault(2, f"{code or 'Everything'} is not stopped.")
        return True

    def decide(self, login: str, decision: str, uid: str, comment: str) -> dict[str, Any]:
        run = self._run(uid)
        if login not in self.deciders:
            raise Fault(4, "You asked for it, so somebody else has to decide.")
        if not self.keys_may_decide:
            raise Fault(4, "Plans of this job are decided about in the browser.")
        at = "2026-01-31 12:00:05"
        run["approvals"].append(
            {"login": login, "decision": decision, "comment": comment, "at": at, "via": "key"}
        )
        run.update({"awaits": "", "deciders": [], "state": "waiting"})
        if decision == "deny":
            self._end(uid, status="aborted")
        return {"plan": "p" + uid[1:], "digest": "ab" * 32, "decision": decision, "at": at}

    def cancel(self, uid: str, reason: str) -> dict[str, Any]:
        run = self._run(uid)
        if run["state"] == "done":
            raise Fault(2, f"The run {uid} has ended already; nothing is left to cancel.")
        self._end(uid, status="cancelled", error=f"Cancelled by manager: {reason}")
        return {"uid": uid, "state": "waiting", "message": "It will stop."}

    def status(self, uid: str) -> dict[str, Any]:
        run = self._run(uid)
        if run["state"] != "done" and not run["awaits"]:
            step = min(self._seen[uid], len(self.states) - 1)
            self._seen[uid] += 1
            run["state"] = self.states[step]
            run["progress"] = {"done": step, "total": len(self.states) - 1}
            if run["state"] == "done":
                self._end(uid)
        return run

    def read_lines(self, uid: str, after: int, limit: int, outcome: str) -> dict[str, Any]:
        rows = [
            line
            for line in self.lines[uid]
            if line["position"] > after and outcome in ("", line["outcome"])
        ]
        page = rows[:limit]
        return {
            "lines": page,
            "next": page[-1]["position"] if len(rows) > len(page) else 0,
            "total": len(self.lines[uid]),
        }

    def export_runs(self, after: str, limit: int) -> dict[str, Any]:
        self.settle()
        limit = min(limit, self.largest_runs_page)
        first = max(int(after), self.start)
        rows = [entry_row(entry) for entry in self.entries[first : first + limit]]
        return {
            "chain": self.chain,
            "head": str(len(self.entries)),
            "head_seal": self._seal_at(len(self.entries)),
            "start": str(self.start),
            "start_seal": self._seal_at(self.start),
            "count": len(rows),
            "next": str(first + len(rows)),
            "data": pack(rows),
        }

    def _seal_at(self, position: int) -> str:
        return self.entries[position - 1]["seal"] if position else NO_SEAL

    def export_lines(self, after: str, after_line: int, until: str, limit: int) -> dict[str, Any]:
        limit = min(limit, self.largest_lines_page)
        rows = self.line_rows(int(after), after_line, int(until), limit + 1)
        page = rows[:limit]
        return {
            "chain": self.chain,
            "count": len(page),
            "next": page[-1][0] if page else after,
            "next_line": int(page[-1][1]) if page else after_line,
            "more": len(rows) > limit,
            "data": pack(page),
        }

    def line_rows(self, after: int, after_line: int, until: int, limit: int) -> list[list[str]]:
        rows: list[list[str]] = []
        for entry in self.entries[max(0, after - 1, self.start) : until]:
            place = int(entry["position"])
            if entry["withheld"] in ("company", "retention", "lines"):
                continue
            for line in entry["lines"]:
                if (place, int(line[0])) > (after, after_line):
                    rows.append([entry["position"], *line])
                    if len(rows) == limit:
                        return rows
        return rows

    def export_days(self, since: str, until: str) -> list[dict[str, Any]]:
        self.settle()
        if not 0 <= (date.fromisoformat(until) - date.fromisoformat(since)).days < 400:
            raise Fault(2, f"From {since} to {until} is not between 1 and 400 days.")
        days: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for entry in self.entries[self.start :]:
            if since <= entry["sealed_at"][:10] <= until:
                days[entry["sealed_at"][:10]].append(entry)
        return [
            {
                "day": day,
                "first": entries[0]["position"],
                "last": entries[-1]["position"],
                "count": len(entries),
                "lines": sum(len(entry["lines"]) for entry in entries),
                "digest": sha256(
                    b"".join(bytes.fromhex(entry["seal"]) for entry in entries)
                ).hexdigest(),
            }
            for day, entries in sorted(days.items())
        ]

    def acknowledge(self, consumer: str, position: str, seal: str) -> dict[str, Any]:
        if consumer not in self.consumers:
            raise Fault(2, f"There is no consumer {consumer}. A manager registers them.")
        if int(position) > len(self.entries):
            raise Fault(2, "That position lies beyond the head of the chain.")
        if self._seal_at(int(position)) != seal:
            raise Fault(2, "The chain has forked: Odoo has another seal there.")
        known = self.consumers[consumer]
        known["position"] = max(int(position), known.get("position", 0))
        return {"consumer": consumer, "position": str(known["position"]), "at": ""}

    # --- inside ---------------------------------------------------------------

    def _run(self, uid: str) -> dict[str, Any]:
        if uid not in self.runs:
            raise Fault(2, f"There is no run {uid}.")
        return self.runs[uid]

    def _check_job(self, code: str) -> None:
        if code and code not in [entry["code"] for entry in self.jobs]:
            raise Fault(2, f"There is no job '{code}'. Jobs: clean_old_orders.")

    def _await(self, run: dict[str, Any]) -> None:
        run.update(
            state="waiting",
            awaits="approval",
            expires_at="2026-02-01 12:00:00",
            deciders=self.deciders,
            decide_by_key=self.keys_may_decide,
        )
        run["guards"].append(
            {
                "guard": "approval",
                "verdict": "wait",
                "message": "Waits for approval: 0 of 1 so far; 3 records, more than 2.",
            }
        )

    @staticmethod
    def _triggered(run: dict[str, Any], *, repeated: bool) -> dict[str, Any]:
        names = ("uid", "job", "mode", "state", "status")
        return {**{name: run[name] for name in names}, "repeated": repeated, "message": ""}

    def _new_run(self, uid: str, code: str, mode: str, parameters: Any) -> dict[str, Any]:
        entry = next(entry for entry in self.jobs if entry["code"] == code)
        return {
            "uid": uid,
            "job": code,
            "job_name": entry["name"],
            "mode": mode,
            "state": "queued",
            "status": "",
            "verdict": "",
            "shape": entry["shape"],
            "requested_at": "2026-01-31 12:00:00",
            "started_at": "2026-01-31 12:00:01",
            "ended_at": "",
            "requested_by": "manager",
            "run_as": "manager",
            "company": "Acme",
            "source": "cli",
            "reason": "",
            "request_id": "",
            "parameters": parameters,
            "plan": "",
            "digest": "",
            "expires_at": "",
            "chosen": [],
            "withheld": 0,
            "awaits": "",
            "approvals": [],
            "deciders": [],
            "decide_by_key": False,
            "position": "",
            "population": 2000,
            "matched": 312,
            "selected": 3,
            "limited": True,
            "amount": "1234.50",
            "currency": "EUR",
            "progress": {"done": 0, "total": 0},
            "outcomes": {},
            "checked": 3,
            "updated": 0,
            "skipped": 0,
            "errors": [],
            "kpis": [
                {
                    "name": "stale_total",
                    "label": "Stale quotations",
                    "value": "312",
                    "unit": "records",
                    "verdict": "",
                    "detail": "",
                }
            ],
            "error": "",
            "guards": [
                {
                    "guard": "max_records",
                    "verdict": "pass",
                    "message": "3 records, at most 500 are allowed.",
                }
            ],
            "url": "/odoo/sentinel-runs/123",
        }

    @staticmethod
    def _new_lines(count: int, outcome: str, seed: int) -> list[dict[str, Any]]:
        return [
            {
                "position": number,
                "model": "sale.order",
                "record": seed * 1000 + number,
                "name": f"S{seed * 1000 + number:05}",
                "outcome": outcome,
                "reason": "120 days old",
                "message": "",
                "operation": "orders.cancel",
                "before": {"state": "draft"},
                "intended": {"state": "cancel"},
                "after": {"state": "cancel"} if outcome in ("done", "simulated") else {},
                "amount": "100.00",
                "currency": "EUR",
                "at": f"2026-01-31 12:{seed % 60:02}:02",
            }
            for number in range(1, count + 1)
        ]

    def _end(self, uid: str, **changes: str) -> None:
        run = self.runs[uid]
        if run["shape"] == "remedy":
            good = "success" if run["mode"] == "live" else "dry_run"
        else:
            good = "success"
        self.sealed.append(uid)
        outcomes: dict[str, int] = defaultdict(int)
        for line in self.lines[uid]:
            outcomes[line["outcome"]] += 1
        run.update(
            state="done",
            status=self.ending["status"] or good,
            verdict=self.ending["verdict"],
            ended_at="2026-01-31 12:00:09",
            position=str(len(self.sealed)),
            outcomes=dict(outcomes),
        )
        run.update({"awaits": "", "deciders": [], **changes})
        for entry in self.jobs:
            if entry["code"] == run["job"]:
                entry["last_run"] = {
                    key: run[key] for key in ("uid", "mode", "status", "verdict", "ended_at")
                }

    def answer(self, handler: Handler, service: str, method: str, params: tuple[Any, ...]) -> Any:
        """Return the answer to a call over XML-RPC, after whatever mood is due."""
        if service == "common":
            return self.in_mood(handler, method, {}, lambda: self.authenticate(*params[:3]))
        _database, uid, password, model, name, _positional, named = params
        return self.in_mood(
            handler, name, named, lambda: self.execute(uid, password, model, name, named)
        )

    def in_mood(
        self, handler: Handler, name: str, named: dict[str, Any], work: Callable[[], Any]
    ) -> Any:
        """Note a call and do the work, or what a mood makes of it."""
        with self.lock:
            self.calls.append((name, named))
            moods = self._moods[name] or self._moods["*"]
            mood = moods.popleft() if moods else None

        def locked() -> Any:
            with self.lock:
                return work()

        return mood(handler, locked) if mood else locked()


def canonical(facts: dict[str, Any]) -> str:
    """Return content as PostgreSQL makes it of a row: see the contract."""
    parts = []
    for name in sorted(facts):
        value = facts[name]
        if isinstance(value, str) and len(value) == 19 and value[10] == " " and value[4] == "-":
            value = f"{value[:10]}T{value[11:]}.000000Z"
        parts.append(f"{json.dumps(name)}:{json.dumps(value, ensure_ascii=False)}")
    return "{" + ",".join(parts) + "}"


def entry_row(entry: dict[str, Any]) -> list[str]:
    """Return the columns of an entry."""
    names = "position kind uid sealed_at digest seal withheld salt content".split()
    return [entry[name] for name in names]


def pack(rows: list[list[str]]) -> str:
    """Return rows as the contract packs a page of the trail."""
    text = "\n".join("\t".join(row) for row in rows)
    return base64.b64encode(zlib.compress(text.encode())).decode()


def unpack(data: str) -> list[list[str]]:
    """Return the rows of a packed page."""
    text = zlib.decompress(base64.b64decode(data)).decode()
    return [line.split("\t") for line in text.split("\n") if line]
