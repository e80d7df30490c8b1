"""One person goes over: copied under new keys, told apart from what stays, then ended and erased at the giver (A10)."""

from datetime import datetime
from typing import Any

from django.db import connection

from tillit.audit.operations import append
from tillit.consent import operations as consent
from tillit.consent.errors import UnknownChoiceError
from tillit.consent.models import Choice, EventKind
from tillit.declaration import registry
from tillit.declaration.queries import current, holder_of
from tillit.declaration.registry import PersonalTable
from tillit.declaration.vocabulary import category_id
from tillit.disclosure.operations import disclose
from tillit.kernel import clock
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope, system
from tillit.parties import directories, lookup, merging, sealing
from tillit.parties.digests import Kind, digest
from tillit.parties.models import Login, Relationship
from tillit.parties.operations import create_subject, end_relationship, lock_subject, open_account, wait_for_sets
from tillit.privacy import events
from tillit.privacy.erasure import erase
from tillit.privacy.handover.planning import ACTIVITY, successor
from tillit.privacy.models import Handover

Counts = dict[str, tuple[int, int]]
"""Table → (rows that left, rows that arrived)."""


def categories(handover: Handover) -> frozenset[str]:
    """What goes: the categories the giver's declaration lets the successor have and the receiver declares."""
    given = frozenset(successor(giver=handover.giver).categories)
    return given & current(controller_id=handover.receiver_id, on=clock.today()).category_keys()


def move(*, handover: Handover, subject_id: int, at: datetime) -> Counts:
    """Hand one person over, every subject of theirs as one. In the caller's transaction.

    The restricted and those gone meanwhile raise (`RestrictedPersonError`, `UnknownSubjectError`).
    """
    giver, receiver = handover.giver, handover.receiver
    holders = {giver.pk: receiver.pk, holder_of(controller_id=giver.pk): holder_of(controller_id=receiver.pk)}
    both = system("handover", {*holders, *holders.values()})
    going, counts = categories(handover), Counts()
    wait_for_sets(subject_id=subject_id)
    with Scope(system("handover", holders), ACTIVITY, frozenset({subject_id})) as scope:
        lock_subject(scope=scope, subject_id=subject_id)
        disclose(
            scope=scope,
            subject_id=subject_id,
            controller_id=giver.pk,
            recipient=successor(giver=giver).key,
            fields=dict.fromkeys(sorted(going), ""),
            party=receiver.key,
            at=at,
        )
    with Scope(both, "retention") as scope:
        new = create_subject(scope=scope, register_id=receiver.register_id)
        for one in merging.same_person(subject_id):
            for table in registry.PERSONAL.values():
                if table.moves and going & set(table.categories):
                    left, arrived = _copy(table, one, new, holders, going, giver.pk)
                    before = counts.get(table.table, (0, 0))
                    counts[table.table] = (before[0] + left, before[1] + arrived)
        _identify(new, subject_id, receiver.register_id)
        if Login.objects.filter(subject_id__in=merging.same_person(subject_id), is_active=True).exists():
            open_account(scope=scope, subject_id=new, register_id=receiver.register_id, at=at)
    _choices(handover, subject_id, new, at)
    rows = sum(arrived for _, arrived in counts.values())
    for controller, subject, kind in (
        (giver, subject_id, events.PERSON_HANDED_OVER),
        (receiver, new, events.PERSON_RECEIVED),
    ):
        with Scope(system("handover", {controller.pk}), "retention") as scope:
            append(
                type=kind,
                scope=scope,
                controller=controller.pk,
                subject=subject,
                at=at,
                details={"handover": handover.pk, "rows": rows},
            )
    _leave(handover, subject_id, at)
    return counts


def _copy(
    table: PersonalTable, subject: int, new: int, holders: dict[int, int], going: frozenset[str], giver_id: int
) -> tuple[int, int]:
    """Copy the person's rows of what goes, for the controller that now answers for them; sealed values are sealed anew.

    Of two current values of one kind (two registrations, a club and its coalition) the first stands, the other comes
    along as history. What the person was goes along from the giver alone, once. (rows found, rows that arrived).
    """
    columns = [str(f.column) for f in table.model._meta.concrete_fields]
    kept = [column for column in columns if column not in {"subject_id", "controller_id", *table.sealed}]
    match, found, arrived = "", 0, 0
    standing = f"SELECT FROM {table.table} x WHERE x.subject_id = %(new)s AND x.controller_id = %(receiver)s"
    standing += " AND x.kind = t.kind"
    read = dict.fromkeys(kept, "t.{}")
    if table.category_column:
        numbers = ",".join(str(category_id(key)) for key in sorted(going & set(table.categories)))
        match += f" AND t.{table.category_column} IN ({numbers})"
    if (replaced := table.clocks.get("superseded")) and "kind" in columns:
        read[replaced] = (
            f"CASE WHEN EXISTS ({standing} AND x.{replaced} IS NULL) THEN coalesce(t.{{0}}, %(at)s) ELSE t.{{0}} END"
        )
    if table.model is Relationship:
        match += f" AND NOT (t.ended IS NULL AND EXISTS ({standing} AND x.ended IS NULL))"
    select = ", ".join(text.format(column) for column, text in read.items())
    with connection.cursor() as cursor:
        for giver, receiver in sorted(holders.items(), key=lambda pair: pair[0] != giver_id):
            if table.model is Relationship and giver != giver_id:
                continue
            where = f"FROM {table.table} t WHERE t.subject_id = %(subject)s AND t.controller_id = %(giver)s{match}"
            given: dict[str, Any] = {
                "subject": subject,
                "new": new,
                "giver": giver,
                "receiver": receiver,
                "at": clock.now(),
            }
            cursor.execute(f"SELECT count(*) {where}", given)
            found += cursor.fetchone()[0]
            if table.sealed:
                arrived += _reseal(cursor, table, kept, select, where, given)
                continue
            cursor.execute(
                f"INSERT INTO {table.table} (subject_id, controller_id, {', '.join(kept)})"
                f" SELECT %(new)s, %(receiver)s, {select} {where}",
                given,
            )
            arrived += cursor.rowcount
    return found, arrived


def _reseal(cursor: Any, table: PersonalTable, kept: list[str], select: str, where: str, given: dict[str, Any]) -> int:
    cursor.execute(f"SELECT {select}, {', '.join(table.sealed)} {where}", given)
    rows = cursor.fetchall()
    for row in rows:
        values = list(row[: len(kept)])
        for column, sealed in zip(table.sealed, row[len(kept) :], strict=True):
            if sealed is None:
                values.append(None)
                continue
            place = {"table": table.table, "column": column}
            clear = sealing.open_sealed(
                subject_id=given["subject"], controller_id=given["giver"], sealed=sealed, **place
            )
            values.append(sealing.seal(subject_id=given["new"], controller_id=given["receiver"], value=clear, **place))
        places = ", ".join(["%s"] * (2 + len(values)))
        cursor.execute(
            f"INSERT INTO {table.table} (subject_id, controller_id, {', '.join((*kept, *table.sealed))})"
            f" VALUES ({places})",
            [given["new"], given["receiver"], *values],
        )
    return len(rows)


def _identify(new: int, subject: int, register_id: int) -> None:
    """Make anew, under the receiver's key, the digests that can be made: of addresses that are known in clear.

    What another person of the receiver's already holds stays theirs.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, value FROM parties_fact WHERE subject_id = %s AND superseded_at IS NULL"
            " AND kind IN ('email', 'phone', 'member_number', 'customer_number')",
            [new],
        )
        known = cursor.fetchall()
    numbers = {"member_number": Kind.MEMBER_NUMBER, "customer_number": Kind.CUSTOMER_NUMBER}
    for name, value in known:
        try:
            key = (numbers[name], "".join(value.split()).upper()) if name in numbers else lookup.address_key(value)
        except IdentifierError:
            continue
        if key is not None:
            kind, text = key
            claims = {digest(register_id, kind, text): new}
            directories.claim_set(register_id=register_id, kind=kind, claims=claims)


def _choices(handover: Handover, subject_id: int, new: int, at: datetime) -> None:
    """Every no goes along; a yes only where its wording covers the receiver, who has its own proof of it."""
    giver, receiver = handover.giver_id, handover.receiver_id
    with Scope(system("handover", {giver, holder_of(controller_id=giver)}), "consent_management"):
        said = list(Choice.objects.filter(subject_id=subject_id).order_by("activity", "channel"))
    with Scope(system("handover", {receiver}), "consent_management", frozenset({new})) as scope:
        for one in sorted(said, key=lambda choice: choice.objected):
            kind = EventKind.OBJECTED if one.objected else EventKind.GIVEN
            if one.activity == ACTIVITY or not (one.objected or (one.consented and handover.consents)):
                continue
            try:
                consent.record(
                    scope=scope,
                    subject_id=new,
                    controller_id=receiver,
                    activity=one.activity,
                    channel=one.channel,
                    kind=kind,
                    route="handover",
                    wording=f"handover:{handover.pk}",
                    at=at,
                    evidence=f"handover:{handover.pk}",
                )
            except UnknownChoiceError:
                continue


def _leave(handover: Handover, subject_id: int, at: datetime) -> None:
    """End what the person was at the giver, and erase what nothing keeps there: the old keys go with it."""
    giver = handover.giver
    with Scope(system("handover", {giver.pk}), "retention") as scope:
        ties = Relationship.objects.filter(
            subject_id__in=merging.same_person(subject_id), controller_id=giver.pk, ended__isnull=True
        )
        for tie in list(ties):
            end_relationship(
                scope=scope,
                subject_id=tie.subject_id,
                controller_id=giver.pk,
                kind=tie.kind,
                ended=max(clock.local_date(at), tie.started),
                reason="handed_over",
            )
    erase(actor=system("handover", {giver.pk}), subject_id=subject_id, ground="no_longer_needed", at=at)
