"""Who applies for work in `tillit simulate` (H10): declined, hired, withdrawn."""

import random

from tillit.declaration.models import Controller
from tillit.declaration.simulated import Act, Person
from tillit.kernel.scope import Scope
from tillit.office.recruitment import operations
from tillit.office.recruitment.models import Application, Stage

APPLICATION = "application"
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"


def apply(person: Person, rng: random.Random) -> None:
    """Somebody applies, is perhaps met, and is answered."""
    outcome, world = person.turn(APPLICATION), person.world
    sent = operations.Applied(
        name="Kari Li", email=f"s{world.turns[APPLICATION]}@x.example", phone="", position="x", letter="x", files=[PDF]
    )
    made = operations.apply(controller=Controller.objects.get(pk=world.controller_id), sent=sent)

    def answer() -> None:
        with Scope(world.actor, operations.ACTIVITY, frozenset({made.subject_id})) as scope:
            if Application.objects.filter(subject_id=made.subject_id, id=made.id).exists():
                operations.move(scope=scope, application=made, stage=Stage(outcome))
        person.came(APPLICATION, outcome)

    person.later(30, answer, after=True)


ACTS = {APPLICATION: Act(apply, {operations.ACTIVITY: ("application",)}, ("declined", "hired", "withdrawn"))}
NIGHTLY = (operations.follow_everywhere,)
