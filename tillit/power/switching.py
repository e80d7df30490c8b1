"""Switches of supplier carried out: contracts begin and end with them (E1). Each is called in an open scope."""

from datetime import date, datetime
from typing import Any

from django.db.models import Q

from tillit.declaration.models import Controller
from tillit.kernel.scope import Scope, system
from tillit.parties import directories
from tillit.parties.digests import Kind, digest
from tillit.power import operations, outside
from tillit.power.errors import PowerError
from tillit.power.models import Contract, EndReason, MeteringPoint
from tillit.power.switch_models import Switch, SwitchReason, SwitchState, Way

ACTIVITY = "power_supply"
_ENDED = {SwitchReason.SWITCH: EndReason.SWITCHED, SwitchReason.MOVE: EndReason.MOVED}


def request(
    *,
    scope: Scope,
    point: MeteringPoint,
    way: str,
    reason: str,
    day: date,
    at: datetime,
    kind: str = "",
    product: str = "",
    source: str = "data_subject",
) -> Switch:
    """Register a switch that is to be decided. `PowerError` `switch-open` where one waits, `contract-kind`,
    `not-supplied` where there is nothing to end, `contract-overlaps` where the point is supplied on that day already.
    """
    mine = {"subject_id": point.subject_id, "point_id": point.id}
    if Switch.objects.filter(**mine, way=way, status=SwitchState.REQUESTED).exists():
        raise PowerError("switch-open", "a switch of that point waits to be decided")
    if way == Way.IN and not kind:
        raise PowerError("contract-kind", "say what kind of contract it leads to")
    if way == Way.OUT:
        _running(point, day)
    elif Contract.objects.filter(**mine).filter(Q(ends=None) | Q(ends__gt=day)).exists():
        raise PowerError("contract-overlaps", "the point is supplied on that day or later")
    return Switch.objects.create(
        **mine,
        controller_id=point.controller_id,
        state=point.state,
        way=way,
        reason=reason,
        day=day,
        kind=kind if way == Way.IN else "",
        product=product if way == Way.IN else "",
        requested_at=at,
        source=source,
        collected_under=scope.activity,
    )


def confirm(
    *,
    scope: Scope,
    controller: Controller,
    switch: Switch,
    at: datetime,
    identity: str = "",
    final_wh: int | None = None,
) -> Contract:
    """Carry it out: the contract begins, or ends, on its day. `PowerError` `switch-decided`, `point-taken`,
    `not-supplied`, `contract-overlaps`.
    """
    _waits(switch)
    point = MeteringPoint.objects.get(subject_id=switch.subject_id, id=switch.point_id)
    if switch.way == Way.IN:
        take_point(controller=controller, point=point, day=switch.day, at=at)
        contract = operations.add_contract(
            scope=scope, point=point, kind=switch.kind, product=switch.product, starts=switch.day, source=switch.source
        )
        outside.place(controller=controller, point=point)
    else:
        contract = _running(point, switch.day)
        contract.ends, contract.end_reason = switch.day, _ENDED[SwitchReason(switch.reason)]
        contract.save(update_fields=["ends", "end_reason"])
        outside.clear(controller=controller, point=point)
    _decide(switch, SwitchState.CONFIRMED, at, identity=identity, final_wh=final_wh)
    return contract


def decline(*, switch: Switch, status: str, at: datetime) -> None:
    """It comes to nothing: `refused` or `cancelled`."""
    _waits(switch)
    _decide(switch, status, at)


def undo(*, controller: Controller, switch: Switch, at: datetime) -> None:
    """Take back one that was confirmed by mistake: its contract runs on, or never came to be.

    `PowerError` `switch-decided` where it is not the last that happened to the point's contract.
    """
    mine = Contract.objects.filter(subject_id=switch.subject_id, point_id=switch.point_id)
    if switch.status != SwitchState.CONFIRMED:
        raise PowerError("switch-decided", "only what was confirmed is taken back")
    point = MeteringPoint.objects.get(subject_id=switch.subject_id, id=switch.point_id)
    if switch.way == Way.OUT:
        if mine.filter(starts__gte=switch.day).exists():
            raise PowerError("switch-decided", "the point has a later contract")
        take_point(controller=controller, point=point, day=switch.day, at=at)
        changed = mine.filter(ends=switch.day).update(ends=None, end_reason="")
    else:
        changed = mine.filter(starts=switch.day, ends=None).update(ends=switch.day, end_reason=EndReason.CANCELLED)
    if changed != 1:
        raise PowerError("switch-decided", "what it did was changed since")
    if switch.way == Way.OUT:
        outside.place(controller=controller, point=point)
    else:
        outside.clear(controller=controller, point=point)
    Switch.objects.filter(subject_id=switch.subject_id, id=switch.id).update(status=SwitchState.UNDONE, decided_at=at)


def take_point(*, controller: Controller, point: MeteringPoint, day: date, at: datetime) -> None:
    """The point is this customer's from `day`: at once, where no other customer is supplied there then.

    `PowerError` `point-taken` where another is.
    """
    register, number = controller.register_id, digest(controller.register_id, Kind.METERING_POINT, point.gsrn)
    where: dict[str, Any] = {"register_id": register, "kind": Kind.METERING_POINT, "digest": number}
    holder = directories.resolve(**where)
    if holder not in {None, point.subject_id}:
        with Scope(system("switch", {controller.pk}), ACTIVITY):
            others = Contract.objects.filter(point__gsrn=point.gsrn, controller_id=controller.pk)
            others = others.exclude(subject_id=point.subject_id)
            if others.filter(Q(ends=None) | Q(ends__gt=day)).exists():
                raise PowerError("point-taken", "that metering point is supplied to another customer")
        directories.unclaim(**where, subject_id=holder)
    directories.claim(**where, subject_id=point.subject_id, since=at)


def _running(point: MeteringPoint, day: date) -> Contract:
    mine = Contract.objects.filter(subject_id=point.subject_id, point_id=point.id, starts__lte=day, ends=None)
    found = mine.first()
    if found is None:
        raise PowerError("not-supplied", "no contract of the point runs on that day")
    return found


def _waits(switch: Switch) -> None:
    if switch.status != SwitchState.REQUESTED:
        raise PowerError("switch-decided", "that switch is decided")


def _decide(switch: Switch, status: str, at: datetime, **more: Any) -> None:
    for name, value in {"status": status, "decided_at": at, **more}.items():
        setattr(switch, name, value)
    switch.save(update_fields=["status", "decided_at", *more])
