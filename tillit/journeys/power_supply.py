"""A power customer at the desk (E1): points, contracts, switches of supplier, and making sure of who it is.

Where the declaration has people checked against the population register, a switch to us is confirmed only when the
register knew the person, or when a colleague has seen who they are; never when it said that they are somebody else,
unknown, or dead. That it has what somebody typed on an open page shows the number, not who typed it: a colleague looks.
Every act is on record.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.journeys import events, population, usage_desk
from tillit.journeys.reception import IDENTITY_SEEN
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, ScopeError, system
from tillit.parties.actors import person_scope
from tillit.parties.merging import same_person
from tillit.parties.operations import many_at_once
from tillit.power import looking_back, operations, queries, switching
from tillit.power.errors import PowerError
from tillit.power.hub import operations as hub
from tillit.power.hub.models import HubProcess
from tillit.power.hub.queries import of_switches
from tillit.power.models import Contract, GridCompany, Household, MeteringPoint
from tillit.power.switch_models import Switch, SwitchState, Way
from tillit.registers.models import Check
from tillit.registers.sources import POPULATION, grounded

ACTIVITY = switching.ACTIVITY
SEEN = IDENTITY_SEEN
_KNOWN = frozenset({"unchanged", "changed", "protected"})
_AGREES = frozenset({"confirmed"})
_UNSEEN = frozenset({"waiting", "typed"})
_NOT_THEM = frozenset({"deceased", "another_person", "not_found"})


@dataclass(frozen=True)
class PointView:
    """A point with its contracts, the latest first, what was told of the home, and its latest readings."""

    point: MeteringPoint
    contracts: list[Contract]
    household: Household | None
    readings: looking_back.Standing

    @property
    def last(self) -> Contract | None:
        """The contract without an end, which runs or is to begin."""
        return next((one for one in self.contracts if one.ends is None), None)

    @property
    def follows(self) -> bool:
        """Whether it follows another that ends with its beginning, so that it can be taken back before that."""
        last = self.last
        return last is not None and any(one.ends == last.starts != one.starts for one in self.contracts)


@dataclass(frozen=True)
class View:
    """A power customer. identity: `checked`, `wrong`, `waiting`, `typed` (the register has what they typed), or ""
    where the declaration has nobody checked.

    over_hub: whether switches go over the market hub; each has its `processes` there, the latest first.
    """

    points: list[PointView]
    switches: list["SwitchView"]
    identity: str
    over_hub: bool = False

    @property
    def must_be_seen(self) -> bool:
        """Whether a switch to us waits for a colleague to see who the customer is."""
        return self.identity in _UNSEEN


@dataclass(frozen=True)
class SwitchView:
    """A switch and what the market hub was asked for it."""

    switch: Switch
    processes: list[HubProcess]


def view(*, scope: Scope, controller: Controller, subject_ids: frozenset[int], today: date) -> View:
    """The customer's points, contracts, switches and readings; in an open scope that may see them."""
    points = queries.points_of(subject_ids=subject_ids, controller_id=controller.pk)
    contracts = queries.contracts_of(subject_ids=subject_ids, controller_id=controller.pk)
    shown = [
        PointView(
            point,
            [one for one in contracts if one.point_id == point.id],
            queries.household_of(subject_id=point.subject_id, point_id=point.id),
            looking_back.standing(point=point, today=today),
        )
        for point in points
    ]
    switches = Switch.objects.filter(subject_id__in=subject_ids, controller_id=controller.pk).select_related("point")
    asked = of_switches(subject_ids=subject_ids)
    return View(
        shown,
        [SwitchView(one, asked.get(one.id, [])) for one in switches.order_by("-requested_at")],
        identity(controller, subject_ids),
        hub.speaks(controller),
    )


def look(*, actor: Actor, controller: Controller, purpose: str, subject_id: int) -> View:
    """The customer as staff see them, on record. purpose: what the person was looked up for.

    Raises `NotAssignedError`, and `ScopeError` also for a purpose that may not see contracts, points and meter values.
    """
    allowed(controller=controller, purpose=purpose)
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id) as scope:
        people = frozenset(same_person(subject_id))
        found = view(scope=scope, controller=controller, subject_ids=people, today=clock.today())
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"purpose": purpose, "categories": sorted(usage_desk.NEEDS)},
        )
    return found


def allowed(*, controller: Controller, purpose: str) -> None:
    """Raise `ScopeError` for a purpose that may not see contracts, points and meter values."""
    if not usage_desk.may_look(controller=controller, activity=purpose):
        raise ScopeError("scope-activity", f"{purpose} may not see what a customer is supplied with")


def identity(controller: Controller, subject_ids: frozenset[int]) -> str:
    """What the population register said of the person; in an open scope."""
    if not grounded(current(controller_id=controller.pk, on=clock.today()), POPULATION):
        return ""
    outcomes = set(
        Check.objects.filter(subject_id__in=subject_ids, source=POPULATION.key, checked_at__isnull=False).values_list(
            "outcome", flat=True
        )
    )
    if outcomes & _NOT_THEM:
        return "wrong"
    return "checked" if outcomes & _KNOWN else "typed" if outcomes & _AGREES else "waiting"


def request_in(
    *,
    actor: Actor,
    controller: Controller,
    subject_id: int,
    number: str,
    price_area: str,
    kind: str,
    reason: str,
    day: date,
    at: datetime,
    grid_company: str = "",
    product: str = "",
    **facts: Any,
) -> Switch:
    """Register that a point is to come to us; the register is asked about the customer. Raises `PowerError`,
    `NotAssignedError`, `ScopeError`.
    """
    grid = GridCompany.objects.filter(key=grid_company).first()
    if grid_company and grid is None:
        raise PowerError("grid-company", "that grid company is not known here")
    with transaction.atomic():
        with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id) as scope:
            known = queries.points_of(subject_ids=same_person(subject_id), controller_id=controller.pk)
            point = operations.add_point(
                scope=scope, subject_id=subject_id, controller=controller, number=number, price_area=price_area, at=at,
                grid_company=grid, wanted=True, **facts,
            )  # fmt: skip
            if any(one.gsrn == point.gsrn and one.subject_id != subject_id for one in known):
                raise PowerError("point-twice", "another subject of the same person has that point")
            switch = switching.request(
                scope=scope, point=point, way=Way.IN, reason=reason, day=day, at=at, kind=kind, product=product
            )
            waiting = identity(controller, frozenset(same_person(subject_id))) == "waiting"
            record(scope, controller, switch, requested=True)
        if waiting:
            population.ask_about(controller=controller, subject_id=subject_id)
    return switch


def request_out(
    *, actor: Actor, controller: Controller, subject_id: int, point_id: int, reason: str, day: date, at: datetime
) -> Switch:
    """Register that a point is to go from us. Raises as `request_in`."""
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id) as scope:
        point = MeteringPoint.objects.filter(subject_id=subject_id, id=point_id).first()
        if point is None:
            raise PowerError("no-point", "the customer has no such point")
        switch = switching.request(scope=scope, point=point, way=Way.OUT, reason=reason, day=day, at=at)
        record(scope, controller, switch, requested=True)
    return switch


def confirm(
    *,
    actor: Actor,
    controller: Controller,
    subject_id: int,
    switch_id: int,
    at: datetime,
    seen: str = "",
    final_wh: int | None = None,
    by_hand: bool = False,
) -> Switch:
    """Carry a switch out: by the market hub where there is one, which says when it is done; by_hand: without it. seen:
    what showed who the customer is, where the register has not said so.

    Raises `PowerError` `identity-unchecked` or `identity-wrong`, and as `switching.confirm`.
    """
    if seen and seen not in SEEN:
        raise PowerError("identity-unchecked", "say what was seen")

    def act(scope: Scope, switch: Switch) -> bool:
        told = identity(controller, frozenset(same_person(subject_id))) if switch.way == Way.IN else ""
        if told == "wrong":
            raise PowerError("identity-wrong", "the population register says that it is somebody else")
        if told in _UNSEEN and not seen:
            raise PowerError("identity-unchecked", "nobody has made sure yet who the customer is")
        how = "checked" if told == "checked" else seen
        if not by_hand and hub.speaks(controller):
            hub.ask_for(switch=switch, at=at, identity=how, final_wh=final_wh)
            return False
        hub.withdraw(switch=switch, at=at)
        switching.confirm(scope=scope, controller=controller, switch=switch, at=at, identity=how, final_wh=final_wh)
        return True

    return _with(actor, controller, subject_id, switch_id, act)


def decline(
    *, actor: Actor, controller: Controller, subject_id: int, switch_id: int, status: str, at: datetime
) -> Switch:
    """It comes to nothing: `refused` or `cancelled`, once the market hub has cancelled what it was asked for."""

    def act(_: Scope, switch: Switch) -> bool:
        if switch.status == SwitchState.REQUESTED and hub.take_back(switch=switch, at=at) is not None:
            return False
        switching.decline(switch=switch, status=status, at=at)
        return True

    return _with(actor, controller, subject_id, switch_id, act)


def undo(*, actor: Actor, controller: Controller, subject_id: int, switch_id: int, at: datetime) -> Switch:
    """Take back what was confirmed by mistake, once the market hub has rolled it back."""

    def act(_: Scope, switch: Switch) -> bool:
        if switch.status == SwitchState.CONFIRMED and hub.take_back(switch=switch, at=at) is not None:
            return False
        switching.undo(controller=controller, switch=switch, at=at)
        return True

    return _with(actor, controller, subject_id, switch_id, act)


def send_again(*, actor: Actor, controller: Controller, subject_id: int, process_id: int, at: datetime) -> None:
    """A request to the hub that was stuck goes on its way again. Raises `PowerError` `no-switch`, `hub-open`."""
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id):
        found = HubProcess.objects.filter(subject_id=subject_id, id=process_id).first()
        if found is None:
            raise PowerError("no-switch", "the customer has no such request")
        hub.send_again(process=found, at=at)


def tell_hub(*, actor: Actor, controller: Controller, subject_id: int, point_id: int, at: datetime) -> None:
    """Have the hub told what the customer is called now. Raises `PowerError` `no-point`, `no-hub`, `hub-open`."""
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id):
        point = MeteringPoint.objects.filter(subject_id=subject_id, id=point_id).first()
        if point is None:
            raise PowerError("no-point", "the customer has no such point")
        if not hub.speaks(controller):
            raise PowerError("no-hub", "no market hub is named here")
        hub.tell_customer(point=point, day=clock.today(), at=at)


def tell_household(*, controller: Controller, subject_id: int, point_id: int, facts: dict[str, Any]) -> Household:
    """What the customer tells of their home on Min side, where the declaration's form asks for it."""
    people = frozenset(same_person(subject_id))
    with Scope(_system(controller), ACTIVITY, people) as scope:
        point = MeteringPoint.objects.filter(subject_id__in=people, id=point_id).first()
        if point is None:
            raise PowerError("no-point", "the customer has no such point")
        return operations.tell_household(scope=scope, point=point, **facts)


def _with(
    actor: Actor, controller: Controller, subject_id: int, switch_id: int, act: Callable[[Scope, Switch], bool]
) -> Switch:
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id) as scope:
        many_at_once(register_id=controller.register_id)  # before any row: days may move with the switch
        mine = Switch.objects.select_for_update().filter(subject_id=subject_id, id=switch_id)
        switch = mine.first()
        if switch is None:
            raise PowerError("no-switch", "the customer has no such switch")
        decided = act(scope, switch)
        switch.refresh_from_db()
        if decided:
            record(scope, controller, switch)
    return switch


def record(scope: Scope, controller: Controller, switch: Switch, *, requested: bool = False) -> None:
    """A switch registered, or decided, among the person's events."""
    details = {"way": switch.way}
    if not requested:
        details |= {"status": switch.status, "identity": switch.identity or "none"}
    append(
        type=events.SWITCH_REQUESTED if requested else events.SWITCH_DECIDED,
        scope=scope,
        controller=controller.pk,
        subject=switch.subject_id,
        details=details,
    )


def _system(controller: Controller) -> Actor:
    return system("min_side", {controller.pk, holder_of(controller_id=controller.pk)})
