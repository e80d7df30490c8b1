"""New people by the hundred: the operations on one person, for sets, where nobody is known yet. Within an open scope.

For taking a register over. The people are new, so no lock is needed and no row of theirs can stand in the way: should
one, PostgreSQL's unique rules refuse the whole set.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from django.db import connection

from tillit.declaration.models import Controller
from tillit.declaration.vocabulary import category_id
from tillit.kernel.scope import Scope
from tillit.parties import dead
from tillit.parties.models import Fact, Login, Relationship
from tillit.parties.operations import NewFact

_AT_ONCE = 2000


class Tie(NamedTuple):
    """A relationship to begin."""

    subject_id: int
    controller_id: int
    started: date


def create_subjects(*, scope: Scope, register_id: int, count: int) -> list[int]:
    """So many new subjects of the register; their random ids."""
    with connection.cursor() as cursor:  # a bulk insert through the ORM does not tell ids the database makes
        cursor.execute(
            "INSERT INTO parties_subject (register_id) SELECT %s FROM generate_series(1, %s) RETURNING id",
            [register_id, count],
        )
        return [row[0] for row in cursor.fetchall()]


def record_facts(
    *,
    scope: Scope,
    controller_id: int,
    facts: Mapping[int, Sequence[NewFact]],
    source: str,
    at: Mapping[int, datetime],
) -> int:
    """The first facts of new subjects, each collected at the subject's moment in `at`; how many. An address known to be
    dead is left out, whoever brings it: only the person can give it again (F5).
    """
    register = Controller.objects.values_list("register_id", flat=True).get(pk=controller_id)
    given = {fact.value for mine in facts.values() for fact in mine if fact.kind in dead.KINDS}
    gone = dead.among(register_id=register, addresses=given)
    rows = [
        Fact(
            subject_id=subject,
            controller_id=controller_id,
            category=category_id(fact.category),
            kind=fact.kind,
            value=fact.value,
            source=source,
            collected_under=scope.activity,
            collected_at=at[subject],
        )
        for subject, mine in facts.items()
        for fact in mine
        if not (fact.kind in dead.KINDS and fact.value in gone)
    ]
    Fact.objects.bulk_create(rows, batch_size=_AT_ONCE)
    return len(rows)


def relate(*, scope: Scope, ties: Sequence[Tie], kind: str) -> int:
    """Begin relationships of new subjects; how many."""
    Relationship.objects.bulk_create(
        [Relationship(subject_id=s, controller_id=c, kind=kind, started=started) for s, c, started in ties],
        batch_size=_AT_ONCE,
    )
    return len(ties)


def open_accounts(*, scope: Scope, register_id: int, at: Mapping[int, datetime]) -> int:
    """A login for each new subject, made at its moment in `at`; how many."""
    Login.objects.bulk_create(
        [
            Login(subject_id=subject, register_id=register_id, created_at=moment, password="")
            for subject, moment in at.items()
        ],
        batch_size=_AT_ONCE,
    )
    return len(at)
