"""A supplier is told what it needs to serve a customer, as it is set up and no more; what left is on record (D1).

By computer where the installation says how (`TILLIT_SUPPLIERS`), else a colleague passes on what is on record as told.
"""

from dataclasses import dataclass, field
from typing import Any

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.disclosure.models import Disclosure
from tillit.disclosure.operations import disclose
from tillit.journeys import agreements as agreed
from tillit.kernel import clock
from tillit.kernel.scope import Actor
from tillit.parties.actors import person_scope
from tillit.parties.queries import facts
from tillit.services import agreements, outside
from tillit.services.agreement_models import Agreement
from tillit.services.errors import ServiceError
from tillit.services.product_models import ServiceSupplier
from tillit.services.reference_data import SUPPLIER_RECIPIENT

ACTIVITY = "service_delivery"
_JOINED = {
    "name": ("name.given", "name.middle", "name.family"),
    "address": ("address.street", "address.postal_code", "address.city"),
    "email": ("email",),
    "phone": ("phone",),
}


@dataclass(frozen=True)
class Supplied:
    """An agreement that somebody else delivers: what the supplier would be told, and when it last was."""

    agreement: Agreement
    leaves: dict[str, str]
    told: Disclosure | None
    by_computer: bool


@dataclass(frozen=True)
class Told:
    """What left. passed_on: what a colleague tells the supplier, where the installation cannot."""

    supplier: str
    passed_on: dict[str, Any] = field(default_factory=dict)


def look(*, actor: Actor, controller: Controller, subject_id: int) -> list[Supplied]:
    """What is delivered to the person by others; the look is on record. Raises `ScopeError`, `NotAssignedError`."""
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id) as scope:
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"purpose": ACTIVITY, "categories": ["contact", "identity", "relationship"]},
        )
        known = facts(subject_id=subject_id)
        running = agreements.running(subject_id=subject_id, on=clock.today()).filter(product__supplier__isnull=False)
        found = []
        for one in running:
            by = _by(one)
            told = Disclosure.objects.filter(subject_id=one.subject_id, party=by.key, recipient=SUPPLIER_RECIPIENT)
            last = told.order_by("-disclosed_at").first()
            found.append(Supplied(one, _leaves(by, known), last, outside.tells(by.key)))
        return found


def tell(*, actor: Actor, controller: Controller, subject_id: int, agreement_id: int) -> Told:
    """Tell the supplier of one agreement. Raises `ServiceError` (`no-agreement`, `not-supplied`, `supplier-lacks`:
    something it needs is not known, `outside-…`), `DisclosureRefusedError`.
    """
    with person_scope(actor=actor, activity=ACTIVITY, subject_id=subject_id) as scope:
        row = agreements.running(subject_id=subject_id, on=clock.today()).filter(id=agreement_id).first()
        if row is None:
            raise ServiceError("no-agreement", "there is no such agreement")
        by = _by(row)
        leaves = _leaves(by, facts(subject_id=subject_id))
        if missing := [name for name in by.needs if not leaves.get(name)]:
            raise ServiceError("supplier-lacks", f"not known: {', '.join(missing)}")
        sent = disclose(
            scope=scope,
            subject_id=row.subject_id,
            controller_id=controller.pk,
            recipient=SUPPLIER_RECIPIENT,
            fields=leaves,
            at=clock.now(),
            party=by.key,
            country=by.country,
        )
    if not outside.tells(by.key):
        return Told(by.name, dict(sent.payload))
    outside.tell(supplier=by.key, product=row.product.key, sent=sent)
    return Told(by.name)


def offered(*, controller: Controller) -> bool:
    """Whether the controller has services that others may deliver."""
    return agreed.offered(controller=controller)


def _by(agreement: Agreement) -> ServiceSupplier:
    supplier = agreement.product.supplier
    if supplier is None:
        raise ServiceError("not-supplied", "nobody else delivers that")
    return supplier


def _leaves(by: ServiceSupplier, known: dict[str, str]) -> dict[str, str]:
    """Of what it is set up to need, what is known."""
    found = {}
    for name in by.needs:
        kinds = _JOINED.get(name, (name,))
        found[name] = (", " if name == "address" else " ").join(known[one] for one in kinds if one in known)
    return {name: text for name, text in found.items() if text}
