"""What power costs, worked out a second time from the tariffs' texts: plain loops over moments, fractions, no arrays.

Written from the texts in docs/power.md, apart from the code: it shares nothing with `tillit.power`. All in øre.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")
HOLIDAYS = {date(2026, 4, 2), date(2026, 4, 3), date(2026, 4, 5), date(2026, 4, 6), date(2026, 5, 1), date(2026, 5, 14)}
HOLIDAYS |= {date(2026, 1, 1), date(2026, 5, 17), date(2026, 5, 24), date(2026, 5, 25), date(2026, 12, 25)}
HOLIDAYS |= {date(2026, 12, 26), date(2025, 12, 25), date(2025, 12, 26)}
STEPS_2025 = [(0, 138000), (2, 228000), (5, 384000), (10, 534000), (15, 690000), (20, 846000)]
STEPS_2026 = [(0, 144000), (2, 240000), (5, 403200), (10, 561600), (15, 724800), (20, 888000)]
ZONE = ("56", "5534", "5536", "5538", "5540", "5542", "5544", "5546")


@dataclass
class Case:
    """A month of a point. used: watt-hours by the moment (UTC) at which each interval begins; quarters: whether these
    are quarters; spot: øre a kWh by the moment at which each quarter begins.
    """

    first: date
    after: date
    used: Mapping[datetime, int]
    spot: Mapping[datetime, Fraction]
    product: str = "spot"
    municipality: str = "0301"
    quarters: bool = False
    use: str = "home"
    scheme: bool = False
    lines: dict[str, int] = field(default_factory=dict)


def nearest(value: Fraction) -> int:
    """To the nearest øre, half away from zero."""
    size = abs(value) + Fraction(1, 2)
    return (1 if value >= 0 else -1) * (size.numerator // size.denominator)


def moments(first: date, after: date, step: timedelta) -> list[datetime]:
    """Every interval's beginning from one local midnight to another, in UTC."""
    at = datetime(first.year, first.month, first.day, tzinfo=OSLO).astimezone(UTC)
    end = datetime(after.year, after.month, after.day, tzinfo=OSLO).astimezone(UTC)
    found = []
    while at < end:
        found.append(at)
        at += step
    return found


def worked_out(case: Case, month: Sequence[Case] = ()) -> dict[str, int]:
    """Each line in øre, without VAT; then vat and total. month: every case of the month, where the contract changes in
    it: a cap is the month's, and so is the mean of the highest daily maxima.
    """
    exact: dict[str, Fraction] = {}
    before = [one for one in month if one.first < case.first]
    fixed = sum(sum(one.used.values()) for one in before if one.scheme)
    supported = sum(sum(one.used.values()) for one in before if not one.scheme)

    def add(line: str, kwh: Fraction, ore: Fraction) -> None:
        exact[line] = exact.get(line, Fraction(0)) + kwh * ore

    for at in sorted(case.used):
        wh, local = case.used[at], at.astimezone(OSLO)
        hour = at.replace(minute=0)
        kwh, day = Fraction(wh, 1000), local.date()
        of_hour = sum(case.spot[hour + timedelta(minutes=m)] for m in (0, 15, 30, 45)) / 4
        paid = case.spot[at] if case.quarters else of_hour
        _supplier(add, case.product, day, kwh, paid)
        _grid(add, day, local.hour, kwh)
        _levies(add, case, day, kwh)
        if case.scheme and case.use in {"home", "holiday"}:
            cap = 5_000_000 if case.use == "home" else 1_000_000
            part, fixed = _under(cap, fixed, wh)
            add("fixed_price", part, 40 - paid)
        elif case.use == "home":
            part, supported = _under(5_000_000, supported, wh)
            limit = 77 if day.year == 2026 else 75
            add("support", part, -Fraction(9, 10) * max(of_hour - limit, Fraction(0)))
    lines = {name: nearest(value) for name, value in exact.items()}
    lines |= _monthly(case, [top for one in month or [case] for top in _tops(one)])
    northern = case.municipality[:2] in {"18", "55", "56"} and case.use in {"home", "holiday"}
    vat = nearest(Fraction(0 if northern else 25, 100) * sum(lines.values()))
    return lines | {"vat": vat, "total": sum(lines.values()) + vat}


def _under(cap: int, used: int, wh: int) -> tuple[Fraction, int]:
    part = max(0, min(wh, cap - used))
    return Fraction(part, 1000), used + wh


def _supplier(add, product: str, day: date, kwh: Fraction, paid: Fraction) -> None:  # type: ignore[no-untyped-def]
    if product == "spot":
        add("spot", kwh, paid)
        add(
            "markup 3.92" if day < date(2026, 3, 1) else "markup 4.40",
            kwh,
            Fraction("3.92" if day < date(2026, 3, 1) else "4.40"),
        )
    elif product == "state":
        add("spot", kwh, paid)
        add("markup 2.80", kwh, Fraction("2.80"))
    elif product == "variable":
        add(
            "energy 84" if day < date(2026, 2, 1) else "energy 79.6",
            kwh,
            Fraction("84" if day < date(2026, 2, 1) else "79.60"),
        )
    else:
        add("energy 68.5", kwh, Fraction("68.50"))


def _grid(add, day: date, clock: int, kwh: Fraction) -> None:  # type: ignore[no-untyped-def]
    by_day = day.weekday() < 5 and day not in HOLIDAYS and 6 <= clock < 22
    if day < date(2026, 7, 1):
        add("grid day 26.4" if by_day else "grid night 15.6", kwh, Fraction("26.40" if by_day else "15.60"))
    else:
        add("grid day 28.99" if by_day else "grid night 16.99", kwh, Fraction("28.99" if by_day else "16.99"))


def _levies(add, case: Case, day: date, kwh: Fraction) -> None:  # type: ignore[no-untyped-def]
    tax = Fraction("7.13") if day.year == 2026 else Fraction("12.53")
    free = case.municipality[:2] in ZONE or case.municipality in ZONE
    add("tax 0" if free else f"tax {day.year}", kwh, Fraction(0) if free else tax)
    add("enova", kwh, Fraction(0 if case.use == "business" else 1))


def _tops(case: Case) -> list[int]:
    """The highest hour of each day."""
    by_day: dict[date, dict[datetime, int]] = {}
    for at, wh in case.used.items():
        hours = by_day.setdefault(at.astimezone(OSLO).date(), {})
        hours[at.replace(minute=0)] = hours.get(at.replace(minute=0), 0) + wh
    return [max(hours.values()) for hours in by_day.values()]


def _monthly(case: Case, tops: Sequence[int]) -> dict[str, int]:
    whole = ((case.first.replace(day=28) + timedelta(days=4)).replace(day=1) - case.first.replace(day=1)).days
    days = [case.first + timedelta(days=n) for n in range((case.after - case.first).days)]
    fee = {"spot": 3920}.get(case.product, 3120)
    lines = {"fee": nearest(Fraction(fee * len(days), whole))}
    tops = sorted(tops, reverse=True)[:3]
    mean = Fraction(sum(tops), 1000 * len(tops)) if tops else Fraction(0)
    for name, steps, count in (
        ("capacity 2025", STEPS_2025, sum(day < date(2026, 7, 1) for day in days)),
        ("capacity 2026", STEPS_2026, sum(day >= date(2026, 7, 1) for day in days)),
    ):
        if count:
            year = [ore for edge, ore in steps if mean >= edge][-1]
            lines[name] = nearest(Fraction(year * count, 12 * whole))
    return lines


def as_list(used: Sequence[int], first: date, after: date, *, quarters: bool) -> dict[datetime, int]:
    """Values in the order of time as a mapping."""
    step = timedelta(minutes=15 if quarters else 60)
    return dict(zip(moments(first, after, step), used, strict=True))
