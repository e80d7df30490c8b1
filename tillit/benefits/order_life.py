"""What both sides of an order share (B4, B5): the frame it leaves by, what of it may leave, and what it becomes."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from tillit.audit.operations import append
from tillit.benefits import events
from tillit.benefits.catalogue import ACTIVITY
from tillit.benefits.errors import OrderError
from tillit.benefits.models import Edition, Frame
from tillit.benefits.order_models import FIELDS, Order, OrderStatus
from tillit.declaration.queries import current
from tillit.disclosure.rules import permit
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.messages.operations import send

BEFORE: dict[str, tuple[OrderStatus, ...]] = {
    OrderStatus.CONFIRMED: (OrderStatus.SENT,),
    OrderStatus.REJECTED: (OrderStatus.SENT, OrderStatus.CONFIRMED),
    OrderStatus.DELIVERED: (OrderStatus.SENT, OrderStatus.CONFIRMED),
}
"""What a supplier may make of an order, and from where."""


def frame_of(*, supplier_id: int, controller_id: int, on: date) -> Frame | None:
    """What the union lets the supplier do on a day."""
    found = Frame.objects.filter(supplier_id=supplier_id, controller_id=controller_id, starts__lte=on)
    found = found.select_related("controller")
    return next((one for one in found.order_by("-starts") if one.ends is None or one.ends > on), None)


def needs(order: Order) -> list[str]:
    """What of the order's fields the benefit needs."""
    return [name for name in Edition.objects.get(pk=order.edition_id).needs if name in FIELDS]


def permitted(order: Order, recipient: str, fields: Iterable[str], on: date) -> tuple[str, ...]:
    """Which of the fields the declaration in effect still lets the recipient have."""
    declared = current(controller_id=order.controller_id, on=on)
    return permit(declaration=declared, activity=ACTIVITY, recipient=recipient, fields=tuple(fields), on=on).fields


def fields(order: Order) -> dict[str, str]:
    """What of an order can leave, by field of the vocabulary."""
    edition = Edition.objects.select_related("benefit").get(pk=order.edition_id)
    return {
        "ordered": f"{order.quantity} × {edition.benefit.key}",
        "order_name": order.name,
        "order_address": order.address,
        "order_place": f"{order.postal_code} {order.postal_place}",
        "order_phone": order.phone,
    }


def become(scope: Scope, order: Order, status: str, before: Iterable[str], at: datetime, reason: str = "") -> Order:
    """Give the order another status, from one of those `before`, on record, and tell the member. Raises `OrderError`
    `order-state`.
    """
    times: dict[str, Any] = {
        OrderStatus.SENT: {"sent_at": at},
        OrderStatus.CONFIRMED: {"confirmed_at": at},
    }.get(OrderStatus(status), {"ended_at": at, "reason": reason})
    rows = Order.objects.filter(subject_id=order.subject_id, id=order.id, status__in=list(before))
    if not rows.update(status=status, **times):
        raise OrderError("order-state", "the order is not where that can be done")
    order.refresh_from_db()
    if status != OrderStatus.SENT:  # what was sent is on record as a disclosure
        note(scope, events.ORDER_CHANGED, order, status=status)
    if status in BEFORE:
        tell(scope, order, f"order_{status}", at)
    return order


def tell(scope: Scope, order: Order, template: str, at: datetime) -> None:
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


def note(scope: Scope, kind: Any, order: Order, **details: Any) -> None:
    """Put on record what became of the order."""
    append(
        type=kind,
        scope=scope,
        controller=order.controller_id,
        subject=order.subject_id,
        details={"order": order.id, **details},
    )
