"""A supplier is told what it needs to serve a customer, as it is set up and no more; what left is on record (D1).

By computer where the installation says how (`TILLIT_SUPPLIERS`), by itself and until the supplier has it; else, and
where that fails, a colleague passes on what is on record as told, and says when they have it.
"""

from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.journeys import agreements as agreed
from tillit.journeys import suppliers_told
from tillit.journeys.suppliers_told import Answer
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.parties.actors import person_scope
from tillit.parties.queries import facts
from tillit.services import agreements, events, outside, supplied
from tillit.services.agreement_models import Agreement
from tillit.services.errors import ServiceError
from tillit.services.supplied import ACTIVITY
from tillit.services.supply_models import NoticeState, SupplierNotice

DESK = 200


@dataclass(frozen=True)
class Supplied:
    """An agreement that somebody else delivers: what the supplier would be told, whether it has it, and whether what it
    has is out of date.
    """

    agreement: Agreement
    leaves: dict[str, str]
    lacks: list[str]
    notice: SupplierNotice | None
    by_computer: bool
    changed: bool = False


@dataclass(frozen=True)
class Told:
    """What came of it. passed_on: what a colleague tells the supplier, where no computer does, and `reference`: by what
    they will be told that it is over.
    """

    supplier: str
    answer: Answer
    passed_on: dict[str, Any] = field(default_factory=dict)
    reference: str = ""


def look(*, actor: Actor, controller: Controller, subject_id: int) -> list[Supplied]:
    """What is delivered to the person by others; the look is on record. Raises `ScopeError`, `NotAssignedError`."""
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id) as scope:
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"purpose": ACTIVITY, "categories": ["contact", "identity", "relationship", "service_use"]},
        )
        known = facts(subject_id=subject_id)
        running = agreements.running(subject_id=subject_id, on=clock.today()).filter(product__supplier__isnull=False)
        return [_supplied(one, known) for one in running]


def tell(*, actor: Actor, controller: Controller, subject_id: int, agreement_id: int, by_hand: bool = False) -> Told:
    """Tell the supplier of one agreement now; `by_hand`: put on record, and give, what a colleague tells them.

    Raises `ServiceError` (`no-agreement`, `not-supplied`, `supplier-lacks`: something it needs is not known,
    `supplier-has-it`, `supplier-under-way`), `DisclosureRefusedError`.
    """

    def opens() -> Scope:
        return person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id)

    with opens() as scope:
        row = _agreement(subject_id, agreement_id)
        by = supplied.by(row)
        leaving = supplied.leaves(supplier=by, known=facts(subject_id=subject_id))
        if missing := supplied.lacking(supplier=by, leaving=leaving):
            raise ServiceError("supplier-lacks", f"not known: {', '.join(missing)}")
        now = supplied.mark(supplier=by, leaving=leaving)
        notice = supplied.ask(scope=scope, agreement=row, at=clock.now(), now=now)
        if by_hand or not outside.tells(by.key):
            sent = suppliers_told.release(scope=scope, notice=notice, by_hand=True)
            return Told(by.name, Answer(NoticeState.WAITING), dict(sent.payload), str(notice.reference))
    return Told(by.name, suppliers_told.tell(notice=notice, opens=opens))


def passed_on(*, actor: Actor, controller: Controller, subject_id: int, agreement_id: int) -> str:
    """A colleague has told the supplier what is on record, and they have it; the supplier's name.

    Raises `ServiceError` `no-agreement`, `not-by-hand` (nothing is on record as told by a colleague).
    """
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id) as scope:
        notice = supplied.of(_agreement(subject_id, agreement_id))
        if notice is None or not notice.by_hand or notice.settled_at is not None:
            raise ServiceError("not-by-hand", "put on record first what they are told")
        supplied.settle(scope=scope, notice=notice, outcome=NoticeState.CONFIRMED, at=clock.now(), reason="by-hand")
        return notice.supplier.name


def know_it_is_over(*, actor: Actor, controller: Controller, notice_id: int) -> str:
    """A colleague has told the supplier, by its reference, that an agreement is over; the supplier's name. It is of use
    also when the person is in the archive by now, whom the colleague does not see. Raises `ScopeError`, `ServiceError`
    `not-by-hand`.
    """
    with _desk(actor, controller):
        pass  # whoever may not tell suppliers says nothing of them
    with suppliers_told.ending(controller) as scope:
        notice = supplied.endings(controller_id=controller.pk).filter(id=notice_id).first()
        if notice is None or not (notice.by_hand or not outside.tells(notice.supplier.key)):
            raise ServiceError("not-by-hand", "nobody is to be told of that by hand")
        supplied.settle(scope=scope, notice=notice, outcome=NoticeState.ENDED, at=clock.now(), reason="by-hand")
    with _desk(actor, controller) as scope:
        append(
            type=events.SUPPLIER_TOLD,
            scope=scope,
            controller=controller.pk,
            subject=notice.subject_id,
            details={"notice": notice.id, "supplier": notice.supplier.key, "outcome": "by_hand"},
        )
    return notice.supplier.name


def waiting(*, actor: Actor, controller: Controller) -> list[SupplierNotice]:
    """What no supplier has confirmed, what they refused first; last what is over. Nobody is named. `ScopeError`."""
    with _desk(actor, controller):
        rows = list(_begun(controller)[:DESK])
    with suppliers_told.ending(controller):
        over = list(supplied.endings(controller_id=controller.pk)[:DESK])
    return sorted(rows, key=lambda one: one.notice_state != NoticeState.REFUSED) + over


def count_waiting(*, actor: Actor, controller: Controller) -> int:
    """How many of them."""
    with _desk(actor, controller):
        waits = _begun(controller).count()
    with suppliers_told.ending(controller):
        return waits + supplied.endings(controller_id=controller.pk).count()


def offered(*, controller: Controller) -> bool:
    """Whether the controller has services that others may deliver."""
    return agreed.offered(controller=controller)


def _begun(controller: Controller) -> QuerySet[SupplierNotice]:
    return supplied.waiting(controller_id=controller.pk).exclude(notice_state=NoticeState.ENDING)


def _desk(actor: Actor, controller: Controller) -> Scope:
    return Scope(actor, ACTIVITY, controllers=frozenset({controller.pk}))


def _agreement(subject_id: int, agreement_id: int) -> Agreement:
    row = agreements.running(subject_id=subject_id, on=clock.today()).filter(id=agreement_id).first()
    if row is None:
        raise ServiceError("no-agreement", "there is no such agreement")
    return row


def _supplied(agreement: Agreement, known: dict[str, str]) -> Supplied:
    by, notice = supplied.by(agreement), supplied.of(agreement)
    leaving = supplied.leaves(supplier=by, known=known)
    changed = notice is not None and notice.told not in (None, supplied.mark(supplier=by, leaving=leaving))
    lacks = supplied.lacking(supplier=by, leaving=leaving)
    return Supplied(agreement, leaving, lacks, notice, outside.tells(by.key), changed)
