"""Files of prices, tariffs and temperatures: repeated, corrected, wrong, hostile (E3, E4)."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.power.cost_oracle import moments
from tillit.kernel import clock
from tillit.power.prices.errors import PriceError
from tillit.power.prices.models import GridTariff, Holiday, Levy, Load, Plan, SpotDay, Temperature
from tillit.power.prices.operations import take_tariffs
from tillit.power.prices.queries import spot_days
from tillit.power.prices.series_file import take_prices, take_temperatures

TARIFFS = Path(__file__).parents[2] / "examples" / "power" / "reference" / "tariffs.yaml"
AUTUMN = date(2026, 10, 25)

pytestmark = pytest.mark.django_db


def tariffs(path: Path, **more: object) -> tuple[int, int, int]:
    """(new, replaced, known) of a file."""
    done = take_tariffs(path=path, at=clock.now(), **more)  # type: ignore[arg-type]
    return done.new, len(done.replaced), done.known


def refused(run: object, code: str) -> str:
    """What a refusal says."""
    with pytest.raises(PriceError) as wrong:
        run()  # type: ignore[operator]
    assert wrong.value.code == code
    return wrong.value.message


def test_e3_the_same_tariffs_again_change_nothing_and_others_only_as_a_correction(tmp_path: Path) -> None:
    new, _, _ = tariffs(TARIFFS)
    assert new > 50
    assert tariffs(TARIFFS) == (0, 0, new)
    assert Load.objects.count() == 1
    text = TARIFFS.read_text()
    other = tmp_path / "other.yaml"
    other.write_text(text.replace("ore: 28.99", "ore: 29.99").replace("ore: 4.40", "ore: 4.45"))
    assert "--correct" in refused(lambda: tariffs(other), "differs")
    assert Plan.objects.filter(rate=44_500).count() == 0, "nothing of a refused file is in"
    assert tariffs(other, correct=True, dry_run=True) == (0, 2, new - 2)
    assert Plan.objects.filter(rate=44_500).count() == 0
    assert tariffs(other, correct=True) == (0, 2, new - 2)
    grid = GridTariff.objects.get(company="solbakken-nett", starts=date(2026, 7, 1))
    assert [rate.rate for rate in grid.rates.order_by("position")] == [299_900, 169_900]
    assert grid.steps.count() == 6
    kept = Load.objects.order_by("-id")[0].replaced
    assert {one["row"] for one in kept} == {"gridtariff solbakken-nett 2026-07-01", "plan fjordlys spot 2026-03-01"}
    assert any(289_900 in [row.get("rate") for row in one["below"]] for one in kept), "what stood before is on record"


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("levies: [{kind: vat, percent: 25}]", "rows", "levies.0.starts"),
        ("levies: [{kind: vat, ore: 25, starts: 2026-01-01}]", "rows", "vat has percent"),
        ("levies: [{kind: enova, ore: 1.00001, starts: 2026-01-01}]", "rows", "finer"),
        ("levies: [{kind: enova, ore: -1, starts: 2026-01-01}]", "rows", "below zero"),
        ("levies: [{kind: enova, ore: .inf, starts: 2026-01-01}]", "rows", "levies.0.ore"),
        ("plans: [{controller: x, key: y, name: Z, kind: spot, ore: 1, starts: 2026-02-01, ends: 2026-02-01}]",
         "rows", "ends"),
        ("grid: [{company: x, name: X, starts: 2026-01-01, energy: [{key: day, ore: 1, hours: [06-22]}]}]",
         "rows", "last"),
        ("grid: [{company: x, name: X, starts: 2026-01-01, energy: [{key: a, ore: 1, days: [mon]}, {key: b, ore: 1}],"
         " capacity: [{from_kw: 2, year: 1}]}]", "rows", "begin at 0"),
        ("grid: [{company: x, name: X, starts: 2026-01-01, energy: [{key: b, ore: 1}], capacity: [{from_kw: 0}]}]",
         "rows", "a price a year"),
        ("grid: [{company: x, name: X, starts: 2026-01-01, energy: [{key: b, ore: 1}],"
         " capacity: [{from_kw: 0, per_kw: -1}]}]", "rows", "below zero"),
        ("grid: [{company: x, name: X, starts: 2026-01-01, of: weeks, energy: [{key: b, ore: 1}]}]",
         "rows", "grid.0.of"),
        ("plans: [{controller: x, key: y, name: Z, kind: spot, ore: .nan, starts: 2026-02-01}]", "rows", "plans.0.ore"),
        ("what: 1", "rows", "what"),
        ("a: &a [1]\nb: [*a, *a]", "file", "aliases"),
        ("- 1", "file", "sections"),
        ("a: [", "file", "line"),
        ("!!python/object/apply:os.system ['true']", "file", "YAML"),
    ],
)  # fmt: skip
def test_e3_a_tariff_file_that_is_wrong_is_refused_with_its_place(
    tmp_path: Path, text: str, code: str, says: str
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    assert says in refused(lambda: tariffs(file), code)
    assert not Levy.objects.exists()


def prices(path: Path, **more: object) -> tuple[int, int]:
    """(new, known) days of a file."""
    done = take_prices(path=path, at=clock.now(), **more)  # type: ignore[arg-type]
    return done.new, done.known


def test_e3_spot_prices_come_as_csv_and_json_whole_days_only(tmp_path: Path) -> None:
    quarters = moments(AUTUMN, AUTUMN + timedelta(days=1), timedelta(minutes=15))
    assert len(quarters) == 100
    lines = ["area;start;price;unit", *(f"NO2;{at.isoformat()};{n},25;ore/kWh" for n, at in enumerate(quarters))]
    csv = tmp_path / "spot.csv"
    csv.write_text("\n".join(lines) + "\n")
    assert prices(csv) == (1, 0)
    assert prices(csv) == (0, 1)
    found = spot_days(areas=["NO2"], first=AUTUMN, after=AUTUMN + timedelta(days=1))["NO2", AUTUMN]
    assert found.rates.shape == (25, 4)
    assert (int(found.rates[0, 0]), int(found.rates[24, 3])) == (2_500, 992_500)
    hours = moments(AUTUMN, AUTUMN + timedelta(days=1), timedelta(hours=1))
    told = [{"time_start": at.isoformat(), "NOK_per_kWh": -0.0125, "EXR": 11.5, "resolution": "PT1H"} for at in hours]
    jsons = tmp_path / "spot.json"
    jsons.write_text(json.dumps(told))
    assert prices(jsons, area="NO5", vintage="preliminary") == (1, 0)
    found = spot_days(areas=["NO5"], first=AUTUMN, after=AUTUMN + timedelta(days=1))["NO5", AUTUMN]
    assert (found.rates.shape, found.final, int(found.rates[7, 2])) == ((25, 4), False, -12_500)
    csv.write_text("\n".join(lines).replace(";0,25;", ";9,25;") + "\n")
    assert "published" in refused(lambda: prices(csv), "differs")
    csv.write_text("\n".join(lines[:-1]) + "\n")
    assert "99 of 100" in refused(lambda: prices(csv), "rows")
    assert SpotDay.objects.count() == 2


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("NO1;2026-03-01T00:00;10;ore/kWh", "line 2, start: a point in time needs its offset"),
        ("NO1;2026-03-01T00:05+01:00;10;ore/kWh", "no beginning"),
        ("NO1;2026-03-01T00:00+01:00;ti;ore/kWh", "price: no number"),
        ("NO1;2026-03-01T00:00+01:00;;ore/kWh", "price: the field is empty"),
        ("NO1;2026-03-01T00:00+01:00;0.000001;ore/kWh", "finer"),
        ("NO1;2026-03-01T00:00+01:00;1e9;NOK/kWh", "no price of a kWh"),
        ("N;2026-03-01T00:00+01:00;10;ore/kWh", "area"),
        ("NO1;2026-03-01T00:00+01:00;10;EUR", "unit"),
        ("NO1;1999-03-01T00:00+01:00;10;ore/kWh", "outside"),
        ("NO1;2026-03-01T00:00+01:00;10", "columns"),
    ],
)
def test_e3_a_price_that_cannot_be_used_is_named_with_line_field_and_reason(
    tmp_path: Path, row: str, says: str
) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text(f"area;start;price;unit\n{row}\n")
    assert says in refused(lambda: prices(file), "rows")


def test_e4_temperatures_come_with_their_place_and_are_corrected_only_where_said(tmp_path: Path) -> None:
    file = tmp_path / "weather.csv"
    file.write_text("place;name;base;day;mean\n0301;Oslo;17;2026-01-01;-4,5\n0301;;;2026-01-02;-3\n")
    assert take_temperatures(path=file, at=clock.now()).new == 2
    assert take_temperatures(path=file, at=clock.now()).known == 2
    file.write_text("place;name;base;day;mean\n0301;Oslo;17;2026-01-01;-4,0\n")
    assert "--correct" in refused(lambda: take_temperatures(path=file, at=clock.now()), "differs")
    assert len(take_temperatures(path=file, at=clock.now(), correct=True).replaced) == 1
    assert list(Temperature.objects.order_by("day").values_list("tenths", flat=True)) == [-40, -30]
    file.write_text("place;day;mean\n1103;2026-01-01;1\n")
    assert "new" in refused(lambda: take_temperatures(path=file, at=clock.now()), "rows")
    file.write_text("place;day;mean\n0301;2026-01-03;99\n")
    assert "line 2, mean" in refused(lambda: take_temperatures(path=file, at=clock.now()), "rows")
    assert not Holiday.objects.exists()
