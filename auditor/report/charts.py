"""Charts as SVG. Colours and patterns are the style sheet's; every bar says its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.report.markup import Html, tag

WIDTH, HEIGHT = 760, 230
_LEFT, _BOTTOM, _TOP = 48, 26, 10
_LABELS = 8
"""At the most so many dates stand below a chart."""


@dataclass(frozen=True)
class Series:
    """One kind of thing counted in a chart.

    :param style: names the pattern: ``fill-{style}``.
    :param values: one for each bucket.
    """

    label: str
    style: str
    values: Sequence[float]


PATTERNS: dict[str, str] = {
    "good": "",
    "dry": "M0 7 L7 0",
    "warn": "M0 0 L7 7",
    "partial": "M0 3.5 H7",
    "bad": "M0 0 L7 7 M0 7 L7 0",
    "stopped": "M3.5 0 V7",
    "broken": "M3.5 0 V7 M0 3.5 H7",
    "grey": "M0 1 H7 M0 5 H7",
}
"""Strokes of each fill, so that bars differ without colour."""


def patterns() -> Html:
    """Return the definitions that the charts of a page refer to; once a page."""
    made = [
        tag(
            "pattern",
            tag("rect", width=7, height=7, class_=f"base-{name}"),
            tag("path", d=strokes, class_="stroke") if strokes else None,
            id=f"fill-{name}",
            width=7,
            height=7,
            patternUnits="userSpaceOnUse",
        )
        for name, strokes in PATTERNS.items()
    ]
    # Not hidden by style: a pattern of an element that is not rendered paints nothing.
    return tag("svg", tag("defs", *made), width=0, height=0, class_="away", aria_hidden="true")


def swatch(style: str) -> Html:
    """Return a small piece of a fill, for a legend."""
    return tag(
        "svg",
        tag("rect", x=0.5, y=0.5, width=13, height=13, rx=2, class_="bar", fill=_fill(style)),
        width=14,
        height=14,
        class_="swatch",
        aria_hidden="true",
    )


def stacked(labels: Sequence[str], series: Sequence[Series], *, name: str, unit: str = "") -> Html:
    """Return bars, one for each label, made of the series from below.

    :param name: what the chart shows, for those who cannot see it.
    :param unit: said behind each number.
    """
    totals = [sum(each.values[at] for each in series) for at in range(len(labels))]
    top = _round_up(max(totals, default=0.0))
    plot_height, plot_width = HEIGHT - _BOTTOM - _TOP, WIDTH - _LEFT - 4
    step = plot_width / max(len(labels), 1)
    bar = min(step * 0.78, 46.0)
    parts: list[Html] = []
    for part in range(5):
        y = _TOP + plot_height * (1 - part / 4)
        parts.append(tag("line", x1=_LEFT, x2=WIDTH - 4, y1=_px(y), y2=_px(y), class_="grid"))
        parts.append(
            tag("text", _short(top * part / 4), x=_LEFT - 6, y=_px(y + 4), class_="axis end")
        )
    every = max(1, -(-len(labels) // _LABELS))
    for at, label in enumerate(labels):
        x = _LEFT + step * at + (step - bar) / 2
        if at % every == 0:
            middle = _px(_LEFT + step * (at + 0.5))
            parts.append(tag("text", label, x=middle, y=HEIGHT - 8, class_="axis middle"))
        base = float(_TOP + plot_height)
        for each in series:
            value = each.values[at]
            if not value:
                continue
            height = max(plot_height * value / top, 1.0)
            base -= height
            said = f"{label}: {each.label}, {number(value)} {unit}".rstrip()
            parts.append(
                tag(
                    "rect",
                    tag("title", said),
                    x=_px(x),
                    y=_px(base),
                    width=_px(bar),
                    height=_px(height),
                    class_="bar",
                    fill=_fill(each.style),
                )
            )
    return tag("svg", *parts, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=name)


def spark(labels: Sequence[str], values: Sequence[float | None], *, name: str, style: str) -> Html:
    """Return small bars in a row; None is a gap, 0 a dot on the ground."""
    width, height = 240, 36
    top = max((value for value in values if value is not None), default=0) or 1
    step = width / max(len(values), 1)
    parts = [tag("line", x1=0, x2=width, y1=height - 1, y2=height - 1, class_="grid")]
    for at, value in enumerate(values):
        if value is None:
            continue
        title = tag("title", f"{labels[at]}: {number(value)}")
        middle = step * (at + 0.5)
        if not value:
            parts.append(tag("circle", title, cx=_px(middle), cy=height - 3, r=2, class_="none"))
            continue
        bar, tall = min(step * 0.7, 16.0), max((height - 4) * value / top, 2.0)
        parts.append(
            tag(
                "rect",
                title,
                x=_px(middle - bar / 2),
                y=_px(height - 1 - tall),
                width=_px(bar),
                height=_px(tall),
                class_="bar",
                fill=_fill(style),
            )
        )
    return tag(
        "svg", *parts, viewBox=f"0 0 {width} {height}", class_="spark", role="img", aria_label=name
    )


def length(share: float, style: str) -> Html:
    """Return a bar as long as ``share`` (0 to 1) of its place, for a row of a table."""
    long = max(min(share, 1.0) * 200, 2.0)
    return tag(
        "svg",
        tag("rect", x=0, y=2, width=_px(long), height=12, class_="bar", fill=_fill(style)),
        viewBox="0 0 200 16",
        class_="length",
        aria_hidden="true",
    )


def number(value: float) -> str:
    """Return a number as people read it."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _fill(style: str) -> str:
    return f"url(#fill-{style})"


def _px(value: float) -> str:
    return f"{value:.1f}"


def _short(value: float) -> str:
    for size, letter in ((1e9, "bn"), (1e6, "m"), (1e4, "k")):
        if value >= size:
            return f"{number(value / (1e3 if letter == 'k' else size))} {letter}"
    return number(value)


def _round_up(value: float) -> float:
    """Return a number that divides into four parts as people would."""
    if value <= 4:
        return 4.0
    size = 1.0
    while size * 10 <= value:
        size *= 10
    return next(size * step for step in (1, 2, 4, 6, 8, 10, 20) if size * step >= value)
