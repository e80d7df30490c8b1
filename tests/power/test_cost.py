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
from tillit.power.cost.lines import Bill, month_bill
from tillit.power.cost.terms import Key, terms
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


@settings(max_examples=25)
@given(made=cases())
def test_e3_a_months_lines_are_the_oracles_to_the_ore(
    known: Reference, made: tuple[Case, list[int], list[int]]
) -> None:
    case, used, prices = made
    bill = computed(priced(known, case.first, case.after, prices), case, used)
    assert lines_of(bill) == worked_out(case)
