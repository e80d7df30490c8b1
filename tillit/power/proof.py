"""That cost is what the calculation says (E3), tried by `tillit prove`.

What running contracts need is registered; and for some points the last whole month is worked out a second time, value
by value in fractions, and must come to the same øre.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction

from tillit.declaration.models import Controller
from tillit.power.bills import Span, key_of, spans
from tillit.power.cost.axis import hours
from tillit.power.cost.terms import Terms, terms
from tillit.power.models import Contract
from tillit.power.prices.errors import MissingPriceError
from tillit.power.prices.queries import reference

TRIED = 3
NONE = Fraction(0)


def cost(controller_id: int, on: date) -> Iterator[str]:
    """What running contracts lack to be computed, and points whose month comes to something else by hand."""
    controller = Controller.objects.get(pk=controller_id)
    running = Contract.objects.filter(controller_id=controller_id, starts__lte=on).exclude(ends__lte=on)
    contracts = list(running.select_related("point", "point__grid_company").order_by("point_id"))
    known = reference(controller=controller.key, areas=[], first=on, after=on + timedelta(days=1))
    for key in sorted({key_of(one.point, one) for one in contracts}):
        try:
            terms(known, key, hours(on, on + timedelta(days=1)))
        except MissingPriceError as missing:
            yield f"{missing.code}: {missing.message}"
    after = on.replace(day=1)
    first = (after - timedelta(days=1)).replace(day=1)
    for contract in contracts[:TRIED]:
        mine = list(Contract.objects.filter(subject_id=contract.subject_id, point_id=contract.point_id))
        month = spans(point=contract.point, contracts=mine, controller=controller.key, first=first, after=after)
        for span in month:
            bill = span.bill()
            if bill is not None and not span.gaps.all() and int(bill.total[0]) != by_hand(span, month):
                yield f"a bill of {first.isoformat()[:7]} is not what its terms come to"


def by_hand(span: Span, month: Sequence[Span] = ()) -> int:
    """The total of a span in øre, VAT included, value by value from its terms. month: every span of its month."""
    known = span.terms
    exact: dict[object, Fraction] = {}
    assert known is not None  # noqa: S101 (asked of spans with terms only)
    mine = [one for one in month if one.contract is not None] or [span]
    used: dict[str, int] = {}
    for before in mine:
        for scheme in before.terms.schemes if before.terms is not None and before.first < span.first else ():
            wh = sum(int(before.wh[cell]) for cell, hour in enumerate(before.cells.hour.tolist()) if scheme.where[hour])
            used[scheme.kind] = used.get(scheme.kind, 0) + wh
    for cell, (hour, quarter) in enumerate(zip(span.cells.hour.tolist(), span.cells.quarter.tolist(), strict=True)):
        kwh = Fraction(int(span.wh[cell]), 1000)
        of_hour = Fraction(int(known.spot[hour].sum()), 4)
        paid = of_hour if quarter < 0 or span.spread[cell] else Fraction(int(known.spot[hour, quarter]))
        if known.on_spot[hour]:
            exact["spot"] = exact.get("spot", NONE) + kwh * paid
        for n, rate in enumerate(known.rates):
            if rate.where[hour]:
                exact[n] = exact.get(n, NONE) + kwh * rate.rate
        for n, scheme in enumerate(known.schemes):
            if scheme.where[hour]:
                left = max(scheme.cap - used.get(scheme.kind, 0), 0)
                part = Fraction(min(int(span.wh[cell]), left), 1000)
                used[scheme.kind] = used.get(scheme.kind, 0) + int(span.wh[cell])
                each = -max(of_hour - scheme.rate, NONE) if scheme.kind == "support" else scheme.rate - paid
                if known.priced[hour]:
                    name = ("scheme", n)
                    exact[name] = exact.get(name, NONE) + part * each * scheme.share / 10_000
    net = sum(_near(Fraction(value) / 10_000) for value in exact.values()) + _monthly(known, mine)
    return net + _near(Fraction(net * known.vat, 10_000))


def _monthly(known: Terms, month: Sequence[Span]) -> int:
    total = sum(_near(Fraction(fee.fee * fee.days, known.month)) for fee in known.fees)
    for tariff in known.capacity:
        tops = (top for span in month for top in _tops(span, by_hour=tariff.hours))
        counted = sorted(tops, reverse=True)[: tariff.maxima]
        watts = sum(counted) // max(len(counted), 1)
        step = max(n for n, edge in enumerate(tariff.edges) if watts >= int(edge))
        year = int(tariff.year[step]) + Fraction(int(tariff.per_kw[step]) * watts, 1000)
        total += _near(year * tariff.days / (12 * known.month))
    return total


def _tops(span: Span, *, by_hour: bool) -> list[int]:
    """The highest hour of each day of which anything is known; or every such hour."""
    used: dict[int, int] = {}
    tops: dict[int, int] = {}
    for hour, wh in zip(span.cells.hour.tolist(), span.wh.tolist(), strict=True):
        used[hour] = used.get(hour, 0) + wh
    place = {hour: hour if by_hour else int(span.hours.day[hour]) for hour in used}
    for hour, wh in used.items():
        tops[place[hour]] = max(tops.get(place[hour], 0), wh)
    seen = {place[hour] for hour, gap in zip(span.cells.hour.tolist(), span.gaps, strict=True) if not gap}
    return [wh for at, wh in tops.items() if at in seen]


def _near(value: Fraction) -> int:
    size = abs(value) + Fraction(1, 2)
    return (-1 if value < 0 else 1) * (size.numerator // size.denominator)
