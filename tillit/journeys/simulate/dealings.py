"""What passes between people and a controller: enquiries and their answers, notices, data given to others."""

import random

from tillit.cases import attachments, customers, operations, queries
from tillit.cases.models import Case
from tillit.declaration.simulated import Person
from tillit.disclosure.errors import DisclosureRefusedError
from tillit.disclosure.operations import disclose
from tillit.journeys.enquiries.acting import ACTIVITY
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.messages import operations as messages
from tillit.messages.templates import FREE
from tillit.privacy.breach import operations as breaches

_PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


def ask(person: Person, rng: random.Random) -> None:
    """Ask or complain, with a file now and then; the words come by mail."""
    world, at = person.world, clock.now()
    declared = world.declaration.activity(ACTIVITY)
    if declared is None or not {"enquiry", "*"} & {*declared.records}:
        return
    kind = rng.choice(customers.KINDS)
    category = customers.category_of(kind, world.declaration)
    if not {category, "*"} & {*declared.records}:
        return
    with world.scope(ACTIVITY, person.subject_id) as scope:
        case = operations.open_case(
            scope=scope,
            subject_id=person.subject_id,
            controller_id=world.controller_id,
            kind=kind,
            channel="email",
            at=at,
            fields={"subject": f"x{rng.randrange(10**9)}"},
            category=category,
        )
        messages.receive(
            scope=scope,
            subject_id=person.subject_id,
            controller_id=world.controller_id,
            channel="email",
            subject="x",
            text="x",
            at=at,
            case_id=case.id,
        )
        if rng.random() < 0.3:
            attachments.add(scope=scope, case=case, body=_PDF, at=at)


def finish(person: Person, rng: random.Random) -> None:
    """The oldest open enquiry is answered and closed; a closed one is opened again now and then."""
    world = person.world
    if world.declaration.activity(ACTIVITY) is None:
        return
    with world.scope(ACTIVITY, person.subject_id) as scope:
        mine = queries.of_person(subject_id=person.subject_id).filter(kind__in=customers.KINDS)
        open_ones = mine.filter(closed_at__isnull=True).order_by("received_at", "id")
        case: Case | None = open_ones.first()
        if case is not None:
            operations.take(scope=scope, case=case, step="closed", at=clock.now(), outcome="answered")
        elif rng.random() < 0.3 and (again := mine.first()) is not None:
            operations.take(scope=scope, case=again, step="reopened", at=clock.now())


def notify(person: Person, rng: random.Random) -> None:
    """A notice that is no marketing, shown on Min side at once."""
    world = person.world
    declared = world.declaration.activity("important_notices")
    if declared is None or not {"message", "*"} & {*declared.records}:
        return
    with world.scope("important_notices", person.subject_id) as scope:
        messages.send_many(
            scope=scope,
            controller_id=world.controller_id,
            template=FREE,
            people={person.subject_id: {"subject": "x", "text": "x"}},
            at=clock.now(),
            channels=["web"],
        )


def disclosed(person: Person, rng: random.Random) -> None:
    """Data goes to one of those the declaration names, for an activity that may give it."""
    world = person.world
    ways = [
        (activity.key, recipient.key, sorted({*recipient.categories} & world.declaration.named(activity)))
        for activity in world.declaration.activities
        for recipient in world.declaration.recipients
        if recipient.key in activity.recipients
    ]
    ways = [way for way in ways if way[2]]
    if not ways:
        return
    activity, recipient, categories = rng.choice(ways)
    try:
        with world.scope(activity, person.subject_id) as scope:
            disclose(
                scope=scope,
                subject_id=person.subject_id,
                controller_id=world.controller_id,
                recipient=recipient,
                fields=dict.fromkeys(categories, "x"),
                at=clock.now(),
            )
    except DisclosureRefusedError:
        return  # not for this person, or not without their own yes


def affect(person: Person, rng: random.Random) -> None:
    """A breach that concerns the person is found, and dealt with the next time."""
    world = person.world
    actor, at = world.scope("breach_handling", person.subject_id).actor, clock.now()
    try:
        breach = breaches.register(
            actor=actor, controller_id=world.controller_id, what="x", at=at, known_at=at, categories=["contact"]
        )
        breaches.affect(actor=actor, breach=breach, subject_ids=[person.subject_id], at=at)
        breaches.assess(actor=actor, breach=breach, risk="none", at=at)
        breaches.close(actor=actor, breach=breach, at=at, lessons="x")
    except TillitError as refused:
        if refused.code != "not-affected":
            raise
