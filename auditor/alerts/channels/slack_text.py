"""Text for Slack: escaped, without markup or a way to call people, cut to a length.

Slack reads ``<!channel>``, ``<@U123>`` and ``<http://...|text>`` in a text as commands; escaping
``&``, ``<`` and ``>`` makes them text again (docs.slack.dev, "Formatting message text"). There is
no way to escape ``*``, ``_``, ``~``, `````, ``:name:`` or a leading ``>``. A mark with something
invisible beside it may still be one, so marks become characters that look like them; jsx-slack
does the same. What names a picture or quotes is broken by a character that nobody sees.
"""

from __future__ import annotations

import re

_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_CUT = "…"
# An old habit of Slack's: with `parse: full` or `link_names` a bare @here calls everybody.
_CALL = re.compile(r"(?<!\w)@(?=(?:here|channel|everyone|group)\b)", re.IGNORECASE)
_PICTURE = re.compile(r"(?!(?<=\d):\d\d:\d):(?=[\w+＋'-]+:)")  # not within a time of day
_QUOTE = re.compile("^(?=[>＞])", re.MULTILINE)
_JOINER = "\u2060"
_MARKS = str.maketrans("*＊~`｀", "∗∗∼ˋˋ")
# Within a word it marks nothing; names of jobs and models are full of them and get copied.
_ITALIC = re.compile("(?<![A-Za-z0-9])[_＿]+|[_＿]+(?![A-Za-z0-9])")


def units(text: str) -> int:
    """Return the length of ``text`` as the strictest reader counts it, in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def escaped(text: str, longest: int) -> str:
    """Return ``text`` without markup, and cut with ``…`` to at most ``longest`` units."""
    text = _CALL.sub(f"@{_JOINER}", text)
    text = _PICTURE.sub(f":{_JOINER}", text)
    text = _QUOTE.sub(_JOINER, text).translate(_MARKS)
    text = _ITALIC.sub(lambda found: "ˍ" * len(found[0]), text)
    # No piece is shorter than 1: what lies beyond can't be part of the result.
    pieces = [_ESCAPED.get(character, character) for character in text[: longest + 1]]
    if sum(map(units, pieces)) <= longest:
        return "".join(pieces)
    room = longest - units(_CUT)
    kept: list[str] = []
    for piece in pieces:
        room -= units(piece)
        if room < 0:
            break
        kept.append(piece)
    # A joiner without its second half is a stray mark.
    return "".join(kept).rstrip("\u200d\ufe0f\u2060 ") + _CUT


def bold(text: str, longest: int) -> str:
    """Return ``text`` as a bold piece of markup, ``""`` for none."""
    inside = escaped(text.strip(), longest - 2)
    return f"*{inside}*" if inside else ""


def link(label: str, url: str, longest: int) -> str:
    """Return a link, or only its label when there is no address or no room for it.

    :param url: one that :func:`auditor.alerts.channels.safe.address` let through.
    """
    target = url.replace("&", "&amp;").replace("|", "%7C")
    room = longest - units(target) - 3
    if not url or room < 20:
        return escaped(label, longest)
    return f"<{target}|{escaped(label, room)}>"
