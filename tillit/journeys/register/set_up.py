"""What a union consists of and how its files are written, from a YAML file (docs/formats.md)."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from django.db import transaction
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tillit.declaration import loader
from tillit.declaration.errors import DeclarationRefusedError, Problem
from tillit.declaration.models import Controller
from tillit.membership import structure
from tillit.membership.models import FileLayout, UnitKind
from tillit.membership.reading.layout import check_mapping

Key = Annotated[str, Field(min_length=1, max_length=40)]
Name = Annotated[str, Field(min_length=1, max_length=120)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True, frozen=True)


class TypeEntry(_Part):
    """A type of membership; `pays`: whether dues are paid for it."""

    name: Name
    pays: bool = True


class UnitEntry(_Part):
    """A section or workplace; a workplace may be `part_of` a section. `ends`: the first day it is no more."""

    name: Name
    part_of: str | None = None
    starts: date | None = None
    ends: date | None = None


class AgreementEntry(_Part):
    """A collective agreement; `insurer`: key of a recipient in the declaration; `terms`: where they are read."""

    name: Name
    insurer: str = ""
    terms: Annotated[str, Field(pattern="^(https://.*)?$")] = ""
    starts: date | None = None
    ends: date | None = None


class LayoutEntry(_Part):
    """How its files are written: see `membership.models.FileLayout`. `most_ends`: per cent of the memberships."""

    columns: dict[str, str] = {}
    dates: Literal["", "iso", "dotted", "slashed", "bare"] = ""
    ends_on: Literal["last_day", "first_day_after"] = "last_day"
    most_ends: Annotated[float, Field(ge=0, le=100, multiple_of=0.1)] = 5


class Union(_Part):
    """The file."""

    types: dict[Key, TypeEntry] = {}
    sections: dict[Key, UnitEntry] = {}
    workplaces: dict[Key, UnitEntry] = {}
    agreements: dict[Key, AgreementEntry] = {}
    layout: LayoutEntry | None = None


@transaction.atomic
def set_up(*, path: Path, controller: Controller) -> dict[str, int]:
    """Keep what the file says; how many of each. What it does not name stays as it is.

    Raises `DeclarationRefusedError` with the line of every fault, `UnknownStructureError`, `FileRefusedError`.
    """
    source = loader.read(path)
    try:
        given = Union.model_validate(source.data)
    except ValidationError as error:
        raise DeclarationRefusedError([_problem(source, fault) for fault in error.errors(include_url=False)]) from None
    union = controller.pk
    for key, kind in given.types.items():
        structure.keep_type(controller_id=union, key=key, name=kind.name, pays=kind.pays)
    for unit_kind, units in ((UnitKind.SECTION, given.sections), (UnitKind.WORKPLACE, given.workplaces)):
        for key, unit in units.items():
            structure.keep_unit(controller_id=union, kind=unit_kind, key=key, **unit.model_dump())
    for key, agreement in given.agreements.items():
        structure.keep_agreement(controller_id=union, key=key, **agreement.model_dump())
    if given.layout is not None:
        _keep_layout(controller, given.layout)
    return {
        "types": len(given.types),
        "sections": len(given.sections),
        "workplaces": len(given.workplaces),
        "agreements": len(given.agreements),
    }


def _keep_layout(controller: Controller, layout: LayoutEntry) -> None:
    check_mapping(layout.columns)
    FileLayout.objects.update_or_create(
        controller=controller,
        defaults={
            "columns": {name.strip().lower(): ours for name, ours in layout.columns.items()},
            "dates": layout.dates,
            "last_day": layout.ends_on == "last_day",
            "most_ends": round(layout.most_ends * 10),
        },
    )


def _problem(source: loader.Source, fault: object) -> Problem:
    known: dict[str, object] = dict(fault)  # type: ignore[call-overload]
    steps = tuple(step for step in known["loc"] if isinstance(step, str | int))  # type: ignore[attr-defined]
    file, line = source.mark(steps)
    return Problem(file, line, str(known["type"]), f"{'.'.join(map(str, steps))}: {known['msg']}")
