"""Family and children in `tillit simulate` (D12): a parent's yes until the child decides, then its own; a grown-up's;
and from eighteen on who was helped through somebody else may be a customer.
"""

import random
from datetime import date, timedelta

from tillit.declaration.models import Controller
from tillit.declaration.simulated import Act, Person
from tillit.journeys import family as journey
from tillit.journeys import family_link
from tillit.kernel import clock
from tillit.parties import operations as parties
from tillit.services import agreements, family
from tillit.services.agreement_models import Agreement
from tillit.services.errors import ServiceError
from tillit.services.family_models import FamilyEnd, FamilyMember
from tillit.services.product_models import Payer
from tillit.services.simulated.agreed import agreed, product

FAMILY, ADULT = "family", 18
_SOON = timedelta(days=30)


def relative(person: Person, rng: random.Random) -> None:
    """Somebody is added to a customer's family, and what becomes of it."""
    outcome = person.turn(FAMILY)
    if agreed(person) is None:
        return
    match outcome:
        case "declined" | "not answered":
            secret = _invited(person)
            if outcome == "declined":
                family_link.decline(controller=_controller(person), secret=secret)
            person.came(FAMILY, outcome)
        case "withdrawn":
            made = _child(person, clock.today() - timedelta(days=365 * 5))
            person.later(45, lambda: _removed(person, made))
        case "own yes at fifteen":
            _until_fifteen(person)
        case "customer at eighteen":
            _until_eighteen(person)
        case _:
            made = _accepted(person, _signs_in(person), clock.today() - timedelta(days=365 * 40))
            person.later(45, lambda: _regretted(person, made, outcome))


def _controller(person: Person) -> Controller:
    return Controller.objects.get(pk=person.world.controller_id)


def _invited(person: Person) -> str:
    return journey.invite(controller=_controller(person), subject_id=person.subject_id, name="Kari", relation="partner")


def _child(person: Person, born: date) -> FamilyMember:
    return journey.add_child(
        controller=_controller(person),
        subject_id=person.subject_id,
        given="Ola",
        surname="Li",
        born=born.isoformat(),
        agreed=True,
        wording="x",
    )


def _signs_in(person: Person) -> int:
    """Somebody else with a sign-in of their own."""
    world = person.world
    with world.scope(family.ACTIVITY) as scope:
        subject = parties.create_subject(scope=scope, register_id=world.register_id)
        parties.open_account(scope=scope, subject_id=subject, register_id=world.register_id, at=clock.now())
    return subject


def _accepted(person: Person, subject: int, born: date) -> FamilyMember:
    secret = _invited(person)
    return family_link.accept(
        controller=_controller(person), subject_id=subject, secret=secret, born=born.isoformat(), wording="x"
    )


def _removed(person: Person, made: FamilyMember) -> None:
    journey.remove(controller=_controller(person), subject_id=person.subject_id, member_id=made.id)
    person.came(FAMILY, "withdrawn")


def _regretted(person: Person, made: FamilyMember, outcome: str) -> None:
    journey.withdraw(controller=_controller(person), subject_id=made.subject_id, member_id=made.id)
    person.came(FAMILY, outcome)


def _until_fifteen(person: Person) -> None:
    """A parent's yes holds until the day the child decides; from then on the child's own alone, by its own sign-in."""
    age = family.consent_age(controller_id=person.world.controller_id, on=clock.today())
    born = _years_before(clock.today() + _SOON, age)
    made = _child(person, born)

    def decides() -> None:
        with person.world.scope("retention"):  # it may lie in the archive by now
            ended = FamilyMember.objects.filter(subject_id=made.subject_id, id=made.id, end_reason=FamilyEnd.OF_AGE)
            if not ended.exists():
                return  # the parent has withdrawn the yes, or left
        if agreed(person) is None:
            return
        _accepted(person, _signs_in(person), born)
        person.came(FAMILY, "own yes at fifteen")

    person.later(_SOON.days + 1, lambda: None, after=True)  # a night in which the child is let go
    person.later(_SOON.days + 9, decides)


def _until_eighteen(person: Person) -> None:
    """Who is helped by their own yes cannot subscribe until eighteen; then a customer, and in nobody's family."""
    world, subject = person.world, _signs_in(person)
    born = _years_before(clock.today() + _SOON, ADULT)
    made = _accepted(person, subject, born)

    def subscribed() -> Agreement:
        with world.scope(agreements.ACTIVITY, subject) as scope:
            fact = parties.NewFact("birth_date", "birth_date", born.isoformat())
            parties.record_facts(
                scope=scope,
                subject_id=subject,
                controller_id=world.controller_id,
                facts=[fact],
                source="data_subject",
                at=clock.now(),
            )
            return agreements.subscribe(
                scope=scope, subject_id=subject, product=product(world), payer=Payer.CUSTOMER, at=clock.now()
            )

    def grown() -> None:
        own = subscribed()
        journey.withdraw(controller=_controller(person), subject_id=subject, member_id=made.id)
        person.came(FAMILY, "customer at eighteen")
        person.later(200, lambda: leave(own), after=True)

    def leave(own: Agreement) -> None:
        with world.scope(agreements.ACTIVITY, subject) as scope:
            ended = agreements.end(scope=scope, agreement=own, at=clock.now())
            parties.end_relationship(
                scope=scope,
                subject_id=subject,
                controller_id=world.controller_id,
                kind=agreements.CUSTOMER,
                ended=ended.ends or clock.today(),
                reason="own_wish",
            )

    try:
        subscribed()
    except ServiceError as refused:
        if refused.code != "too-young":
            raise
    else:
        raise LookupError("somebody under eighteen has subscribed")
    person.later(_SOON.days, grown)


def _years_before(day: date, years: int) -> date:
    """A day of birth with which that age is reached by then, at most three days before."""
    return date(day.year - years, day.month, min(day.day, 28))


ACTS = {
    FAMILY: Act(
        relative,
        {family.ACTIVITY: ("family",), agreements.ACTIVITY: ("relationship",)},
        ("own yes at fifteen", "customer at eighteen", "withdrawn", "accepted", "declined", "not answered"),
    )
}
