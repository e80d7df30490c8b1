"""Orders of benefits (B4, B5): placed, sent to the supplier, confirmed or rejected, delivered or cancelled.

What the member wrote in the form stands in the order and nowhere else. It reaches the supplier through `disclosure`
alone: cut to what the union's frame declares and what the benefit needs. Where the supplier wants more, the member is
asked, and what the member says yes to leaves under its own declared recipient, whose ground is that yes.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from itertools import chain
from typing import Any
from uuid import UUID

from django.db.models import Q

from tillit.audit.operations import append
from tillit.benefits import events
from tillit.benefits.catalogue import ACTIVITY, Listed
from tillit.benefits.errors import OrderError
from tillit.benefits.models import Edition, Frame, Kind, Supplier
from tillit.benefits.order_models import FIELDS, OPEN, Order, OrderStatus
from tillit.declaration.queries import current
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.disclosure.operations import Asked, disclose
from tillit.disclosure.rules import permit
from tillit.kernel import clock
from tillit.kernel.identifiers import phone as phones
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Actor, Scope, require
from tillit.messages.operations import send
from tillit.parties.operations import lock_subject

REASONS = ("sold_out", "not_available", "other")
"""Why a supplier rejects an order."""
LARGEST = 99
PAGE = 50
"""How many orders a supplier gets at once."""
BEFORE: dict[str, tuple[OrderStatus, ...]] = {
    OrderStatus.CONFIRMED: (OrderStatus.SENT,),
    OrderStatus.REJECTED: (OrderStatus.SENT, OrderStatus.CONFIRMED),
    OrderStatus.DELIVERED: (OrderStatus.SENT, OrderStatus.CONFIRMED),
}
"""What a supplier may make of an order, and from where."""


@dataclass(frozen=True)
class Wanted:
    """What the member writes in the form."""

    name: str = field(repr=False)
    address: str = field(repr=False)
    postal_code: str = field(repr=False)
    postal_place: str = field(repr=False)
    phone: str = field(repr=False)
    quantity: int = 1


@dataclass(frozen=True)
class Handed:
    """An order as its supplier sees it: what may be seen of it, by field; `more`: what it may ask the member for."""

    order: Order
    union: str
    fields: dict[str, str] = field(repr=False)
    more: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """Some of a supplier's orders; after: what to ask for the next with, '' when there are no more."""

    orders: list[Handed]
    after: str


def place(
    *, scope: Scope, subject_id: int, controller_id: int, benefit: Listed, wanted: Wanted, key: UUID, at: datetime
) -> Order:
    """Place an order of a benefit the person has. `key` makes the form one of a kind: the same again is the same order.

    Raises `OrderError` with the first field that cannot be used: `name`, `address`, `postal_code`, `postal_place`,
    `phone`, `quantity`; `not-an-order`; `no-frame` when the supplier takes no orders of the union's members now.
    """
    require(activity=ACTIVITY)
    if benefit.edition.kind != Kind.ORDER:
        raise OrderError("not-an-order", "the benefit is not ordered here")
    written = _checked(wanted)
    frame = frame_of(supplier_id=benefit.benefit.supplier_id, controller_id=controller_id, on=clock.local_date(at))
    if frame is None or not frame.recipient:
        raise OrderError("no-frame", "the supplier takes no orders of the union's members")
    state = lock_subject(scope=scope, subject_id=subject_id)
    if made := Order.objects.filter(subject_id=subject_id, reference=key).first():
        return made
    order = Order.objects.create(
        subject_id=subject_id,
        controller_id=controller_id,
        state=state,
        reference=key,
        benefit_id=benefit.benefit.pk,
        supplier_id=benefit.benefit.supplier_id,
        edition_id=benefit.edition.pk,
        ordered_at=at,
        **written,
    )
    _note(scope, events.ORDER_PLACED, order)
    return order


def cancel(*, scope: Scope, subject_id: int, order_id: int, at: datetime) -> Order:
    """The member takes the order back, until it is delivered. Raises `OrderError` `order-state`."""
    return _become(scope, _mine(subject_id, order_id), OrderStatus.CANCELLED, OPEN, at)


def supplier_scope(*, supplier: Supplier, on: date) -> Scope | None:
    """The scope in which a supplier's orders are handled: for the unions that give it a frame; None when none does."""
    mine = Frame.objects.filter(supplier=supplier, starts__lte=on)
    controllers = {one.controller_id for one in mine if one.ends is None or one.ends > on}
    if not controllers:
        return None
    return Scope(Actor("partner", f"supplier:{supplier.pk}", frozenset(controllers), frozenset({ACTIVITY})), ACTIVITY)


def fetch(
    *,
    scope: Scope,
    supplier: Supplier,
    at: datetime,
    statuses: Collection[str] = OPEN,
    after: str = "",
    limit: int = PAGE,
) -> Part:
    """The supplier's orders as it may see them, `limit` at a time: those that are new to it, which leave by this call
    and are on record, then the others, oldest first. after: of the part before, for the one that follows it.

    An order whose member may not be processed now, or whose fields may not leave, is left out until that has changed,
    and takes nobody's place. Raises `OrderError` `place-unknown` for an `after` that is none.
    """
    require(activity=ACTIVITY)
    begun, last = _place(scope, supplier, after) if after else (at, None)
    mine = Order.objects.filter(supplier_id=supplier.pk, controller_id__in=scope.controllers, status__in=list(statuses))
    # What was new since the first part has been told in one of the parts, and is not told again.
    rest = mine.filter(sent_at__lt=begun) if after else mine.filter(sent_at__isnull=False)
    if last is not None:
        rest = rest.filter(Q(ordered_at__gt=last.ordered_at) | Q(ordered_at=last.ordered_at, id__gt=last.id))
    parts = (part.order_by("ordered_at", "id") for part in (mine.filter(status=OrderStatus.PLACED), rest))
    found: list[Handed] = []
    told: set[int] = set()
    for order in chain.from_iterable(part.iterator(limit) for part in parts):
        if order.id in told:
            continue
        if len(found) == limit:
            return Part(found, f"{begun.isoformat()}/{last.reference if last else ''}")
        new = order.sent_at is None
        told.add(order.id)
        handed = _handed(scope, order, at)
        if handed is not None:
            found.append(handed)
        if not new:
            last = order
    return Part(found, "")


def one(*, scope: Scope, supplier: Supplier, reference: UUID, at: datetime) -> Handed:
    """One of the supplier's orders. Raises `OrderError` `order-unknown`."""
    return _seen(scope, _of(scope, supplier, reference), at)


def settle(*, scope: Scope, supplier: Supplier, reference: UUID, status: str, reason: str = "", at: datetime) -> Handed:
    """The supplier confirms, rejects (with a reason) or has delivered an order it has received.

    The same again changes nothing. Raises `OrderError`: `order-unknown`, `order-state`, `reason-unknown`.
    """
    require(activity=ACTIVITY)
    order = _of(scope, supplier, reference)
    if (status == OrderStatus.REJECTED) != bool(reason) or (reason and reason not in REASONS):
        raise OrderError("reason-unknown", f"a rejection has one of the reasons {', '.join(REASONS)}")
    if order.status != status:
        if status not in BEFORE:
            raise OrderError("order-state", f"a supplier makes an order one of {', '.join(BEFORE)}")
        order = _become(scope, order, status, BEFORE[status], at, reason)
    return _seen(scope, order, at)


def ask_more(*, scope: Scope, supplier: Supplier, reference: UUID, fields: Iterable[str], at: datetime) -> Handed:
    """The supplier asks for more of the order than its frame allows: the member is asked (B5). Once an order.

    Raises `OrderError`: `order-state`, `more-asked` when the member has been asked, `more-undeclared` for a field that
    the declaration lets nobody ask for.
    """
    require(activity=ACTIVITY)
    order = _of(scope, supplier, reference)
    may = _may_ask(order, clock.local_date(at))
    wanted = sorted(set(fields))
    if not wanted or not set(wanted) <= set(may):
        raise OrderError("more-undeclared", f"the member may be asked for: {', '.join(may) or 'nothing'}")
    if order.status not in (OrderStatus.SENT, OrderStatus.CONFIRMED):
        raise OrderError("order-state", "the order is over")
    mine = Order.objects.filter(subject_id=order.subject_id, id=order.id, more_asked_at=None)
    if not mine.update(more=" ".join(wanted), more_asked_at=at):
        raise OrderError("more-asked", "the member has been asked")
    order.refresh_from_db()
    _note(scope, events.MORE_ASKED, order, fields=wanted)
    _tell(scope, order, "order_more", at)
    return _seen(scope, order, at)


def answer_more(*, scope: Scope, subject_id: int, order_id: int, yes: bool, wording: str, at: datetime) -> Order:
    """The member says yes or no to what the supplier asks for. On yes it leaves, on record with that yes; once.

    wording: the question as the member read it. Raises `OrderError` `order-state` when nothing is asked now.
    """
    require(activity=ACTIVITY)
    order = _mine(subject_id, order_id)
    asked = Order.objects.filter(subject_id=order.subject_id, id=order.id, more_answered_at=None)
    asked = asked.filter(more_asked_at__isnull=False, status__in=[OrderStatus.SENT, OrderStatus.CONFIRMED])
    if not asked.update(more_answered_at=at, more_yes=yes):
        raise OrderError("order-state", "nothing is asked now")
    if yes:
        frame = frame_of(supplier_id=order.supplier_id, controller_id=order.controller_id, on=clock.local_date(at))
        known = _fields(order)
        disclose(
            scope=scope,
            subject_id=order.subject_id,
            controller_id=order.controller_id,
            recipient=frame.asked_recipient if frame else "",
            fields={name: known[name] for name in order.asked},
            at=at,
            asked=Asked(at, "web", sha256(wording.encode()).hexdigest()),
        )
    order.refresh_from_db()
    _note(scope, events.MORE_ANSWERED, order, fields=order.asked, given=yes)
    return order


def mine(*, subject_ids: Collection[int]) -> list[Order]:
    """The person's orders, newest first."""
    return list(Order.objects.filter(subject_id__in=subject_ids).order_by("-ordered_at", "-id"))


def frame_of(*, supplier_id: int, controller_id: int, on: date) -> Frame | None:
    """What the union lets the supplier do on a day."""
    found = Frame.objects.filter(supplier_id=supplier_id, controller_id=controller_id, starts__lte=on)
    found = found.select_related("controller")
    return next((one for one in found.order_by("-starts") if one.ends is None or one.ends > on), None)


def _place(scope: Scope, supplier: Supplier, after: str) -> tuple[datetime, Order | None]:
    """When the first part was told, and the last order told of those that were not new then."""
    begun, _, reference = after.partition("/")
    try:
        at = datetime.fromisoformat(begun)
        last = _of(scope, supplier, UUID(reference)) if reference else None
    except (ValueError, OrderError):
        at, last = datetime.min, None
    if at.tzinfo is None:
        raise OrderError("place-unknown", "`after` is what the part before said")
    return at, last


def _seen(scope: Scope, order: Order, at: datetime) -> Handed:
    handed = _handed(scope, order, at)
    if handed is None:
        raise OrderError("order-unknown", "there is no such order")
    return handed


def _handed(scope: Scope, order: Order, at: datetime) -> Handed | None:
    """The order as its supplier may see it now. The first time is a disclosure, and makes it sent."""
    on = clock.local_date(at)
    frame = frame_of(supplier_id=order.supplier_id, controller_id=order.controller_id, on=on)
    if frame is None or not frame.recipient:
        return None
    known = _fields(order)
    needed = {name: known[name] for name in ("ordered", *_needs(order))}
    try:
        if order.status == OrderStatus.PLACED:
            sent = disclose(
                scope=scope,
                subject_id=order.subject_id,
                controller_id=order.controller_id,
                recipient=frame.recipient,
                fields=needed,
                at=at,
            )
            seen = dict(sent.payload)
            order = _become(scope, order, OrderStatus.SENT, (OrderStatus.PLACED,), at)
        elif order.sent_at is None or order.status == OrderStatus.CANCELLED:
            seen = {"ordered": known["ordered"]} if order.sent_at is not None else {}
        else:
            seen = {name: known[name] for name in _permitted(order, frame.recipient, needed, on)}
            if order.more_yes and frame.asked_recipient:
                seen |= {name: known[name] for name in _permitted(order, frame.asked_recipient, order.asked, on)}
    except DisclosureRefusedError:
        return None
    return Handed(order, frame.controller.key, seen, () if order.more_asked_at else _may_ask(order, on))


def _needs(order: Order) -> list[str]:
    return [name for name in Edition.objects.get(pk=order.edition_id).needs if name in FIELDS]


def _permitted(order: Order, recipient: str, fields: Iterable[str], on: date) -> tuple[str, ...]:
    """Which of the fields the declaration in effect still lets the recipient have."""
    declared = current(controller_id=order.controller_id, on=on)
    return permit(declaration=declared, activity=ACTIVITY, recipient=recipient, fields=tuple(fields), on=on).fields


def _may_ask(order: Order, on: date) -> tuple[str, ...]:
    """What the member may be asked for beyond what the supplier has: as declared for that, and not had already."""
    frame = frame_of(supplier_id=order.supplier_id, controller_id=order.controller_id, on=on)
    if frame is None or not frame.asked_recipient:
        return ()
    try:
        had = _permitted(order, frame.recipient, _needs(order) or ("ordered",), on)
        return tuple(name for name in _permitted(order, frame.asked_recipient, FIELDS, on) if name not in had)
    except DisclosureRefusedError:
        return ()


def _fields(order: Order) -> dict[str, str]:
    """What of an order can leave, by field of the vocabulary."""
    edition = Edition.objects.select_related("benefit").get(pk=order.edition_id)
    return {
        "ordered": f"{order.quantity} × {edition.benefit.key}",
        "order_name": order.name,
        "order_address": order.address,
        "order_place": f"{order.postal_code} {order.postal_place}",
        "order_phone": order.phone,
    }


def _mine(subject_id: int, order_id: int) -> Order:
    found = Order.objects.filter(subject_id=subject_id, id=order_id).first()
    if found is None:
        raise OrderError("order-unknown", "there is no such order")
    return found


def _of(scope: Scope, supplier: Supplier, reference: UUID) -> Order:
    found = Order.objects.filter(
        supplier_id=supplier.pk, controller_id__in=scope.controllers, reference=reference, sent_at__isnull=False
    ).first()
    if found is None:
        raise OrderError("order-unknown", "there is no such order")
    return found


def _become(scope: Scope, order: Order, status: str, before: Iterable[str], at: datetime, reason: str = "") -> Order:
    times: dict[str, Any] = {
        OrderStatus.SENT: {"sent_at": at},
        OrderStatus.CONFIRMED: {"confirmed_at": at},
    }.get(OrderStatus(status), {"ended_at": at, "reason": reason})
    rows = Order.objects.filter(subject_id=order.subject_id, id=order.id, status__in=list(before))
    if not rows.update(status=status, **times):
        raise OrderError("order-state", "the order is not where that can be done")
    order.refresh_from_db()
    if status != OrderStatus.SENT:  # what was sent is on record as a disclosure
        _note(scope, events.ORDER_CHANGED, order, status=status)
    if status in BEFORE:
        _tell(scope, order, f"order_{status}", at)
    return order


def _tell(scope: Scope, order: Order, template: str, at: datetime) -> None:
    """Tell the member what became of the order, as a service message, once."""
    edition = Edition.objects.select_related("benefit__supplier").get(pk=order.edition_id)
    language = current(controller_id=order.controller_id, on=clock.local_date(at)).controller.languages[0]
    send(
        scope=scope,
        subject_id=order.subject_id,
        controller_id=order.controller_id,
        template=template,
        values={
            "title": (edition.texts.get(language) or next(iter(edition.texts.values())))["title"],
            "supplier": edition.benefit.supplier.name,
        },
        at=at,
        key=f"{template}:{order.reference}",
        language=language,
    )


def _note(scope: Scope, kind: Any, order: Order, **details: Any) -> None:
    append(
        type=kind,
        scope=scope,
        controller=order.controller_id,
        subject=order.subject_id,
        details={"order": order.id, **details},
    )


def _checked(wanted: Wanted) -> dict[str, Any]:
    """The form's fields as they are kept. Raises `OrderError` with the first that cannot be used."""
    kept = {name: " ".join(getattr(wanted, name).split()) for name in ("name", "address", "postal_place")}
    for name, longest in (("name", 120), ("address", 200), ("postal_place", 60)):
        if not kept[name] or len(kept[name]) > longest:
            raise OrderError(name, f"{name} has 1 to {longest} characters")
    code = wanted.postal_code.strip()
    if not (code.isascii() and code.replace(" ", "").replace("-", "").isalnum() and len(code) <= 10):
        raise OrderError("postal_code", "a postal code has at most 10 letters and digits")
    try:
        phone = phones.normalise(wanted.phone)
    except IdentifierError:
        raise OrderError("phone", "the phone number cannot be used") from None
    if not 1 <= wanted.quantity <= LARGEST:
        raise OrderError("quantity", f"1 to {LARGEST}")
    return {**kept, "postal_code": code, "phone": phone, "quantity": wanted.quantity}
