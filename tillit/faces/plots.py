"""Bars and steps as SVG that is as wide as its place, for pages that must come at once: no library, no script.

Places along the x axis are shares of the width, so that letters keep their size on every screen; what a plot shows
stands in a table beside it. Colours come from the style sheet.
"""

from collections.abc import Sequence
from decimal import Decimal
from math import ceil, floor, log10

from babel.numbers import format_decimal
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tillit.faces.templatetags.tillit import language

HEIGHT, TOP, BOTTOM = 220, 18, 22
_STEPS = (1, 2, 2.5, 5, 10)
Values = Sequence[float | None]


def bars(
    *, values: Values, labels: Sequence[str], title: str, before: Values = (), pale: Sequence[bool] = ()
) -> SafeString:
    """Bars from zero; None is a gap, shown as one. before: a mark at each value to compare with. pale: not certain."""
    scale = _Scale([*values, *before, 0.0])
    width = 100 / max(len(values), 1)
    drawn = []
    for n, value in enumerate(values):
        left = f"{n * width + width * 0.14:.3f}%"
        wide = f"{width * 0.72:.3f}%"
        if value is None:
            drawn.append(_rect("t-plot-gap", left, TOP, wide, HEIGHT - TOP - BOTTOM))
        else:
            high, low = scale.y(max(value, 0)), scale.y(min(value, 0))
            drawn.append(_rect("t-plot-pale" if pale and pale[n] else "t-plot-bar", left, high, wide, low - high))
        if n < len(before) and (earlier := before[n]) is not None:
            drawn.append(_line("t-plot-before", n * width, (n + 1) * width, scale.y(earlier), scale.y(earlier)))
    return _frame(scale, labels, title, drawn)


def steps(*, values: Values, labels: Sequence[str], title: str) -> SafeString:
    """A line that keeps each value for its interval; None interrupts it."""
    scale = _Scale([*values, 0.0])
    width = 100 / max(len(values), 1)
    drawn = []
    last: float | None = None
    for n, value in enumerate(values):
        if value is not None:
            if last is not None:
                drawn.append(_line("t-plot-line", n * width, n * width, scale.y(last), scale.y(value)))
            drawn.append(_line("t-plot-line", n * width, (n + 1) * width, scale.y(value), scale.y(value)))
        last = value
    return _frame(scale, labels, title, drawn)


class _Scale:
    """Where a value stands, with round numbers at the lines across."""

    def __init__(self, values: Values) -> None:
        known = [value for value in values if value is not None]
        low, high = min(known), max(known)
        size = (high - low) or 1.0
        unit = 10 ** floor(log10(size / 3))
        self.step = next(unit * one for one in _STEPS if unit * one * 4 >= size)
        self.low, self.high = floor(low / self.step) * self.step, ceil(high / self.step) * self.step or self.step

    def y(self, value: float) -> float:
        """Pixels from the top."""
        share = (self.high - value) / (self.high - self.low)
        return float(round(TOP + (HEIGHT - TOP - BOTTOM) * share, 1))

    def lines(self) -> list[float]:
        """The values of the lines across."""
        count = round((self.high - self.low) / self.step)
        return [self.low + self.step * n for n in range(count + 1)]

    def word(self, value: float) -> str:
        """A number on a line, as it is written in the reader's language."""
        said = format_decimal(Decimal(f"{value:.10g}"), locale=language(), decimal_quantization=False)
        return said.replace("-", "−")


def _frame(scale: _Scale, labels: Sequence[str], title: str, drawn: list[SafeString]) -> SafeString:
    width = 100 / max(len(labels), 1)
    levels = [(scale.y(value), scale.word(value)) for value in scale.lines()]
    across = format_html_join("", '<line class="t-plot-grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>', levels)
    beside = format_html_join(
        "", '<text class="t-plot-word" x="-6" y="{}" text-anchor="end">{}</text>', ((y + 4, word) for y, word in levels)
    )
    words = format_html_join(
        "",
        '<text class="t-plot-word" x="{}%" y="{}" text-anchor="middle">{}</text>',
        ((f"{(n + 0.5) * width:.3f}", HEIGHT - 6, label) for n, label in enumerate(labels) if label),
    )
    body = SafeString("".join(drawn))
    return format_html(
        '<svg class="t-plot" width="100%" height="{}" role="img" aria-label="{}">{}{}{}{}</svg>',
        HEIGHT, title, across, body, beside, words,
    )  # fmt: skip


def _rect(kind: str, left: str, top: float, width: str, height: float) -> SafeString:
    return format_html(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>', kind, left, top, width, round(height, 1)
    )


def _line(kind: str, x1: float, x2: float, y1: float, y2: float) -> SafeString:
    return format_html(
        '<line class="{}" x1="{}%" x2="{}%" y1="{}" y2="{}"/>',
        kind, f"{x1:.3f}", f"{x2:.3f}", y1, y2,
    )  # fmt: skip
