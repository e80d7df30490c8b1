"""What staff do for a person in front of them or on the phone: enrol, cards, leave, use and correct bonus (C1, C4, C8).

The member of staff must have the role for it, and, but to enrol, the person must be one of the controller's. In a joint
arrangement a membership concerns every controller of it (C2): the act reaches them all, the right to it comes from one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from tillit.bonus import operations as bonus
from tillit.bonus.models import Correction
from tillit.bonus.queries import ChainBalance, overview
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.journeys import cards, granted
from tillit.journeys.cards import Card
from tillit.journeys.join import ACTIVITY as MEMBERSHIP
from tillit.journeys.join import Applicant, Joined, join
from tillit.journeys.leave import Left, leave
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.money import Money
from tillit.kernel.scope import Actor, Scope
from tillit.ledger.operations import natural_key
from tillit.parties.actors import person_scope, staff_actor
from tillit.parties.errors import NotStaffError
from tillit.parties.models import StaffMember
from tillit.purchases import operations as instruments
from tillit.purchases.models import Chain, PaymentInstrument

EARNING = "bonus_earning"


def staff_at(*, email: str, controller: Controller) -> Actor:
    """The actor for a member of staff named by work e-mail, at one controller. Raises `NotStaffError`."""
    found = StaffMember.objects.filter(email__iexact=email.strip()).first()
    if found is None:
        raise NotStaffError("not-staff", "no member of staff has that address")
    return staff_actor(staff=found, controller=controller)


IDENTITY_SEEN = ("passport", "national_id_card", "driving_licence", "bank_card", "known_person")
"""What shows at the desk who somebody is. That it was seen is on record, never its number."""


def desk(*, actor: Actor, controller: Controller) -> Actor:
    """The actor who enrols people at the desk, for every controller of the arrangement. Raises `ScopeError`."""
    Scope(actor, MEMBERSHIP)  # refuses who has not the role
    return _everywhere(actor, controller)


def enrol(*, actor: Actor, controller: Controller, applicant: Applicant, at: datetime) -> Joined:
    """Join as at the reception desk; raises as `join` does."""
    acting = desk(actor=actor, controller=controller)
    return join(controller_id=controller.pk, applicant=applicant, route="reception", at=at, actor=acting)


def end_membership(*, actor: Actor, controller: Controller, subject_id: int, at: datetime, reason: str) -> Left:
    """The person leaves. Raises `NotAssignedError` for somebody who is not the controller's."""
    person_scope(actor=actor, activity=MEMBERSHIP, subject_id=subject_id)
    return leave(
        subject_id=subject_id,
        controller_id=controller.pk,
        at=at,
        reason=reason,
        actor=_everywhere(actor, controller),
    )


def cards_of(*, actor: Actor, controller: Controller, subject_id: int) -> tuple[list[Card], list[Card]]:
    """The person's cards in use, and those that may be put back."""
    with _person(actor, controller, EARNING, subject_id):
        return cards.shown(controller=controller, subject_id=subject_id)


def put_card_back(*, actor: Actor, controller: Controller, subject_id: int, instrument_id: int, at: datetime) -> bool:
    """Undo a removal in time; whether it was undone. Raises `InstrumentRefusedError`."""
    with _person(actor, controller, EARNING, subject_id) as scope:
        return cards.put_back_within(
            scope=scope, controller=controller, subject_id=subject_id, instrument_id=instrument_id, at=at
        )


def add_card(*, actor: Actor, controller: Controller, subject_id: int, number: str, at: datetime) -> PaymentInstrument:
    """Register a card or account of the person; raises `InstrumentRefusedError`, as on the person's own pages."""
    person_scope(actor=actor, activity=EARNING, subject_id=subject_id)
    cards.count_try(subject_id=subject_id, number=number)
    with _person(actor, controller, EARNING, subject_id) as scope:
        return instruments.register_instrument(
            scope=scope, subject_id=subject_id, controller_id=controller.pk, number=number, at=at
        )


def remove_card(*, actor: Actor, controller: Controller, subject_id: int, instrument_id: int, at: datetime) -> bool:
    """Take a card or account off; whether it was on."""
    with _person(actor, controller, EARNING, subject_id) as scope:
        return instruments.remove_instrument(scope=scope, subject_id=subject_id, instrument_id=instrument_id, at=at)


def use_bonus(
    *, actor: Actor, chain: Chain, subject_id: int, amount: str, reference: str, at: datetime
) -> ChainBalance | None:
    """Spend bonus in the chain; the balance afterwards. `reference` (the receipt) makes a retry the same use."""
    minor = _amount(amount, chain)
    if minor <= 0:
        raise TillitError("amount", "an amount above zero is used")
    with _of_chain(actor, "bonus_use", chain, subject_id) as scope:
        key = natural_key("staff", "use", chain.pk, subject_id, reference)
        bonus.use(scope=scope, subject_id=subject_id, chain_id=chain.pk, amount=minor, key=key, at=at)
        return _balance(subject_id, chain)


@dataclass(frozen=True)
class Corrected:
    """The balance afterwards; or, of a correction that takes two, the case in which another of the staff decides."""

    balance: ChainBalance | None
    case: Case | None = None


def correct_bonus(
    *,
    actor: Actor,
    chain: Chain,
    subject_id: int,
    amount: str,
    reference: str,
    reason: str,
    event_at: datetime,
    at: datetime,
) -> Corrected:
    """Add or take back bonus. `reference` (the case) makes a retry the same correction. What is above the actor's limit
    for the member (`granted`) is proposed, and nothing is corrected.
    """
    minor = _amount(amount, chain)
    with _of_chain(actor, "bonus_correction", chain, subject_id) as scope:
        key = natural_key("staff", "correction", chain.pk, subject_id, reference)
        if minor and not Correction.objects.filter(subject_id=subject_id, id=key).exists():
            counts = granted.counts(chain=chain, bonus=minor, at=at)
            if not granted.may_alone(scope=scope, chain=chain, subject_id=subject_id, counts=counts, at=at):
                case = granted.propose(
                    scope=scope,
                    chain=chain,
                    subject_id=subject_id,
                    amount=minor,
                    reference=reference,
                    reason=reason,
                    on=clock.local_date(event_at),
                    at=at,
                )
                return Corrected(_balance(subject_id, chain), case)
            granted.done_alone(scope=scope, chain=chain, subject_id=subject_id, counts=counts, at=at)
        bonus.correct(
            scope=scope,
            subject_id=subject_id,
            chain_id=chain.pk,
            amount=minor,
            key=key,
            event_at=event_at,
            at=at,
            reason=reason,
        )
        return Corrected(_balance(subject_id, chain))


def _everywhere(actor: Actor, controller: Controller) -> Actor:
    """The actor for every controller of the arrangement."""
    everyone = Controller.objects.filter(register_id=controller.register_id).values_list("id", flat=True)
    return replace(actor, controllers=actor.controllers | frozenset(everyone))


@contextmanager
def _person(actor: Actor, controller: Controller, activity: str, subject_id: int) -> Iterator[Scope]:
    person_scope(actor=actor, activity=activity, subject_id=subject_id)
    with Scope(_everywhere(actor, controller), activity, frozenset({subject_id})) as scope:
        yield scope


@contextmanager
def _of_chain(actor: Actor, activity: str, chain: Chain, subject_id: int) -> Iterator[Scope]:
    if chain.controller_id not in actor.controllers:
        raise NotStaffError("not-staff", "the chain is another controller's")
    with person_scope(actor=actor, activity=activity, subject_id=subject_id) as scope:
        yield scope


def _amount(text: str, chain: Chain) -> int:
    return Money.parse(text, chain.currency).minor


def _balance(subject_id: int, chain: Chain) -> ChainBalance | None:
    found = overview(subject_id=subject_id, on=clock.today())
    return next((one for one in found if one.chain_id == chain.pk), None)
