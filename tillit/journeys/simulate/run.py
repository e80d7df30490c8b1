"""The run: from event to event and due date to due date, and what was found on each day."""

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tillit.audit.operations import link
from tillit.declaration.enforce import enforce_grants
from tillit.declaration.models import Controller
from tillit.declaration.publish import publish
from tillit.declaration.queries import current, holder_of
from tillit.declaration.schema import Declaration
from tillit.journeys.simulate import life, watch
from tillit.journeys.simulate.people import Person, World
from tillit.kernel import clock
from tillit.privacy import retention

START = date(2025, 1, 1)
NOON = time(12)
DAY = timedelta(days=1)
Progress = Callable[[str, int, int], None]


@dataclass
class Report:
    """What a simulation found. overdue: rows due and still there after a run, by day, controller, table and category;
    early: rows that a run took though they were not due; both empty when every promise held.
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
        return found | {"acts": dict(self.acts), "disposed": dict(self.disposed)}


def declare(declarations: Iterable[tuple[Declaration, str]]) -> None:
    """Publish (declaration, source text) of each, as of the day the simulation starts."""
    with clock.travel(START):
        for declared, text in declarations:
            early = declared.model_copy(update={"effective": min(declared.effective, START)})
            publish(declaration=early, source_text=text, at=clock.now(), recompile=False)
        enforce_grants(on=START)


def simulate(*, years: int, people: int, seed: int = 1, progress: Progress = lambda phase, done, total: None) -> Report:
    """Live `years` years with `people` people a controller, under the declarations that are published here."""
    rng, end = random.Random(seed), date(START.year + years, START.month, START.day)  # noqa: S311 (no secret)
    worlds = _worlds()
    report = Report(years, people * len(worlds), len(worlds), START, end)
    agenda = _agenda(worlds, people, rng, end)
    days, waiting = [START], {START}
    while days:
        on = heapq.heappop(days)
        with clock.travel(datetime.combine(on, NOON, ZoneInfo(clock.DEFAULT_ZONE))):
            for person, act in agenda.pop(on, []):
                _do(person, act, rng, report)
            link()  # only events that are linked can go
            before = watch.look(on)
            _retain(report)
            found = watch.look(on)
            late, entering = watch.archives(on)
        _judge(report, on, before, found, late)
        for due in {seen.next_due for seen in found.values()} | {entering}:
            if due is not None and due <= end:
                report.due_dates += _visit(days, waiting, [due - DAY, due, due + DAY], on)
        _visit(days, waiting, [min(agenda)] if agenda else [], on)
        report.days_visited += 1
        report.rows_left = sum(seen.rows for seen in found.values())
        progress("live", (on - START).days, (end - START).days)
    return report


def _worlds() -> list[World]:
    found = [
        life.world_of(one.pk, holder_of(controller_id=one.pk), one.register_id, current(controller_id=one.pk, on=START))
        for one in Controller.objects.order_by("id")
        if one.versions.exists()
    ]
    return [world for world in found if world is not None]


def _agenda(worlds: list[World], people: int, rng: random.Random, end: date) -> dict[date, list[tuple[Person, str]]]:
    """day → who does what. Days are drawn few enough that people share them."""
    whole = (end - START).days
    shared = sorted({START + DAY * rng.randrange(whole) for _ in range(max(8, people * 2))})
    agenda: dict[date, list[tuple[Person, str]]] = {}
    number = 0
    for world in worlds:
        for _ in range(people):
            number += 1
            person = Person(world, number)
            mine = sorted(rng.sample(shared, min(len(shared), rng.randrange(3, 12))))
            plan = ["join", *rng.choices(list(life.ACTS), k=max(0, len(mine) - 2)), "leave"][: len(mine)]
            if len(mine) > 5 and rng.random() < 0.5:
                plan[len(mine) // 2 : len(mine) // 2 + 2] = ["leave", "join"]
            for day, act in zip(mine, plan, strict=True):
                agenda.setdefault(day, []).append((person, act))
    return agenda


def _do(person: Person, act: str, rng: random.Random, report: Report) -> None:
    """Do it, if the person is where it can be done; a claim may be made and closed after leaving, too."""
    if act == "join":
        if person.inside:
            return
        life.join(person, rng)
    elif not person.inside and not (act == "claim" and person.holds):
        return
    elif act == "leave":
        life.leave(person, rng)
    else:
        life.ACTS[act](person, rng)
        if act == "buy":
            life.correct(person, rng) if rng.random() < 0.3 else life.looked_up(person, rng)
    person.counted[act] += 1
    report.acts[act] += 1


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
