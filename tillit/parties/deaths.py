"""Somebody has died: what is known of it, and of who answers for the estate (A7).

The day stands as a fact. That their relationships ended, and with the day of death, is what stops everything from the
next statement on and starts the clocks of retention; `consent/sql/lawful.sql` lets no message go to them. Their ways in
are closed. A report that proves wrong is undone: what it ended stands again.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from tillit.kernel.scope import Scope
from tillit.parties import endings, journal
from tillit.parties import operations as parties
from tillit.parties.merging import own, same_person
from tillit.parties.models import Fact, Login, Relationship, Session

KIND = "deceased"
"""Kind of the fact; its value is the day of death, ISO 8601."""
REASON = "deceased"
"""Why a relationship ended."""
ESTATE = ("estate.name", "estate.email", "estate.phone", "estate.address")
"""Kinds of facts that say who answers for the estate."""


def died(*, subject_id: int) -> date | None:
    """The day of death as far as the open scope sees; None for the living."""
    rows = Fact.objects.filter(subject_id__in=same_person(subject_id), kind=KIND, superseded_at__isnull=True)
    found = rows.values_list("value", flat=True).first()
    return date.fromisoformat(found) if found else None


def record(*, scope: Scope, subject_id: int, controller_id: int, day: date, source: str, at: datetime) -> int:
    """The person died on `day`: every open relationship ends with it, every way in is closed; how many ended."""
    people = same_person(subject_id)
    parties.record_fact(
        scope=scope,
        subject_id=own(subject_id),
        controller_id=controller_id,
        category="identity",
        kind=KIND,
        value=day.isoformat(),
        source=source,
        at=at,
    )
    ended = 0
    for tie in Relationship.objects.filter(subject_id__in=people, ended__isnull=True):
        ended += parties.end_relationship(
            scope=scope,
            subject_id=tie.subject_id,
            controller_id=tie.controller_id,
            kind=tie.kind,
            ended=max(day, tie.started),
            reason=REASON,
        )
    logins = Login.objects.filter(subject_id__in=people)
    Session.objects.filter(login__in=logins).delete()
    logins.update(is_active=False)
    return ended


def undo(*, scope: Scope, subject_id: int, controller_id: int, at: datetime) -> bool:
    """The report was wrong: what it ended stands again; whether there was one."""
    if not parties.retire_fact(scope=scope, subject_id=own(subject_id), controller_id=controller_id, kind=KIND, at=at):
        return False
    people = same_person(subject_id)
    for tie in Relationship.objects.filter(subject_id__in=people, end_reason=REASON):
        again = Relationship.objects.filter(
            subject_id=tie.subject_id, controller_id=tie.controller_id, kind=tie.kind, ended__isnull=True
        )
        if again.exists():
            continue
        mine = Relationship.objects.filter(subject_id=tie.subject_id, id=tie.id)
        mine.update(ended=None, end_reason="")
        journal.remember(scope=scope, rows=list(mine), at=at)
        if tie.ended is not None:
            endings.resumed(
                subject_id=tie.subject_id, controller_id=tie.controller_id, kind=tie.kind, on=tie.ended, reason=REASON
            )
    Login.objects.filter(subject_id__in=people).update(is_active=True)
    return True


def name_estate(
    *, scope: Scope, subject_id: int, controller_id: int, contact: Mapping[str, str], source: str, at: datetime
) -> int:
    """Record who answers for the estate, by kind (`ESTATE`); an empty one is taken away. How many stand."""
    where: dict[str, Any] = {"scope": scope, "subject_id": subject_id, "controller_id": controller_id}
    given = [parties.NewFact("contact", kind, contact[kind]) for kind in ESTATE if contact.get(kind)]
    for kind in set(ESTATE) - {fact.kind for fact in given}:
        parties.retire_fact(**where, kind=kind, at=at)
    parties.record_facts(**where, facts=given, source=source, at=at)
    return len(given)


def estate(*, subject_id: int) -> dict[str, str]:
    """Who answers for the estate, by kind."""
    rows = Fact.objects.filter(subject_id__in=same_person(subject_id), kind__in=ESTATE, superseded_at__isnull=True)
    return dict(rows.values_list("kind", "value"))
