"""Offers: made, chosen, sent to the supplier, reported back. Within an open scope (D5)."""

from collections.abc import Collection
from datetime import datetime
from hashlib import sha256
from typing import Any

from tillit.cases import operations as cases
from tillit.cases.kinds import Attachments, Field, Kind, step
from tillit.cases.models import Case
from tillit.declaration.countries import in_eea
from tillit.disclosure.operations import Asked, Disclosed, disclose
from tillit.kernel.card_numbers import has_card_number
from tillit.kernel.scope import Scope
from tillit.parties.operations import lock_subject
from tillit.parties.queries import facts
from tillit.services.concierge.errors import ConciergeError
from tillit.services.concierge.models import Offer, Standing
from tillit.services.product_models import ServiceSupplier

CONCIERGE = "concierge"
RECIPIENT = "concierge_supplier"
MAY_NEED = ("name", "address", "email")
LONGEST, LARGEST = 2000, 10**12
_OPEN = ("received", "offered", "chosen", "booked")
_ADDRESS = ("address.street", "address.postal_code", "address.city")
_NAME = ("name.given", "name.middle", "name.family")

KIND = Kind(
    CONCIERGE,
    category="booking",
    activity=CONCIERGE,
    fields={"text": Field("text", required=True), "first": Field("date"), "last": Field("date")},
    steps={
        "offered": step("received", "offered", after="offered", shown=True),
        "withdrawn": step("received", "offered", shown=True),
        "declined": step("offered", shown=True),
        "chosen": step("offered", after="chosen", shown=True),
        "regretted": step("chosen", after="offered", shown=True),
        "booked": step("chosen", after="booked", shown=True),
        "reported": step("booked", shown=True),
        "cancelled": step("booked", after="offered", shown=True),
        "wrote": step(*_OPEN, shown=True),
        "replied": step(*_OPEN, shown=True, answers=True),
        "note": step(*_OPEN, "closed"),
        "closed": step(*_OPEN, after="closed", shown=True, answers=True, settles=True, closes=True),
    },
    attachments=Attachments(most=20),
    rows=(Offer,),
)


def offer(
    *,
    scope: Scope,
    case: Case,
    supplier: ServiceSupplier,
    what: str,
    amount: int,
    at: datetime,
    currency: str = "NOK",
    needs: Collection[str] = (),
    valid_until: datetime | None = None,
) -> Offer:
    """Offer something of a supplier. `needs`: what leaves with the booking beside what is booked, of what the supplier
    is set up to need. Raises `ConciergeError`: `words`, `amount`, `supplier`, `needs`, `day`.
    """
    said = what.strip()
    if not said or len(said) > LONGEST or has_card_number(said):
        raise ConciergeError("words", "say what is offered, without any card number")
    if not 0 <= amount <= LARGEST or len(currency) != 3:
        raise ConciergeError("amount", "that is no amount")
    if supplier.controller_id != case.controller_id:
        raise ConciergeError("supplier", "that supplier is another's")
    wanted = [one for one in MAY_NEED if one in needs]
    if not set(needs) <= set(MAY_NEED) & set(supplier.needs):
        raise ConciergeError("needs", "the supplier is not set up to get that")
    if valid_until is not None and valid_until <= at:
        raise ConciergeError("day", "an offer stands until a later day")
    state = lock_subject(scope=scope, subject_id=case.subject_id)
    made = Offer.objects.create(
        subject_id=case.subject_id,
        controller_id=case.controller_id,
        state=state,
        case_id=case.id,
        supplier=supplier,
        what=said,
        amount=amount,
        currency=currency.upper(),
        needs=wanted,
        country=supplier.country,
        abroad=not in_eea(supplier.country),
        offered_at=at,
        valid_until=valid_until,
    )
    cases.take(scope=scope, case=case, step="offered", at=at, details={"offer": made.id})
    return made


def of_case(*, case: Case) -> list[Offer]:
    """The offers of a request, the newest first."""
    rows = Offer.objects.filter(subject_id=case.subject_id, case_id=case.id).select_related("supplier")
    return list(rows.order_by("-offered_at", "id"))


def one(*, case: Case, offer_id: int) -> Offer:
    """An offer of the request, locked against another's hand by its subject. Raises `ConciergeError` `no-offer`."""
    rows = Offer.objects.filter(subject_id=case.subject_id, case_id=case.id, id=offer_id)
    found = rows.select_related("supplier").first()
    if found is None:
        raise ConciergeError("no-offer", "there is no such offer")
    return found


def abroad_wording(*, text: str) -> str:
    """The digest of what a person reads before saying yes to a supplier outside the EEA."""
    return sha256(text.encode()).hexdigest()


def choose(*, scope: Scope, case: Case, offer_id: int, at: datetime, yes_to: str = "") -> Offer:
    """The person chooses. `yes_to`: what they read and said yes to, where the supplier is outside the EEA.

    Raises `ConciergeError`: `no-offer`, `standing`, `too-late`, `ask-abroad`.
    """
    lock_subject(scope=scope, subject_id=case.subject_id)
    cases.refresh(case)
    found = one(case=case, offer_id=offer_id)
    if found.standing != Standing.OFFERED or case.stage != "offered":
        raise ConciergeError("standing", "this offer cannot be chosen now")
    if found.valid_until is not None and at >= found.valid_until:
        raise ConciergeError("too-late", "the offer stood until then")
    if found.abroad and not yes_to:
        raise ConciergeError("ask-abroad", "the supplier is outside the EEA: a yes to that is needed")
    given: dict[str, Any] = {"standing": Standing.CHOSEN, "chosen_at": at}
    if found.abroad:
        given |= {"asked_at": at, "wording": abroad_wording(text=yes_to)}
    _set(found, **given)
    told = {"offer": found.id, "abroad": found.abroad}
    cases.take(scope=scope, case=case, step="chosen", at=at, details=told)
    return one(case=case, offer_id=offer_id)


def turn_down(*, scope: Scope, case: Case, offer_id: int, at: datetime) -> None:
    """The person declines an offer, or regrets the choice of one that is not booked yet. Raises `ConciergeError`."""
    lock_subject(scope=scope, subject_id=case.subject_id)
    cases.refresh(case)
    found = one(case=case, offer_id=offer_id)
    if found.standing == Standing.OFFERED:
        _set(found, standing=Standing.DECLINED)
        cases.take(scope=scope, case=case, step="declined", at=at, details={"offer": found.id})
    elif found.standing == Standing.CHOSEN:
        _set(found, standing=Standing.OFFERED, chosen_at=None, asked_at=None, wording="")
        cases.take(scope=scope, case=case, step="regretted", at=at, details={"offer": found.id})
    else:
        raise ConciergeError("standing", "it is booked, or over")


def withdraw(*, scope: Scope, case: Case, offer_id: int, at: datetime) -> None:
    """We take an offer back that nobody has chosen. Raises `ConciergeError`."""
    lock_subject(scope=scope, subject_id=case.subject_id)
    found = one(case=case, offer_id=offer_id)
    if found.standing != Standing.OFFERED:
        raise ConciergeError("standing", "it has been chosen, or is over")
    _set(found, standing=Standing.WITHDRAWN)
    cases.take(scope=scope, case=case, step="withdrawn", at=at, details={"offer": found.id})


def book(*, scope: Scope, case: Case, offer_id: int, at: datetime) -> Disclosed:
    """Book what was chosen: what the supplier needs is disclosed, on record, and handed back to be passed on.

    Raises `ConciergeError` (`no-offer`, `standing`, `ask-abroad`), `DisclosureRefusedError`.
    """
    lock_subject(scope=scope, subject_id=case.subject_id)
    cases.refresh(case)
    found = one(case=case, offer_id=offer_id)
    if found.standing != Standing.CHOSEN:
        raise ConciergeError("standing", "only what the person has chosen is booked")
    if found.abroad and found.asked_at is None:
        raise ConciergeError("ask-abroad", "the supplier is outside the EEA: a yes to that is needed")
    asked = Asked(found.asked_at, "web", found.wording) if found.asked_at is not None else None
    sent = disclose(
        scope=scope,
        subject_id=case.subject_id,
        controller_id=case.controller_id,
        recipient=RECIPIENT,
        fields=what_leaves(subject_id=case.subject_id, offer=found),
        at=at,
        party=found.supplier.key,
        country=found.country,
        asked=asked,
        case_id=case.id,
    )
    _set(found, standing=Standing.BOOKED, sent_at=at, reference=sent.reference)
    cases.take(scope=scope, case=case, step="booked", at=at, details={"offer": found.id})
    return sent


def what_leaves(*, subject_id: int, offer: Offer) -> dict[str, Any]:
    """Field → value of what the supplier gets with the booking."""
    known = facts(subject_id=subject_id)
    told = {
        "name": " ".join(known[kind] for kind in _NAME if kind in known),
        "address": ", ".join(known[kind] for kind in _ADDRESS if kind in known),
        "email": known.get("email", ""),
    }
    return {**{key: told[key] for key in offer.needs if told.get(key)}, "booked": offer.what}


def report(
    *, scope: Scope, case: Case, offer_id: int, confirmation: str, text: str, at: datetime, cancelled: bool = False
) -> None:
    """What the supplier says back: its number of the booking and what matters about it; or that it came to nothing.

    Raises `ConciergeError`: `no-offer`, `standing`, `words`.
    """
    number, said = confirmation.strip(), text.strip()
    if len(number) > 60 or len(said) > LONGEST or has_card_number(number) or has_card_number(said):
        raise ConciergeError("words", "that is too long, or tells a card number")
    if not (number or said):
        raise ConciergeError("words", "say what the supplier told")
    lock_subject(scope=scope, subject_id=case.subject_id)
    found = one(case=case, offer_id=offer_id)
    if found.standing != Standing.BOOKED:
        raise ConciergeError("standing", "it is not booked")
    standing = Standing.CANCELLED if cancelled else Standing.BOOKED
    _set(found, confirmation=number, report=said, reported_at=at, standing=standing)
    step_ = "cancelled" if cancelled else "reported"
    cases.take(scope=scope, case=case, step=step_, at=at, details={"offer": found.id})


def _set(row: Offer, **values: Any) -> None:
    Offer.objects.filter(subject_id=row.subject_id, id=row.id).update(**values)
