"""The seminars there are, and who has signed up (F10)."""

from dataclasses import dataclass

from django.db.models import QuerySet

from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.outreach.seminars import places
from tillit.outreach.seminars.models import Seminar, Signup, Stage, Standing
from tillit.outreach.seminars.operations import ACTIVITY
from tillit.parties.models import Fact


@dataclass(frozen=True)
class Listed:
    """A sign-up with the name and addresses behind it."""

    row: Signup
    name: str
    email: str
    phone: str


def coming(*, controller: Controller) -> QuerySet[Seminar]:
    """What the public may sign up for, or see that it is over soon, the next first."""
    return Seminar.objects.filter(controller=controller, stage=Stage.OPEN, ends_at__gt=clock.now()).order_by(
        "starts_at"
    )


def all_of(*, controller: Controller) -> QuerySet[Seminar]:
    """Every seminar, the latest first."""
    return Seminar.objects.filter(controller=controller).order_by("-starts_at")


def full(seminar: Seminar) -> bool:
    """Whether who signs up now waits."""
    with scope_of(seminar.controller):
        return not places.free(seminar)


def attendance(seminar: Seminar) -> list[Listed]:
    """Everybody who has signed up and not left, in order, with names. In the open scope."""
    rows = [row for row in places.rows(seminar) if row.standing != Standing.LEFT]
    facts: dict[int, dict[str, str]] = {}
    kinds = ("name.given", "name.family", "email", "phone")
    found = Fact.objects.filter(subject_id__in=[r.subject_id for r in rows], kind__in=kinds, superseded_at__isnull=True)
    for subject, kind, value in found.values_list("subject_id", "kind", "value"):
        facts.setdefault(subject, {})[kind] = value
    return [
        Listed(
            row, name_of(facts.get(row.subject_id, {})), *(facts.get(row.subject_id, {}).get(k, "") for k in kinds[2:])
        )
        for row in rows
    ]


def name_of_person(subject_id: int) -> str:
    """The name of one participant, as the open scope sees it; '' for none."""
    kinds = ("name.given", "name.family")
    rows = Fact.objects.filter(subject_id=subject_id, kind__in=kinds, superseded_at__isnull=True)
    return name_of(dict(rows.values_list("kind", "value")))


def name_of(facts: dict[str, str]) -> str:
    """A name from its facts."""
    return f"{facts.get('name.given', '')} {facts.get('name.family', '')}".strip()


def scope_of(controller: Controller, subject_id: int | None = None) -> Scope:
    """The scope in which seminars are read: of one person or of everybody."""
    only = None if subject_id is None else frozenset({subject_id})
    return Scope(system("seminars", {controller.pk}), ACTIVITY, only)
