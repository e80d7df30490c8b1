"""What a union consists of: types of membership, sections and workplaces, collective agreements, who pays (B1).

Nothing of it is about a person. Each is known to its union by a key; the same key again changes the words. Nothing is
deleted: a section that is closed, or an agreement that has ended, has a last day.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from django.db.models import Model

from tillit.kernel.identifiers import organisation_number
from tillit.membership.errors import UnknownStructureError
from tillit.membership.models import CollectiveAgreement, MembershipType, Payer, Unit, UnitKind

_Kind = TypeVar("_Kind", bound=Model)


@dataclass(frozen=True)
class Structure:
    """A union's keys → ids; payers by organisation number."""

    types: dict[str, int] = field(default_factory=dict)
    sections: dict[str, int] = field(default_factory=dict)
    workplaces: dict[str, int] = field(default_factory=dict)
    agreements: dict[str, int] = field(default_factory=dict)
    payers: dict[str, int] = field(default_factory=dict)


def of(*, controller_id: int) -> Structure:
    """All that the union has, also what has ended."""
    units = list(Unit.objects.filter(controller_id=controller_id))
    return Structure(
        dict(MembershipType.objects.filter(controller_id=controller_id).values_list("key", "id")),
        {unit.key: unit.id for unit in units if unit.kind == UnitKind.SECTION},
        {unit.key: unit.id for unit in units if unit.kind == UnitKind.WORKPLACE},
        dict(CollectiveAgreement.objects.filter(controller_id=controller_id).values_list("key", "id")),
        dict(Payer.objects.filter(controller_id=controller_id).values_list("number", "id")),
    )


def keep_type(*, controller_id: int, key: str, name: str, pays: bool = True) -> MembershipType:
    """The type of membership, made or changed."""
    return _kept(MembershipType, {"controller_id": controller_id, "key": key}, name=name, pays=pays)


def keep_unit(
    *,
    controller_id: int,
    kind: UnitKind,
    key: str,
    name: str,
    part_of: str | None = None,
    starts: date | None = None,
    ends: date | None = None,
) -> Unit:
    """The section or workplace, made or changed. `part_of`: key of the section it belongs to."""
    parent = find(Unit, controller_id=controller_id, kind=UnitKind.SECTION, key=part_of) if part_of else None
    named = {"controller_id": controller_id, "kind": kind, "key": key}
    return _kept(Unit, named, name=name, part_of_id=parent, starts=starts, ends=ends)


def keep_agreement(
    *,
    controller_id: int,
    key: str,
    name: str,
    insurer: str = "",
    terms: str = "",
    starts: date | None = None,
    ends: date | None = None,
) -> CollectiveAgreement:
    """The collective agreement, made or changed."""
    return _kept(
        CollectiveAgreement,
        {"controller_id": controller_id, "key": key},
        name=name,
        insurer=insurer,
        terms=terms,
        starts=starts,
        ends=ends,
    )


def keep_payers(*, controller_id: int, numbers: Iterable[str]) -> dict[str, int]:
    """Those of the organisations that are not known yet are made; number → id of all of them."""
    wanted = {organisation_number.normalise(number) for number in numbers}
    Payer.objects.bulk_create(
        [Payer(controller_id=controller_id, number=number) for number in sorted(wanted)], ignore_conflicts=True
    )
    return dict(Payer.objects.filter(controller_id=controller_id, number__in=wanted).values_list("number", "id"))


def find(model: Any, *, controller_id: int, **named: Any) -> int:
    """The id of what the union calls so. Raises `UnknownStructureError`."""
    found = model.objects.filter(controller_id=controller_id, **named).values_list("id", flat=True).first()
    if found is None:
        raise UnknownStructureError("unknown-structure", f"the union has no such {model._meta.verbose_name}")
    return int(found)


def _kept(model: type[_Kind], named: dict[str, Any], **said: Any) -> _Kind:
    return model._default_manager.update_or_create(**named, defaults=said)[0]
