"""`tillit bench rights`: access and erasure requests a minute, with few people and with many.

Access is the whole answer (every table, why, source, recipients, periods, readers) as JSON and CSVs, on record.
Erasure is of people who left yesterday: every table asked, law and evidence looked up, what may go gone, the rest told
with its reason, keys, digests, logins and the empty subject looked after, on record and in the journal.

Yardsticks on the same rows: a loop written by hand for these three tables (read and write as JSON; delete in one
transaction), which knows no purpose, period or trail; and django-gdpr-assist in a Python of its own, with few people.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from tillit.journeys.bench import Figure, Result, crowd
from tillit.journeys.bench.errors import BenchError
from tillit.journeys.bench.machine import processors
from tillit.journeys.bench.place import hold_server, require
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.kernel.sql import load
from tillit.parties.models import Fact
from tillit.platform import database
from tillit.privacy import access, erasure, export

NAME = "rights"
ASSIST_DATABASE = "tillit_bench_assist"
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Times:
    """Seconds a request."""

    access: float
    erasure: float


def run(*, people: int, more: int, sample: int, assist: Path | None = None, tell: Tell) -> Result:
    """Measure and report. In a process whose database is `place.DATABASE`, made by `place.prepared`.

    Raises `BenchError` when a condition does not hold or an answer or erasure is not whole.
    """
    tell(f"{people:,} people")
    made = crowd.build(people=people)
    hold_server(logged=["parties_fact", "audit_event"], secured=["parties_fact", "parties_relationship"])
    few, by_hand = _measure(made, sample, tell)
    figures = {
        "access_per_minute": Figure(round(60 / few.access), "requests/min"),
        "erasure_per_minute": Figure(round(60 / few.erasure), "requests/min"),
        "access_by_hand": Figure(round(60 / by_hand.access), "requests/min"),
        "erasure_by_hand": Figure(round(60 / by_hand.erasure), "requests/min"),
        "people": Figure(people, "people"),
        "processors": Figure(processors(), "processors"),
    }
    ratios = {"access_by_hand": few.access / by_hand.access, "erasure_by_hand": few.erasure / by_hand.erasure}
    if assist is not None:
        tell("django-gdpr-assist")
        theirs = _assist(assist, sample)
        ratios |= {
            "access_gdpr_assist": few.access / theirs.access,
            "erasure_gdpr_assist": few.erasure / theirs.erasure,
        }
        figures["access_gdpr_assist"] = Figure(round(60 / theirs.access), "requests/min")
        figures["erasure_gdpr_assist"] = Figure(round(60 / theirs.erasure), "requests/min")
    if more > 1:
        tell(f"{people * more:,} people")
        many, _ = _measure(crowd.grow(people=people * (more - 1)), sample, tell)
        ratios |= {
            f"access_growth_{more}x": many.access / few.access,
            f"erasure_growth_{more}x": many.erasure / few.erasure,
        }
        figures[f"access_per_minute_{more}x"] = Figure(round(60 / many.access), "requests/min")
        figures[f"erasure_per_minute_{more}x"] = Figure(round(60 / many.erasure), "requests/min")
    return Result(NAME, {name: round(ratio, 3) for name, ratio in ratios.items()}, figures, _BOUND)


def _measure(made: crowd.Crowd, sample: int, tell: Tell) -> tuple[Times, Times]:
    asking = crowd.draw(made, sample)
    with database.connect("owner", autocommit=True) as owner:
        owner.execute(load(crowd.__file__, "crowd", "end_relationships"), {"today": clock.today(), "subjects": asking})
    tell("access")
    began = time.monotonic()
    for subject in asking:
        answer = access.collect(actor=made.actor, subject_id=subject, language="nb")
        require(_facts(answer) == crowd.EACH, "an answer is not whole")
        export.as_json(answer)
        export.as_csvs(answer)
    read = time.monotonic() - began
    tell("erasure")
    began = time.monotonic()
    for subject in asking:
        erasure.erase(actor=made.actor, subject_id=subject, ground="no_longer_needed", at=clock.now())
    gone = time.monotonic() - began
    with Scope(made.actor, "rights_requests"):
        require(not Fact.objects.filter(subject_id__in=asking).exists(), "an erasure is not whole")
    tell("by hand")
    return Times(read / sample, gone / sample), _by_hand(asking)


def _facts(answer: dict[str, Any]) -> int:
    return sum(len(part["rows"]) for part in answer["data"] if part["table"] == Fact._meta.db_table)


def _by_hand(asking: list[int]) -> Times:
    began = time.monotonic()
    for subject in asking:
        with connection.cursor() as cursor:
            found = {}
            for name in ("person_facts", "person_relationships"):
                cursor.execute(load(crowd.__file__, "crowd", name), {"subject": subject})
                columns = [column.name for column in cursor.description or ()]
                found[name] = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
            require(len(found["person_facts"]) == crowd.EACH, "the hand-written answer is not whole")
            json.dumps(found, default=str, indent=1)
    read = time.monotonic() - began
    began = time.monotonic()
    for subject in asking:
        with transaction.atomic(), connection.cursor() as cursor:
            for name in ("delete_person_facts", "delete_person_relationships", "delete_person"):
                cursor.execute(load(crowd.__file__, "crowd", name), {"subject": subject})
    return Times(read / len(asking), (time.monotonic() - began) / len(asking))


def _assist(python: Path, sample: int) -> Times:
    """The same facts in a database and process of its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT subject_id, kind, value FROM bench_fact ORDER BY subject_id")
        rows = cursor.fetchall()
    script = Path(__file__).with_name("assist_sample.py")
    done = subprocess.run(  # noqa: S603 (ours)
        [str(python), str(script), str(sample)],
        input="\n".join(json.dumps(row) for row in rows),
        env={**os.environ, "BENCH_DATABASE": json.dumps(database.place(ASSIST_DATABASE).login("owner"))},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise BenchError("bench-assist", (done.stderr.strip().splitlines() or ["no answer"])[-1])
    found = json.loads(done.stdout)
    return Times(found["access"], found["erasure"])


_BOUND = (
    "statements: one or a few for every personal table there is, whether it holds anything of the person or not, each "
    "a round trip and a plan of its own; then Python, writing the answer. Nothing that grows with the number of people"
)
