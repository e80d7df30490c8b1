"""Power customers of the demonstration: made-up homes with a year and a half of readings, prices, insight and alerts.

Through the same operations as in earnest: points and contracts, files of prices and temperatures, readings in sets, the
nightly jobs. The homes are `bench.homes`, whose parts are known; prices follow the hour and the season.
"""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from tillit.declaration.models import Controller
from tillit.journeys import energy_app
from tillit.journeys.bench import homes
from tillit.journeys.demo.people import person
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import contacts
from tillit.parties import operations as parties
from tillit.platform import paths
from tillit.power import gsrn, operations, readings, slots
from tillit.power.days import Values
from tillit.power.insight import alerts, comparison, derived, settings
from tillit.power.insight.models import AlertKind
from tillit.power.models import GridCompany, MeteringPoint
from tillit.power.packing import Quality
from tillit.power.prices.operations import take_tariffs
from tillit.power.prices.series_file import take_prices, take_temperatures

RETAILER, AREA, GRID = "fjordlys", "NO1", "solbakken-nett"
HOMES, DAYS = 55, 400
_FIRST_PERSON = 9101  # household numbers that no basket has
_KINDS = ("spot", "spot", "spot", "variable", "fixed", "state")


@dataclass(frozen=True)
class Supplied:
    """What stands. one: the e-mail address of a customer to sign in as."""

    homes: int
    values: int
    months: int
    alerts: int
    one: str
    again: bool = False


def customer_address() -> str:
    """The e-mail address of a customer to sign in as."""
    return person(_FIRST_PERSON).applicant.email


def set_up(*, count: int = HOMES, folder: Path) -> Supplied:
    """Customers with homes, readings to yesterday, prices, insight and alerts. Again: what stands, and nothing new."""
    controller, one = Controller.objects.get(key=RETAILER), customer_address()
    with Scope(system("demo", {controller.pk}), "power_supply"):
        known = MeteringPoint.objects.filter(controller_id=controller.pk).count()
    if known:
        return Supplied(known, 0, 0, 0, one, again=True)
    first = clock.today() - timedelta(days=DAYS)
    made = [homes.home(seed, days=DAYS, area=AREA, first_day=first.timetuple().tm_yday) for seed in range(1, count + 1)]
    _reference(folder, first, made[0])
    numbers = [_customer(controller, place, one, first) for place, one in enumerate(made)]
    stored = _readings(controller, numbers, made, first)
    months = derived.derive(controller_id=controller.pk)
    comparison.release(controller_id=controller.pk)
    given = alerts.use_alerts() + alerts.price_alerts()
    return Supplied(count, stored, months, given, one)


def _reference(folder: Path, first: date, example: homes.Home) -> None:
    """Prices to tomorrow, temperatures to yesterday, and the example's taxes and tariffs."""
    at = clock.now()
    take_tariffs(path=paths.root() / "examples" / "power" / "reference" / "tariffs.yaml", at=at)
    chance = np.random.default_rng(3)
    with (folder / "prices.csv").open("w", newline="") as out:
        write = csv.writer(out).writerow
        write(["area", "start", "price", "unit", "resolution"])
        day = first
        while day <= clock.today() + timedelta(days=1):
            level = 0.75 + 0.35 * np.cos(2 * np.pi * day.timetuple().tm_yday / 365) + chance.normal(0, 0.12)
            begins, hours = int(slots.begins(slots.number(day))), slots.length(day, 60)
            for hour in range(hours):
                price = level * (0.8 + 0.4 * (7 <= hour < 10 or 16 <= hour < 21)) + chance.normal(0, 0.03)
                write([AREA, slots.local(begins + 3600 * hour).isoformat(), f"{price:.4f}", "NOK/kWh", "PT1H"])
            day += timedelta(days=1)
    take_prices(path=folder / "prices.csv", at=at)
    with (folder / "temperatures.csv").open("w", newline="") as out:
        write = csv.writer(out).writerow
        write(["place", "day", "mean", "name", "base"])
        for n, mean in enumerate(example.outdoor):
            write([AREA, (first + timedelta(days=n)).isoformat(), f"{mean:.1f}", "Østlandet", "17.0"])
    take_temperatures(path=folder / "temperatures.csv", at=at)
    GridCompany.objects.get_or_create(key=GRID, defaults={"name": "Solbakken Nett"})


def _customer(controller: Controller, place: int, made: homes.Home, first: date) -> str:
    """A customer with a point, a contract, a home that was told of, and the app; every other wants alerts."""
    at, who = clock.now(), person(_FIRST_PERSON + place).applicant
    acting = system("demo", {controller.pk})
    with Scope(acting, "customer_administration") as scope:
        subject = parties.create_subject(scope=scope, register_id=controller.register_id)
        parties.relate(scope=scope, subject_id=subject, controller_id=controller.pk, kind="customer", started=first)
        parties.open_account(scope=scope, subject_id=subject, register_id=controller.register_id, at=at)
        for kind, value in (("name.given", who.given), ("name.family", who.family)):
            parties.record_fact(
                scope=scope, subject_id=subject, controller_id=controller.pk, kind=kind, value=value, at=at,
                category="identity", source="data_subject",
            )  # fmt: skip
        contacts.record_address(
            scope=scope, register_id=controller.register_id, subject_id=subject, controller_id=controller.pk,
            kind="email", text=who.email, source="data_subject", at=at,
        )  # fmt: skip
    body = f"7070575002{place:07d}"
    with Scope(acting, "power_supply", frozenset({subject})) as scope:
        point = operations.add_point(
            scope=scope, subject_id=subject, controller=controller, number=body + gsrn.check_digit(body), at=at,
            price_area=AREA, municipality="0301", street=who.street, postal_code=who.postal_code, place=who.city,
            grid_company=GridCompany.objects.get(key=GRID),
        )  # fmt: skip
        operations.add_contract(scope=scope, point=point, kind=_KINDS[place % len(_KINDS)], starts=first)
        operations.tell_household(
            scope=scope, point=point, dwelling=made.dwelling, area_m2=made.square_metres, persons=made.persons,
            heating=made.heating, vehicle=made.vehicle,
        )  # fmt: skip
    energy_app.start(controller=controller, subject_id=subject, actor=acting, at=at)
    if place % 2 == 0:
        with Scope(acting, settings.ACTIVITY, frozenset({subject})) as scope:
            for kind, limit in (
                (AlertKind.HIGH_USE, 20_000),
                (AlertKind.PRICE_ABOVE, 120),
                (AlertKind.SAVING_ADVICE, None),
            ):
                settings.want(
                    scope=scope, subject_id=subject, controller_id=controller.pk, kind=kind, channels=["app"],
                    threshold=limit, at=at,
                )  # fmt: skip
    return point.gsrn


def _readings(controller: Controller, numbers: list[str], made: list[homes.Home], first: date) -> int:
    """The hours of the homes as their meters told them; on the days of the clock change there are 23 and 25."""
    lengths = [slots.length(first + timedelta(days=n), 60) for n in range(DAYS)]
    use = [
        np.concatenate([np.resize(day, length) for day, length in zip(one.use, lengths, strict=True)]) for one in made
    ]
    hours, count = sum(lengths), sum(lengths) * len(made)
    stamp, begins = int(clock.now().timestamp() * 1_000_000), int(slots.begins(slots.number(first)))
    values = Values(
        point=np.repeat(np.arange(len(made)), hours),
        direction=np.ones(count, dtype=np.int64),
        start=np.tile(begins + np.arange(hours) * 3600, len(made)),
        minutes=np.full(count, 60),
        wh=np.concatenate(use).astype(np.int64),
        quality=np.full(count, Quality.METERED, dtype=np.uint8),
        registered=np.full(count, stamp),
        line=np.arange(count) + 1,
    )
    return readings.store(controller_id=controller.pk, points=numbers, values=values).values
