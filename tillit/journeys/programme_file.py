"""What an operator says of its programme: sources, chains with stores, groups and rates, ranges of company cards.

A YAML file, or a part of one made by a single command. `read` gives it typed, or refuses it with file and line;
`programme_setup.apply` brings the system to it.
"""

import csv
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from tillit.declaration import loader
from tillit.declaration.errors import DeclarationRefusedError, Problem
from tillit.kernel.clock import DEFAULT_ZONE

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Moment = AwareDatetime | date
_STORES = ["number", "name", "place"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True, populate_by_name=True, frozen=True)


class StoreEntry(_Part):
    """A store of the chain."""

    number: Annotated[str, Field(min_length=1, max_length=40)]
    name: Annotated[str, Field(min_length=1, max_length=120)]
    place: Annotated[str, Field(max_length=80)] = ""


class RateEntry(_Part):
    """A rate (C6). `percent` has two decimals at most; a date begins at its midnight; `hours` are local."""

    percent: Annotated[Decimal, Field(ge=-100, le=100, decimal_places=2)]
    starts: Annotated[Moment, Field(alias="from")]
    until: Moment | None = None
    store: str | None = None
    product_group: str | None = None
    weekdays: Annotated[list[Weekday], Field(min_length=1)] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    hours: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$")] = "00:00-24:00"
    mode: Literal["set", "add"] = "set"
    priority: Annotated[int, Field(ge=0, le=1000)] = 0

    @property
    def minutes(self) -> tuple[int, int]:
        """[from, to) in minutes of the day."""
        start, end = ((int(hour[:2]) * 60 + int(hour[3:])) for hour in self.hours.split("-"))
        return start, end


class OfferEntry(_Part):
    """An offer (C11): one of `percent` more, `times` the rate, or a fixed `amount`, in the major unit, two decimals."""

    key: Annotated[str, Field(pattern="^[a-z0-9-]{1,60}$")]
    name: Annotated[str, Field(min_length=1, max_length=120)]
    percent: Annotated[Decimal, Field(gt=0, le=100, decimal_places=2)] | None = None
    times: Annotated[Decimal, Field(gt=1, le=100, decimal_places=2)] | None = None
    amount: Annotated[Decimal, Field(gt=0, decimal_places=2)] | None = None
    per: Literal["receipt", "member"] = "receipt"
    threshold: Annotated[Decimal, Field(ge=0, decimal_places=2)] = Decimal(0)
    starts: Annotated[Moment, Field(alias="from")]
    until: Moment | None = None
    stores: list[str] = []
    product_groups: list[str] = []
    weekdays: Annotated[list[Weekday], Field(min_length=1)] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    hours: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$")] = "00:00-24:00"
    targeted: bool = False
    priority: Annotated[int, Field(ge=0, le=1000)] = 0
    most_per_receipt: Annotated[Decimal, Field(gt=0, decimal_places=2)] | None = None
    most_per_member: Annotated[Decimal, Field(gt=0, decimal_places=2)] | None = None
    most_period: Literal["offer", "day", "month", "year"] = "offer"
    budget: Annotated[Decimal, Field(gt=0, decimal_places=2)] | None = None

    @property
    def minutes(self) -> tuple[int, int]:
        """[from, to) in minutes of the day."""
        start, end = ((int(hour[:2]) * 60 + int(hour[3:])) for hour in self.hours.split("-"))
        return start, end


class ChainEntry(_Part):
    """A chain. Name and controller may be left out of one that is there. What is not named stays as it is.

    alone_up_to: how much of missing purchases one of the staff posts without a second for one member in `alone_days`
    days, in the major unit; corrections count as the purchase that gives so much (C12).
    """

    key: str
    name: Annotated[str | None, Field(min_length=1, max_length=120)] = None
    controller: str | None = None
    currency: Annotated[str | None, Field(pattern="^[A-Z]{3}$")] = None
    alone_up_to: Annotated[Decimal, Field(ge=0, decimal_places=2)] | None = None
    alone_days: Annotated[int, Field(ge=1, le=366)] | None = None
    stores: list[StoreEntry] = []
    product_groups: dict[str, Annotated[str, Field(min_length=1, max_length=120)]] = {}
    rates: list[RateEntry] = []
    offers: list[OfferEntry] = []


class SourceEntry(_Part):
    """A sender of purchases, of the register that `controller` belongs to."""

    key: str
    name: Annotated[str, Field(min_length=1, max_length=120)]
    controller: str
    accept_from: date
    clears_within: Annotated[int, Field(ge=1, le=366)] | None = None


class Setup(_Part):
    """The file. `enterprise_ranges` are all there are, when they are given at all."""

    chains: list[ChainEntry] = []
    sources: list[SourceEntry] = []
    enterprise_ranges: list[str] | None = None


def read(path: Path) -> tuple[Setup, loader.Source]:
    """The file, typed, with the line of everything in it. Raises `DeclarationRefusedError` with every fault."""
    source = loader.read(path)
    try:
        return Setup.model_validate(source.data), source
    except ValidationError as error:
        raise DeclarationRefusedError([_problem(source, fault) for fault in error.errors(include_url=False)]) from None


def read_stores(path: Path, *, chain: str) -> Setup:
    """Stores of a chain from CSV: `number;name;place`, with a header, UTF-8. Raises `DeclarationRefusedError`."""
    name = str(path)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter=";", strict=True)
            if reader.fieldnames != _STORES:
                raise DeclarationRefusedError([Problem(name, 1, "columns", f"the columns are {';'.join(_STORES)}")])
            stores, faults = [], []
            for row in reader:
                try:
                    stores.append(StoreEntry.model_validate({key: row[key] or "" for key in _STORES}))
                except (ValidationError, KeyError):
                    faults.append(Problem(name, reader.line_num, "store", "a store has a number, a name and a place"))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise DeclarationRefusedError([Problem(name, 0, "no-file", "the file cannot be read as UTF-8 CSV")]) from None
    if faults:
        raise DeclarationRefusedError(faults)
    return Setup(chains=[ChainEntry(key=chain, stores=stores)])


def moment(given: date, zone: str = DEFAULT_ZONE) -> datetime:
    """A moment as given, or the midnight with which a date begins."""
    if isinstance(given, datetime):
        return given
    return datetime.combine(given, time(), tzinfo=ZoneInfo(zone))


def _problem(source: loader.Source, fault: Any) -> Problem:
    steps = tuple(step for step in fault["loc"] if isinstance(step, str | int))
    file, line = source.mark(steps)
    return Problem(file, line, fault["type"], f"{'.'.join(map(str, steps))}: {fault['msg']}")
