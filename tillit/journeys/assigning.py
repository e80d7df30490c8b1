"""Who is assigned to which colleague, where staff see only people assigned to them (A9).

Administrators say so, of others and never of themselves. They find the person by a number or an address and see a name;
whom somebody is assigned to is on record and shown to the person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import QuerySet

from tillit.audit.events import PERSON_ASSIGNED, PERSON_READ, PERSON_SEARCHED
from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.journeys.merging import activity_of
from tillit.kernel import clock
from tillit.kernel.collation import Ordered
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Actor, Scope, ScopeError, system
from tillit.parties import lookup
from tillit.parties.merging import same_person
from tillit.parties.models import Assignment, Fact, Relationship, StaffMember, StaffRole
from tillit.parties.operations import lock_subject

ADMINISTRATOR = "administrator"


class AssigningError(TillitError):
    """Nobody is found, the colleague does not work here, or somebody would assign people to themselves."""


@dataclass(frozen=True)
class Assigned:
    """A person who is assigned to a colleague, since when."""

    id: int
    subject_id: int
    name: str
    colleague: str
    since: date


def limited(*, controller: Controller) -> bool:
    """Whether staff, or some of them, see only people assigned to them at the controller."""
    said = current(controller_id=controller.pk, on=clock.today()).staff_access
    return (said is not None and said.reach == "assigned") or _roles(controller).filter(assigned_only=True).exists()


def may(*, actor: Actor, controller: Controller) -> bool:
    """Whether the actor assigns people here: an administrator, where access is limited so."""
    mine = actor.kind == "staff" and _roles(controller).filter(staff_id=int(actor.ref), role=ADMINISTRATOR).exists()
    return mine and limited(controller=controller)


def colleagues(*, actor: Actor, controller: Controller) -> list[StaffMember]:
    """Whom people may be assigned to: everybody who works here but the actor."""
    here = StaffMember.objects.filter(pk__in=_roles(controller).values("staff_id"), left__isnull=True)
    return list(here.exclude(pk=int(actor.ref)).order_by(Ordered("name"), "pk"))


def listed(*, actor: Actor, controller: Controller, first: int, count: int) -> tuple[list[Assigned], int, int]:
    """Who is assigned to whom, by colleague: `count` of them from place `first`; how many in all; and how many people
    are assigned to nobody. Who is listed is on record for each person. Raises `ScopeError`.
    """
    activity = _activity(actor, controller)
    with Scope(actor, activity, controllers=frozenset({controller.pk})) as scope:
        standing = Assignment.objects.filter(controller_id=controller.pk, until__isnull=True)
        rows = list(
            standing.select_related("staff").order_by(Ordered("staff__name"), "subject_id", "id")[first : first + count]
        )
        total, people = standing.count(), sorted({row.subject_id for row in rows})
        ties = Relationship.objects.filter(controller_id=controller.pk, ended__isnull=True)
        alone = ties.exclude(subject_id__in=standing.values("subject_id")).values("subject_id").distinct().count()
        names = _names(people)
        found = [Assigned(r.id, r.subject_id, names.get(r.subject_id, ""), r.staff.name, r.since) for r in rows]
        if people:
            details = {"purpose": activity, "categories": ["identity", "relationship"]}
            append(type=PERSON_READ, scope=scope, controller=controller.pk, subjects=people, details=details)
    return found, total, alone


def assign(*, actor: Actor, controller: Controller, staff_id: int, text: str) -> bool:
    """Assign the person with that number, e-mail address or phone number to a colleague; False: they were already.

    Raises `AssigningError` `nobody`, `no-colleague`, `own-assignment`; `ScopeError` for who does not assign here.
    """
    activity = _activity(actor, controller)
    if staff_id == int(actor.ref):
        raise AssigningError("own-assignment", "nobody assigns people to themselves")
    if staff_id not in {one.pk for one in colleagues(actor=actor, controller=controller)}:
        raise AssigningError("no-colleague", "nobody of that number works here")
    subject_id = _found(actor, controller, activity, text)
    with transaction.atomic(), Scope(actor, activity, frozenset({subject_id})) as scope:
        state = lock_subject(scope=scope, subject_id=subject_id)
        who = {"subject_id": subject_id, "controller_id": controller.pk, "staff_id": staff_id}
        if Assignment.objects.filter(**who, until__isnull=True).exists():
            return False
        Assignment.objects.create(**who, state=state, since=clock.today())
        _record(scope, controller, subject_id, staff_id, "assigned")
    return True


def end(*, actor: Actor, controller: Controller, assignment_id: int) -> None:
    """The person is assigned to that colleague no more. Raises `AssigningError` `nobody`, `ScopeError`."""
    activity = _activity(actor, controller)
    with transaction.atomic(), Scope(actor, activity, controllers=frozenset({controller.pk})) as scope:
        standing = Assignment.objects.filter(controller_id=controller.pk, id=assignment_id, until__isnull=True)
        row = standing.select_for_update(of=("self",)).first()
        if row is None:
            raise AssigningError("nobody", "there is no such assignment")
        Assignment.objects.filter(subject_id=row.subject_id, id=row.id).update(until=clock.today())
        _record(scope, controller, row.subject_id, row.staff_id, "ended")


def _activity(actor: Actor, controller: Controller) -> str:
    if not may(actor=actor, controller=controller):
        raise ScopeError("scope-activity", f"{actor.kind} may not assign people here")
    return activity_of(actor=actor, controller=controller)


def _roles(controller: Controller) -> QuerySet[StaffRole]:
    return StaffRole.objects.filter(controller=controller, ended__isnull=True)


def _found(actor: Actor, controller: Controller, activity: str, text: str) -> int:
    """Whom a number or an address finds among the controller's people; that it was asked is on record."""
    register = controller.register_id
    found = lookup.by_number(register_id=register, text=text) or lookup.by_address(register_id=register, text=text)
    everybody = system("assigning", {controller.pk, holder_of(controller_id=controller.pk)})
    with Scope(everybody, "security_log"):
        ties = Relationship.objects.filter(controller_id=controller.pk, subject_id__in=same_person(found or 0))
        known = found is not None and ties.exists()
    with Scope(actor, activity, controllers=frozenset({controller.pk})) as scope:
        details = {"purpose": activity, "by": "number", "hits": int(known)}
        append(type=PERSON_SEARCHED, scope=scope, controller=controller.pk, details=details)
    if found is None or not known:
        raise AssigningError("nobody", "nobody here has that number or address")
    return found


def _names(people: Sequence[int]) -> dict[int, str]:
    parts: dict[int, dict[str, str]] = {}
    rows = Fact.objects.filter(subject_id__in=people, superseded_at__isnull=True, kind__startswith="name.")
    for subject, kind, value in rows.values_list("subject_id", "kind", "value"):
        parts.setdefault(subject, {})[kind] = value
    kinds = ("name.given", "name.middle", "name.family")
    return {subject: " ".join(known[one] for one in kinds if one in known) for subject, known in parts.items()}


def _record(scope: Scope, controller: Controller, subject_id: int, staff_id: int, change: str) -> None:
    details = {"staff": staff_id, "change": change}
    append(type=PERSON_ASSIGNED, scope=scope, controller=controller.pk, subject=subject_id, details=details)
