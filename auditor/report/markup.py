"""Make HTML and SVG of values. What is not :class:`Html` is escaped; there is no other way in."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from auditor.cli.text import plain

_VOID = frozenset({"meta", "br", "col"})


class Html(str):
    """Markup that :func:`tag` made, or that stands in this package."""

    __slots__ = ()


Child = str | int | None | Iterable["str | int | None"]


def text(value: object) -> Html:
    """Return ``value`` as text: no markup in it, no control or direction characters."""
    return value if isinstance(value, Html) else Html(escape(plain(str(value)), quote=True))


def tag(name: str, /, *children: Child, **attributes: object) -> Html:
    """Return an element.

    :param children: texts, which are escaped; :class:`Html`, which is not; None, which is nothing;
        or iterables of these.
    :param attributes: ``class_`` is ``class``, other ``_`` are ``-``; None and False are left out.
    """
    made = [f"<{name}"]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        made.append(f' {key.rstrip("_").replace("_", "-")}="{text(value)}"')
    made.append(">")
    if name not in _VOID:
        made.extend(join(children))
        made.append(f"</{name}>")
    return Html("".join(made))


def join(children: Iterable[Child]) -> Html:
    """Return children one after the other."""
    parts: list[str] = []
    for child in children:
        if child is None:
            continue
        if isinstance(child, str | int):
            parts.append(text(child))
        else:
            parts.append(join(child))
    return Html("".join(parts))


def table(head: list[str], rows: Iterable[Iterable[Child]], *, right: Iterable[str] = ()) -> Html:
    """Return a table; columns named in ``right`` hold numbers."""
    numeric = [name in set(right) for name in head]
    classes = ["number" if number else None for number in numeric]
    body = [
        tag("tr", *(tag("td", cell, class_=css) for cell, css in zip(row, classes, strict=True)))
        for row in rows
    ]
    titles = (
        tag("th", name, scope="col", class_=css) for name, css in zip(head, classes, strict=True)
    )
    # Wide tables scroll by themselves instead of the page.
    return tag(
        "div",
        tag("table", tag("thead", tag("tr", *titles)), tag("tbody", *body)),
        class_="scroll",
    )
