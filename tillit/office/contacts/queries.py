"""The contacts there are at suppliers and partners (H16). In a scope of `supplier_contact`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from tillit.declaration.models import Controller
from tillit.office.contacts.operations import COMPANY, KINDS, WORK
from tillit.parties.models import Fact, Relationship


@dataclass(frozen=True)
class Contact:
    """A contact. number: of the relationship. ended: the first day they were none any more. facts: kind → value."""

    number: int
    subject_id: int
    kind: str
    started: date
    ended: date | None
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name."""
        return f"{self.facts.get('name.given', '')} {self.facts.get('name.family', '')}".strip()

    @property
    def typed(self) -> dict[str, str]:
        """As the form has it."""
        known = {key: self.facts.get(key, "") for key in ("email", "phone")}
        return {"name": self.name, "company": self.facts.get(COMPANY, ""), "work": self.facts.get(WORK, ""), **known}


def of(*, controller: Controller, text: str = "") -> QuerySet[Relationship]:
    """The contacts, those of now first; `text`: those of whom a fact holds it."""
    rows = Relationship.objects.filter(controller_id=controller.pk, kind__in=KINDS)
    if words := text.split():
        held = Fact.objects.filter(subject_id=OuterRef("subject_id"), superseded_at__isnull=True)
        for word in words:
            rows = rows.filter(Q(Exists(held.filter(value__icontains=word))))
    return rows.order_by(F("ended").desc(nulls_first=True), "-started", "subject_id")


def listed(rows: Sequence[Relationship]) -> list[Contact]:
    """The contacts in the order given."""
    facts: dict[int, dict[str, str]] = {}
    known = Fact.objects.filter(subject_id__in=[row.subject_id for row in rows], superseded_at__isnull=True)
    for subject, kind, value in known.values_list("subject_id", "kind", "value"):
        facts.setdefault(subject, {})[kind] = value
    return [Contact(r.id, r.subject_id, r.kind, r.started, r.ended, facts.get(r.subject_id, {})) for r in rows]
