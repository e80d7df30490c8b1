"""A customer's use and cost as the customer and customer service are shown it: words, plots, rows, a file (E3, E4)."""

import csv
import io
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

from tillit.faces import plots
from tillit.faces.templatetags.tillit import day as day_words
from tillit.faces.templatetags.tillit import language
from tillit.faces.texts import say
from tillit.kernel.csv_text import inert
from tillit.kernel.money import Money
from tillit.power.cost.lines import Line
from tillit.power.looking import Page
from tillit.power.periods import Looked
from tillit.power.prices import RATE
from tillit.power.usage import Row, Usage

FIXED = {"supplier_fee", "capacity"}
ORDER = (
    "spot",
    "energy",
    "markup",
    "supplier_fee",
    "fixed_price",
    "support",
    "grid_energy",
    "capacity",
    "consumption_tax",
    "enova",
)
COLUMNS = ("begins", "kwh", "cost_nok", "spot_ore_per_kwh", "missing", "preliminary")


def context(page: Page, today: date) -> dict[str, Any]:
    """What the template of a page needs."""
    looked, shown, point = page.looked, page.shown, page.point
    if looked is None or shown is None or point is None:
        return {"points": []}
    rows = [_row(row, looked, page) for row in shown.rows]
    after = looked.step(1)
    return {
        "points": [(n, _place(one)) for n, one in enumerate(page.points, 1)],
        "number": page.number,
        "where": _place(point),
        "looked": str(looked),
        "kind": looked.kind,
        "heading": _heading(looked, shown),
        "before": looked.step(-1),
        "after": after if after.first <= today else None,
        "tabs": [(kind, str(_within(looked, kind, page.known or today))) for kind in ("year", "month", "day")],
        "rows": rows,
        "has_earlier": bool(page.earlier),
        "empty": shown.empty,
        "known": page.known,
        "wh": kwh(shown.wh),
        "total": None if shown.without and not shown.lines else ore(shown.total),
        "vat": ore(shown.vat),
        "lines": [
            _line(line)
            for line in sorted(shown.lines, key=_place_of)
            if line.kind in FIXED or line.wh[0] or line.ore[0]
        ],
        "without": shown.without,
        "missing": shown.missing,
        "unpriced": kwh(shown.unpriced) if shown.unpriced else "",
        "preliminary": kwh(shown.preliminary) if shown.preliminary else "",
        "given": [(kind, ore(abs(amount)), amount >= 0) for kind, amount in shown.given.items()],
        "plot": _bars(shown, page),
        "prices": _steps(shown),
        "compared": _compared(page),
        "peaks": _peaks(page),
        "forecast": _forecast(page),
        "monthly": looked.kind in {"month", "year"},
    }


def file_of(rows: list[Row]) -> bytes:
    """CSV with semicolons and decimal commas, as spreadsheets here read it."""
    out = io.StringIO()
    sheet = csv.writer(out, delimiter=";", lineterminator="\r\n")
    sheet.writerow(COLUMNS)
    for row in rows:
        sheet.writerow(
            [
                inert(row.at.isoformat()),
                "" if row.wh is None else _comma(Decimal(row.wh) / 1000),
                "" if row.ore is None else _comma(Decimal(row.ore) / 100),
                "" if row.rate is None else _comma(Decimal(row.rate) / RATE),
                row.missing,
                int(row.preliminary),
            ]
        )
    return out.getvalue().encode("utf-8-sig")


def kwh(wh: int, digits: int = 1) -> str:
    """Watt-hours as kilowatt-hours for the reader."""
    return format_decimal(Decimal(wh) / 1000, format="#,##0." + "0" * digits, locale=language())


def kw(watts: int) -> str:
    """Where a step of a tariff begins, in kilowatts, as exactly as the tariff says it."""
    return format_decimal(Decimal(watts) / 1000, format="#,##0.###", locale=language())


def ore(amount: int) -> Money:
    """Øre as money."""
    return Money(int(amount), "NOK")


def rate_words(rate: int) -> str:
    """A rate in øre."""
    return format_decimal(Decimal(rate) / RATE, format="#,##0.00##", locale=language())


def _comma(value: Decimal) -> str:
    return f"{value.normalize():f}".replace(".", ",")


def _place(point: Any) -> str:
    street = " ".join(filter(None, [point.street, point.place]))
    return street or say(language(), "consumption.point", number=point.gsrn[-4:])


def _within(looked: Looked, kind: Any, known: date) -> Looked:
    """The year, month or day that a tab leads to: the latest known day within, where one is looked into."""
    inside = looked.first <= known < looked.after
    return Looked(kind, looked.first, looked.after).within(kind) if not inside else _around(kind, known)


def _around(kind: Any, day: date) -> Looked:
    return Looked(kind, day, day + timedelta(days=1)).within(kind)


def _heading(looked: Looked, shown: Usage) -> str:
    if looked.kind == "year":
        return str(looked.first.year)
    if looked.kind == "month":
        return format_date(looked.first, "LLLL y", locale=language())
    if looked.kind == "day":
        return day_words(looked.first)
    at = shown.rows[0].at if shown.rows else looked.first
    return f"{day_words(looked.first)} {_hour(at)}"


def _hour(at: date) -> str:
    """13–14; autumn's two hours from two are told apart by their offset."""
    if not isinstance(at, datetime):
        return ""
    beside = [datetime.fromtimestamp(at.timestamp() + turn, at.tzinfo).hour for turn in (-3600, 3600)]
    offset = f" ({at.strftime('%z')[:3]})" if at.hour in beside else ""
    return f"{at.hour:02d}–{at.hour + 1:02d}{offset}"


def _row(row: Row, looked: Looked, page: Page) -> dict[str, Any]:
    spoken = language()
    if looked.kind == "year":
        label = format_date(row.at, "LLLL", locale=spoken)
    elif looked.kind == "month":
        label = format_date(row.at, "EEE d." if spoken != "en" else "EEE d", locale=spoken)
    else:
        label = _hour(row.at)
    earlier = page.earlier.get(row.key)
    return {
        "label": label,
        "link": row.key if looked.kind != "hour" else "",
        "wh": "" if row.wh is None else kwh(row.wh, 2 if looked.kind in {"day", "hour"} else 1),
        "ore": None if row.ore is None else ore(row.ore),
        "rate": "" if row.rate is None else rate_words(round(row.rate, -2)),
        "earlier": "" if earlier is None else kwh(earlier),
        "missing": row.missing,
        "unpriced": row.unpriced,
        "preliminary": row.preliminary,
    }


def _line(line: Line) -> dict[str, Any]:
    """A line of the calculation in words: what, quantity and rate, amount."""
    spoken, detail, wh = language(), line.detail or {}, int(line.wh[0])
    named = f"consumption.line.{line.kind}"
    if line.kind == "grid_energy":
        named += f".{line.name}" if line.name in {"day", "night", "winter", "summer"} else ".other"
    how = ""
    if line.kind == "capacity" and detail:
        how = say(
            spoken,
            "consumption.how.capacity",
            mean=kwh(int(detail["watts"][0]), 2),
            edge=kw(int(detail["from"][0])),
            price=_a_year(int(detail["year"][0]), int(detail["per_kw"][0])),
            days=detail["days"],
            of=detail["of"],
        )
    elif line.kind == "supplier_fee" and detail:
        how = say(
            spoken,
            "consumption.how.fee",
            month=ore(detail["month"]).format(spoken),
            days=detail["days"],
            of=detail["of"],
        )
    elif line.kind in {"support", "fixed_price"}:
        share = format_decimal(Decimal(detail.get("share", 10_000)) / 100, locale=spoken)
        how = say(
            spoken, f"consumption.how.{line.kind}", wh=kwh(wh), rate=rate_words(line.rate or 0), share=share,
            cap=kwh(int(detail.get("cap", 0)), 0),
        )  # fmt: skip
    elif line.rate is not None:
        how = say(spoken, "consumption.how.rate", wh=kwh(wh, 3), rate=rate_words(line.rate))
    elif line.kind == "spot" and wh:
        mean = int(detail["mean"][0]) if detail else round(int(line.ore[0]) * RATE * 1000 / wh)
        how = say(spoken, "consumption.how.spot", wh=kwh(wh, 3), rate=rate_words(round(mean, -2)))
    return {"name": say(spoken, named, name=line.name), "how": how, "note": line.note, "ore": ore(int(line.ore[0]))}


def _a_year(year: int, per_kw: int) -> str:
    """What capacity costs a year, in words."""
    spoken, kind = language(), "per_kw" if per_kw and not year else "both" if per_kw else "year"
    amounts = {"year": ore(year).format(spoken), "per_kw": ore(per_kw).format(spoken)}
    return say(spoken, f"consumption.a_year.{kind}", **amounts)


def _place_of(line: Line) -> int:
    return ORDER.index(line.kind)


def _bars(shown: Usage, page: Page) -> str:
    values = [None if row.wh is None else row.wh / 1000 for row in shown.rows]
    if shown.empty or len(values) < 2:
        return ""
    before = [page.earlier[row.key] / 1000 if row.key in page.earlier else None for row in shown.rows]
    return plots.bars(
        values=values,
        labels=_labels(shown),
        title=say(language(), "consumption.plot"),
        before=before if page.earlier else (),
        pale=[row.missing > 0 for row in shown.rows],
    )


def _steps(shown: Usage) -> str:
    values = [None if row.rate is None else row.rate / RATE for row in shown.rows]
    if len(values) < 2 or all(value is None for value in values):
        return ""
    return plots.steps(values=values, labels=_labels(shown), title=say(language(), "consumption.price_plot"))


def _labels(shown: Usage) -> list[str]:
    found = []
    for n, row in enumerate(shown.rows):
        if shown.looked.kind == "year":
            found.append(format_date(row.at, "LLLLL", locale=language()))
        elif shown.looked.kind == "month":
            found.append(str(n + 1) if n % 5 == 0 else "")
        else:
            hour = row.at.hour if isinstance(row.at, datetime) else 0
            found.append(f"{hour:02d}" if hour % 6 == 0 else "")
    return found


def _compared(page: Page) -> dict[str, Any] | None:
    one = page.compared
    if one is None:
        return None
    return {
        "days": one.days,
        "now": kwh(one.now),
        "before": kwh(one.before),
        "change": _change(one.now, one.before),
        "corrected": None if one.corrected is None else kwh(one.corrected),
        "corrected_change": None if one.corrected is None else _change(one.now, one.corrected),
        "per_degree": kwh(one.per_degree, 2),
        "explained": round(100 * one.explained),
        "unrelated": one.unrelated,
        "warmer": None if not one.warmer else format_decimal(Decimal(abs(one.warmer)) / 10, locale=language()),
        "colder": one.warmer is not None and one.warmer < 0,
    }


def _change(now: int, before: int) -> str:
    if not before:
        return ""
    return f"{'+' if now >= before else '−'}{abs(round(100 * (now - before) / before))}\u00a0%"


def _peaks(page: Page) -> dict[str, Any] | None:
    one = page.peaks
    if one is None:
        return None
    return {
        "highest": [(peak.at, _hour(peak.at), kwh(peak.watts, 2)) for peak in one.highest],
        "mean": kwh(one.mean, 2),
        "edge": kw(one.edge),
        "above": kw(one.above) if one.above else "",
        "price": _a_year(one.year, one.per_kw),
        "hours": one.hours,
        "left": None if one.left is None else kwh(one.left, 2),
    }


def _forecast(page: Page) -> dict[str, Any] | None:
    one = page.forecast
    if one is None:
        return None
    shown = {"ore": ore(one.ore), "low": ore(one.low), "high": ore(one.high)}
    return {**shown, "wh": kwh(one.wh, 0), "known": one.known, "days": one.days}
