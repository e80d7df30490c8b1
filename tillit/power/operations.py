"""Points, contracts and households are written here (E1)."""

import re
from datetime import date, datetime
from typing import Any

from django.db.models import F

from tillit.declaration.models import Controller
from tillit.kernel.scope import Scope
from tillit.parties import directories
from tillit.parties.digests import Kind, digest
from tillit.parties.errors import AlreadyClaimedError
from tillit.power import gsrn
from tillit.power.errors import PowerError
from tillit.power.models import AREAS, Contract, EndReason, GridCompany, Household, MeteringPoint

_MUNICIPALITY = re.compile(r"[0-9]{4}")


def add_point(
    *,
    scope: Scope,
    subject_id: int,
    controller: Controller,
    number: str,
    price_area: str,
    at: datetime,
    source: str = "data_subject",
    grid_company: GridCompany | None = None,
    wanted: bool = False,
    **facts: Any,
) -> MeteringPoint:
    """A metering point of the customer: the one there is with its facts renewed, or a new one. `number`: GSRN.

    wanted: it is not the customer's yet; a switch is to make it so, and nobody is asked whose it is now.

    facts: further fields of `MeteringPoint` (meter_number, use, resolution, street, …). `PowerError` `gsrn`,
    `price-area`, `municipality` (neither four digits nor left out), `position`, or `point-taken` when it is another
    customer's now.
    """
    known = gsrn.normalised(number)
    _refuse_places(price_area=price_area, **facts)
    if not wanted:
        _claim(controller, known, subject_id, at)
    values = {"price_area": price_area, "grid_company": grid_company, "source": source, **facts}
    point, _ = MeteringPoint.objects.update_or_create(
        subject_id=subject_id,
        controller_id=controller.pk,
        gsrn=known,
        defaults=values,
        create_defaults={**values, "collected_under": scope.activity},
    )
    return point


def describe(*, point: MeteringPoint, **facts: Any) -> MeteringPoint:
    """Facts of a point put right (meter_number, municipality, street, latitude, …); others stay. `PowerError`
    `price-area`, `municipality`, `position`.
    """
    _refuse_places(**facts)
    for name, value in facts.items():
        setattr(point, name, value)
    point.save(update_fields=list(facts))
    return point


def take_back_contract(*, contract: Contract, today: date) -> None:
    """A contract that was to begin never comes to be: what ran before it goes on. `PowerError` `contract-begun` where
    it has begun, or is no change of another.
    """
    mine = Contract.objects.filter(subject_id=contract.subject_id, point_id=contract.point_id)
    before = mine.filter(ends=contract.starts, end_reason=EndReason.CHANGED).first()
    if contract.starts <= today or contract.ends is not None or before is None:
        raise PowerError("contract-begun", "only a change that is yet to come is taken back")
    contract.ends, contract.end_reason = contract.starts, EndReason.CANCELLED
    contract.save(update_fields=["ends", "end_reason"])
    before.ends, before.end_reason = None, ""
    before.save(update_fields=["ends", "end_reason"])


def _refuse_places(
    *,
    price_area: str = AREAS[0],
    municipality: str = "",
    latitude: float | None = None,
    longitude: float | None = None,
    **_: Any,
) -> None:
    if price_area not in AREAS:
        raise PowerError("price-area", "a price area is one of NO1 to NO5")
    if municipality and not _MUNICIPALITY.fullmatch(municipality):
        raise PowerError("municipality", "a municipality's number has four digits")
    if (latitude is None) != (longitude is None) or abs(latitude or 0) > 90 or abs(longitude or 0) > 180:
        raise PowerError("position", "a position is a latitude and a longitude in degrees")


def add_contract(
    *,
    scope: Scope,
    point: MeteringPoint,
    kind: str,
    starts: date,
    product: str = "",
    ends: date | None = None,
    end_reason: str = "",
    source: str = "data_subject",
) -> Contract:
    """The point is supplied under a contract from `starts`; a contract that runs ends on that day (`changed`).

    `PowerError` `contract-overlaps` when one that is there begins later.
    """
    mine = Contract.objects.filter(subject_id=point.subject_id, point_id=point.id)
    mine = mine.exclude(ends=F("starts"))  # never came to be
    if mine.filter(starts__gte=starts).exclude(ends__isnull=False, ends__lte=starts).exists():
        raise PowerError("contract-overlaps", "a contract of the point begins on that day or later")
    mine.filter(ends__isnull=True).update(ends=starts, end_reason=EndReason.CHANGED)
    if mine.filter(ends__gt=starts).exists():
        raise PowerError("contract-overlaps", "a contract of the point runs beyond that day")
    return Contract.objects.create(
        subject_id=point.subject_id,
        controller_id=point.controller_id,
        state=point.state,
        point_id=point.id,
        kind=kind,
        product=product,
        starts=starts,
        ends=ends,
        end_reason=end_reason,
        source=source,
        collected_under=scope.activity,
    )


def tell_household(*, scope: Scope, point: MeteringPoint, source: str = "data_subject", **facts: Any) -> Household:
    """What the customer tells of the home at a point; facts not named stay."""
    household, _ = Household.objects.update_or_create(
        subject_id=point.subject_id,
        controller_id=point.controller_id,
        point_id=point.id,
        defaults={**facts, "source": source},
        create_defaults={**facts, "source": source, "collected_under": scope.activity, "state": point.state},
    )
    return household


def _claim(controller: Controller, number: str, subject_id: int, at: datetime) -> None:
    try:
        directories.claim(
            register_id=controller.register_id,
            kind=Kind.METERING_POINT,
            digest=digest(controller.register_id, Kind.METERING_POINT, number),
            subject_id=subject_id,
            since=at,
        )
    except AlreadyClaimedError as error:
        raise PowerError("point-taken", "that metering point is supplied to another customer") from error
