"""The applications there are, with names, and their files (H16). In a scope of recruitment."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, QuerySet

from tillit.declaration.models import Controller
from tillit.office.recruitment.models import Application, ApplicationFile
from tillit.parties.models import Fact


@dataclass(frozen=True)
class Listed:
    """An application with the name and addresses behind it."""

    row: Application
    name: str
    email: str
    phone: str


def of(*, controller: Controller) -> QuerySet[Application]:
    """Every application: those that wait for a decision first, then the latest decided."""
    rows = Application.objects.filter(controller_id=controller.pk)
    return rows.order_by(F("decided_at").desc(nulls_first=True), "-received_at", "id")


def listed(rows: Sequence[Application]) -> list[Listed]:
    """The applications with names, in the order given."""
    facts: dict[int, dict[str, str]] = {}
    known = Fact.objects.filter(
        subject_id__in=[row.subject_id for row in rows],
        kind__in=("name.given", "name.family", "email", "phone"),
        superseded_at__isnull=True,
    )
    for subject, kind, value in known.values_list("subject_id", "kind", "value"):
        facts.setdefault(subject, {})[kind] = value
    return [_listed(row, facts.get(row.subject_id, {})) for row in rows]


def files_of(application: Application) -> list[ApplicationFile]:
    """Its files, without contents."""
    mine = ApplicationFile.objects.filter(subject_id=application.subject_id, application_id=application.id)
    return list(mine.defer("sealed").order_by("recorded_at", "id"))


def file_of(*, application: Application, file_id: int) -> ApplicationFile | None:
    """One of them; None for another's."""
    mine = ApplicationFile.objects.filter(subject_id=application.subject_id, application_id=application.id)
    return mine.filter(id=file_id).first()


def _listed(row: Application, known: dict[str, str]) -> Listed:
    name = " ".join(known[kind] for kind in ("name.given", "name.family") if kind in known)
    return Listed(row, name or "–", known.get("email", ""), known.get("phone", ""))
