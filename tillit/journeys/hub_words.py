"""What the market hub says carried out: confirmations, rejections, starts and ends of supply, points described (E1).

Called in a transaction. Whatever is over already stays as it is, so the same word twice does nothing more.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction

from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.journeys import power_supply
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Scope, system
from tillit.parties.merging import same_person
from tillit.parties.operations import many_at_once
from tillit.power import operations as points
from tillit.power import switching
from tillit.power.errors import PowerError
from tillit.power.hub import codes, operations
from tillit.power.hub.client import UNREADABLE, Answer, Notice
from tillit.power.hub.models import HubProcess, Status
from tillit.power.models import Contract, GridCompany, MeteringPoint
from tillit.power.switch_models import Switch, SwitchReason, SwitchState, Way

ACTIVITY = operations.ACTIVITY
_SOURCE = "grid_company"
_MOVES = frozenset({"BRS-NO-102", "BRS-NO-103", "BRS-NO-123", "BRS-NO-201", "BRS-NO-211"})


def carried_out(controller: Controller, notice: Notice, count: Callable[[str], None]) -> str:
    """Do what a message says; "" where it is done (or was before), else why it has to wait."""
    try:
        with transaction.atomic():
            count(_act(controller, notice))
    except TillitError as error:
        return error.code
    except ObjectDoesNotExist:
        return "not-here"
    return ""


def _act(controller: Controller, notice: Notice) -> str:
    if notice.message == UNREADABLE:
        raise PowerError("unreadable", "the message cannot be read")
    process = _process(controller, notice)
    if process is None or not _about(process, notice):
        return _from_others(controller, notice)
    with person(controller, process.subject_id) as scope:
        if notice.message.startswith(("Confirm", "Reject")):
            word = "confirmed" if notice.message.startswith("Confirm") else "rejected"
            return answered(scope, controller, process, Answer(word, notice.reason))
        point = MeteringPoint.objects.get(subject_id=process.subject_id, id=process.point_id)
        _describe(point, notice)
        switch = _switch(process)
        if switch is None or notice.message == codes.CHANGED:
            return "changed"
        if notice.document == codes.CANCELLATION:
            if switch.status == SwitchState.CONFIRMED:
                _undo(scope, controller, switch)
            return SwitchState.UNDONE
        if switch.status == SwitchState.CONFIRMED:
            return "known"
        if switch.status != SwitchState.REQUESTED:
            raise PowerError("decided-otherwise", "the hub carries out what was decided otherwise here")
        operations.settle(process=process, status=Status.DONE, at=clock.now())
        return _confirm(scope, controller, switch, notice, identity=process.identity, final_wh=process.final_wh)


def _about(process: HubProcess, notice: Notice) -> bool:
    """Whether a start or end of supply is the word on what was asked for. The end of a supply that the request began
    names it, too, and is another's doing.
    """
    begins = codes.PROCESSES[process.process].request == "RequestStartOfSupply"
    return notice.message not in {codes.START, codes.END} or (notice.message == codes.START) == begins


def _confirm(
    scope: Scope,
    controller: Controller,
    switch: Switch,
    notice: Notice,
    *,
    identity: str = "",
    final_wh: int | None = None,
) -> str:
    """The switch is carried out on the day the hub says."""
    if notice.day not in {date.min, switch.day}:
        switch.day = notice.day
        switch.save(update_fields=["day"])
    read = notice.wh if notice.wh is not None else final_wh
    switching.confirm(
        scope=scope, controller=controller, switch=switch, at=clock.now(), identity=identity, final_wh=read
    )
    power_supply.record(scope, controller, switch)
    return Status.DONE


def _from_others(controller: Controller, notice: Notice) -> str:
    """What nobody here asked for: another supplier has the point from a day, or it is described anew."""
    with scope_of(controller):
        known = list(MeteringPoint.objects.filter(controller_id=controller.pk, gsrn=notice.gsrn))
        contracts = list(Contract.objects.filter(controller_id=controller.pk, point__gsrn=notice.gsrn))
        gone = Switch.objects.filter(controller_id=controller.pk, point__gsrn=notice.gsrn, way=Way.OUT)
        undone = gone.filter(day=notice.day, status=SwitchState.CONFIRMED).order_by("-decided_at").first()
    runs = [one for one in contracts if one.ends is None and one.starts <= notice.day]
    if not known:
        raise PowerError("no-such-point", "no such point is known here")
    if notice.message == codes.CHANGED:
        for point in known:
            with person(controller, point.subject_id):
                _describe(point, notice)
        return "changed"
    if notice.message != codes.END:
        raise PowerError("not-asked-for", "nobody here asked for that supply")
    if notice.document == codes.CANCELLATION:
        if undone is None:
            return "known"
        with person(controller, undone.subject_id) as scope:
            _undo(scope, controller, undone)
        return SwitchState.UNDONE
    if not runs:
        if any(one.ends is not None and one.ends <= notice.day for one in contracts):
            return "known"
        raise PowerError("not-supplied", "no contract of the point runs on that day")
    point = next(one for one in known if (one.subject_id, one.id) == (runs[0].subject_id, runs[0].point_id))
    with person(controller, point.subject_id) as scope:
        waits = Switch.objects.filter(
            subject_id=point.subject_id, point_id=point.id, way=Way.OUT, status=SwitchState.REQUESTED
        ).first()
        reason = SwitchReason.MOVE if notice.process in _MOVES else SwitchReason.SWITCH
        switch = waits or switching.request(
            scope=scope, point=point, way=Way.OUT, reason=reason, day=notice.day, at=clock.now(), source=_SOURCE
        )
        if waits is None:
            power_supply.record(scope, controller, switch, requested=True)
        else:
            operations.overtaken(switch=switch, at=clock.now())
        return _confirm(scope, controller, switch, notice)


def _describe(point: MeteringPoint, notice: Notice) -> None:
    """What the hub says of the point: the grid company answers for these."""
    told: dict[str, Any] = {name: text for name, text in notice.facts.items() if name != "grid_company"}
    if (key := notice.facts.get("grid_company")) and (grid := GridCompany.objects.filter(key=key).first()):
        told["grid_company"] = grid
    if told:
        points.describe(point=point, **told)


def _process(controller: Controller, notice: Notice) -> HubProcess | None:
    if notice.reference is None:
        return None
    with scope_of(controller):
        return HubProcess.objects.filter(controller_id=controller.pk, reference=notice.reference).first()


def answered(scope: Scope, controller: Controller, process: HubProcess, answer: Answer) -> str:
    """Take in what the hub says of a request; the outcome's word."""
    now = clock.now()
    if answer.word == "confirmed":
        if not codes.PROCESSES[process.process].confirmed:
            operations.settle(process=process, status=Status.ACCEPTED, at=now)
            return Status.ACCEPTED
        return _taken_back(scope, controller, process) if process.switch_id else _over(process)
    if answer.word == "rejected":
        if operations.settle(process=process, status=Status.REJECTED, at=now, reason=answer.reason):
            _refused(scope, controller, process)
        return Status.REJECTED
    operations.put_off(process=process, at=now)
    return Status.SENT


def _over(process: HubProcess) -> str:
    operations.settle(process=process, status=Status.DONE, at=clock.now())
    return Status.DONE


def _refused(scope: Scope, controller: Controller, process: HubProcess) -> None:
    """The hub will not: the switch comes to nothing."""
    switch = _switch(process)
    if switch is None or process.process in codes.ROLLBACKS.values() or switch.status != SwitchState.REQUESTED:
        return
    switching.decline(switch=switch, status=SwitchState.REFUSED, at=clock.now())
    power_supply.record(scope, controller, switch)


def _taken_back(scope: Scope, controller: Controller, process: HubProcess) -> str:
    """The hub has cancelled, or rolled back: so do we. What hangs on it already is for a colleague."""
    switch, now = _switch(process), clock.now()
    try:
        with transaction.atomic():
            if switch is not None and switch.status == SwitchState.REQUESTED:
                switching.decline(switch=switch, status=SwitchState.CANCELLED, at=now)
                power_supply.record(scope, controller, switch)
            elif switch is not None and switch.status == SwitchState.CONFIRMED:
                _undo(scope, controller, switch)
    except PowerError as error:
        operations.settle(process=process, status=Status.STUCK, at=now, reason=error.code)
        return Status.STUCK
    for asked in HubProcess.objects.filter(subject_id=process.subject_id, switch_id=process.switch_id).exclude(
        id=process.id
    ):
        operations.settle(process=asked, status=Status.WITHDRAWN, at=now)
    return _over(process)


def _undo(scope: Scope, controller: Controller, switch: Switch) -> None:
    switching.undo(controller=controller, switch=switch, at=clock.now())
    switch.refresh_from_db()
    power_supply.record(scope, controller, switch)


def _switch(process: HubProcess) -> Switch | None:
    if process.switch_id is None:
        return None
    mine = Switch.objects.select_for_update().filter(subject_id=process.subject_id, id=process.switch_id)
    return mine.first()


@contextmanager
def person(controller: Controller, subject_id: int) -> Iterator[Scope]:
    """The scope of one person in which their switches may be decided."""
    with scope_of(controller, subject_id) as scope:
        many_at_once(register_id=controller.register_id)  # before any row: days may move with the switch
        yield scope


def scope_of(controller: Controller, subject_id: int | None = None) -> Scope:
    """The scope in which the hub is spoken with, of all or of one person."""
    actor = system("market_hub", {controller.pk, holder_of(controller_id=controller.pk)})
    return Scope(actor, ACTIVITY, None if subject_id is None else frozenset(same_person(subject_id)))
