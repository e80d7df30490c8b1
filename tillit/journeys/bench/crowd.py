"""People for the benchmarks of rights and retention: members of the example coalition, each with ten facts."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from tillit.declaration.models import Controller
from tillit.declaration.vocabulary import category_id
from tillit.journeys.bench import world
from tillit.journeys.bench.place import settle
from tillit.kernel import clock
from tillit.kernel.scope import Actor, system
from tillit.kernel.sql import load
from tillit.platform import database

EACH = 10
_JOINING = "membership_administration"
_FACTS = (
    ("identity", "name.given", "Kari", "", _JOINING),
    ("identity", "name.family", "Li", "sen", _JOINING),
    ("contact", "email", "p", "@example.org", _JOINING),
    ("contact", "phone", "+479", "", _JOINING),
    ("contact", "address.street", "Havnegata ", "", _JOINING),
    ("contact", "address.postal_code", "8", "", _JOINING),
    ("birth_date", "birth_date", "1950-01-01", "", _JOINING),
    ("interest", "interest.sport", "ski ", "", "newsletter"),
    ("interest", "interest.travel", "fjell ", "", "newsletter"),
    ("interest", "interest.food", "fisk ", "", "newsletter"),
)


@dataclass(frozen=True)
class Crowd:
    """Who there is, and somebody who may carry out their rights."""

    actor: Actor
    controller_id: int
    register_id: int


def build(*, people: int) -> Crowd:
    """Members of the coalition's operator with ten facts each; the same rows once more in tables without Tillit."""
    world.publish_examples()
    return grow(people=people)


def grow(*, people: int) -> Crowd:
    """So many more of them."""
    holder = Controller.objects.get(key="rundtur")
    world.people(register_id=holder.register_id, count=people)
    describe(holder)
    with database.connect("owner", autocommit=True) as owner:
        owner.execute(load(__file__, "crowd", "copies"))
    settle()
    everyone = Controller.objects.filter(register_id=holder.register_id).values_list("pk", flat=True)
    return Crowd(system("bench", everyone), holder.pk, holder.register_id)


def link_alike() -> None:
    """Have the copied people be referred to by as many tables as ours are, which hold nothing of them."""
    with database.connect("owner", autocommit=True) as owner:
        owner.execute(load(__file__, "crowd", "same_links"))


def describe(holder: Controller) -> None:
    """Make everybody in the holder's register a member with ten facts who is not one yet, in two statements."""
    columns = list(zip(*_FACTS, strict=True))
    given: dict[str, Any] = {
        "controller": holder.pk,
        "register": holder.register_id,
        "today": clock.today(),
        "categories": [category_id(key) for key in columns[0]],
    }
    given |= dict(zip(("kinds", "prefixes", "suffixes", "activities"), map(list, columns[1:]), strict=True))
    with database.connect("owner", autocommit=True) as owner:
        owner.execute(load(__file__, "crowd", "relationships"), given)
        owner.execute(load(__file__, "crowd", "facts"), given)


def draw(crowd: Crowd, count: int) -> list[int]:
    """Some members, evenly over the ids; the same ones every time."""
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "crowd", "some"), {"register": crowd.register_id, "count": count})
        return [row[0] for row in cursor.fetchall()]
