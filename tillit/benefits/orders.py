"""Orders of benefits as members have them (B4, B5): placed, taken back, and asked about.

What the member wrote in the form stands in the order and nowhere else. How it reaches the supplier: `supplier_orders`.
Where that wants more, the member is asked, and what the member says yes to leaves under its own declared recipient,
whose ground is that yes.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from tillit.benefits import events, order_life
from tillit.benefits.catalogue import ACTIVITY, Listed
from tillit.benefits.errors import OrderError
from tillit.benefits.models import Kind
from tillit.benefits.order_models import OPEN, Order, OrderStatus
from tillit.disclosure.operations import Asked, disclose
from tillit.kernel import clock
from tillit.kernel.identifiers import phone as phones
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope, require
from tillit.parties.operations import lock_subject

LARGEST = 99


@dataclass(frozen=True)
class Wanted:
    """What the member writes in the form."""

    name: str = field(repr=False)
    address: str = field(repr=False)
    postal_code: str = field(repr=False)
    postal_place: str = field(repr=False)
    phone: str = field(repr=False)
    quantity: int = 1


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
    frame = order_life.frame_of(
        supplier_id=benefit.benefit.supplier_id, controller_id=controller_id, on=clock.local_date(at)
    )
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
    order_life.note(scope, events.ORDER_PLACED, order)
    return order


def cancel(*, scope: Scope, subject_id: int, order_id: int, at: datetime) -> Order:
    """The member takes the order back, until it is delivered. Raises `OrderError` `order-state`."""
    return order_life.become(scope, _mine(subject_id, order_id), OrderStatus.CANCELLED, OPEN, at)


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
        frame = order_life.frame_of(
            supplier_id=order.supplier_id, controller_id=order.controller_id, on=clock.local_date(at)
        )
        known = order_life.fields(order)
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
    order_life.note(scope, events.MORE_ANSWERED, order, fields=order.asked, given=yes)
    return order


def mine(*, subject_ids: Collection[int]) -> list[Order]:
    """The person's orders, newest first."""
    return list(Order.objects.filter(subject_id__in=subject_ids).order_by("-ordered_at", "-id"))


def _mine(subject_id: int, order_id: int) -> Order:
    found = Order.objects.filter(subject_id=subject_id, id=order_id).first()
    if found is None:
        raise OrderError("order-unknown", "there is no such order")
    return found


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
