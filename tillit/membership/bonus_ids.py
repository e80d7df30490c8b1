"""The BonusID of a programme's members (C3): one for each person, whatever clubs they are in, made at random.

It is a fact of the person with the holder of the register, so that it lives, is shown and goes as their name does; the
directory finds the person by it and keeps it unique.
"""

from datetime import datetime

from django.db import connection

from tillit.audit.operations import append
from tillit.declaration.models import Controller, Register
from tillit.declaration.queries import current, holder_of
from tillit.kernel import clock
from tillit.kernel.identifiers import bonus_id
from tillit.kernel.scope import Scope, system
from tillit.kernel.sql import load
from tillit.membership import events
from tillit.parties import directories, many
from tillit.parties.digests import Kind, digest
from tillit.parties.merging import same_person
from tillit.parties.models import Fact
from tillit.parties.operations import NewFact, lock_subjects, record_fact

KIND = "bonus_id"
ACTIVITY = "membership_administration"
_SET = 2000


def issued_by(*, controller_id: int) -> bool:
    """Whether members of the controller have a BonusID: it declares a bonus programme."""
    return current(controller_id=controller_id, on=clock.today()).programme is not None


def issue(*, scope: Scope, subject_id: int, register_id: int, holder: int, at: datetime) -> bool:
    """Give the person a BonusID unless one of their subjects has one, also in an archive; whether it is new."""
    people = same_person(subject_id)
    lock_subjects(scope=scope, subject_ids=people)
    with Scope(system("bonus-id", {holder}), "retention", frozenset(people)):
        if Fact.objects.filter(subject_id__in=people, kind=KIND, superseded_at=None).exists():
            return False
    number = _claimed(register_id, [people[0]])[people[0]]
    record_fact(
        scope=scope,
        subject_id=people[0],
        controller_id=holder,
        category="identity",
        kind=KIND,
        value=number,
        source="issued",
        at=at,
    )
    return True


def issue_missing(*, register_id: int, at: datetime) -> int:
    """Give every member of the register's programmes who lacks one a BonusID, a set a transaction; how many. Again:
    none. Whose processing is restricted gets it when that is over.
    """
    controllers = list(Controller.objects.filter(register_id=register_id).values_list("id", flat=True))
    programmes = [one for one in controllers if issued_by(controller_id=one)]
    if not programmes:
        return 0
    holder, issued = holder_of(controller_id=programmes[0]), 0
    while done := _issue_set(register_id, holder, controllers, at):
        issued += done
    return issued


def issue_everywhere() -> int:
    """The same for every register; how many."""
    registers = Register.objects.order_by("pk").values_list("id", flat=True)
    return sum(issue_missing(register_id=one, at=clock.now()) for one in registers)


def issue_new(*, scope: Scope, register_id: int, holder: int, at: dict[int, datetime]) -> int:
    """A BonusID for each of these new subjects, at its moment; how many. Whoever has one already is not asked for."""
    numbers = _claimed(register_id, sorted(at))
    facts = {subject: [NewFact("identity", KIND, number)] for subject, number in numbers.items()}
    return many.record_facts(scope=scope, controller_id=holder, facts=facts, source="issued", at=at)


def _issue_set(register_id: int, holder: int, controllers: list[int], at: datetime) -> int:
    with Scope(system("bonus-id", controllers), ACTIVITY) as scope:
        given = {"register": register_id, "most": _SET}
        with connection.cursor() as cursor:
            cursor.execute(load(__file__, "bonus_ids", "without"), given)
            wanted = [row[0] for row in cursor.fetchall()]
            lock_subjects(scope=scope, subject_ids=wanted)
            cursor.execute(load(__file__, "bonus_ids", "without"), given)  # who joined a moment ago has one now
            found = [row[0] for row in cursor.fetchall() if row[0] in set(wanted)]
        if not found:
            return 0
        issue_new(scope=scope, register_id=register_id, holder=holder, at=dict.fromkeys(found, at))
        append(type=events.BONUS_IDS_ISSUED, scope=scope, controller=holder, details={"people": len(found)})
        return len(found)


def _claimed(register_id: int, subjects: list[int]) -> dict[int, str]:
    """A number for each subject, found by it from now on."""
    made: dict[int, str] = {}
    while missing := [one for one in subjects if one not in made]:
        tried = {one: bonus_id.make() for one in missing}
        keys = {digest(register_id, Kind.BONUS_ID, number): one for one, number in tried.items()}
        holders = directories.claim_set(register_id=register_id, kind=Kind.BONUS_ID, claims=keys)
        made |= {one: tried[one] for key, one in keys.items() if holders[key] == one}
    return made
