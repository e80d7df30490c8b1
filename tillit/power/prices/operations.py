"""Taking reference rows in: exact repeat, nothing of a file where a row is wrong, corrections only where said (E3)."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import models, transaction

from tillit.power.prices import tariff_file
from tillit.power.prices.errors import PriceError
from tillit.power.prices.models import (
    CapacityModel,
    CapacityStep,
    EnergyRate,
    GridTariff,
    Holiday,
    Levy,
    Load,
    Plan,
    Scheme,
)
from tillit.power.prices.tariff_file import TariffFile, TariffPart, ore, whole

Values = dict[str, Any]


@dataclass
class Taken:
    """What a file did, or would do: rows in it, how many were new, and what was replaced (before and after)."""

    rows: int = 0
    new: int = 0
    replaced: list[dict[str, Any]] = field(default_factory=list)

    @property
    def known(self) -> int:
        """How many stood already as they are in the file."""
        return self.rows - self.new - len(self.replaced)


def take_tariffs(*, path: Path, at: datetime, correct: bool = False, dry_run: bool = False) -> Taken:
    """Take in a file of taxes, schemes, holidays, grid tariffs and plans.

    correct: a row that stands with other values is replaced, and what it was is kept. Raises `PriceError`: `file`,
    `rows`, `differs` (not `correct`); nothing of the file is taken in then.
    """
    content = tariff_file.read(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()

    def store(taken: Taken) -> None:
        for model, key, values, children in rows_of(content):
            _put(taken, model, key, values, children, correct=correct)

    return recorded(kind="tariffs", digest=digest, at=at, store=store, dry_run=dry_run)


def recorded(*, kind: str, digest: str, at: datetime, store: Callable[[Taken], None], dry_run: bool) -> Taken:
    """Run `store` in one transaction and put what it did on record; undone again in a dry run."""
    taken = Taken()
    with transaction.atomic():
        store(taken)
        if dry_run:
            transaction.set_rollback(True)
        elif taken.new or taken.replaced:
            Load.objects.create(
                at=at, kind=kind, digest=digest, rows=taken.rows, new=taken.new, replaced=taken.replaced
            )
    return taken


Found = tuple[type[models.Model], Values, Values, list[tuple[type[models.Model], Values]]]


def rows_of(content: TariffFile) -> Iterator[Found]:
    """The rows of a file: model, key, other values, rows below it. Raises `PriceError` `rows` on what is too fine."""
    try:
        yield from _rows(content)
    except ValueError as wrong:
        raise PriceError("rows", str(wrong)) from None


def _rows(content: TariffFile) -> Iterator[Found]:
    for day in content.holidays:
        yield Holiday, {"day": day.day}, {"name": day.name}, []
    for levy in content.levies:
        rate = whole(levy.percent, 100, "percent") if levy.percent is not None else ore(levy.ore or Decimal(0))
        for place, use in tariff_file.each_place(levy):
            key = {"kind": levy.kind, "place": place, "use": use, "starts": levy.starts}
            yield Levy, key, {"rate": rate, "ends": levy.ends, "note": levy.note}, []
    for scheme in content.schemes:
        values = {
            "rate": ore(scheme.ore),
            "share": whole(scheme.percent, 100, "percent"),
            "cap_wh": 1000 * scheme.cap_kwh,
            "ends": scheme.ends,
            "note": scheme.note,
        }
        for use in scheme.uses:
            yield Scheme, {"kind": scheme.kind, "use": use, "starts": scheme.starts}, values, []
    for plan in content.plans:
        key = {"controller": plan.controller, "key": plan.key, "starts": plan.starts}
        values = {
            "name": plan.name,
            "kind": plan.kind,
            "rate": ore(plan.ore),
            "fee": whole(plan.month, 100, "month"),
            "ends": plan.ends,
            "note": plan.note,
        }
        yield Plan, key, values, []
    yield from map(_tariff, content.grid)


def _tariff(part: TariffPart) -> Found:
    below: list[tuple[type[models.Model], Values]] = []
    for position, rate in enumerate(part.energy):
        months, days, hours = tariff_file.masks(rate)
        below.append(
            (
                EnergyRate,
                {
                    "position": position,
                    "key": rate.key,
                    "rate": ore(rate.ore),
                    "months": months,
                    "days": days,
                    "hours": hours,
                },
            )
        )
    for step in part.capacity:
        priced: Values = {
            "from_watts": whole(step.from_kw, 1000, "from_kw"),
            "year": whole(step.year, 100, "year"),
            "per_kw": whole(step.per_kw, 100, "per_kw"),
        }
        below.append((CapacityStep, priced))
    measured = CapacityModel.DAILY_MAXIMA if part.of == "days" else CapacityModel.HIGHEST_HOURS
    values = {
        "name": part.name,
        "capacity": measured if part.capacity else CapacityModel.NONE,
        "days": part.maxima,
        "ends": part.ends,
        "note": part.note,
    }
    return GridTariff, {"company": part.company, "starts": part.starts}, values, below


def _put(
    taken: Taken,
    model: type[models.Model],
    key: Values,
    values: Values,
    children: Iterable[tuple[type[models.Model], Values]],
    *,
    correct: bool,
) -> None:
    below, manager = list(children), model._default_manager
    taken.rows += 1
    found = manager.filter(**key).first()
    if found is None:
        _below(manager.create(**key, **values), below)
        taken.new += 1
        return
    before = {name: getattr(found, name) for name in values}
    if before == values and _stored(found) == [_plain(one) for _, one in below]:
        return
    if not correct:
        changed = [name for name in values if before[name] != values[name]] or ["rates or steps"]
        raise PriceError("differs", f"{_named(model, key)} stands with another {', '.join(changed)}: say --correct")
    taken.replaced.append({"row": _named(model, key), "before": _plain(before), "below": _stored(found)})
    manager.filter(pk=found.pk).update(**values)
    for child in (EnergyRate, CapacityStep) if model is GridTariff else ():
        child._default_manager.filter(tariff_id=found.pk).delete()
    _below(found, below)


def _below(parent: models.Model, children: Iterable[tuple[type[models.Model], Values]]) -> None:
    for model, values in children:
        model._default_manager.create(tariff=parent, **values)


def _stored(parent: models.Model) -> list[Values]:
    """The rows below as they stand, in the order of a file."""
    if not isinstance(parent, GridTariff):
        return []
    rates = parent.rates.order_by("position").values("position", "key", "rate", "months", "days", "hours")
    return [dict(one) for one in rates] + [
        dict(one) for one in parent.steps.order_by("from_watts").values("from_watts", "year", "per_kw")
    ]


def _plain(values: Values) -> Values:
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}


def _named(model: type[models.Model], key: Values) -> str:
    told = " ".join(str(value) for value in key.values() if value != "")
    return f"{model._meta.model_name} {told}"
