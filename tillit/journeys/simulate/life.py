"""What people do, each act through the operations of its domain, at the clock's time."""

import random
from datetime import date

from tillit.audit import events
from tillit.audit.operations import append
from tillit.bonus.kinds import LOT
from tillit.consent import operations as consent
from tillit.consent.errors import UnknownChoiceError
from tillit.consent.models import EventKind
from tillit.consent.queries import switches
from tillit.declaration.schema import Declaration
from tillit.declaration.simulated import Act, Person, World
from tillit.journeys.simulate import dealings
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.ledger import kinds, operations
from tillit.ledger.models import Book
from tillit.membership.operations import accept_terms
from tillit.parties import operations as parties
from tillit.parties.models import Subject
from tillit.privacy import archive, holds
from tillit.purchases.models import PaymentInstrument, Purchase

FACTS = {
    "identity": ("name.given", "name.family"),
    "contact": ("email", "phone", "address.city"),
    "birth_date": ("birth_date",),
    "gender": ("gender",),
    "interest": ("interest.travel",),
    "profile": ("profile.segment",),
    "marketing_contact": ("newsletter.email",),
}
SEALED = {"national_number": "national_number", "bank_account": "account"}
RELATIONS = ("member", "customer")


def world_of(controller_id: int, holder_id: int, register_id: int, declaration: Declaration) -> World | None:
    """The controller's world; None where nobody joins (no activity is for members or customers, or it records none)."""
    applied = {kind for activity in declaration.activities for kind in activity.applies_to}
    kind = next((one for one in RELATIONS if one in applied), None)
    found = World(controller_id, holder_id, register_id, declaration, kind or "")
    return found if kind and found.recording("relationship") else None


def join(person: Person, rng: random.Random) -> None:
    """Become a member or customer; again after leaving, as the same person where anything is left of them."""
    world, at = person.world, clock.now()
    relating = world.recording("relationship")
    assert relating is not None  # noqa: S101 (else there is no world)
    back = Subject.objects.filter(pk=person.subject_id).exists()
    if not back:
        with Scope(system("simulate", world.controllers), relating) as scope:
            person.subject_id = parties.create_subject(scope=scope, register_id=world.register_id)
    with world.scope(relating, person.subject_id) as scope:
        for one in world.controllers:
            parties.relate(
                scope=scope, subject_id=person.subject_id, controller_id=one, kind=world.kind, started=clock.today()
            )
        parties.open_account(scope=scope, subject_id=person.subject_id, register_id=world.register_id, at=at)
    if back:
        for one in world.controllers:
            archive.restore(subject_id=person.subject_id, controller_id=one)
    for category in FACTS:
        if category != "marketing_contact":
            _facts(person, category, rng)
    _seal(person, rng)
    if accepting := world.recording("terms_acceptance"):
        with world.scope(accepting, person.subject_id) as scope:
            accept_terms(
                scope=scope, subject_id=person.subject_id, controller_id=world.controller_id, route="web", at=at
            )
    person.inside = True


def leave(person: Person, rng: random.Random) -> None:
    """End every relationship of this world's."""
    world = person.world
    relating = world.recording("relationship")
    assert relating is not None  # noqa: S101
    with world.scope(relating, person.subject_id) as scope:
        for one in world.controllers:
            parties.end_relationship(
                scope=scope,
                subject_id=person.subject_id,
                controller_id=one,
                kind=world.kind,
                ended=clock.today(),
                reason="own_wish",
            )
    if removing := world.recording("payment_instrument"):
        with world.scope(removing, person.subject_id):
            PaymentInstrument.objects.filter(subject_id=person.subject_id, removed_at__isnull=True).update(
                removed_at=clock.now()
            )
    person.inside = False


def buy(person: Person, rng: random.Random) -> None:
    """A purchase where the declaration knows purchases, and bonus of it."""
    world, at = person.world, clock.now()
    if buying := world.recording("purchase"):
        with world.scope(buying, person.subject_id):
            Purchase.objects.create(
                subject_id=person.subject_id,
                id=operations.natural_key("simulated", person.subject_id, person.counted["buy"], str(at)),
                controller_id=world.controller_id,
                source_id=1,
                chain_id=1,
                store_id=1,
                event_at=at,
                amount=rng.randrange(1000, 90_000),
                currency="NOK",
                batch_id=1,
                state=_state(person),
            )
    if earning := world.recording("bonus"):
        with world.scope(earning, person.subject_id) as scope:
            book = Book.objects.filter(controller_id=world.controller_id, key="simulated").first()
            book = book or operations.open_book(
                scope=scope, controller_id=world.controller_id, key="simulated", currency="NOK", category="bonus"
            )
            earned = operations.Posting(
                subject_id=person.subject_id,
                id=operations.natural_key("earned", person.subject_id, person.counted["buy"], str(at)),
                book_id=book.pk,
                amount=rng.randrange(10, 900),
                debit=operations.Account(kinds.ISSUED),
                credit=operations.Account(LOT, date(at.year + 1, 12, 31)),
                event_at=at,
                state=_state(person),
            )
            operations.post(scope=scope, postings=[earned])


def correct(person: Person, rng: random.Random) -> None:
    """A new address: the former one is history from now on."""
    _facts(person, "contact", rng)


def agree(person: Person, rng: random.Random) -> None:
    """Consent to something the declaration asks about, and get a message of it."""
    _say(person, rng, EventKind.GIVEN, consented=False)


def withdraw(person: Person, rng: random.Random) -> None:
    """Take a consent back."""
    _say(person, rng, EventKind.WITHDRAWN, consented=True)


def object_(person: Person, rng: random.Random) -> None:
    """Object to what goes on without consent."""
    _say(person, rng, EventKind.OBJECTED, consented=None)


def claim(person: Person, rng: random.Random) -> None:
    """A claim is made: what it concerns is held; the second time it is finally closed."""
    world = person.world
    if not world.declaration.holds or world.recording("rights_case") is None or not (person.inside or person.holds):
        return
    with world.scope("rights_requests", person.subject_id) as scope:
        if person.holds:
            hold = person.holds.pop()
            holds.release(scope=scope, subject_id=person.subject_id, hold_id=hold, at=clock.now())
            return
        placed = holds.place(
            scope=scope,
            subject_id=person.subject_id,
            controller_id=world.controller_id,
            reason="claim",
            reference=f"S{person.number}",
            at=clock.now(),
        )
        person.holds.append(placed.id)


def looked_up(person: Person, rng: random.Random) -> None:
    """Somebody looks the person up; it is on record."""
    with person.world.scope("security_log", person.subject_id) as scope:
        append(
            type=events.PERSON_READ,
            scope=scope,
            controller=person.world.controller_id,
            subject=person.subject_id,
            details={"purpose": "enquiry"},
        )


ACTS = {
    "buy": Act(buy),
    "correct": Act(correct),
    "agree": Act(agree),
    "withdraw": Act(withdraw),
    "object": Act(object_),
    "claim": Act(claim, after=True),
    "looked_up": Act(looked_up),
    "ask": Act(dealings.ask),
    "finish": Act(dealings.finish),
    "notify": Act(dealings.notify),
    "disclosed": Act(dealings.disclosed),
    "affected": Act(dealings.affect),
}


def _state(person: Person) -> int:
    return Subject.objects.values_list("state", flat=True).get(pk=person.subject_id)


def _facts(person: Person, category: str, rng: random.Random) -> None:
    recording = person.world.recording(category)
    if recording is None:
        return
    with person.world.scope(recording, person.subject_id) as scope:
        parties.record_facts(
            scope=scope,
            subject_id=person.subject_id,
            controller_id=person.world.holder_id,
            facts=[parties.NewFact(category, kind, _value(kind, rng)) for kind in FACTS[category]],
            source="data_subject",
            at=clock.now(),
        )


def _value(kind: str, rng: random.Random) -> str:
    return f"19{rng.randrange(50, 99)}-05-04" if kind == "birth_date" else f"x{rng.randrange(10**9)}"


def _seal(person: Person, rng: random.Random) -> None:
    for category, kind in SEALED.items():
        if recording := person.world.recording(category):
            with person.world.scope(recording, person.subject_id) as scope:
                parties.seal_fact(
                    scope=scope,
                    subject_id=person.subject_id,
                    controller_id=person.world.holder_id,
                    category=category,
                    kind=kind,
                    value=f"{rng.randrange(10**11):011}",
                    source="data_subject",
                    at=clock.now(),
                )


def _say(person: Person, rng: random.Random, kind: EventKind, *, consented: bool | None) -> None:
    world = person.world
    with world.scope("consent_management", person.subject_id) as scope:
        found = [
            one
            for one in switches(subject_id=person.subject_id, controller_id=world.controller_id)
            if (one.kind == "objection" and not one.objected if consented is None else one.kind == "consent")
            and (consented is None or one.on == consented)
        ]
        if not found:
            return
        chosen = rng.choice(found)
        try:
            consent.record(
                scope=scope,
                subject_id=person.subject_id,
                controller_id=world.controller_id,
                activity=chosen.activity,
                channel=chosen.channel,
                kind=kind,
                route="web",
                wording="0" * 64,
                at=clock.now(),
            )
        except UnknownChoiceError:
            return
    if kind is EventKind.GIVEN:
        _facts(person, "marketing_contact", rng)
        consent.marketing_sent(
            controller_id=world.controller_id,
            subject_ids=[person.subject_id],
            activity=chosen.activity,
            at=clock.now(),
        )
