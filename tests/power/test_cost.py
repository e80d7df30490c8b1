"""What power costs to the øre, beside an oracle written from the tariffs' texts (E3)."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.power.cost_oracle import Case, as_list, moments, worked_out
from tillit.kernel import clock
from tillit.power.cost.axis import cells, hours, month
from tillit.power.cost.lines import Bill, _Use, month_bill, part_bills
from tillit.power.cost.terms import Key, terms
from tillit.power.prices.errors import MissingPriceError
from tillit.power.prices.operations import take_tariffs
from tillit.power.prices.queries import DayPrices, Reference, reference

TARIFFS = Path(__file__).parents[2] / "examples" / "power" / "reference" / "tariffs.yaml"
SPRING, AUTUMN = date(2026, 3, 1), date(2026, 10, 1)
KINDS = {
    "markup",
    "energy",
    "grid_energy",
    "consumption_tax",
    "enova",
    "supplier_fee",
    "capacity",
    "support",
    "fixed_price",
}


@pytest.fixture(scope="module")
def known(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Reference:
    """The rows of the example's file, as they are read back from the database."""
    from django.db import transaction

    with django_db_blocker.unblock(), transaction.atomic():  # type: ignore[attr-defined]
        take_tariffs(path=TARIFFS, at=clock.now())
        found = reference(controller="fjordlys", areas=["NO1"], first=date(2025, 10, 1), after=date(2027, 1, 1))
        transaction.set_rollback(True)
    return found


def priced(known: Reference, first: date, after: date, quarters: list[int], *, final: bool = True) -> Reference:
    """The same with spot prices: rates of quarters in the order of time."""
    axis, rates = hours(first, after), np.array(quarters, dtype=np.int64).reshape(-1, 4)
    ends = np.append(axis.starts[1:], len(axis.day))
    spot = {("NO1", day): DayPrices(rates[axis.starts[n] : ends[n]], final) for n, day in enumerate(axis.days)}
    return replace(known, spot=spot)


def lines_of(bill: Bill, row: int = 0) -> dict[str, int]:
    """The lines as the oracle names them."""
    found: dict[str, int] = {}
    for line in bill.lines:
        rate = None if line.rate is None else f"{Fraction(line.rate, 10_000)}"
        name = {
            "spot": "spot",
            "markup": f"markup {float(Fraction(rate or 0)):.2f}",
            "energy": f"energy {float(Fraction(rate or 0)):g}",
            "grid_energy": f"grid {line.name} {float(Fraction(rate or 0)):g}",
            "consumption_tax": "tax 0"
            if rate == "0"
            else {"7.13": "tax 2026", "12.53": "tax 2025"}.get(f"{float(Fraction(rate or 0)):g}", "?"),
            "supplier_fee": "fee",
            "capacity": f"capacity {line.name[-4:]}",
        }.get(line.kind, line.kind)
        found[name] = found.get(name, 0) + int(line.ore[row])
    return found | {"vat": int(bill.vat[row]), "total": int(bill.total[row])}


def computed(known: Reference, case: Case, used: list[int]) -> Bill:
    """The same by the code."""
    axis = hours(case.first, case.after)
    key = Key("NO1", case.municipality, case.use, "solbakken-nett", case.product, case.scheme)
    place = cells(axis, (4 if case.quarters else 1,) * len(axis.days))
    return month_bill(terms(known, key, axis), place, np.array([used], dtype=np.int64))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Case, list[int], list[int]]:
    """A month or a part of one, with uses and prices that reach every edge."""
    first, after = month(draw(st.sampled_from([SPRING, AUTUMN, date(2026, 2, 1), date(2025, 12, 1), date(2026, 5, 1)])))
    if draw(st.booleans()):
        first += timedelta(days=draw(st.integers(0, 20)))
    quarters = draw(st.booleans())
    many = len(moments(first, after, timedelta(minutes=15)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    level = draw(st.sampled_from([400, 2500, 9000, 25000]))
    used = rng.integers(0, level, many if quarters else many // 4).tolist()
    middle = draw(st.sampled_from([-50_000, 300_000, 770_000, 2_500_000]))
    prices = (middle + rng.integers(-200_000, 900_000, many)).tolist()
    spot = {
        at: Fraction(rate, 10_000)
        for at, rate in zip(moments(first, after, timedelta(minutes=15)), prices, strict=True)
    }
    product = draw(st.sampled_from(["spot", "state", "variable", "fixed"]))
    case = Case(
        first,
        after,
        as_list(used, first, after, quarters=quarters),
        spot,
        product=product,
        municipality=draw(st.sampled_from(["0301", "1804", "5501", "5538", "5601"])),
        quarters=quarters,
        use=draw(st.sampled_from(["home", "holiday", "business"])),
        scheme=product == "state",
    )
    return case, used, prices


@settings(max_examples=15)
@given(made=cases())
def test_e3_a_months_lines_are_the_oracles_to_the_ore(
    known: Reference, made: tuple[Case, list[int], list[int]]
) -> None:
    case, used, prices = made
    bill = computed(priced(known, case.first, case.after, prices), case, used)
    assert lines_of(bill) == worked_out(case)


@pytest.mark.parametrize("wh", [6000, 100_000_001])
def test_e3_weighed_use_is_exact_also_where_floating_point_is_not(wh: int) -> None:
    assert _Use(np.array([[wh] * 743])).weighed(np.array([4_000_003] * 743)).tolist() == [743 * wh * 4_000_003]


def flat(known: Reference, ore: int, first: date = SPRING) -> Reference:
    """Every quarter of a month at one price."""
    first, after = month(first)
    return priced(known, first, after, [ore * 10_000] * len(moments(first, after, timedelta(minutes=15))))


def bill_of(known: Reference, used: list[int], first: date = SPRING, **facts: object) -> dict[str, int]:
    """The lines of a month, the same as the oracle's."""
    first, after = month(first)
    spot = {
        at: Fraction(int(known.spot["NO1", first].rates[0, 0]), 10_000)
        for at in moments(first, after, timedelta(minutes=15))
    }
    case = Case(first, after, as_list(used, first, after, quarters=False), spot, **facts)  # type: ignore[arg-type]
    found = lines_of(computed(known, case, used))
    assert found == worked_out(case)
    return found


@pytest.mark.parametrize(("sum_of_three", "year"), [(5999, 138000), (6000, 228000), (14999, 228000), (15000, 384000)])
def test_e3_the_capacity_step_begins_at_its_edge(known: Reference, sum_of_three: int, year: int) -> None:
    used = [0] * 743
    a = sum_of_three // 3
    for hour, wh in ((10, a), (50, a), (51, a), (100, sum_of_three - 2 * a)):
        used[hour] = wh  # hours 50 and 51 are of one day, which counts once
    assert bill_of(flat(known, 50), used)["capacity 2025"] == round(year / 12)


@pytest.mark.parametrize(
    ("company", "highest", "year"),
    [
        # 960 kroner a year and 312 for each kW of the three highest hours, two of which are of one day
        ("lerkedal-nett", (9000, 8001, 8000, 4000), 96_000 + Fraction(31_200 * 8333, 1000)),
        ("lerkedal-nett", (0, 0, 0, 0), Fraction(96_000)),
        ("lerkedal-nett", (25_000, 25_000, 24_999, 0), 96_000 + Fraction(31_200 * 24_999, 1000)),
        ("lerkedal-nett", (25_000, 25_000, 25_000, 0), 240_000 + Fraction(42_000 * 25_000, 1000)),
        ("fjellvang-nett", (4999, 4999, 4999, 4999), Fraction(180_000)),  # the one highest hour
        ("fjellvang-nett", (5000, 0, 0, 0), Fraction(330_000)),
    ],
)
def test_e3_other_ways_of_measuring_capacity_are_rows(
    known: Reference, company: str, highest: tuple[int, ...], year: Fraction
) -> None:
    used = [0] * 743
    for hour, wh in zip((10, 50, 51, 100), highest, strict=True):
        used[hour] = wh
    axis = hours(*month(SPRING))
    made = terms(flat(known, 50), Key("NO1", "0301", "home", company, "spot", False), axis)
    bill = month_bill(made, cells(axis, (1,) * 31), np.array([used], dtype=np.int64))
    assert int(bill.of("capacity")[0]) == int(year / 12 + Fraction(1, 2))


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_e3_the_cap_is_reached_at_its_very_watt_hour(known: Reference, over: int) -> None:
    """5 000 kWh and a watt-hour less, not one and one more, in the last hour of the month."""
    used = [6000] * 742
    used.append(5_000_000 + over - sum(used))
    dear = flat(known, 177)
    inside = min(sum(used), 5_000_000)
    assert bill_of(dear, used)["support"] == -round(inside * 90 / 1000)
    assert bill_of(dear, used, product="state", scheme=True)["fixed_price"] == -round(inside * 137 / 1000)
    bill = computed(dear, Case(SPRING, month(SPRING)[1], {}, {}, product="state", scheme=True), used)
    assert [int(line.wh[0]) for line in bill.lines if line.kind == "fixed_price"] == [inside]


def test_e3_support_and_scheme_stop_at_their_caps(known: Reference) -> None:
    dear = flat(known, 177)
    used = [10_000] * 743  # 7 430 kWh, 5 000 of them within the cap
    assert bill_of(dear, used)["support"] == -450_000
    assert bill_of(dear, used, product="state", scheme=True)["fixed_price"] == 5000 * (40 - 177)
    assert bill_of(dear, used, product="state", scheme=True, use="holiday")["fixed_price"] == 1000 * (40 - 177)
    assert "support" not in bill_of(dear, used, product="state", scheme=True)
    cheap = flat(known, 20)
    assert bill_of(cheap, used)["support"] == 0
    assert bill_of(cheap, used, product="state", scheme=True)["fixed_price"] == 5000 * 20, "symmetric"


def test_e3_counties_without_vat_and_the_zone_without_consumption_tax(known: Reference) -> None:
    used, prices = [1000] * 743, flat(known, 60)
    oslo = bill_of(prices, used)
    assert oslo["vat"] > 0
    assert bill_of(prices, used, municipality="1804")["vat"] == 0
    assert bill_of(prices, used, municipality="1804", use="business")["vat"] > 0
    assert bill_of(prices, used, municipality="5601")["tax 0"] == 0
    assert bill_of(prices, used, municipality="5501")["tax 2026"] == oslo["tax 2026"]


def test_e3_hours_and_days_are_parts_of_the_month_and_fees_are_in_none(known: Reference) -> None:
    first, after = month(AUTUMN)
    used = np.random.default_rng(4).integers(0, 9000, 745)
    with_prices = flat(known, 150, AUTUMN)
    axis = hours(first, after)
    made = terms(with_prices, Key("NO1", "0301", "home", "solbakken-nett", "spot", False), axis)
    place = cells(axis, (1,) * 31)
    whole = month_bill(made, place, used[None, :])
    days = part_bills(made, place, used, axis.day)
    each = part_bills(made, place, used, place.hour)
    assert {line.kind for line in days.lines} == {line.kind for line in whole.lines} - {"supplier_fee", "capacity"}
    for kind in ("spot", "support", "grid_energy", "consumption_tax"):
        assert abs(int(days.of(kind).sum() - whole.of(kind)[0])) <= 2 * 31, "but for rounding"
        assert abs(int(each.of(kind).sum() - whole.of(kind)[0])) <= 2 * 745
    assert int(days.wh.sum()) == int(whole.wh[0]) == int(used.sum())
    late = int(np.flatnonzero(np.cumsum(used) > 5_000_000)[0]) if used.sum() > 5_000_000 else 744
    assert not each.of("support")[late + 1 :].any(), "the cap is used up from the first of the month"


def test_e3_what_is_missing_is_refused_or_counted_never_guessed(known: Reference) -> None:
    first, after = month(SPRING)
    axis, key = hours(first, after), Key("NO1", "0301", "home", "solbakken-nett", "spot", False)
    for changed, code in (
        (replace(known, plans=[]), "plan"),
        (replace(known, tariffs=[]), "tariff"),
        (replace(known, levies=[]), "levy"),
        (replace(known, calendars=frozenset()), "calendar"),
    ):
        with pytest.raises(MissingPriceError) as missing:
            terms(changed, key, axis)
        assert missing.value.code == code
    wh = np.full((1, 743), 1000)
    bill = month_bill(terms(replace(known, spot={}), key, axis), cells(axis, (1,) * 31), wh)
    assert int(bill.unpriced[0]) == 743_000
    gaps = np.zeros((1, 743), dtype=bool)
    gaps[0, 24:48] = True
    bill = month_bill(terms(flat(known, 60), key, axis), cells(axis, (1,) * 31), np.where(gaps, 0, wh), gaps)
    assert int(bill.missing[0]) == 24
