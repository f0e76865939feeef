"""A stand-in for Slack: incoming webhooks and the part of the Web API that posts messages.

It speaks Slack's protocol over a real socket, refuses what Slack refuses (what is too long, what is
no block, what is badly escaped), and misbehaves when told to::

    with slack_standin() as slack:
        SlackChannel(slack.webhook_url).send(notification, receipt="")
        slack.behave(rate_limited(seconds=1), answers(502), drops())
        slack.messages[-1].text

A process of its own, for tests of containers; ``GET /messages`` lists what has arrived::

    python -m tests.support.slack --host 0.0.0.0 --port 8080
"""

from __future__ import annotations

import argparse
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

from tests.support.listener import Asked, Listener, Mood, answers, listening

TOKEN = "xoxb-standin-0123456789-s3cr3tToken"
WEBHOOK = "/services/T0STANDIN/B0STANDIN/s3cr3tWebhookPath"
CHANNEL = "C0STANDIN"
CHANNEL_NAME = "alerts"

_TOO_LONG = 13_000
_LINK = re.compile(r"<(?:https?://[^<>|\s]+|mailto:[^<>|\s]+)(?:\|[^<>\n]+)?>")
_MENTION = re.compile(r"<[!@#][^>]*>|(?<!\w)@(?:here|channel|everyone)\b")
_ENTITY = re.compile(r"&(?!amp;|lt;|gt;)")
_KNOWN_BLOCKS = frozenset(("header", "section", "context", "divider", "actions"))


def rate_limited(seconds: int | str = 1) -> Mood:
    """429 with ``Retry-After``, as both doors give it."""
    return Mood(429, '{"ok":false,"error":"ratelimited"}', {"Retry-After": str(seconds)})


def _as_json(content: object) -> Mood:
    return Mood(body=json.dumps(content), headers={"Content-Type": "application/json"})


def refuses(code: str, status: int = 200) -> Mood:
    """Slack's own no: a text for a webhook (with its status), JSON for the Web API (200)."""
    body = code if status != 200 else json.dumps({"ok": False, "error": code})
    return Mood(status, body)


@dataclass
class Message:
    """A message as it stands in a channel.

    :param edits: its texts before each edit.
    :param broadcast: an answer in a thread that the channel shows as well.
    """

    channel: str
    ts: str
    text: str
    blocks: list[dict[str, Any]]
    thread_ts: str = ""
    broadcast: bool = False
    edits: list[str] = field(default_factory=list)

    @property
    def everything(self) -> str:
        """All that a person may read of it."""
        return "\n".join([self.text, *_texts(self.blocks)])

    @property
    def mentions(self) -> list[str]:
        """Whom it calls."""
        return _MENTION.findall(self.everything)


class SlackStandIn(Listener):
    """One workspace with one webhook, one bot and one channel.

    :ivar messages: what arrived and stayed, in order.
    :ivar problems: why messages were refused, in words.
    """

    def __init__(self) -> None:
        super().__init__()
        self.token = TOKEN
        self.channel = CHANNEL
        self.messages: list[Message] = []
        self.problems: list[str] = []
        self._number = 0

    @property
    def webhook_url(self) -> str:
        """For ``SLACK_WEBHOOK_URL``."""
        return f"{self.url}{WEBHOOK}"

    @property
    def api_url(self) -> str:
        """For ``SLACK_API_URL``."""
        return f"{self.url}/api/"

    def wait_for(self, count: int, seconds: float = 30) -> list[Message]:
        """Return the messages as soon as there are ``count`` of them."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.messages) >= count, seconds):
                raise AssertionError(f"{len(self.messages)} messages came, not {count}")
            return list(self.messages)

    def thread(self, ts: str) -> list[Message]:
        """Return the answers to a message."""
        return [message for message in self.messages if message.thread_ts == ts]

    def delete(self, ts: str) -> None:
        """Delete a message, as anybody in Slack may."""
        self.messages[:] = [message for message in self.messages if message.ts != ts]

    def answer(self, asked: Asked) -> Mood:
        """Do what Slack does."""
        if (asked.method, asked.path) == ("GET", "/messages"):
            return _as_json([asdict(message) for message in self.messages])
        if asked.path == WEBHOOK:
            return self._webhook(asked)
        if asked.path.startswith("/services/"):
            return refuses("no_service", 404)
        if not asked.path.startswith("/api/"):
            return answers(404)
        try:
            return _as_json(self._api(asked))
        except _No as no:
            return _as_json({"ok": False, "error": str(no)})

    def _webhook(self, asked: Asked) -> Mood:
        try:
            text, blocks = self._content(asked.body)
        except _No as no:
            return refuses(str(no), 400)
        self._keep(CHANNEL, text, blocks)
        return Mood(body="ok")

    def _api(self, asked: Asked) -> dict[str, Any]:
        if not asked.headers.get("authorization"):
            raise _No("not_authed")
        if asked.headers["authorization"] != f"Bearer {self.token}":
            raise _No("invalid_auth")
        method = asked.path.removeprefix("/api/")
        if method == "auth.test":
            return {"ok": True, "team": "standin", "user": "sentinel"}
        if method not in ("chat.postMessage", "chat.update"):
            raise _No("unknown_method")
        text, blocks = self._content(asked.body)
        if str(asked.body.get("channel", "")).lstrip("#") not in (CHANNEL, CHANNEL_NAME):
            raise _No("channel_not_found")
        if method == "chat.update":
            message = self._find(str(asked.body.get("ts")), "message_not_found")
            message.edits.append(message.text)
            message.text, message.blocks = text, blocks
        else:
            thread = str(asked.body.get("thread_ts", ""))
            if thread:
                self._find(thread, "thread_not_found")
            message = self._keep(CHANNEL, text, blocks)
            message.thread_ts = thread
            message.broadcast = bool(asked.body.get("reply_broadcast"))
        return {"ok": True, "channel": CHANNEL, "ts": message.ts, "text": text}

    def _content(self, body: Any) -> tuple[str, list[dict[str, Any]]]:
        if not isinstance(body, dict):
            raise _No("invalid_payload")
        text, blocks = body.get("text", ""), body.get("blocks") or []
        if not text and not blocks:
            raise _No("no_text")
        try:
            check_blocks(blocks)
            check_text(text)
            if len(text) > 40_000:
                raise _No("msg_too_long")
            size = len(json.dumps(blocks, ensure_ascii=False).encode("utf-16-le")) // 2
            if size > _TOO_LONG:
                self.problems.append(f"{size} characters")
                raise _No("msg_blocks_too_long")
        except (ValueError, SlackObjectFormationError) as error:
            self.problems.append(str(error))
            raise _No("invalid_blocks") from None
        return text, blocks

    def _keep(self, channel: str, text: str, blocks: list[dict[str, Any]]) -> Message:
        self._number += 1
        message = Message(channel, f"1700000000.{self._number:06d}", text, blocks)
        self.messages.append(message)
        return message

    def _find(self, ts: str, otherwise: str) -> Message:
        for message in self.messages:
            if message.ts == ts:
                return message
        raise _No(otherwise)


class _No(Exception):
    """Slack's word for why not."""


def check_blocks(blocks: list[dict[str, Any]]) -> None:
    """Refuse what Slack's reference of Block Kit does not allow.

    :raises ValueError: saying what.
    :raises SlackObjectFormationError: Slack's own client says what.
    """
    if len(blocks) > 50:
        raise ValueError(f"{len(blocks)} blocks")
    for block in blocks:
        if block.get("type") not in _KNOWN_BLOCKS:
            raise ValueError(f"no block: {block.get('type')}")
        parsed = Block.parse(block)
        if parsed is None or parsed.to_dict()["type"] != block["type"]:
            raise ValueError("a block that Slack's client does not know")
        if block["type"] == "header" and block["text"]["type"] != "plain_text":
            raise ValueError("a header is plain text")
        if len(block.get("fields", ())) > 10:
            raise ValueError("more than 10 fields")
        for one in block.get("fields", ()):
            _check_length(one["text"], 2000)
        if block["type"] == "section" and "text" in block:
            _check_length(block["text"]["text"], 3000)
        if block["type"] == "header":
            _check_length(block["text"]["text"], 150)
        for element in block.get("elements", ()):
            if element["type"] == "button":
                _check_length(element["text"]["text"], 75)
                _check_length(element["url"], 3000)
            else:
                _check_length(element["text"], 2000)
    for text in _texts(blocks):
        check_text(text)


def check_text(text: str) -> None:
    """Refuse text that is not escaped, or that is no text.

    :raises ValueError: saying what.
    """
    text.encode()  # a half of a character is none: UnicodeEncodeError is a ValueError
    rest = _LINK.sub("", text)
    without = re.sub(r"<[!@#][^<>]*>", "", rest)
    if "<" in without or ">" in without:
        raise ValueError(f"an angle that is no link: {without!r}")
    if _ENTITY.search(without):
        raise ValueError(f"an ampersand that is none: {without!r}")


def _check_length(text: str, longest: int) -> None:
    # Slack's servers and apps count as JavaScript does.
    size = len(text.encode("utf-16-le")) // 2
    if not 0 < size <= longest:
        raise ValueError(f"{size} characters, 1 to {longest} are allowed")


def _texts(part: Any) -> list[str]:
    """Return every text in blocks, however deep."""
    if isinstance(part, list):
        return [text for item in part for text in _texts(item)]
    if not isinstance(part, dict):
        return []
    text = part.get("text")
    own = [text] if isinstance(text, str) else _texts(text)
    return own + [found for key in ("fields", "elements") for found in _texts(part.get(key))]


@contextmanager
def slack_standin(host: str = "127.0.0.1", port: int = 0) -> Iterator[SlackStandIn]:
    """Serve a stand-in, on a free port unless one is given."""
    with listening(SlackStandIn(), host, port) as standin:
        yield standin


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description="A stand-in for Slack.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    options = parser.parse_args()
    with slack_standin(options.host, options.port) as standin:
        print(standin.webhook_url, standin.api_url, standin.token, standin.channel, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
