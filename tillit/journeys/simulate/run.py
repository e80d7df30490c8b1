"""The run: from event to event and due date to due date, and what was found on each day."""

import heapq
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from importlib import import_module
from time import monotonic, sleep
from typing import Any
from zoneinfo import ZoneInfo

from tillit.audit import queries
from tillit.audit.operations import link
from tillit.declaration import registry
from tillit.declaration.enforce import enforce_grants
from tillit.declaration.models import Controller
from tillit.declaration.publish import publish
from tillit.declaration.queries import current, holder_of
from tillit.declaration.schema import Declaration
from tillit.declaration.simulated import Do, Person, World
from tillit.journeys.simulate import life, watch
from tillit.kernel import clock
from tillit.parties.models import Subject
from tillit.privacy import retention

START = date(2025, 1, 1)
NOON = time(12)
DAY = timedelta(days=1)
_PATIENCE = 120.0  # seconds
Progress = Callable[[str, int, int], None]


@dataclass
class Report:
    """What a simulation found. overdue: rows due and still there after a run, by day, controller, table and category;
    early: rows that a run took though they were not due; both empty when every promise held. outcomes: how often each
    came of what people had done (`act: outcome`); missing: those that did not, for want of people or years.
    """

    years: int
    people: int
    controllers: int
    first: date
    last: date
    days_visited: int = 0
    due_dates: int = 0
    runs: int = 0
    acts: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    missing: list[str] = field(default_factory=list)
    disposed: Counter[str] = field(default_factory=Counter)
    rows_left: int = 0
    overdue: list[dict[str, Any]] = field(default_factory=list)
    early: list[dict[str, Any]] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Whether nothing was overdue and nothing went ahead of its day."""
        return not self.overdue and not self.early

    def as_json(self) -> dict[str, Any]:
        """One object; days as ISO dates."""
        found = asdict(self) | {"kept": self.kept, "first": self.first.isoformat(), "last": self.last.isoformat()}
        return found | {"acts": dict(self.acts), "outcomes": dict(self.outcomes), "disposed": dict(self.disposed)}


def declare(declarations: Iterable[tuple[Declaration, str]]) -> None:
    """Publish (declaration, source text) of each, as of the day the simulation starts."""
    with clock.travel(START):
        for declared, text in declarations:
            early = declared.model_copy(update={"effective": min(declared.effective, START)})
            publish(declaration=early, source_text=text, at=clock.now(), recompile=False)
        enforce_grants(on=START)


def simulate(
    *,
    years: int,
    people: int,
    seed: int = 1,
    acts: Collection[str] | None = None,
    progress: Progress = lambda phase, done, total: None,
) -> Report:
    """Live `years` years with `people` people a controller, under the declarations that are published here.

    acts: of what they could do, only that.
    """
    rng, end = random.Random(seed), date(START.year + years, START.month, START.day)  # noqa: S311 (no secret)
    worlds = _worlds(acts)
    report = Report(years, people * len(worlds), len(worlds), START, end)
    agenda = _agenda(worlds, people, rng, end)
    coming: dict[date, list[tuple[Person, Do]]] = {}
    days, waiting = [START], {START}
    while days:
        on = heapq.heappop(days)
        touched: dict[int, Person] = {}
        with clock.travel(datetime.combine(on, NOON, ZoneInfo(clock.DEFAULT_ZONE))):
            for person, act in agenda.pop(on, []):
                _do(person, act, rng, report)
                touched[id(person)] = person
            for person, do in coming.pop(on, []):
                if _is_known(person):
                    do(person, rng)
                    touched[id(person)] = person
            for person in touched.values():
                for later, do in person.coming:
                    coming.setdefault(on + DAY * later, []).append((person, do))
                person.coming.clear()
            _night()
            _link()
            before = watch.look(on)
            _retain(report)
            found = watch.look(on)
            late, entering = watch.archives(on)
        _judge(report, on, before, found, late)
        for due in {seen.next_due for seen in found.values()} | {entering}:
            if due is not None and due <= end:
                report.due_dates += _visit(days, waiting, [due - DAY, due, due + DAY], on)
        _visit(days, waiting, [day for day in (min(agenda, default=end), min(coming, default=end)) if day < end], on)
        report.days_visited += 1
        report.rows_left = sum(seen.rows for seen in found.values())
        progress("live", (on - START).days, (end - START).days)
    report.outcomes = Counter({f"{act}: {one}": n for world in worlds for (act, one), n in world.came.items()})
    report.missing = sorted({one for world in worlds for one in world.missing()})
    return report


def _night() -> None:
    """What happens by itself every night before retention runs: what the days in rows mean."""
    for module in map(import_module, registry.SIMULATED):
        for work in getattr(module, "NIGHTLY", ()):
            work()


def _link() -> None:
    """Link every event: only those that are can go. What some transaction on the server is older than waits for it."""
    until = monotonic() + _PATIENCE
    link()
    while any(queries.window(controller=one)[0] for one in queries.controllers()) and monotonic() < until:
        sleep(0.2)
        link()


def _worlds(acts: Collection[str] | None) -> list[World]:
    found = [
        life.world_of(one.pk, holder_of(controller_id=one.pk), one.register_id, current(controller_id=one.pk, on=START))
        for one in Controller.objects.order_by("id")
        if one.versions.exists()
    ]
    worlds = [world for world in found if world is not None]
    known = dict(life.ACTS)
    for module in map(import_module, registry.SIMULATED):
        known |= module.ACTS
    known = {key: act for key, act in known.items() if acts is None or key in acts}
    for world in worlds:
        world.acts = {key: act for key, act in known.items() if act.under(world.declaration)}
    return worlds


def _agenda(worlds: list[World], people: int, rng: random.Random, end: date) -> dict[date, list[tuple[Person, str]]]:
    """day → who does what. Days are drawn few enough that people share them; on each of theirs people do so much that
    every outcome of every act comes up.
    """
    whole = (end - START).days
    shared = sorted({START + DAY * rng.randrange(whole) for _ in range(max(8, people * 2))})
    agenda: dict[date, list[tuple[Person, str]]] = {}
    number = 0
    for world in worlds:
        deck = [key for key, act in world.acts.items() for _ in range(max(1, len(act.outcomes)))]
        at_once = min(12, max(1, -(-2 * len(deck) // (5 * people))))
        drawn = _drawn(deck, rng)
        for _ in range(people):
            number += 1
            person = Person(world, number)
            mine = sorted(rng.sample(shared, min(len(shared), rng.randrange(4, 12))))
            middle = len(mine) // 2 if len(mine) > 5 and rng.random() < 0.5 else 0
            for place, day in enumerate(mine):
                if place in (0, middle + 1):
                    plan = ["join"] if place == 0 or middle else []
                elif place in (middle, len(mine) - 1):
                    plan = ["leave"]
                else:
                    plan = []
                agenda.setdefault(day, []).extend(
                    (person, act) for act in plan or [next(drawn) for _ in range(at_once)]
                )
    return agenda


def _drawn(deck: list[str], rng: random.Random) -> Iterator[str]:
    """Each card of the deck before any comes again."""
    while True:
        yield from rng.sample(deck, len(deck))


def _do(person: Person, act: str, rng: random.Random, report: Report) -> None:
    """Do it, if the person is where it can be done; some things are also done by who has left."""
    if act == "join":
        if person.inside:
            return
        life.join(person, rng)
    elif act == "leave":
        if not person.inside:
            return
        life.leave(person, rng)
    elif person.inside or person.world.acts[act].after:
        person.world.acts[act].do(person, rng)
        if act == "buy":
            life.correct(person, rng) if rng.random() < 0.3 else life.looked_up(person, rng)
    else:
        return
    person.counted[act] += 1
    report.acts[act] += 1


def _is_known(person: Person) -> bool:
    """Whether anything is left of the person that something can still be done about."""
    return Subject.objects.filter(pk=person.subject_id).exists()


def _retain(report: Report) -> None:
    run = retention.run()
    for row in run.results.all():
        report.disposed[row.disposal] += row.rows
    report.runs += 1


def _judge(
    report: Report, on: date, before: dict[watch.Cell, watch.Seen], after: dict[watch.Cell, watch.Seen], late: int
) -> None:
    """After a run nothing is due that is not held, and nothing has gone but what was due before it."""
    report.overdue += [_where(on, cell, seen.overdue) for cell, seen in after.items() if seen.overdue]
    if late:
        where = {"controller": "", "table": "", "category": "archive"}
        report.overdue.append({"day": on.isoformat(), **where, "rows": late})
    left = {cell: after[cell].rows if cell in after else 0 for cell in before}
    shrunk = {cell[1] for cell, seen in before.items() if left[cell] < seen.rows}
    for cell, seen in before.items():
        too_many = seen.rows - seen.overdue - left[cell]
        # Rows that stay with others of the person go in the same run as those.
        if too_many > 0 and not seen.rests_on & shrunk:
            report.early.append(_where(on, cell, too_many))


def _where(on: date, cell: watch.Cell, rows: int) -> dict[str, Any]:
    key = Controller.objects.values_list("key", flat=True).get(pk=cell[0])
    return {"day": on.isoformat(), "controller": key, "table": cell[1], "category": cell[2], "rows": rows}


def _visit(days: list[date], waiting: set[date], wanted: Iterable[date], on: date) -> int:
    """Put days on the way that are not there yet; how many."""
    new = [day for day in wanted if day > on and day not in waiting]
    for day in new:
        waiting.add(day)
        heapq.heappush(days, day)
    return len(new)
