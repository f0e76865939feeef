"""A stand-in for the programs ``gcloud`` and ``bq``: knows a few commands and their flags,
remembers what was made, and writes down how it was called.

The programs themselves are small scripts that ask this process, so a call costs next to nothing.
The flags were checked against the help of Google Cloud SDK 528; one that is not listed is refused,
as gcloud does.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

CLIENT = """#!/usr/bin/env bash
stdin=
for word; do
  if [[ $word == --data-file=- ]]; then IFS= read -r -d '' stdin; fi
done
exec 3<>"/dev/tcp/127.0.0.1/$FAKE_GOOGLE"
printf '%s\\0' "$(($# + 2))" "${0##*/}" "$@" "$stdin" >&3
IFS= read -r -d '' code <&3
IFS= read -r -d '' out <&3
IFS= read -r -d '' err <&3
printf %s "$out"
printf %s "$err" >&2
exit "$code"
"""
GLOBAL = {"--quiet", "--project", "--format"}
# Words of the command to the flags that it knows; NAME stands for one argument of the caller's.
GCLOUD: dict[str, set[str]] = {
    "services enable NAMES": set(),
    "iam service-accounts describe NAME": set(),
    "iam service-accounts create NAME": {"--display-name", "--description"},
    "projects add-iam-policy-binding NAME": {"--member", "--role", "--condition"},
    "secrets describe NAME": set(),
    "secrets create NAME": {"--replication-policy", "--data-file", "--labels"},
    "secrets versions access NAME": {"--secret"},
    "secrets versions add NAME": {"--data-file"},
    "secrets add-iam-policy-binding NAME": {"--member", "--role", "--condition"},
    "functions deploy NAME": {
        "--gen2",
        "--runtime",
        "--region",
        "--trigger-http",
        "--no-allow-unauthenticated",
        "--entry-point",
        "--source",
        "--service-account",
        "--build-service-account",
        "--env-vars-file",
        "--memory",
        "--cpu",
        "--concurrency",
        "--max-instances",
        "--timeout",
    },
    "functions describe NAME": {"--gen2", "--region"},
    "functions add-invoker-policy-binding NAME": {"--region", "--member"},
    "scheduler jobs describe NAME": {"--location"},
    "scheduler jobs create http NAME": set(),
    "scheduler jobs update http NAME": set(),
}
_SCHEDULED = {
    "--location",
    "--schedule",
    "--time-zone",
    "--uri",
    "--http-method",
    "--oidc-service-account-email",
    "--oidc-token-audience",
    "--attempt-deadline",
}
for _verb in ("create", "update"):
    GCLOUD[f"scheduler jobs {_verb} http NAME"] = _SCHEDULED
BQ = {
    "show": {"--dataset"},
    "mk": {"--dataset", "--description"},
    "query": {"--use_legacy_sql"},
}
BQ_GLOBAL = {"--quiet", "--project_id", "--location"}


class Failed(Exception):
    """End with this exit code and message."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(f"ERROR: {message}\n")
        self.code = code


def fail(message: str, code: int = 1) -> NoReturn:
    raise Failed(message, code)


def split(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    words, flags = [], {}
    for argument in arguments:
        if argument.startswith("--"):
            name, _, value = argument.partition("=")
            flags[name] = value
        else:
            words.append(argument)
    return words, flags


def gcloud_command(words: list[str]) -> tuple[str, list[str]]:
    for pattern in GCLOUD:
        fixed = [word for word in pattern.split() if not word.startswith("NAME")]
        if words[: len(fixed)] == fixed and len(words) > len(fixed):
            if pattern.endswith("NAME") and len(words) != len(fixed) + 1:
                fail(f"unrecognized arguments: {' '.join(words[len(fixed) + 1 :])}", 2)
            return pattern, words[len(fixed) :]
    fail(f"Invalid choice: {' '.join(words)}", 2)


class Cloud:
    """What there is, and what each command makes of it."""

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}
        self.calls: list[list[str]] = []
        self.fail_at = 0
        """Number of the call that fails, 0 for none."""
        self.unseen: tuple[str, ...] = ()
        """What describe does not find though it is there."""
        self.unknown_accounts = 0
        """How many bindings find that a new service account does not exist yet."""

    def call(self, program: str, arguments: list[str], stdin: str) -> str:
        """Carry out one call and return its output.

        :raises Failed: the program ends with an error.
        """
        self.calls.append([program, *arguments])
        if self.fail_at == len(self.calls):
            fail("PERMISSION_DENIED: a permission is missing")
        words, flags = split(arguments)
        return self.bq(words, flags) if program == "bq" else self.gcloud(words, flags, stdin)

    def look(self, key: str) -> None:
        if key not in self.made or key in self.unseen:
            fail(f"NOT_FOUND: {key} was not found.")

    def create(self, key: str, value: Any) -> None:
        if key in self.made:
            fail(f"ALREADY_EXISTS: {key} already exists.")
        self.made[key] = value

    def bind(self, key: str, member: str, role: str) -> None:
        account = f"account:{member.removeprefix('serviceAccount:').partition('@')[0]}"
        if account not in self.made or self.unknown_accounts:
            self.unknown_accounts -= 1
            fail(f"INVALID_ARGUMENT: Service account {member} does not exist.")
        bindings = self.made.setdefault(f"bindings:{key}", [])
        if [member, role] not in bindings:
            bindings.append([member, role])

    def gcloud(self, words: list[str], flags: dict[str, str], stdin: str) -> str:
        pattern, names = gcloud_command(words)
        if unknown := set(flags) - GCLOUD[pattern] - GLOBAL:
            fail(f"unrecognized arguments: {' '.join(sorted(unknown))}", 2)
        group, name = pattern.split()[0], names[0]
        kind = {"iam": "account", "functions": "function", "secrets": "secret"}.get(group, group)
        verb = pattern.rsplit(" ", 1)[0].removeprefix(f"{group} ")
        key = f"{kind}:{name.partition('@')[0]}"
        if verb.endswith("policy-binding"):
            role = flags.get("--role", "roles/run.invoker")
            self.bind(f"{group}:{name}", flags["--member"], role)
        elif verb.endswith("describe"):
            self.look(key)
            return "https://sentinel-abc123-uc.a.run.app\n" if kind == "function" else ""
        elif verb == "enable":
            self.made["apis"] = sorted({*self.made.get("apis", []), *names})
        elif verb in ("service-accounts create", "jobs create http"):
            self.create(key, flags)
        elif verb == "create":
            self.create(key, [])
        elif verb == "jobs update http":
            self.look(key)
            self.made[key] = flags
        elif verb == "versions access":
            versions = self.made.get(f"secret:{flags['--secret']}")
            return versions[-1] if versions else fail("NOT_FOUND: no versions")
        elif verb == "versions add":
            if flags["--data-file"] != "-":
                fail("this stand-in reads secrets from stdin only", 2)
            self.look(key)
            self.made[key].append(stdin)
        else:
            self.deploy(key, flags)
        return ""

    def deploy(self, key: str, flags: dict[str, str]) -> None:
        for name in ("main.py", "requirements.txt"):
            if not (Path(flags["--source"]) / name).is_file():
                fail(f"the source has no {name}")
        settings = Path(flags.pop("--env-vars-file")).read_text()
        self.made[key] = {"flags": flags, "settings": settings}

    def bq(self, words: list[str], flags: dict[str, str]) -> str:
        verb, *names = words
        if verb not in BQ or set(flags) - BQ[verb] - BQ_GLOBAL:
            fail(f"FATAL Flags parsing error: {verb} {sorted(flags)}")
        if verb == "show":
            self.look(f"dataset:{names[0]}")
        elif verb == "mk":
            self.create(f"dataset:{names[0]}", flags["--location"])
        else:
            (statement,) = names
            role, _, rest = statement.removeprefix("GRANT `").partition("` ON SCHEMA `")
            schema, _, member = rest.partition('` TO "')
            self.bind(f"dataset:{schema}", member.rstrip('"'), role)
        return ""


class _Handler(socketserver.StreamRequestHandler):
    cloud: Cloud

    def handle(self) -> None:
        count = int(self._word())
        program, *arguments, stdin = (self._word() for _ in range(count))
        try:
            answer = ("0", self.cloud.call(program, arguments, stdin), "")
        except Failed as failed:
            answer = (str(failed.code), "", str(failed))
        self.wfile.write("".join(f"{part}\0" for part in answer).encode())

    def _word(self) -> str:
        word = bytearray()
        while (byte := self.rfile.read(1)) != b"\0":
            if not byte:
                raise EOFError("the program hung up")
            word += byte
        return word.decode()


@contextmanager
def serving(cloud: Cloud, programs: Path) -> Iterator[int]:
    """Put the programs into the folder ``programs`` and yield the port at which they ask."""
    for name in ("gcloud", "bq"):
        (programs / name).write_text(CLIENT)
        (programs / name).chmod(0o755)
    handler = type("BoundHandler", (_Handler,), {"cloud": cloud})
    with socketserver.TCPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
