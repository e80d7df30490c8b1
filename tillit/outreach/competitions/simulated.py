"""Competitions in `tillit simulate` (H10): entered, drawn, won or lost, the prize sent."""

import random
from datetime import timedelta

from tillit.declaration.models import Controller
from tillit.declaration.simulated import Act, Person
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.outreach.competitions import entering, operations
from tillit.outreach.competitions.confirming import Entrant
from tillit.outreach.competitions.models import Entry

COMPETITION = "competition"


def compete(person: Person, rng: random.Random) -> None:
    """Three enter, one wins; the list is closed and drawn weeks after."""
    person.turn(COMPETITION)
    world, controller = person.world, Controller.objects.get(pk=person.world.controller_id)
    said = {"title": "x", "about": "x", "question": ""}
    content = operations.Content(
        texts={"nb": said}, correct="", announced="", announced_at=None, winners=1, members_only=False,
        closes_at=clock.now() + timedelta(days=20),
    )  # fmt: skip
    with Scope(world.actor, operations.ACTIVITY) as scope:
        held = operations.create(scope=scope, controller=controller, content=content)
        operations.open_now(scope=scope, competition=held)
    held.refresh_from_db()
    for number in range(3):
        who = Entrant(name="Kari Li", email=f"s{held.pk}-{number}@x.example")
        entering.enter(competition=held, who=who, wording="0" * 64)

    def draw() -> None:
        operations.close_list(competition=held)
        with Scope(world.actor, operations.ACTIVITY) as scope:
            drawn = operations.draw(scope=scope, competition=held)
            mine = Entry.objects.filter(controller_id=world.controller_id, competition_id=held.pk)
            won = mine.filter(won__isnull=False).first()
            if won is not None:
                operations.prize_sent(scope=scope, competition=held, entry_id=won.id)
        person.came(COMPETITION, "won" if drawn else "nobody left")
        person.came(COMPETITION, "lost")

    person.later(21, draw, after=True)


ACTS = {COMPETITION: Act(compete, {operations.ACTIVITY: ("competition_entry",)}, ("won", "lost"))}
NIGHTLY = (operations.follow_everywhere,)
