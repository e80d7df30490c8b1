"""Visitors of a reception in `tillit simulate` (H10): they leave by themselves, or the day ends."""

import random

from tillit.declaration.models import Controller
from tillit.declaration.simulated import Act, Person
from tillit.office.reception import operations

VISIT = "reception_visit"


def visit(person: Person, rng: random.Random) -> None:
    """Somebody comes, and goes."""
    outcome, controller = person.turn(VISIT), Controller.objects.get(pk=person.world.controller_id)
    arrived = operations.check_in(controller=controller, name="Kari Li")
    if outcome == "checked out":
        operations.check_out(controller=controller, badge=arrived.badge)
    person.came(VISIT, outcome)


ACTS = {VISIT: Act(visit, {operations.ACTIVITY: ("reception_visit",)}, ("checked out", "forgot"))}
NIGHTLY = (operations.end_the_day,)
