"""A file of taxes, schemes, holidays, grid tariffs and plans, in YAML or JSON, as rows (E3). See docs/power.md.

Rates are written as decimals of an øre a kilowatt-hour, amounts in kroner, VAT in percent; none may be finer than what
is stored. What is wrong is told with its place in the file.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from tillit.power.prices import RATE
from tillit.power.prices.errors import PriceError

LARGEST = 8 << 20
WEEKDAYS = {"mon": 1, "tue": 2, "wed": 4, "thu": 8, "fri": 16, "sat": 32, "sun": 64, "holiday": 128}
_GROUPS = {"weekdays": 31, "weekend": 96, "all": 255}


def _decimal(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, float | int) and not isinstance(value, bool) else value


Number = Annotated[Decimal, BeforeValidator(_decimal), Field(allow_inf_nan=False, ge=-100_000, le=10_000_000)]


def whole(value: Decimal, unit: int, what: str) -> int:
    """The value in units of which `unit` are one. Raises ValueError where it is finer."""
    scaled = value * unit
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{what} is finer than 1/{unit}")
    return int(scaled)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _DatedPart(_Part):
    starts: date
    ends: date | None = None
    note: str = Field(default="", max_length=200)

    @model_validator(mode="after")
    def _order(self) -> "_DatedPart":
        if self.ends is not None and self.ends <= self.starts:
            raise ValueError("ends is the first day after, and later than starts")
        return self


class LevyPart(_DatedPart):
    """A tax or fee."""

    kind: Literal["vat", "consumption_tax", "enova"]
    places: tuple[Annotated[str, Field(pattern=r"^([0-9]{2}|[0-9]{4})$")], ...] = ()
    uses: tuple[Literal["home", "holiday", "business"], ...] = ()
    percent: Number | None = None
    ore: Number | None = None

    @model_validator(mode="after")
    def _one_rate(self) -> "LevyPart":
        if (self.percent is None) is (self.ore is None) or (self.kind == "vat") is (self.percent is None):
            raise ValueError("vat has percent, the others have ore")
        if min(self.percent or 0, self.ore or 0) < 0:
            raise ValueError("a levy is not below zero")
        return self


class SchemePart(_DatedPart):
    """State support, or the fixed-price scheme."""

    kind: Literal["support", "fixed_price"]
    uses: tuple[Literal["home", "holiday", "business"], ...] = Field(min_length=1)
    ore: Number
    percent: Number = Decimal(100)
    cap_kwh: Annotated[int, Field(gt=0, le=10_000_000)]


class RatePart(_Part):
    """A rate of a grid tariff in some hours; the last one of a tariff has no conditions."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{0,19}$")
    ore: Number
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = ()
    days: tuple[str, ...] = ()
    hours: tuple[Annotated[str, Field(pattern=r"^[0-2][0-9]-[0-2][0-9]$")], ...] = ()


class StepPart(_Part):
    """A step of the capacity part: from so many kW (inclusive) it costs so much a year, and per_kw for each kW."""

    from_kw: Number
    year: Number = Decimal(0)
    per_kw: Number = Decimal(0)

    @model_validator(mode="after")
    def _costs(self) -> "StepPart":
        if min(self.year, self.per_kw) < 0 or not {"year", "per_kw"} & self.model_fields_set:
            raise ValueError("a step has a price a year, or for each kW, not below zero")
        return self


class TariffPart(_DatedPart):
    """A grid company's tariff."""

    company: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    name: str = Field(max_length=120)
    energy: tuple[RatePart, ...] = Field(min_length=1)
    capacity: tuple[StepPart, ...] = ()
    maxima: Annotated[int, Field(ge=1, le=31)] = 3
    of: Literal["days", "hours"] = "days"

    @model_validator(mode="after")
    def _complete(self) -> "TariffPart":
        last = self.energy[-1]
        if last.months or last.days or last.hours:
            raise ValueError("the last energy rate applies always: it has no months, days or hours")
        edges = [step.from_kw for step in self.capacity]
        if edges and (edges[0] != 0 or edges != sorted(set(edges))):
            raise ValueError("capacity steps begin at 0 kW and rise")
        return self


class PlanPart(_DatedPart):
    """What a product of a supplier costs."""

    controller: str = Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")
    key: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    name: str = Field(max_length=120)
    kind: Literal["spot", "variable", "fixed"]
    ore: Number
    month: Number = Decimal(0)


class HolidayPart(_Part):
    """A day that tariffs count as a holiday."""

    day: date
    name: str = Field(max_length=60)


class TariffFile(_Part):
    """A whole file."""

    holidays: tuple[HolidayPart, ...] = ()
    levies: tuple[LevyPart, ...] = ()
    schemes: tuple[SchemePart, ...] = ()
    grid: tuple[TariffPart, ...] = ()
    plans: tuple[PlanPart, ...] = ()


def read(path: Path) -> TariffFile:
    """The file's content. Raises `PriceError` `file` or `rows`, naming each place that is wrong."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PriceError("file", f"the file cannot be opened: {error.strerror}") from None
    if len(data) > LARGEST:
        raise PriceError("file", "the file is larger than 8 MB")
    try:
        text = data.decode("utf-8-sig")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.CSafeLoader)):
            raise PriceError("file", "aliases are not read: a few lines of them can stand for any amount of data")
        content = yaml.load(text, Loader=yaml.CSafeLoader)
    except UnicodeDecodeError:
        raise PriceError("file", "the file is not UTF-8") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise PriceError("file", f"line {mark.line + 1}: no YAML or JSON" if mark else "no YAML or JSON") from None
    if not isinstance(content, dict):
        raise PriceError("file", "the file has no sections (levies, schemes, holidays, grid, plans)")
    try:
        return TariffFile.model_validate(content)
    except ValidationError as wrong:
        told = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in wrong.errors(include_input=False)]
        raise PriceError("rows", "; ".join(told[:20])) from None


def masks(rate: RatePart) -> tuple[int, int, int]:
    """(months, days, hours) as bits. Raises ValueError on an unknown day or an empty stretch of hours."""
    months = sum(1 << (month - 1) for month in set(rate.months)) or 0xFFF
    days = 0
    for name in rate.days:
        if name not in WEEKDAYS and name not in _GROUPS:
            raise ValueError(f"days: {', '.join([*WEEKDAYS, *_GROUPS])}")
        days |= WEEKDAYS.get(name) or _GROUPS[name]
    hours = 0
    for stretch in rate.hours:
        first, after = (int(part) for part in stretch.split("-"))
        if first == after or max(first, after) > 24 or first > 23:
            raise ValueError("hours: written 06-22, from the first hour to the one it ends at")
        within = range(first, after) if first < after else [*range(first, 24), *range(after)]
        hours |= sum(1 << hour for hour in within)
    return months, days or 0xFF, hours or 0xFFFFFF


def each_place(part: LevyPart) -> Iterator[tuple[str, str]]:
    """The places and uses a levy is about; '' for all."""
    return ((place, use) for place in part.places or ("",) for use in part.uses or ("",))


def ore(value: Decimal) -> int:
    """Øre a kilowatt-hour as a rate."""
    return whole(value, RATE, "a rate in øre")
