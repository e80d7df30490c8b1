"""Seminars in `tillit simulate` (H10): places taken, waited for, given up; who was there, who was not."""

import random
from datetime import timedelta

from tillit.declaration.models import Controller
from tillit.declaration.simulated import Act, Person
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.outreach.seminars import editing, operations, places
from tillit.outreach.seminars.models import Standing

SEMINAR = "seminar"
_OUTCOMES = ("there", "not there", "left", "waited")


def meet(person: Person, rng: random.Random) -> None:
    """A seminar with two places, for which four sign up; one gives the place up, who waits takes it."""
    person.turn(SEMINAR)
    world, controller, now = person.world, Controller.objects.get(pk=person.world.controller_id), clock.now()
    content = editing.Content(
        texts={"nb": {"title": "x", "about": "x"}}, place="x", link="", material="", capacity=2,
        starts_at=now + timedelta(days=30), ends_at=now + timedelta(days=30, hours=2),
        signup_until=now + timedelta(days=20),
    )  # fmt: skip
    with Scope(world.actor, operations.ACTIVITY) as scope:
        held = editing.create(scope=scope, controller=controller, content=content)
        editing.publish(scope=scope, seminar=held)
    held.refresh_from_db()
    rows = [
        operations.sign_up_stranger(
            seminar=held, who=operations.Participant(name="Kari Li", email=f"s{held.pk}-{number}@x.example")
        )
        for number in range(4)
    ]
    operations.leave(seminar=held, subject_id=rows[0].subject_id)

    def tick() -> None:
        with Scope(world.actor, operations.ACTIVITY) as scope:
            signed = list(places.rows(held))
            with_place = [row.id for row in signed if row.standing == Standing.PLACE]
            operations.tick(scope=scope, seminar=held, there={*with_place[:1]}, shown={*with_place})
        for outcome in _OUTCOMES:
            person.came(SEMINAR, outcome)

    person.later(31, tick, after=True)


ACTS = {SEMINAR: Act(meet, {operations.ACTIVITY: ("seminar",)}, _OUTCOMES)}
NIGHTLY = (operations.follow_everywhere,)
