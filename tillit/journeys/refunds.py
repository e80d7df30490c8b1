"""Staff settle the refunds that wait (C8): seen for the purpose of correcting bonus, each look and decision on record.

Whom staff may not look at is not listed. What they decide is carried out by the statements of every intake.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.journeys import granted
from tillit.journeys.intake import settle_waiting
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties.actors import person_scope, within_reach
from tillit.purchases import refunds
from tillit.purchases.errors import RefundError
from tillit.purchases.models import Chain, UnmatchedRefund
from tillit.purchases.refunds import LINE, Candidate, Waiting

ACTIVITY = "bonus_correction"


@dataclass(frozen=True)
class Listed:
    """A page of the queue: each refund with the purchases it may be of; how many wait in all."""

    rows: list[tuple[Waiting, list[Candidate]]]
    total: int


def may_settle(*, actor: Actor, controller: Controller) -> bool:
    """Whether the actor decides about refunds at the controller: the role says so, and the declaration knows it."""
    declared = current(controller_id=controller.pk, on=clock.today())
    return (actor.activities is None or ACTIVITY in actor.activities) and declared.activity(ACTIVITY) is not None


def count_waiting(*, controller: Controller) -> int:
    """How many refunds wait in the controller's chains."""
    with Scope(_everything(controller), ACTIVITY):
        return UnmatchedRefund.objects.filter(controller_id=controller.pk, settled_at=None, state=0).count()


def queue(*, actor: Actor, controller: Controller, page: int = 1, size: int = refunds.PAGE) -> Listed:
    """The refunds that wait in the controller's chains, on record as read. Raises `ScopeError` without the role."""
    Scope(actor, ACTIVITY)  # refuses who has not the role
    with Scope(_everything(controller), ACTIVITY):
        found, total = refunds.waiting(controller_ids=[controller.pk], page=page, size=size)
    reach = within_reach(actor=actor, subject_ids=[one.subject_id for one in found])
    seen = [one for one in found if one.subject_id in reach]
    people = frozenset(one.subject_id for one in seen)
    with Scope(actor, ACTIVITY, people) as scope:
        rows = [(one, [] if one.named else refunds.candidates(refund=one)) for one in seen]
        if people:
            _read(scope, controller, sorted(people))
    return Listed(rows, total)


def settle(
    *,
    actor: Actor,
    controller: Controller,
    refund_id: int,
    purchase_id: UUID | None = None,
    line: str | None = None,
) -> bool:
    """The refund takes back one of its candidates, or the purchase that the sender called `line`, whoever made it.

    Any other than the likeliest candidate may have given less, or be another's: it counts as what the actor did alone
    for the member (`granted`). False: with that it is above the chain's limit, and was asked for; another of the staff
    says the same. Raises `RefundError`, `NotAssignedError` for somebody the actor may not look at, `ScopeError` without
    the role.
    """
    refund = _find(actor, controller, refund_id)
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=refund.subject_id) as scope:
        if purchase_id is None:
            chosen, way = refunds.sold_as(refund=refund, line=line or ""), "line"
        else:
            chosen, way = purchase_id, "candidate"
        found = [one.purchase_id for one in refunds.candidates(refund=refund, most=1000)]
        other = chosen in found[1:] or (way == "line" and found[:1] != [chosen])
        if other and not _by_two(scope, refund, f"{LINE}{chosen.hex}", clock.now()):
            return False
        refunds.choose(scope=scope, refund=refund, purchase_id=chosen, way=way)
    settle_waiting(register_id=controller.register_id, batch_id=refund.batch_id)
    return True


def dismiss(*, actor: Actor, controller: Controller, refund_id: int, reason: str, at: datetime) -> bool:
    """The refund takes nothing back; raises as `settle`. `reason`: one of `refunds.DISMISSALS`.

    False: with what the actor did alone for the member it is above the chain's limit (`granted`), and was asked for;
    another of the staff dismisses it for the same reason.
    """
    refund = _find(actor, controller, refund_id)
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=refund.subject_id) as scope:
        if not _by_two(scope, refund, reason, at):
            return False
        refunds.dismiss(scope=scope, refund=refund, reason=reason, at=at)
        return True


def _by_two(scope: Scope, refund: Waiting, what: str, at: datetime) -> bool:
    """Whether it is done now: alone, within the limit, which is put on record, or as the second who says `what`."""
    mine = UnmatchedRefund.objects.filter(subject_id=refund.subject_id, id=refund.id)
    chain = Chain.objects.get(pk__in=mine.values("chain_id"))
    who: dict[str, Any] = {"scope": scope, "chain": chain, "subject_id": refund.subject_id}
    who |= {"counts": -refund.amount, "at": at}
    if granted.may_alone(**who):
        granted.done_alone(**who)
        return True
    return refunds.ask(scope=scope, refund=refund, reason=what)


def _find(actor: Actor, controller: Controller, refund_id: int) -> Waiting:
    Scope(actor, ACTIVITY)
    with Scope(_everything(controller), ACTIVITY):
        refund = refunds.find(refund_id=refund_id)
    if refund.controller_id != controller.pk:
        raise RefundError("refund-unknown", "no refund of that number waits")
    return refund


def _everything(controller: Controller) -> Actor:
    return system("refunds", {controller.pk, holder_of(controller_id=controller.pk)})


def _read(scope: Scope, controller: Controller, people: list[int]) -> None:
    append(
        type=PERSON_READ,
        scope=scope,
        controller=controller.pk,
        subjects=people,
        details={"purpose": ACTIVITY, "categories": ["purchase"]},
    )
