"""The employees there are, and what is kept of one (H16). In a scope of `employment`, or in the person's own."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import F, QuerySet

from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.office.employees import records
from tillit.office.employees.models import EmploymentRecord
from tillit.office.employees.operations import KIND
from tillit.parties.models import Fact, Relationship, SealedFact


@dataclass(frozen=True)
class Employee:
    """Somebody who works, or has worked, here. ended: the first day after. facts: kind → value."""

    number: int
    subject_id: int
    started: date
    ended: date | None
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def last_day(self) -> date | None:
        """The last day, where it has ended."""
        return self.ended - timedelta(days=1) if self.ended else None

    @property
    def may_stay(self) -> bool:
        """Whether there is an end that is still to come, which may be taken back."""
        return self.ended is not None and self.ended > clock.today()

    @property
    def name(self) -> str:
        """The name."""
        return f"{self.facts.get('name.given', '')} {self.facts.get('name.family', '')}".strip()


@dataclass(frozen=True)
class Kept:
    """A record, opened, with its number."""

    id: int
    entry: records.Entry


@dataclass(frozen=True)
class File:
    """All that is kept of an employee. sealed: kind → the last four digits of an account, '' of an identity number."""

    employee: Employee
    sealed: dict[str, str]
    positions: list[Kept]
    salaries: list[Kept]
    absences: list[Kept]


def of(*, controller: Controller) -> QuerySet[Relationship]:
    """Every employment: those that go on first."""
    rows = Relationship.objects.filter(controller_id=controller.pk, kind=KIND)
    return rows.order_by(F("ended").desc(nulls_first=True), "-started", "subject_id")


def listed(rows: Sequence[Relationship]) -> list[Employee]:
    """The employees, in the order given, with their names."""
    facts = _facts([row.subject_id for row in rows])
    return [Employee(row.id, row.subject_id, row.started, row.ended, facts.get(row.subject_id, {})) for row in rows]


def file_of(*, controller: Controller, subject_ids: Collection[int]) -> File | None:
    """What is kept of one employee (of all their subjects, where they are merged); None of anybody else."""
    tie = of(controller=controller).filter(subject_id__in=subject_ids).first()
    if tie is None:
        return None
    known: dict[str, str] = {}
    for one in _facts(subject_ids).values():
        known |= one
    sealed = SealedFact.objects.filter(subject_id__in=subject_ids, superseded_at__isnull=True)
    rows = EmploymentRecord.objects.filter(
        subject_id__in=subject_ids, controller_id=controller.pk, superseded_at__isnull=True
    )
    kept = [Kept(row.id, records.opened(row)) for row in rows]
    kept.sort(key=lambda one: (one.entry.first, one.id), reverse=True)
    by_kind = {kind: [one for one in kept if one.entry.kind == kind] for kind in records.Kind}
    return File(
        Employee(tie.id, tie.subject_id, tie.started, tie.ended, known),
        dict(sealed.values_list("kind", "last_four")),
        by_kind[records.Kind.POSITION],
        by_kind[records.Kind.SALARY],
        by_kind[records.Kind.ABSENCE],
    )


def _facts(subject_ids: Collection[int]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    rows = Fact.objects.filter(subject_id__in=list(subject_ids), superseded_at__isnull=True)
    for subject, kind, value in rows.values_list("subject_id", "kind", "value"):
        found.setdefault(subject, {})[kind] = value
    return found
