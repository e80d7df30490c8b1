"""What can be done with people: register, relate, record facts, seal, end. Keyword-only; within an open scope."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import Q

from tillit.declaration.personal import RowState
from tillit.declaration.vocabulary import category_id, vocabulary
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import endings, journal, sealing
from tillit.parties.errors import ProtectedAddressError, RestrictedPersonError, UnknownSubjectError
from tillit.parties.models import Fact, Login, Relationship, SealedFact, Subject

ADDRESS = ("address.street", "address.postal_code", "address.city", "address.country")
"""Kinds of facts that say where somebody lives: in clear only while `PROTECTION` does not stand (`protection`)."""
PROTECTION = "address.protection"
_SEALED = (SealedFact._meta.db_table, "sealed")


def create_subject(*, scope: Scope, register_id: int) -> int:
    """A new subject of the register; its random id. Needs no rights: a subject without rows says nothing."""
    return Subject.objects.create(register_id=register_id).id


def open_account(*, scope: Scope, subject_id: int, register_id: int, at: datetime) -> Login:
    """A login for the person; the one they have is returned (F9: an account is what lets us send marketing)."""
    login, _ = Login.objects.get_or_create(
        subject_id=subject_id, register_id=register_id, defaults={"created_at": at, "password": ""}
    )
    return login


def lock_subjects(*, scope: Scope, subject_ids: Iterable[int]) -> dict[int, int]:
    """Lock the subjects in id order until the transaction ends; id → row state. The one place that locks people.

    Who is not in the answer does not exist (any more).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, state FROM parties_subject WHERE id = ANY (%s) ORDER BY id FOR UPDATE",
            [sorted(set(subject_ids))],
        )
        return dict(cursor.fetchall())


def lock_subject(*, scope: Scope, subject_id: int) -> int:
    """Lock one person until the transaction ends; its row state, for the row that is to be written.

    Raises `UnknownSubjectError` (erased or never was), and `RestrictedPersonError` when processing is restricted and
    the scope's activity may not go on: it could neither write the row nor see it.
    """
    try:
        state = lock_subjects(scope=scope, subject_ids=[subject_id])[subject_id]
    except KeyError:
        raise UnknownSubjectError("unknown-subject", "there is no such person") from None
    word = vocabulary().activities.get(scope.activity)
    if state == RowState.RESTRICTED and (word is None or "restricted" not in word.sees):
        raise RestrictedPersonError("restricted", f"processing of this person is restricted: {scope.activity} may not")
    return state


_FENCE = 0x7065_6F70  # advisory lock space ("peop"); the second key is the register


def many_at_once(*, register_id: int) -> None:
    """Before a set statement writes for many people without locking each: until it ends, nobody's row state changes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [_FENCE, register_id])


def alone(*, register_id: int) -> None:
    """Before what must follow every set statement of a register: wait for those under way, and hold new ones off.

    First of all locks of the transaction; what those statements wrote is seen after it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_FENCE, register_id])


def wait_for_sets(*, subject_id: int) -> None:
    """Before a person's row state changes or the person goes: wait for set statements under way, and hold new ones off.

    First of all locks of the transaction.
    """
    wait_for_sets_of(subject_ids=[subject_id])


def wait_for_sets_of(*, subject_ids: Collection[int]) -> None:
    """The same for many people at once: the fence of each of their registers, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, r.id::integer)"
            " FROM (SELECT DISTINCT register_id AS id FROM parties_subject WHERE id = ANY (%s) ORDER BY 1) r",
            [_FENCE, sorted(subject_ids)],
        )


def relate(*, scope: Scope, subject_id: int, controller_id: int, kind: str, started: date) -> Relationship:
    """Begin a relationship (A5); the open one is returned when there is one already."""
    state = lock_subject(scope=scope, subject_id=subject_id)
    found = Relationship.objects.filter(
        subject_id=subject_id, controller_id=controller_id, kind=kind, ended__isnull=True
    ).first()
    if found is not None:
        return found
    return Relationship.objects.create(
        subject_id=subject_id, controller_id=controller_id, kind=kind, started=started, state=state
    )


def end_relationship(*, scope: Scope, subject_id: int, controller_id: int, kind: str, ended: date, reason: str) -> int:
    """End the open relationship of that kind, and what other domains keep of it (`endings`); `ended` is the first day
    after. Returns how many ended (0 or 1).
    """
    lock_subjects(scope=scope, subject_ids=[subject_id])
    open_one = Relationship.objects.filter(
        subject_id=subject_id, controller_id=controller_id, kind=kind, ended__isnull=True
    )
    ending = list(open_one)
    count = open_one.update(ended=ended, end_reason=reason)
    journal.remember(scope=scope, rows=ending, at=clock.now())
    if ending:
        endings.ended(subject_id=subject_id, controller_id=controller_id, kind=kind, on=ended, reason=reason)
    return count


def record_fact(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    category: str,
    kind: str,
    value: str,
    source: str,
    at: datetime,
) -> Fact:
    """Record a fact; an equal current one stands, another is superseded at `at` and stays as history (A7, H2)."""
    new = NewFact(category, kind, value)
    return record_facts(
        scope=scope, subject_id=subject_id, controller_id=controller_id, facts=[new], source=source, at=at
    )[0]


class NewFact(NamedTuple):
    """A fact to record: vocabulary key of its category, kind, value."""

    category: str
    kind: str
    value: str


def record_facts(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    facts: Sequence[NewFact],
    source: str,
    at: datetime,
) -> list[Fact]:
    """Record several facts of one person as `record_fact` does one; the current row of each, in the order given."""
    state = lock_subject(scope=scope, subject_id=subject_id)
    _refuse_protected(subject_id, [fact.kind for fact in facts])
    rows = Fact.objects.filter(
        subject_id=subject_id,
        controller_id=controller_id,
        kind__in=[fact.kind for fact in facts],
        superseded_at__isnull=True,
    )
    standing = {row.kind: row for row in rows}
    _replace_unseen(subject_id, controller_id, [fact for fact in facts if fact.kind not in standing], at)
    changed = [standing[f.kind].id for f in facts if f.kind in standing and standing[f.kind].value != f.value]
    if changed:
        Fact.objects.filter(subject_id=subject_id, id__in=changed).update(superseded_at=at)
    Fact.objects.bulk_create(
        Fact(
            subject_id=subject_id,
            controller_id=controller_id,
            state=state,
            category=category_id(fact.category),
            kind=fact.kind,
            value=fact.value,
            source=source,
            collected_under=scope.activity,
            collected_at=at,
        )
        for fact in facts
        if fact.kind not in standing or standing[fact.kind].id in changed
    )
    current = {row.kind: row for row in rows.all()}  # a bulk insert does not tell the ids
    replaced = [row for row in standing.values() if row.id in changed]
    journal.remember(scope=scope, rows=[*replaced, *(current[row.kind] for row in replaced)], at=at)
    return [current[fact.kind] for fact in facts]


def retire_fact(*, scope: Scope, subject_id: int, controller_id: int, kind: str, at: datetime) -> bool:
    """What was kept as the kind of fact holds no more, and nothing takes its place; whether there was one."""
    lock_subject(scope=scope, subject_id=subject_id)
    standing = Fact.objects.filter(
        subject_id=subject_id, controller_id=controller_id, kind=kind, superseded_at__isnull=True
    )
    rows = list(standing)
    standing.update(superseded_at=at)
    journal.remember(scope=scope, rows=rows, at=at)
    return bool(rows)


def _refuse_protected(subject_id: int, kinds: list[str]) -> None:
    """While an address is protected no part of it is written in clear."""
    if any(kind in ADDRESS for kind in kinds):
        first = Subject.objects.filter(pk=subject_id).values_list("alias_of_id", flat=True).first() or subject_id
        people = Subject.objects.filter(Q(pk=first) | Q(alias_of_id=first)).values("pk")
        if Fact.objects.filter(subject_id__in=people, kind=PROTECTION, superseded_at__isnull=True).exists():
            raise ProtectedAddressError("protected-address", "this person's address is protected: it is kept sealed")


def _replace_unseen(subject_id: int, controller_id: int, facts: Sequence[NewFact], at: datetime) -> None:
    """What is said anew replaces what the open scope does not see: what lies in an archive (somebody came back), and
    what was said for another purpose (who was helped through their family is a customer now).
    """
    said = {fact.kind: category_id(fact.category) for fact in facts}
    if not said:
        return
    with Scope(system("replacing", {controller_id}), "retention", frozenset({subject_id})) as scope:
        rows = Fact.objects.filter(
            subject_id=subject_id, controller_id=controller_id, kind__in=said, superseded_at__isnull=True
        )
        archived = (RowState.ARCHIVED, RowState.RESTRICTED_ARCHIVED)
        replaced = [row for row in rows if row.state in archived or row.category != said[row.kind]]
        if replaced:
            Fact.objects.filter(subject_id=subject_id, id__in=[row.id for row in replaced]).update(superseded_at=at)
            journal.remember(scope=scope, rows=replaced, at=at)


def seal_fact(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    category: str,
    kind: str,
    value: str,
    source: str,
    at: datetime,
) -> SealedFact:
    """Seal a value (national number, account number …). The clear value is never stored; the last four digits are."""
    state = lock_subject(scope=scope, subject_id=subject_id)
    table, column = _SEALED
    body = sealing.seal(subject_id=subject_id, controller_id=controller_id, table=table, column=column, value=value)
    standing = SealedFact.objects.filter(
        subject_id=subject_id, controller_id=controller_id, kind=kind, superseded_at__isnull=True
    )
    replaced = list(standing)
    standing.update(superseded_at=at)
    made = SealedFact.objects.create(
        subject_id=subject_id,
        controller_id=controller_id,
        state=state,
        category=category_id(category),
        kind=kind,
        sealed=body,
        last_four=value[-4:] if kind != "national_number" else "",
        source=source,
        collected_under=scope.activity,
        collected_at=at,
    )
    if replaced:
        journal.remember(scope=scope, rows=[*replaced, made], at=at)
    return made


def open_fact(*, scope: Scope, fact: SealedFact) -> str:
    """The clear value of a sealed fact the scope may see. The caller records why it was opened."""
    table, column = _SEALED
    return sealing.open_sealed(
        subject_id=fact.subject_id,
        controller_id=fact.controller_id,
        table=table,
        column=column,
        sealed=fact.sealed,
    )
