"""A power customer's contract changed and a point's facts put right at the desk (E1, H2). Every act is on record."""

from datetime import date
from typing import Any

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.journeys import events
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.parties.actors import person_scope
from tillit.parties.operations import many_at_once
from tillit.power import operations
from tillit.power.errors import PowerError
from tillit.power.models import Contract, ContractKind, GridCompany, MeteringPoint
from tillit.power.switching import ACTIVITY

FACTS = (
    "meter_number",
    "price_area",
    "municipality",
    "use",
    "street",
    "postal_code",
    "place",
    "latitude",
    "longitude",
    "grid_company",
)


def put_right(
    *, actor: Actor, controller: Controller, subject_id: int, point_id: int, facts: dict[str, Any]
) -> MeteringPoint:
    """Put facts of a point right (of `FACTS`; others stay); what was the same changes nothing. grid_company: its key.

    Raises `PowerError` `no-point`, `municipality`, `price-area`, `position`, `grid-company`.
    """
    given = {name: facts[name] for name in FACTS if name in facts}
    if "grid_company" in given:
        key = given["grid_company"]
        given["grid_company"] = GridCompany.objects.filter(key=key).first()
        if key and given["grid_company"] is None:
            raise PowerError("grid-company", "that grid company is not known here")
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id) as scope:
        many_at_once(register_id=controller.register_id)
        point = _point(controller, subject_id, point_id)
        changed = sorted(name for name, value in given.items() if getattr(point, name) != value)
        if changed:
            operations.describe(point=point, **given)
            _record(scope, controller, subject_id, "point", changed)
        return point


def change(
    *,
    actor: Actor,
    controller: Controller,
    subject_id: int,
    point_id: int,
    kind: str,
    starts: date,
    product: str = "",
) -> Contract:
    """Put a point that is supplied under another kind of contract from a day on; the one that runs ends with the day
    before, and is what alerts of contracts that end tell of. Bills of months that are over change with an earlier day.

    Raises `PowerError` `no-point`, `contract-kind`, `not-supplied`, `contract-overlaps`.
    """
    if kind not in ContractKind.values:
        raise PowerError("contract-kind", "say what kind of contract it is")
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id) as scope:
        many_at_once(register_id=controller.register_id)
        point = _point(controller, subject_id, point_id)
        mine = Contract.objects.filter(subject_id=subject_id, point_id=point.id, ends=None)
        if not mine.filter(starts__lt=starts).exists():
            later = mine.exists()
            raise PowerError(
                "contract-overlaps" if later else "not-supplied", "no contract of the point runs before that day"
            )
        made = operations.add_contract(scope=scope, point=point, kind=kind, product=product, starts=starts)
        _record(scope, controller, subject_id, "change", [kind])
        return made


def take_back(*, actor: Actor, controller: Controller, subject_id: int, contract_id: int) -> None:
    """A change that is yet to come is not to be. Raises `PowerError` `no-contract`, `contract-begun`."""
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id) as scope:
        many_at_once(register_id=controller.register_id)
        contract = Contract.objects.filter(subject_id=subject_id, id=contract_id, controller_id=controller.pk).first()
        if contract is None:
            raise PowerError("no-contract", "the customer has no such contract")
        operations.take_back_contract(contract=contract, today=clock.today())
        _record(scope, controller, subject_id, "taken_back", [contract.kind])


def _point(controller: Controller, subject_id: int, point_id: int) -> MeteringPoint:
    mine = MeteringPoint.objects.select_for_update().filter(subject_id=subject_id, id=point_id)
    point = mine.filter(controller_id=controller.pk).first()
    if point is None:
        raise PowerError("no-point", "the customer has no such point")
    return point


def _record(scope: Scope, controller: Controller, subject_id: int, act: str, what: list[str]) -> None:
    """Which facts were put right, or to what kind a contract was changed; no value of the person's."""
    append(
        type=events.SUPPLY_CHANGED,
        scope=scope,
        controller=controller.pk,
        subject=subject_id,
        details={"act": act, "what": what},
    )
