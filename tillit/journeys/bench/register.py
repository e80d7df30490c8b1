"""`tillit bench register`: a union's whole register from a file, beside bare COPY of the same file (issue 6).

Files of the same members: the first load, the very same file again, the same rows in another file, and one in which a
member in fifty has moved house. The conditions (logged tables, fsync, row-level security, audit) are looked up in the
running database, and the register is counted before anything is reported.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tillit.audit.models import Event
from tillit.declaration.enforce import enforce_grants
from tillit.declaration.loader import load
from tillit.declaration.models import Controller
from tillit.declaration.publish import publish
from tillit.journeys.bench import Figure, Result
from tillit.journeys.bench.bare import bare_copy
from tillit.journeys.bench.machine import Cost, peak_megabytes, processors
from tillit.journeys.bench.place import hold_server, require, settle
from tillit.journeys.demo import union_members
from tillit.journeys.demo.union_members import Change
from tillit.journeys.register.importing import Outcome, import_file
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.membership.models import Membership
from tillit.parties.models import Fact, SealedFact
from tillit.platform import paths

NAME = "register"
MEMBERS, ONE_IN = 1_000_000, 50
_UNION = "lyngheim"
_LOGGED = ("membership_period", "membership_cover", "parties_fact", "parties_sealed_fact", "parties_relationship")
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """One file taken in, and what it did."""

    cost: Cost
    done: Outcome


def run(*, members: int = MEMBERS, tell: Tell) -> Result:
    """Measure and report. In a process whose database is `place.DATABASE`, made by `place.prepared`.

    Raises `BenchError` when a condition does not hold or the register is not what the file says.
    """
    union = _union()
    with tempfile.TemporaryDirectory(dir=paths.ensure_var(), prefix="bench-") as folder:
        tell(f"writing {members:,} members, twice")
        whole = union_members.write(Path(folder) / "whole.csv", members=members)
        later = union_members.write(Path(folder) / "later.csv", members=members, change=Change(ONE_IN))
        tell("bare COPY")
        copied = bare_copy(whole, separator=";")
        settle(*_LOGGED)
        tell("first load")
        first = _measure(union, whole)
        peak = peak_megabytes()
        settle(*_LOGGED)
        tell("the same file again")
        again = _measure(union, whole)
        tell("the same rows in another file")
        with whole.open("rb") as source, (other := Path(folder) / "other.csv").open("wb") as copy:
            copy.write(b"\xef\xbb\xbf")
            shutil.copyfileobj(source, copy)
        resent = _measure(union, other)
        tell("one in fifty changed")
        changed = _measure(union, later)
    runs = {
        "first_load": first,
        "unchanged_repeat": again,
        "same_rows_sent_anew": resent,
        "two_percent_changed": changed,
    }
    _hold(union, members, runs)
    return _result(members, copied, runs, peak)


def _union() -> Controller:
    path = paths.root() / "examples" / "union_benefits" / f"{_UNION}.yaml"
    publish(declaration=load(path)[0], source_text=path.read_text("utf-8"), at=clock.now(), recompile=False)
    enforce_grants()
    union = Controller.objects.get(key=_UNION)
    union_members.found(controller_id=union.pk)
    return union


def _measure(union: Controller, path: Path) -> Run:
    before = Cost.now()
    done = import_file(path=path, controller=union, full=True)
    return Run(Cost.now() - before, done)


def _hold(union: Controller, members: int, runs: dict[str, Run]) -> None:
    """Raise `BenchError` unless the stated conditions hold and the register is what the files say."""
    hold_server(logged=(*_LOGGED, "audit_event"), secured=_LOGGED)
    first, *same, changed = (one.done.difference for one in runs.values())
    require(first.joins == members, f"{first.joins:,} of {members:,} joined: {dict(first.reasons)}")
    for again in same:
        did = (again.unchanged, again.joins, again.changed, again.ending)
        require(did == (members, 0, 0, 0), "a repeat did something")
    require(changed.fields == {"address.street": members // ONE_IN}, "another than the addresses changed")
    with Scope(system("bench", {union.pk}), "register_import"):
        require(Membership.objects.filter(ends=None).count() == members, "memberships are missing")
        require(SealedFact.objects.count() == members, "national numbers are missing")
        require(Fact.objects.filter(superseded_at=None).count() == members * 8, "facts are missing")
    with Scope(system("bench", {union.pk}), "security_log"):
        require(Event.objects.filter(type="import.batch").count() == 3, "a file left no audit event")


def _result(members: int, copied: float, runs: dict[str, Run], peak: int) -> Result:
    first, resent = runs["first_load"], runs["same_rows_sent_anew"]
    ratios = {f"bare_copy_{name}": one.cost.wall / copied for name, one in runs.items()}
    each = 1e6 / members
    figures = {
        "members": Figure(members, "rows"),
        **{name: Figure(round(members / one.cost.wall), "rows/s") for name, one in runs.items()},
        "bare_copy": Figure(round(members / copied), "rows/s"),
        "seconds_first_load": Figure(round(first.cost.wall, 2), "s"),
        "busy_first_load": Figure(round(100 * first.cost.busy), "%"),
        "cpu_python_first_load": Figure(round(first.cost.ours * each, 1), "µs/member"),
        "cpu_postgresql_first_load": Figure(round(first.cost.server * each, 1), "µs/member"),
        "cpu_python_same_rows": Figure(round(resent.cost.ours * each, 1), "µs/member"),
        "peak_memory": Figure(peak, "MB"),
        "processors": Figure(processors(), "processors"),
    }
    return Result(NAME, {name: round(ratio, 3) for name, ratio in ratios.items()}, figures, _bound(first, members))


def _bound(first: Run, members: int) -> str:
    ours, server = (1e6 * part / members for part in (first.cost.ours, first.cost.server))
    if not first.cost.server:
        return "not known: the server is another machine"
    return (
        f"{processors()} processors {100 * first.cost.busy:.0f} % busy, {server:.0f} µs a new member in PostgreSQL"
        f" (some sixteen rows with their indexes, links and log) and {ours:.0f} µs in Python (reading, checking, three"
        " digests, a data key and sealing)"
    )
