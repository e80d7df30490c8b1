"""One person goes over: copied under new keys, told apart from what stays, then ended and erased at the giver (A10)."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import connection

from tillit.audit.operations import append
from tillit.consent import operations as consent
from tillit.consent.errors import UnknownChoiceError
from tillit.consent.models import Choice, EventKind
from tillit.declaration import registry
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.registry import Going, PersonalTable
from tillit.declaration.vocabulary import category_id
from tillit.disclosure.operations import disclose
from tillit.kernel import clock
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope, system
from tillit.parties import directories, journal, lookup, merging, sealing
from tillit.parties.digests import Kind, digest
from tillit.parties.models import Fact, Login, Relationship, SealedFact
from tillit.parties.operations import create_subject, end_relationship, lock_subject, open_account, wait_for_sets
from tillit.privacy import events
from tillit.privacy.erasure import erase
from tillit.privacy.handover.planning import ACTIVITY, successor
from tillit.privacy.models import Handover, HandoverMoved

JOINT = (Fact, SealedFact)
"""What a register knows of its people together: the holder's rows, where it has one (A1)."""

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
    homes = {table.table: _homes(table, giver.pk, receiver.pk) for table in registry.PERSONAL.values() if table.moves}
    left_by = {giver.pk, holder_of(controller_id=giver.pk)}
    both = system("handover", {*left_by, receiver.pk, holder_of(controller_id=receiver.pk)})
    going, counts = categories(handover), Counts()
    disclosed(handover, subject_id, left_by, going, at)
    with Scope(both, "retention") as scope:
        new = create_subject(scope=scope, register_id=receiver.register_id)
        for one in merging.same_person(subject_id):
            for table in registry.PERSONAL.values():
                if table.moves and going & set(table.categories):
                    left, arrived = _copy(table, one, new, homes[table.table], going, giver.pk)
                    before = counts.get(table.table, (0, 0))
                    counts[table.table] = (before[0] + left, before[1] + arrived)
        identify(new, receiver.register_id)
        if Login.objects.filter(subject_id__in=merging.same_person(subject_id), is_active=True).exists():
            open_account(scope=scope, subject_id=new, register_id=receiver.register_id, at=at)
        people = tuple(merging.same_person(subject_id))
        route = Going(
            handover=handover.pk,
            giver=giver.pk,
            receiver=receiver.pk,
            from_holder=holder_of(controller_id=giver.pk),
            to_holder=holder_of(controller_id=receiver.pk),
            from_register=giver.register_id,
            to_register=receiver.register_id,
            subjects=people,
            new=new,
            categories=going,
            chains=handover.chains,
            at=at,
        )
        for _, domain in sorted(registry.GOES_ALONG.items()):
            counts |= domain.carry(route)
    _choices(handover, subject_id, new, at)
    rows = sum(arrived for key, (_, arrived) in counts.items() if ":" not in key)
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
    gone_over = HandoverMoved.objects.create(handover=handover, token=uuid4())
    with journal.hinging(gone_over.token):  # a dump without the person at the receiver keeps them at the giver
        leave(handover, subject_id, at)
    return counts


def disclosed(handover: Handover, subject_id: int, left_by: set[int], going: frozenset[str], at: datetime) -> None:
    """Have the person to oneself until the transaction ends, and put on record what goes to whom."""
    giver = handover.giver
    wait_for_sets(subject_id=subject_id)
    with Scope(system("handover", left_by), ACTIVITY, frozenset({subject_id})) as scope:
        lock_subject(scope=scope, subject_id=subject_id)
        disclose(
            scope=scope,
            subject_id=subject_id,
            controller_id=giver.pk,
            recipient=successor(giver=giver).key,
            fields=dict.fromkeys(sorted(going), ""),
            party=handover.receiver.key,
            at=at,
        )


def _homes(table: PersonalTable, giver: int, receiver: int) -> dict[int, int]:
    """Whose rows of the table become whose: those of a coalition's holder go to the holder of the receiver's register.

    So do the facts of who stood alone, where the receiver's register has them jointly; all else is the receiver's own.
    """
    holder, joint = holder_of(controller_id=giver), holder_of(controller_id=receiver)
    if holder == giver:
        return {giver: joint if table.model in JOINT else receiver}
    return {holder: joint, giver: receiver}


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


def identify(new: int, register_id: int) -> None:
    """Make anew, under the receiver's key, the digests that can be made: of addresses that are known in clear.

    What another person of the receiver's already holds stays theirs.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, value FROM parties_fact WHERE subject_id = %s AND superseded_at IS NULL"
            " AND kind IN ('email', 'phone', 'member_number', 'customer_number', 'bonus_id')",
            [new],
        )
        known = cursor.fetchall()
    numbers = {"member_number": Kind.MEMBER_NUMBER, "customer_number": Kind.CUSTOMER_NUMBER, "bonus_id": Kind.BONUS_ID}
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
    """Every no goes along; a yes only where its wording covers the receiver, who has its own proof of it.

    What holds at the giver goes: its own choice before its holder's, an objection to either. The general choice is
    recorded before those for single channels, which would else be settled by it.
    """
    receiver = handover.receiver_id
    with Scope(system("handover", {receiver}), "consent_management", frozenset({new})) as scope:
        for activity, channel, kind in said(handover, subject_id):
            with suppress(UnknownChoiceError):
                consent.record(
                    scope=scope,
                    subject_id=new,
                    controller_id=receiver,
                    activity=activity,
                    channel=channel,
                    kind=kind,
                    route="handover",
                    wording=f"handover:{handover.pk}",
                    at=at,
                    evidence=f"handover:{handover.pk}",
                )


def said(handover: Handover, subject_id: int) -> Iterator[tuple[str, str, EventKind]]:
    """What is recorded at the receiver, in order: (activity, channel, what)."""
    giver = handover.giver_id
    holders = list(dict.fromkeys((giver, holder_of(controller_id=giver))))
    with Scope(system("handover", holders), "consent_management"):
        rows = list(Choice.objects.filter(subject_id=subject_id, controller_id__in=holders))
    known = {(one.controller_id, one.activity, one.channel): one for one in rows}
    for activity, channel in sorted({(one.activity, one.channel) for one in rows}):
        if activity == ACTIVITY:
            continue
        each = [known.get((one, activity, channel)) or known.get((one, activity, "")) for one in holders]
        found = [choice for choice in each if choice is not None]
        consented, objected = found[0].consented, any(choice.objected for choice in found)
        if consented and not objected and handover.consents:
            yield activity, channel, EventKind.GIVEN
        if not consented and (channel or not objected):
            yield activity, channel, EventKind.WITHDRAWN
        if objected:
            yield activity, channel, EventKind.OBJECTED


def leave(handover: Handover, subject_id: int, at: datetime) -> None:
    """End what the person was at the giver, and erase what nothing keeps there: the old keys go with it.

    What the others of a coalition hold is theirs for as long as the person still is something there.
    """
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
    register = set(Controller.objects.filter(register_id=giver.register_id).values_list("id", flat=True))
    people = merging.same_person(subject_id)
    with Scope(system("handover", register), "retention", frozenset(people)):
        stays = Relationship.objects.filter(subject_id__in=people, ended__isnull=True).exists()
    acting = system("handover", {giver.pk} if stays else register)
    erase(actor=acting, subject_id=subject_id, ground="no_longer_needed", at=at)
