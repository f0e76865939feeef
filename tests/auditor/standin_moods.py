"""How the stand-in misbehaves when a test told it to."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable
from typing import Any

from tests.auditor.standin_server import Fault, Handler, Misbehave


class Moods:
    """Ways to misbehave. Each gets the handler, the work that a good server would do, a value."""

    @staticmethod
    def slow(_handler: Handler, work: Callable[[], Any], seconds: float) -> Any:
        time.sleep(seconds)
        return work()

    @staticmethod
    def trickle(_handler: Handler, _work: Callable[[], Any], seconds: float) -> Any:
        def act(handler: Handler) -> None:
            handler.raw(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 9999\r\n\r\n"
            )
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                handler.raw(b" ")
                time.sleep(0.1)

        raise Misbehave(act)

    @staticmethod
    def html(_handler: Handler, _work: Callable[[], Any], _value: Any) -> Any:
        raise Misbehave(lambda handler: handler.reply(200, b"<!DOCTYPE html><title>Login</title>"))

    @staticmethod
    def status(_handler: Handler, _work: Callable[[], Any], code: int) -> Any:
        page = b"<html><head><title>Bad  Gateway</title></head></html>"
        raise Misbehave(lambda handler: handler.reply(code, page))

    @staticmethod
    def reply(_handler: Handler, _work: Callable[[], Any], value: tuple[int, bytes]) -> Any:
        raise Misbehave(lambda handler: handler.reply(*value))

    @staticmethod
    def redirect(_handler: Handler, _work: Callable[[], Any], where: str) -> Any:
        raise Misbehave(lambda handler: handler.reply(302, b"", Location=where))

    @staticmethod
    def body(_handler: Handler, _work: Callable[[], Any], content: bytes) -> Any:
        raise Misbehave(lambda handler: handler.reply(200, content))

    @staticmethod
    def drop(_handler: Handler, work: Callable[[], Any], _value: Any) -> Any:
        """Do the work, then hang up: the answer is lost."""
        work()
        raise Misbehave(lambda handler: handler.hang_up())

    @staticmethod
    def truncated(handler: Handler, work: Callable[[], Any], _value: Any) -> Any:
        answer = handler.encoded(work())

        def act(handler: Handler) -> None:
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answer)}\r\n\r\n".encode()
            handler.raw(head + answer[: len(answer) // 2])
            handler.hang_up()

        raise Misbehave(act)

    @staticmethod
    def chunked(handler: Handler, work: Callable[[], Any], whole: bool) -> Any:
        """Answer in chunks, as proxies do; without the last one unless ``whole``."""
        answer = handler.encoded(work())

        def act(handler: Handler) -> None:
            handler.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for start in range(0, len(answer), 700):
                chunk = answer[start : start + 700]
                handler.raw(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            if whole:
                handler.raw(b"0\r\n\r\n")
            else:
                handler.hang_up()

        raise Misbehave(act)

    @staticmethod
    def cut_stream(_handler: Handler, work: Callable[[], Any], _value: Any) -> Any:
        text = work()
        raise Misbehave(lambda handler: handler.stream(text, cut=len(gzip.compress(text, 1)) // 2))

    @staticmethod
    def no_end(_handler: Handler, work: Callable[[], Any], _value: Any) -> Any:
        return work().rpartition(b"#end")[0]

    @staticmethod
    def wrong_end(_handler: Handler, work: Callable[[], Any], _value: Any) -> Any:
        return work().rpartition(b"#end")[0] + b"#end\t7\n"

    @staticmethod
    def edited_stream(_handler: Handler, work: Callable[[], Any], _value: Any) -> Any:
        return work().replace(b"100.00", b"900.00", 1)

    @staticmethod
    def other_chain(_handler: Handler, work: Callable[[], Any], _value: Any) -> Any:
        text = work()
        raise Misbehave(lambda handler: handler.stream(text, chain="other"))

    @staticmethod
    def half(handler: Handler, work: Callable[[], Any], _value: Any) -> Any:
        """An answer cut in the middle by something that fixes its length."""
        answer = handler.encoded(work())
        raise Misbehave(lambda handler: handler.reply(200, answer[: len(answer) // 2]))

    @staticmethod
    def fault(_handler: Handler, _work: Callable[[], Any], value: tuple[int, str]) -> Any:
        raise Fault(*value)

    @staticmethod
    def fault_after(_handler: Handler, work: Callable[[], Any], value: tuple[int, str]) -> Any:
        """Do the work, then refuse: what is committed apart stays."""
        work()
        raise Fault(*value)

    @staticmethod
    def answer(_handler: Handler, _work: Callable[[], Any], value: Any) -> Any:
        return value
