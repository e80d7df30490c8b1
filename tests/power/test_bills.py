"""Bills of points: one as many, prices that become final, what is missing (E3)."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.power.cost_oracle import Case, as_list, moments, worked_out
from tests.support import power
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.power import looking, many, periods, proof
from tillit.power.bills import Span, spans, together
from tillit.power.errors import PowerError
from tillit.power.models import GridCompany, MeteringPoint, ReadingMonth
from tillit.power.operations import add_contract
from tillit.power.packing import Quality
from tillit.power.prices.models import Plan
from tillit.power.prices.operations import take_tariffs
from tillit.power.prices.series_file import take_prices
from tillit.power.queries import contracts_of
from tillit.power.usage import peaks

TARIFFS = Path(__file__).parents[2] / "examples" / "power" / "reference" / "tariffs.yaml"
FIRST, AFTER = date(2026, 3, 1), date(2026, 4, 1)
HOURS = 743  # spring's month lacks one

pytestmark = pytest.mark.django_db


@pytest.fixture
def retailer() -> Controller:
    take_tariffs(path=TARIFFS, at=clock.now())
    GridCompany.objects.create(key="solbakken-nett", name="Solbakken Nett")
    return power.retailer()


def a_point(retailer: Controller, serial: int, **facts: Any) -> MeteringPoint:
    grid = GridCompany.objects.get()
    return power.point_of(
        retailer, power.customer(retailer), serial, grid_company=grid, **{"municipality": "0301", **facts}
    )


def price_file(path: Path, ore: int, *, vintage: str = "final", published: str = "") -> Path:
    """A month of quarters that all cost the same."""
    rows = ["area;start;price;unit;vintage" + (";published" if published else "")]
    rows += [
        f"NO1;{at.isoformat()};{ore};ore/kWh;{vintage}" + (f";{published}" if published else "")
        for at in moments(FIRST, AFTER, timedelta(minutes=15))
    ]
    path.write_text("\n".join(rows) + "\n")
    return path


def one(point: MeteringPoint) -> Span:
    with power.scope_for(Controller.objects.get(pk=point.controller_id), point.subject_id, "service_payments"):
        contracts = contracts_of(subject_ids=[point.subject_id], controller_id=point.controller_id)
        return spans(point=point, contracts=contracts, controller="fjordlys", first=FIRST, after=AFTER)[-1]


def total(point: MeteringPoint) -> int:
    bill = one(point).bill()
    assert bill is not None
    return int(bill.total[0])


def test_e3_a_preliminary_price_counts_until_the_final_one_in_whichever_order_they_come(
    retailer: Controller, tmp_path: Path
) -> None:
    point = a_point(retailer, 1)
    used = [1000 + 7 * n % 900 for n in range(HOURS)]
    power.fill(retailer, point, FIRST, used)
    assert one(point).bill().unpriced[0] == sum(used)  # type: ignore[union-attr]
    wanted = {}
    for ore in (60, 95, 130):
        spot = dict.fromkeys(moments(FIRST, AFTER, timedelta(minutes=15)), Fraction(ore))
        case = Case(FIRST, AFTER, as_list(used, FIRST, AFTER, quarters=False), spot)
        wanted[ore] = worked_out(case)["total"]
    early = price_file(tmp_path / "a.csv", 60, vintage="preliminary")
    final = price_file(tmp_path / "b.csv", 95)
    corrected = price_file(tmp_path / "c.csv", 130, published="2026-05-01T12:00:00+00:00")
    assert take_prices(path=early, at=clock.now()).new == 31
    bill = one(point).bill()
    assert bill is not None
    assert (int(bill.total[0]), int(bill.preliminary[0])) == (wanted[60], sum(used))
    assert take_prices(path=corrected, at=clock.now(), dry_run=True).new == 31
    assert total(point) == wanted[60], "a dry run stores nothing"
    take_prices(path=corrected, at=clock.now())
    assert total(point) == wanted[130]
    take_prices(path=final, at=clock.now())
    assert total(point) == wanted[130], "published before the one that counts"
    again = take_prices(path=final, at=clock.now())
    assert (again.new, again.known) == (0, 31)
    take_prices(path=early, at=clock.now())
    assert total(point) == wanted[130]
    late = price_file(tmp_path / "d.csv", 60, vintage="preliminary", published="2026-06-01T12:00:00+00:00")
    assert take_prices(path=late, at=clock.now()).new == 31
    assert total(point) == wanted[130], "preliminary, and published after the final ones"


def test_e3_many_points_cost_what_each_costs(retailer: Controller, tmp_path: Path) -> None:
    take_prices(path=price_file(tmp_path / "p.csv", 101), at=clock.now())
    rng = np.random.default_rng(9)
    points = [
        a_point(retailer, 1),
        a_point(retailer, 2, municipality="5601"),
        a_point(retailer, 3, kind="state"),
        a_point(retailer, 4, kind="variable", use="holiday"),
        a_point(retailer, 5, resolution=15),
        a_point(retailer, 6),
        a_point(retailer, 7),
        a_point(retailer, 8, starts=date(2026, 3, 11)),
    ]
    for n, point in enumerate(points[:4]):
        power.fill(retailer, point, FIRST, rng.integers(0, 9000 * (n + 1), HOURS).tolist())
    power.fill(retailer, points[4], FIRST, rng.integers(0, 900, 4 * HOURS).tolist(), minutes=15)
    # An hour-settled point with quarters on some days, one with gaps, and one that came in the middle.
    power.fill(retailer, points[5], FIRST, rng.integers(0, 900, 96 * 3).tolist(), minutes=15)
    power.fill(retailer, points[5], date(2026, 3, 4), rng.integers(0, 5000, HOURS - 72).tolist())
    power.fill(retailer, points[6], date(2026, 3, 9), rng.integers(0, 5000, 200).tolist(), quality=Quality.ESTIMATED)
    power.fill(retailer, points[7], date(2026, 3, 11), rng.integers(0, 5000, HOURS - 240).tolist())
    found: dict[int, int] = {}
    with Scope(system("test", {retailer.pk}), "service_payments"):
        for batch in many.bills(controller_id=retailer.pk, controller="fjordlys", first=FIRST, after=AFTER):
            assert batch.bill is not None
            found |= dict(zip(batch.points.tolist(), batch.bill.total.tolist(), strict=True))
    assert found.keys() == {point.id for point in points}
    assert found == {point.id: proof.by_hand(one(point)) for point in points}
    for point in points[:7]:
        assert total(point) == found[point.id]
    with Scope(system("test", {retailer.pk}), "power_supply"):
        assert {row.point_id for row in ReadingMonth.objects.all()} == {point.id for point in points[:4]}
        ReadingMonth.objects.filter(point_id=points[0].id).delete()
        ReadingMonth.objects.filter(point_id=points[1].id).update(wh=bytes(4 * HOURS))
    ids = [point.id for point in points[:2]]
    with Scope(system("test", {retailer.pk}), "service_payments"):
        again = {
            int(place): batch
            for batch in many.bills(
                controller_id=retailer.pk, controller="fjordlys", first=FIRST, after=AFTER, points=ids
            )
            for place in batch.points
        }
    assert again[ids[0]].bill.total.tolist() == [found[ids[0]]], "its days are read"
    assert again[ids[1]].bill.wh.tolist() == [0], "its month is read"


def test_e3_without_a_price_of_the_product_there_is_no_cost_and_it_says_so(retailer: Controller) -> None:
    point = a_point(retailer, 1)
    power.fill(retailer, point, FIRST, [1000] * HOURS)
    assert one(point).terms is not None
    Plan.objects.all().delete()
    assert (one(point).bill(), one(point).without) == (None, "plan")
    with Scope(system("test", {retailer.pk}), "service_payments"):
        batches = list(many.bills(controller_id=retailer.pk, controller="fjordlys", first=FIRST, after=AFTER))
    assert [(batch.bill, batch.without, batch.points.tolist()) for batch in batches] == [(None, "plan", [point.id])]


def test_e3_an_hour_value_among_quarters_pays_the_mean_of_its_four(retailer: Controller, tmp_path: Path) -> None:
    point = a_point(retailer, 1, resolution=15)
    power.fill(retailer, point, FIRST, [1001] * HOURS)
    power.fill(retailer, point, FIRST, [250], minutes=15, registered=datetime(2026, 6, 1, tzinfo=UTC))
    rows = ["area;start;price;unit"]
    for n, at in enumerate(moments(FIRST, AFTER, timedelta(minutes=15))):
        rows.append(f"NO1;{at.isoformat()};{80 + 10 * (n % 4)};ore/kWh")
    (tmp_path / "p.csv").write_text("\n".join(rows) + "\n")
    take_prices(path=tmp_path / "p.csv", at=clock.now())
    span = one(point)
    assert span.spread.any()
    bill = span.bill()
    assert bill is not None
    spot = next(line for line in bill.lines if line.kind == "spot")
    # The first quarter at its own price, the other three of that hour and all other hours at the mean, 95 øre.
    rest = int(span.wh.sum()) - 250
    assert int(spot.ore[0]) == (250 * 80 + rest * 95 + 500) // 1000


def test_e3_two_contracts_in_a_month_share_caps_and_the_capacity_step(retailer: Controller, tmp_path: Path) -> None:
    take_prices(path=price_file(tmp_path / "p.csv", 177), at=clock.now())
    turn = date(2026, 3, 16)
    peaky = [500] * HOURS
    for hour in (10, 40, 70):  # the peaks are of the first contract
        peaky[hour] = 12_000
    before = 15 * 24
    for serial, (used, kind) in enumerate([([10_000] * HOURS, "spot"), (peaky, "spot"), (peaky, "variable")], start=1):
        point = a_point(retailer, serial)
        power.fill(retailer, point, FIRST, used)
        alone = one(point).bill()
        with power.scope_for(retailer, point.subject_id) as scope:
            add_contract(scope=scope, point=point, kind=kind, starts=turn)
        with power.scope_for(retailer, point.subject_id, "service_payments"):
            mine = contracts_of(subject_ids=[point.subject_id], controller_id=retailer.pk)
            month = spans(point=point, contracts=mine, controller="fjordlys", first=FIRST, after=AFTER)
        spot = dict.fromkeys(moments(FIRST, AFTER, timedelta(minutes=15)), Fraction(177))
        cases = [
            Case(FIRST, turn, as_list(used[:before], FIRST, turn, quarters=False), spot),
            Case(turn, AFTER, as_list(used[before:], turn, AFTER, quarters=False), spot, product=kind),
        ]
        bills = [span.bill() for span in month]
        for bill, case, span in zip(bills, cases, month, strict=True):
            assert bill is not None
            wanted = worked_out(case, cases)
            assert (int(bill.total[0]), int(bill.of("support")[0])) == (wanted["total"], wanted["support"])
            assert int(bill.of("capacity")[0]) == wanted["capacity 2025"]
            assert proof.by_hand(span, month) == wanted["total"]
        assert alone is not None
        if kind == "spot":
            lines, _, _ = together(bills)
            fixed = {line.kind: line for line in lines if line.kind in {"capacity", "supplier_fee"}}
            for line in fixed.values():
                assert abs(int(line.ore[0]) - int(alone.of(line.kind)[0])) <= 1, "but for rounding"
                assert line.detail is not None
                assert line.detail["days"] == 31
            assert abs(sum(int(line.ore[0]) for line in lines if line.kind == "support") - alone.of("support")[0]) <= 1
        found = peaks(month)
        assert found is not None
        assert found.highest[0].watts == max(used)
        with Scope(system("test", {retailer.pk}), "service_payments"):
            batches = list(
                many.bills(
                    controller_id=retailer.pk, controller="fjordlys", first=FIRST, after=AFTER, points=[point.id]
                )
            )
        assert [int(one.bill.total[0]) for one in batches if one.bill] == [int(one.total[0]) for one in bills if one]


def test_e3_the_highest_hours_of_the_month_are_shared_by_two_contracts_whichever_days_they_are_of(
    retailer: Controller, tmp_path: Path
) -> None:
    take_prices(path=price_file(tmp_path / "p.csv", 60), at=clock.now())
    grid, turn = GridCompany.objects.create(key="lerkedal-nett", name="Lerkedal Nett"), date(2026, 3, 16)
    point = power.point_of(retailer, power.customer(retailer), 1, grid_company=grid)
    used = [500] * HOURS
    used[10], used[11], used[700] = 9_000, 8_001, 8_000  # two of one day under the first contract, one under the next
    power.fill(retailer, point, FIRST, used[:720])  # the last day lacks
    alone = one(point).bill()
    with power.scope_for(retailer, point.subject_id) as scope:
        add_contract(scope=scope, point=point, kind="variable", starts=turn)
    with power.scope_for(retailer, point.subject_id, "service_payments"):
        mine = contracts_of(subject_ids=[point.subject_id], controller_id=retailer.pk)
        month = spans(point=point, contracts=mine, controller="fjordlys", first=FIRST, after=AFTER)
    year = 96_000 + Fraction(31_200 * 8_333, 1000)
    assert alone is not None
    assert int(alone.of("capacity")[0]) == round(year / 12)
    bills = [span.bill() for span in month]
    assert [int(bill.of("capacity")[0]) for bill in bills if bill] == [
        round(year * days / (12 * 31)) for days in (15, 16)
    ]
    for span, bill in zip(month, bills, strict=True):
        assert bill is not None
        assert proof.by_hand(span, month) == int(bill.total[0])
    found = peaks(month)
    assert found is not None
    assert ([peak.watts for peak in found.highest], found.mean, found.hours) == ([9_000, 8_001, 8_000], 8_333, True)


def test_e4_an_hour_stands_beside_the_same_hour_of_the_clock_a_year_before(retailer: Controller) -> None:
    point = a_point(retailer, 1)
    for day, clocks in (
        (date(2025, 3, 29), range(24)),
        (date(2025, 10, 25), range(24)),
        (date(2026, 3, 29), [0, 1, *range(3, 24)]),
        (date(2026, 10, 25), [0, 1, 2, *range(2, 24)]),
    ):
        power.fill(retailer, point, day, [day.year - 2000 + 100 * hour for hour in clocks])
    found = {}
    for day in ("2026-03-29", "2026-10-25"):
        with power.scope_for(retailer, point.subject_id, "energy_insight"):
            page = looking.page(
                subject_ids=[point.subject_id], controller_id=retailer.pk, controller="fjordlys", number=1,
                looked=periods.parse(day), today=date(2026, 11, 20),
            )  # fmt: skip
        assert page.shown is not None
        found[day] = [(row.wh, page.earlier.get(row.key)) for row in page.shown.rows]
    assert found["2026-03-29"] == [(26 + 100 * hour, 25 + 100 * hour) for hour in [0, 1, *range(3, 24)]]
    autumn = [(26 + 100 * hour, 25 + 100 * hour) for hour in range(24)]
    assert found["2026-10-25"] == [*autumn[:3], (226, None), *autumn[3:]]


@pytest.mark.parametrize("kind", ["spot", "variable"])
def test_e3_a_forecast_counts_support_whatever_is_paid_and_begins_with_the_contract(
    retailer: Controller, tmp_path: Path, kind: str
) -> None:
    """Where every hour and price is as the one before, what the month may come to is what it comes to."""
    came, today = date(2026, 3, 4), date(2026, 3, 21)
    point = a_point(retailer, 1, kind=kind, starts=came)
    power.fill(retailer, point, came, [1000] * 24 * 17)
    prices = price_file(tmp_path / "p.csv", 177)
    prices.write_text("\n".join(prices.read_text().splitlines()[: 1 + 21 * 96]) + "\n")
    take_prices(path=prices, at=clock.now())
    with power.scope_for(retailer, point.subject_id, "energy_insight"):
        page = looking.page(
            subject_ids=[point.subject_id], controller_id=retailer.pk, controller="fjordlys", number=1,
            looked=periods.parse("2026-03"), today=today,
        )  # fmt: skip
    hours = len(moments(came, AFTER, timedelta(hours=1)))
    spot = dict.fromkeys(moments(FIRST, AFTER, timedelta(minutes=15)), Fraction(177))
    case = Case(came, AFTER, as_list([1000] * hours, came, AFTER, quarters=False), spot, product=kind)
    wanted = worked_out(case)
    assert wanted["support"] < 0
    found = page.forecast
    assert found is not None
    assert (found.ore, found.low, found.high) == (wanted["total"],) * 3
    assert (found.wh, found.known, found.days) == (1000 * hours, 17, 28)


def test_e3_what_is_usual_at_an_hour_is_told_by_the_clock_over_a_change_of_it(
    retailer: Controller, tmp_path: Path
) -> None:
    """Who uses so much at each hour of the clock is expected to go on so: spring's day has no hour from two."""
    today = date(2026, 4, 10)
    point = a_point(retailer, 1, kind="variable", starts=FIRST)
    clocks = moments(FIRST, AFTER, timedelta(hours=1)) + moments(AFTER, today, timedelta(hours=1))
    shown = [at.astimezone(ZoneInfo(clock.DEFAULT_ZONE)).hour for at in clocks]
    take_prices(path=price_file(tmp_path / "p.csv", 60), at=clock.now())
    power.fill(retailer, point, FIRST, [100 + 100 * hour for hour in shown])
    with power.scope_for(retailer, point.subject_id, "energy_insight"):
        page = looking.page(
            subject_ids=[point.subject_id], controller_id=retailer.pk, controller="fjordlys", number=1,
            looked=periods.parse("2026-04"), today=today,
        )  # fmt: skip
    assert page.forecast is not None
    assert page.forecast.wh == 30 * sum(100 + 100 * hour for hour in range(24))


def test_e3_without_a_municipality_nothing_is_priced_and_an_invalid_one_is_refused(retailer: Controller) -> None:
    point = a_point(retailer, 1, municipality="")
    power.fill(retailer, point, FIRST, [1000] * HOURS)
    assert (one(point).bill(), one(point).without) == (None, "municipality")
    with pytest.raises(PowerError) as refused:
        a_point(retailer, 2, municipality="Oslo")
    assert refused.value.code == "municipality"
