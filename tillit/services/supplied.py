"""Suppliers and whom they serve (D1): what they are to be told, once each, and whether they have it.

Within an open scope of `service_delivery`. `journeys.suppliers_told` speaks with them.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from json import dumps
from uuid import UUID, uuid4

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from tillit.audit.operations import append
from tillit.declaration.personal import RowState
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.parties.digests import Kind, digest
from tillit.parties.operations import lock_subject
from tillit.services import events
from tillit.services.agreement_models import Agreement, AgreementEnd
from tillit.services.errors import ServiceError
from tillit.services.product_models import ServiceSupplier
from tillit.services.supply_models import TOLD, NoticeState, SupplierNotice

ACTIVITY = "service_delivery"
LEASE = timedelta(minutes=1)
AGAIN = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
_ARCHIVED = (RowState.ARCHIVED, RowState.RESTRICTED_ARCHIVED)
_JOINED = {
    "name": ("name.given", "name.middle", "name.family"),
    "address": ("address.street", "address.postal_code", "address.city"),
    "email": ("email",),
    "phone": ("phone",),
}


def by(agreement: Agreement) -> ServiceSupplier:
    """Who delivers it. Raises `ServiceError` `not-supplied`."""
    supplier = agreement.product.supplier
    if supplier is None:
        raise ServiceError("not-supplied", "nobody else delivers that")
    return supplier


def leaves(*, supplier: ServiceSupplier, known: Mapping[str, str]) -> dict[str, str]:
    """Of what it is set up to need, what is known."""
    found = {}
    for name in supplier.needs:
        kinds = _JOINED.get(name, (name,))
        found[name] = (", " if name == "address" else " ").join(known[one] for one in kinds if one in known)
    return {name: text for name, text in found.items() if text}


def lacking(*, supplier: ServiceSupplier, leaving: Mapping[str, str]) -> list[str]:
    """What it needs and is not known."""
    return [name for name in supplier.needs if not leaving.get(name)]


def mark(*, supplier: ServiceSupplier, leaving: Mapping[str, str]) -> UUID:
    """Keyed digest of what a supplier is told, by which a change is seen."""
    register = supplier.controller.register_id
    return digest(register, Kind.CUSTOMER_NUMBER, f"told:{supplier.pk}:{dumps(dict(leaving), sort_keys=True)}")


def of(agreement: Agreement) -> SupplierNotice | None:
    """What its supplier is, or was, to be told of it."""
    rows = SupplierNotice.objects.filter(subject_id=agreement.subject_id, agreement_id=agreement.id)
    return rows.filter(supplier_id=agreement.product.supplier_id).select_related("supplier").first()


def ask(*, scope: Scope, agreement: Agreement, at: datetime, now: UUID | None = None) -> SupplierNotice:
    """Have the supplier of an agreement told, from now; again what it refused, or what has changed since.

    now: `mark` of what it would be told. Raises `ServiceError`: `not-supplied`, `supplier-has-it` (and nothing has
    changed), `supplier-under-way`.
    """
    lock_subject(scope=scope, subject_id=agreement.subject_id)
    supplier = by(agreement)
    row, made = SupplierNotice.objects.get_or_create(
        subject_id=agreement.subject_id,
        agreement_id=agreement.id,
        supplier=supplier,
        defaults={
            "controller_id": agreement.controller_id,
            "state": agreement.state,
            "reference": uuid4(),
            "asked_at": at,
            "due_at": at,
        },
    )
    if made:
        return row
    if row.notice_state == NoticeState.CONFIRMED and row.told == now:
        raise ServiceError("supplier-has-it", "the supplier has it already")
    if row.notice_state == NoticeState.ENDING or _is_held(row, at):
        raise ServiceError("supplier-under-way", "somebody is telling them just now")
    if row.notice_state != NoticeState.WAITING or row.by_hand:  # what they refused or had is another matter than this
        row.reference, row.handed_over, row.attempts, row.told = uuid4(), False, 0, None
        row.asked_at = at if row.settled_at else row.asked_at
    row.notice_state, row.settled_at, row.by_hand, row.due_at, row.reason = NoticeState.WAITING, None, False, at, ""
    row.save()
    return row


def unasked(*, controller_id: int, suppliers: Collection[str], on: date) -> QuerySet[Agreement]:
    """Agreements that run that day, are delivered by one of them (keys), and of which it was never to be told. Who goes
    on under another payer is known there already.
    """
    asked = SupplierNotice.objects.filter(subject_id=OuterRef("subject_id"), agreement_id=OuterRef("id"))
    asked = asked.exclude(notice_state=NoticeState.ENDED)  # an ending that was undone: they are told anew
    before = Agreement.objects.filter(subject_id=OuterRef("subject_id"), product_id=OuterRef("product_id"))
    goes_on = before.filter(Exists(asked), end_reason=AgreementEnd.CHANGED, ends=OuterRef("starts"))
    rows = Agreement.objects.filter(controller_id=controller_id, starts__lte=on, product__supplier__key__in=suppliers)
    rows = rows.exclude(ends__lte=on).select_related("product__supplier").order_by("starts", "id")
    return rows.filter(~Exists(asked.filter(supplier_id=OuterRef("product__supplier_id"))), ~Exists(goes_on))


def outlived(*, controller_id: int, on: date) -> QuerySet[SupplierNotice]:
    """What suppliers have of agreements that give no access that day, and that nothing goes on from: whoever goes on
    under another payer is still their customer. Also what another supplier delivers now.
    """
    mine = {"subject_id": OuterRef("subject_id"), "product__supplier_id": OuterRef("supplier_id")}
    runs = Agreement.objects.filter(**mine, starts__lte=on).exclude(ends__lte=on)
    told_of = Agreement.objects.filter(subject_id=OuterRef("subject_id"), product_id=OuterRef("product_id"))
    told_of = told_of.filter(id=OuterRef(OuterRef("agreement_id")))
    own = SupplierNotice.objects.filter(subject_id=OuterRef("subject_id"), agreement_id=OuterRef("id"))
    own = own.filter(supplier_id=OuterRef(OuterRef("supplier_id")))
    goes_on = runs.filter(Exists(told_of)).filter(~Exists(own))
    rows = SupplierNotice.objects.filter(~Exists(runs.filter(id=OuterRef("agreement_id"))), ~Exists(goes_on))
    perhaps = Q(notice_state=NoticeState.WAITING, handed_over=True, state__in=_ARCHIVED)  # nobody asks them any more
    had = Q(notice_state__in=[NoticeState.CONFIRMED, NoticeState.ENDING]) | perhaps
    return rows.filter(had, controller_id=controller_id)


def follow_endings(*, controller_id: int, at: datetime) -> None:
    """Have suppliers told of what is over; what runs again before anybody has begun to tell them stays as it was."""
    over = outlived(controller_id=controller_id, on=clock.local_date(at))
    rows = SupplierNotice.objects.filter(controller_id=controller_id)
    fresh = rows.filter(notice_state=NoticeState.ENDING, attempts=0).exclude(id__in=over.values("id"))
    fresh.update(notice_state=NoticeState.CONFIRMED, settled_at=at)
    begun = {"notice_state": NoticeState.ENDING, "settled_at": None, "due_at": at, "claimed_at": None}
    over.exclude(notice_state=NoticeState.ENDING).update(**begun, attempts=0, reason="")


def endings(*, controller_id: int) -> QuerySet[SupplierNotice]:
    """What suppliers have still to be told is over, the oldest first."""
    return waiting(controller_id=controller_id).filter(notice_state=NoticeState.ENDING)


def waiting(*, controller_id: int) -> QuerySet[SupplierNotice]:
    """What no supplier has confirmed, the oldest first: for the desk, what they refused among it."""
    rows = SupplierNotice.objects.filter(controller_id=controller_id, settled_at=None)
    return rows.select_related("supplier").order_by("asked_at", "id")


def due(*, controller_id: int, at: datetime) -> QuerySet[SupplierNotice]:
    """What a computer tells now."""
    rows = waiting(controller_id=controller_id).filter(notice_state__in=TOLD, by_hand=False, due_at__lte=at)
    return rows.filter(Q(claimed_at=None) | Q(claimed_at__lt=at - LEASE))


def claim(*, notice: SupplierNotice, at: datetime) -> SupplierNotice | None:
    """Take it for a try; None where it is another's just now, or over. Committed before anybody is spoken to."""
    mine = _row(notice).filter(settled_at=None, notice_state__in=TOLD, by_hand=False)
    free = mine.filter(Q(claimed_at=None) | Q(claimed_at__lt=at - LEASE))
    pause = AGAIN[min(notice.attempts, len(AGAIN) - 1)]
    if not free.update(claimed_at=at, attempts=F("attempts") + 1, due_at=at + pause):
        return None
    return _row(notice).select_related("supplier").get()


def left(*, notice: SupplierNotice, told: UUID, by_hand: bool = False) -> None:
    """What is told is on record, and a try has begun."""
    _row(notice).update(handed_over=True, told=told, by_hand=by_hand)
    notice.handed_over, notice.told, notice.by_hand = True, told, by_hand


def settle(*, scope: Scope, notice: SupplierNotice, outcome: NoticeState, at: datetime, reason: str = "") -> None:
    """Write what became of it: once, whoever says so first."""
    over = outcome != NoticeState.REFUSED
    open_one = _row(notice).filter(settled_at=None)
    if not open_one.update(notice_state=outcome, settled_at=at if over else None, reason=reason[:40], claimed_at=None):
        return
    append(
        type=events.SUPPLIER_TOLD,
        scope=scope,
        controller=notice.controller_id,
        subject=notice.subject_id,
        details={"notice": notice.id, "supplier": notice.supplier.key, "outcome": str(outcome)},
    )


def again(*, notice: SupplierNotice, reason: str) -> None:
    """It is not known that they have it: another try follows on its day."""
    _row(notice).filter(settled_at=None).update(reason=reason[:40], claimed_at=None)


def _is_held(notice: SupplierNotice, at: datetime) -> bool:
    return notice.claimed_at is not None and notice.claimed_at >= at - LEASE


def _row(notice: SupplierNotice) -> QuerySet[SupplierNotice]:
    return SupplierNotice.objects.filter(subject_id=notice.subject_id, id=notice.id)
