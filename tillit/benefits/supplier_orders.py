"""Orders as their suppliers have them (B4, B5): received within the union's frame, answered, and asked more about.

An order reaches its supplier through `disclosure` alone: cut to what the union's frame declares and what the benefit
needs. Where the supplier wants more, the member is asked.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from uuid import UUID

from django.db.models import Q

from tillit.benefits import events, order_life
from tillit.benefits.catalogue import ACTIVITY
from tillit.benefits.errors import OrderError
from tillit.benefits.models import Frame, Supplier
from tillit.benefits.order_models import FIELDS, OPEN, Order, OrderStatus
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.disclosure.operations import disclose
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, require

REASONS = ("sold_out", "not_available", "other")
"""Why a supplier rejects an order."""
PAGE = 50
"""How many orders a supplier gets at once."""


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
        if status not in order_life.BEFORE:
            raise OrderError("order-state", f"a supplier makes an order one of {', '.join(order_life.BEFORE)}")
        order = order_life.become(scope, order, status, order_life.BEFORE[status], at, reason)
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
    order_life.note(scope, events.MORE_ASKED, order, fields=wanted)
    order_life.tell(scope, order, "order_more", at)
    return _seen(scope, order, at)


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
    frame = order_life.frame_of(supplier_id=order.supplier_id, controller_id=order.controller_id, on=on)
    if frame is None or not frame.recipient:
        return None
    known = order_life.fields(order)
    needed = {name: known[name] for name in ("ordered", *order_life.needs(order))}
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
            order = order_life.become(scope, order, OrderStatus.SENT, (OrderStatus.PLACED,), at)
        elif order.sent_at is None or order.status == OrderStatus.CANCELLED:
            seen = {"ordered": known["ordered"]} if order.sent_at is not None else {}
        else:
            seen = {name: known[name] for name in order_life.permitted(order, frame.recipient, needed, on)}
            if order.more_yes and frame.asked_recipient:
                seen |= {
                    name: known[name] for name in order_life.permitted(order, frame.asked_recipient, order.asked, on)
                }
    except DisclosureRefusedError:
        return None
    return Handed(order, frame.controller.key, seen, () if order.more_asked_at else _may_ask(order, on))


def _may_ask(order: Order, on: date) -> tuple[str, ...]:
    """What the member may be asked for beyond what the supplier has: as declared for that, and not had already."""
    frame = order_life.frame_of(supplier_id=order.supplier_id, controller_id=order.controller_id, on=on)
    if frame is None or not frame.asked_recipient:
        return ()
    try:
        had = order_life.permitted(order, frame.recipient, order_life.needs(order) or ("ordered",), on)
        return tuple(name for name in order_life.permitted(order, frame.asked_recipient, FIELDS, on) if name not in had)
    except DisclosureRefusedError:
        return ()


def _of(scope: Scope, supplier: Supplier, reference: UUID) -> Order:
    found = Order.objects.filter(
        supplier_id=supplier.pk, controller_id__in=scope.controllers, reference=reference, sent_at__isnull=False
    ).first()
    if found is None:
        raise OrderError("order-unknown", "there is no such order")
    return found
