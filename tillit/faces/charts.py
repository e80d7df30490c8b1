"""Charts as SVG, drawn on the server: no script in the browser. A chart is never alone; its table stands beside it."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import vl_convert

COLOURS = ("#0062ba", "#b3253a", "#068718", "#8e4b10")  # told apart by the colour-blind, each 4.5:1 on white
WIDTH, HEIGHT = 640, 260


def bars(rows: Sequence[tuple[str, str, float]], *, value: str) -> bytes:
    """Bars side by side: (place on the x axis, series, value). `value`: the title of the y axis."""
    data = [{"x": x, "series": series, "y": y} for x, series, y in rows]
    order = list(dict.fromkeys(series for _, series, _ in rows))
    chart = (
        _chart(data)
        .mark_bar()
        .encode(
            x=alt.X("x:N", title=None, sort=None, axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("series:N", sort=order),
            y=alt.Y("y:Q", title=value),
            color=_colour(order),
        )
    )
    return _svg(chart)


def line(rows: Sequence[tuple[str, str, float]], *, value: str) -> bytes:
    """Lines with points: (place on the x axis, series, value)."""
    data = [{"x": x, "series": series, "y": y} for x, series, y in rows]
    order = list(dict.fromkeys(series for _, series, _ in rows))
    chart = (
        _chart(data)
        .mark_line(point=True)
        .encode(
            x=alt.X("x:N", title=None, sort=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("y:Q", title=value),
            color=_colour(order),
        )
    )
    return _svg(chart)


def heat(rows: Sequence[tuple[str, str, float]], *, value: str) -> bytes:
    """A field for each place on the x axis and row: the darker, the more. Rows: (x, row, value), in order."""
    data = [{"x": x, "series": series, "y": y} for x, series, y in rows]
    chart = (
        _chart(data)
        .mark_rect()
        .encode(
            x=alt.X("x:N", title=None, sort=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("series:N", title=None, sort=None),
            color=alt.Color("y:Q", title=value, scale=alt.Scale(range=["#f2f7fc", COLOURS[0]])),
        )
    )
    return _svg(chart)


def _chart(data: list[dict[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=data)).properties(width=WIDTH, height=HEIGHT)


def _colour(order: list[str]) -> alt.Color:
    scale = alt.Scale(domain=order, range=list(COLOURS[: len(order)]))
    return alt.Color("series:N", title=None, scale=scale, legend=alt.Legend(orient="top"))


def _svg(chart: alt.Chart) -> bytes:
    return vl_convert.vegalite_to_svg(chart.to_dict()).encode()
