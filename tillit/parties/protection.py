"""People whose address is protected (the population register's code 6 and 7): it is sealed, and shown to no one else.

While the protection stands no fact holds the address in clear, neither as it is nor as it was: so no page, file,
message or search can show it, and no post can go. It stands as one sealed value, opened for the person and for the
roles that the declaration names (`staff_access.protected_for`), on record each time.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from tillit.declaration.models import Controller
from tillit.kernel.scope import Scope, system
from tillit.parties import journal
from tillit.parties import operations as parties
from tillit.parties.merging import same_person
from tillit.parties.models import Fact, SealedFact, Subject

KIND = parties.PROTECTION
"""Kind of the fact; its value is one of `LEVELS`."""
SEALED = "address.protected"
"""Kind of the sealed value: the parts of the address as a JSON object."""
LEVELS = ("confidential", "strictly_confidential")
PARTS = parties.ADDRESS


def stands(*, subject_id: int) -> str | None:
    """The level of protection of the person, at any controller the open scope sees; None where there is none."""
    rows = Fact.objects.filter(subject_id__in=same_person(subject_id), kind=KIND, superseded_at__isnull=True)
    return max(rows.values_list("value", flat=True), key=LEVELS.index, default=None)


def sources(*, subject_id: int) -> set[str]:
    """Who said that the protection stands, as far as the open scope sees."""
    rows = Fact.objects.filter(subject_id__in=same_person(subject_id), kind=KIND, superseded_at__isnull=True)
    return set(rows.values_list("source", flat=True))


def weaker(level: str, before: str) -> bool:
    """Whether `level` protects less than `before`; '' protects nothing."""
    order = ("", *LEVELS)
    return order.index(level) < order.index(before)


def address(*, scope: Scope, subject_id: int) -> dict[str, str]:
    """The protected address in clear, by kind of fact; empty where there is none. The caller records why."""
    row = _sealed(subject_id).first()
    return dict(json.loads(parties.open_fact(scope=scope, fact=row))) if row is not None else {}


def protect(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    level: str,
    source: str,
    at: datetime,
    known: Mapping[str, str] | None = None,
) -> bool:
    """Protect the person's address: sealed as it stands, or as `known`; whether anything changed. Idempotent.

    `source` is who says that it is protected; an address that was here keeps its own source. Waits for set statements
    under way: they ask who is protected before they write, and none may have asked before and write after.
    """
    parties.wait_for_sets(subject_id=subject_id)
    parties.lock_subject(scope=scope, subject_id=subject_id)
    before = stands(subject_id=subject_id)
    clear = _clear(subject_id)
    standing = address(scope=scope, subject_id=subject_id)
    parts = {k: v for k, v in (known or {**standing, **clear}).items() if k in PARTS and v}
    if parts and parts != standing:
        _seal(scope, subject_id, controller_id, parts, source if known else _origin(subject_id) or source, at)
    _forget(subject_id)
    where: dict[str, Any] = {"scope": scope, "subject_id": subject_id, "controller_id": controller_id}
    if before == level and sources(subject_id=subject_id) != {source}:
        parties.retire_fact(**where, kind=KIND, at=at)
    parties.record_fact(**where, category="contact", kind=KIND, value=level, source=source, at=at)
    return before != level or (bool(parts) and parts != standing)


def amend(
    *, scope: Scope, subject_id: int, controller_id: int, kind: str, value: str, source: str, at: datetime
) -> bool:
    """A part of a protected address is another now; whether it changed."""
    standing = address(scope=scope, subject_id=subject_id)
    if standing.get(kind) == value:
        return False
    _seal(scope, subject_id, controller_id, {**standing, kind: value}, source, at)
    return True


def replace(
    *, scope: Scope, subject_id: int, controller_id: int, parts: Mapping[str, str], source: str, at: datetime
) -> set[str]:
    """A protected address is another now, as a whole; the kinds that changed. Who protects it stays who it was."""
    standing = address(scope=scope, subject_id=subject_id)
    given = {kind: value for kind, value in parts.items() if kind in PARTS and value}
    changed = {kind for kind in PARTS if given.get(kind) != standing.get(kind)}
    if not given or not changed:
        return set()
    _seal(scope, subject_id, controller_id, given, source, at)
    return changed


def taken_over(*, scope: Scope, subject_id: int, controller_id: int, source: str, at: datetime) -> bool:
    """`source` protects the address no more, but took that over from somebody who has not taken it back: it is theirs
    again, as they said it; whether it was so.
    """
    rows = Fact.objects.filter(subject_id=subject_id, controller_id=controller_id, kind=KIND)
    mine = rows.filter(superseded_at__isnull=True, source=source).first()
    before = mine
    while before is not None and before.source == source:
        before = rows.filter(superseded_at=before.collected_at).exclude(pk=before.pk).first()
    if mine is None or before is None:
        return False
    where: dict[str, Any] = {"scope": scope, "subject_id": subject_id, "controller_id": controller_id, "at": at}
    parties.retire_fact(**where, kind=KIND)
    parties.record_fact(**where, category="contact", kind=KIND, value=before.value, source=before.source)
    return True


def lift(*, scope: Scope, subject_id: int, controller_id: int, source: str, at: datetime) -> bool:
    """The protection is over, says `source`: the address stands in clear again, with its own; whether there was one."""
    standing = address(scope=scope, subject_id=subject_id)
    if not parties.retire_fact(scope=scope, subject_id=subject_id, controller_id=controller_id, kind=KIND, at=at):
        return False
    rows = list(_sealed(subject_id).order_by("collected_at"))
    _sealed(subject_id).update(superseded_at=at)
    journal.remember(scope=scope, rows=rows, at=at)
    facts = [parties.NewFact("contact", kind, value) for kind, value in standing.items()]
    where: dict[str, Any] = {"scope": scope, "subject_id": subject_id, "controller_id": controller_id}
    parties.record_facts(**where, facts=facts, source=rows[-1].source if rows else source, at=at)
    return True


def _sealed(subject_id: int) -> QuerySet[SealedFact]:
    people = same_person(subject_id)
    return SealedFact.objects.filter(subject_id__in=people, kind=SEALED, superseded_at__isnull=True)


def _clear(subject_id: int) -> dict[str, str]:
    rows = Fact.objects.filter(
        subject_id__in=same_person(subject_id), kind__in=PARTS, superseded_at__isnull=True
    ).order_by("collected_at")
    return dict(rows.values_list("kind", "value"))


def _origin(subject_id: int) -> str:
    """Who gave the address as it stands, in clear or sealed; '' where there is none."""
    clear = Fact.objects.filter(
        subject_id__in=same_person(subject_id), kind__in=PARTS, superseded_at__isnull=True
    ).order_by("-collected_at")
    row = clear.first() or _sealed(subject_id).order_by("-collected_at").first()
    return row.source if row is not None else ""


def _seal(
    scope: Scope, subject_id: int, controller_id: int, parts: Mapping[str, str], source: str, at: datetime
) -> None:
    parties.seal_fact(
        scope=scope,
        subject_id=subject_id,
        controller_id=controller_id,
        category="contact",
        kind=SEALED,
        value=json.dumps(dict(sorted(parts.items())), ensure_ascii=False),
        source=source,
        at=at,
    )


def _forget(subject_id: int) -> None:
    """Every part of the address in clear goes, current or not, of every controller of the register, in any state."""
    people = same_person(subject_id)
    register = Subject.objects.values_list("register_id", flat=True).get(pk=subject_id)
    controllers = Controller.objects.filter(register_id=register).values_list("pk", flat=True)
    with Scope(system("protection", controllers), "retention", frozenset(people)):
        rows = Fact.objects.filter(subject_id__in=people, kind__in=PARTS)
        if not rows.exists():
            return
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS privacy_due")
            cursor.execute(
                "CREATE TEMP TABLE privacy_due ON COMMIT DROP AS SELECT subject_id, id FROM parties_fact"
                " WHERE subject_id = ANY (%s) AND kind = ANY (%s)",
                [list(people), list(PARTS)],
            )
        journal.gone(relation=Fact._meta.db_table, anonymise=False)
        rows.delete()
