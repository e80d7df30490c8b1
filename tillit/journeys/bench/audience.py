"""`tillit bench audience`: a set by consent, objection and three conditions, beside the same SQL by hand (issue 9).

The set is counted as the console counts it: one statement under row security, with the reason for everybody left out.
By hand it is one number, asked by the tables' owner, whom no policy binds. Both must be the same number.
"""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

from tillit.declaration.models import Controller
from tillit.declaration.vocabulary import category_id
from tillit.journeys.bench import Figure, Result, world
from tillit.journeys.bench.machine import peak_megabytes, processors
from tillit.journeys.bench.place import hold_server, require, settle
from tillit.kernel import clock
from tillit.kernel.sql import load
from tillit.outreach.campaigns import queries
from tillit.platform import database

NAME = "audience"
ACTIVITY, CHANNEL = "newsletter", "email"
SEGMENT: dict[str, Any] = {
    "all": [
        {"fact": "interest", "value": "dining"},
        {"not": {"fact": "interest", "value": "home"}},
        {"fact": "related_for", "value": 100},
    ]
}
_TABLES = ("parties_relationship", "parties_fact", "consent_choice", "messages_message")
Tell = Callable[[str], None]


def people(*, count: int) -> Controller:
    """Members of the example operator with consents, interests and addresses for newsletters."""
    world.publish_examples()
    club = Controller.objects.get(key="rundtur")
    world.people(register_id=club.register_id, count=count)
    given: dict[str, Any] = {
        "controller": club.pk,
        "register": club.register_id,
        "today": clock.today(),
        "contact": category_id("marketing_contact"),
        "interest": category_id("interest"),
    }
    with database.connect("owner", autocommit=True) as owner:
        for name in ("relationships", "facts", "choices"):
            owner.execute(load(__file__, "audience", name), given)
    settle(*_TABLES)
    return club


def run(*, count: int, runs: int = 5, tell: Tell) -> Result:
    """Measure and report. In a process whose database is `place.DATABASE`. Raises `BenchError`."""
    tell(f"{count:,} members with consents, interests and addresses")
    club = people(count=count)
    hold_server(logged=_TABLES, secured=_TABLES)
    given = {"controller": club.pk, "today": clock.today()}
    ours, theirs, reached, counted = [], [], 0, 0
    with database.connect("owner", autocommit=True) as owner:
        for _ in range(runs):
            began = perf_counter()
            size = queries.size(controller=club, activity=ACTIVITY, channel=CHANNEL, segment=SEGMENT)
            ours.append(perf_counter() - began)
            began = perf_counter()
            row = owner.execute(load(__file__, "audience", "by_hand"), given).fetchone()
            theirs.append(perf_counter() - began)
            reached, counted = size.reached, row[0] if row else 0
    require(reached == counted, f"{reached} here, {counted} by hand")
    require(0 < reached < count, "the conditions leave out nobody or everybody")
    mine, hand = median(ours), median(theirs)
    figures = {
        "people": Figure(count, "people"),
        "reached": Figure(reached, "people"),
        "seconds": Figure(round(mine, 3), "s"),
        "seconds_by_hand": Figure(round(hand, 3), "s"),
        "peak_memory": Figure(peak_megabytes(), "MB"),
        "processors": Figure(processors(), "processors"),
    }
    bound = "PostgreSQL: relationships, choices and facts read under row security, and hash joins of them"
    return Result(NAME, {"same_sql_by_hand": round(mine / hand, 3)}, figures, bound)
