"""One person leaves for another installation (A10): tried there, then left here and sent as one act, then confirmed.

    try       packed and rolled back here; the receiver takes it in, says what arrived, and rolls back too
    leave     one transaction: packed again, the sealed parcel put out, ended and erased here
    confirm   the parcel is sent until the receiver's signed receipt says that a backup there holds the person; only
              then it is let go

Whatever stops between two steps, and whichever side is restored from a dump, a person is whole at the giver, whole in a
sealed parcel that is sent again, or whole at the receiver, who takes no reference twice (ADR 19).
"""

import base64
import json
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from tillit.audit.operations import append
from tillit.declaration import registry
from tillit.declaration.queries import current, holder_of
from tillit.declaration.registry import Leaving, PersonalTable
from tillit.declaration.vocabulary import category_id
from tillit.disclosure.calling import call
from tillit.disclosure.errors import UnreachableError
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import merging, sealing
from tillit.parties.models import Login, Relationship
from tillit.privacy import envelope, events, portable
from tillit.privacy.errors import HandoverError, PackageError
from tillit.privacy.handover import moving, outbound, parcel
from tillit.privacy.handover.parcel import Parcel, Receipt
from tillit.privacy.handover.planning import going, related
from tillit.privacy.models import Handover, HandoverSent

WAY = "handover"
PATH = "/handover/in"
TIMEOUT = 60.0
TRIES = 3
LONGEST = timedelta(days=30)
"""How long after its arrival a parcel is kept for a receiver that makes no backup."""
HERE = frozenset({"subject_id", "controller_id", "id", "recorded_at"})
"""Columns that mean nothing elsewhere."""


def one(*, handover: Handover, subject_id: int, at: datetime) -> None:
    """Hand one person over; tried again where what is held changes meanwhile.

    Raises `HandoverError` `handover-unreachable`, `handover-refused`, `handover-short`, `handover-changing`.
    """
    for _ in range(TRIES):
        if _one(handover, subject_id, at):
            return
    raise HandoverError("handover-changing", "what is held of somebody keeps changing; run it again")


def _one(handover: Handover, subject_id: int, at: datetime) -> bool:
    known = parcel.reference(handover_id=handover.pk, subject_id=subject_id)
    if (sent := HandoverSent.objects.filter(handover=handover, reference=known).first()) is not None:
        _leave_again(handover, subject_id, at)
        if sent.confirmed_at is None:
            confirm(handover=handover, sent=sent)
        return True
    with transaction.atomic():
        tried = _packed(handover, subject_id, at)
        transaction.set_rollback(True)
    answer = _post(handover, _sealed(handover, tried))
    _whole(tried, answer)
    with transaction.atomic():
        standing = Handover.objects.select_for_update().get(pk=handover.pk)
        if standing.cancelled_at is not None:
            raise HandoverError("handover-done", "it was called off")
        if subject_id not in going(handover=handover):
            return True  # gone, restricted or objected since it was tried
        goes = _packed(handover, subject_id, at)
        if goes.digest() != tried.digest():
            transaction.set_rollback(True)
            return False
        sent = HandoverSent.objects.create(
            handover=handover,
            reference=goes.reference,
            message=_sealed(handover, goes.model_copy(update={"final": True})),
            left=goes.left,
            left_at=at,
        )
        outbound.keep(handover=standing, sent=sent)
        with Scope(system("handover", {handover.giver_id}), "retention") as scope:
            append(
                type=events.PERSON_HANDED_OVER,
                scope=scope,
                controller=handover.giver_id,
                subject=subject_id,
                at=at,
                details={"handover": handover.pk, "rows": _rows(goes.left)},
            )
        moving.leave(handover, subject_id, at)
        Handover.objects.filter(pk=handover.pk).update(moved=standing.moved + 1)
    confirm(handover=handover, sent=sent)
    return True


def here_again(*, handover: Handover) -> list[int]:
    """Who has left and stands here all the same: a restore knew of the parcel and not of the erasure."""
    left = set(HandoverSent.objects.filter(handover=handover).values_list("reference", flat=True))
    if not left:
        return []
    people = related(handover=handover)
    return [one for one in people if parcel.reference(handover_id=handover.pk, subject_id=one) in left]


def _leave_again(handover: Handover, subject_id: int, at: datetime) -> None:
    """Who has left already and is here again, by a restore that knew of the parcel and not yet of the erasure."""
    with transaction.atomic():
        standing = Handover.objects.select_for_update().get(pk=handover.pk)
        moving.leave(handover, subject_id, at)
        Handover.objects.filter(pk=handover.pk).update(moved=standing.moved + 1)


def confirm_all(*, handover: Handover) -> int:
    """Send again what has left and is not safe at the receiver; how many have become so. One that the receiver refuses
    holds up no other. Raises as `confirm`, what was refused first when all are sent.
    """
    waiting = list(HandoverSent.objects.filter(handover=handover, confirmed_at__isnull=True).order_by("id"))
    for reference in outbound.waiting():  # of who never left, or was let go by a transaction that came to nothing
        if not HandoverSent.objects.filter(reference=reference, confirmed_at__isnull=True).exists():
            outbound.let_go(reference=reference)
    safe = 0
    refused: HandoverError | PackageError | None = None
    for sent in waiting:
        try:
            safe += confirm(handover=handover, sent=sent)
        except (HandoverError, PackageError) as error:
            if error.code == "handover-unreachable":
                raise
            refused = refused or error
    if refused is not None:
        raise refused
    return safe


def confirm_everywhere() -> int:
    """The same for every hand-over to another installation, done or not; one that does not answer holds up no other."""
    found = Handover.objects.filter(sent__confirmed_at__isnull=True, sent__isnull=False).distinct().order_by("id")
    before = HandoverSent.objects.filter(confirmed_at__isnull=False).count()
    for handover in found:
        with suppress(HandoverError, PackageError):
            confirm_all(handover=handover)
    return HandoverSent.objects.filter(confirmed_at__isnull=False).count() - before


def confirm(*, handover: Handover, sent: HandoverSent) -> bool:
    """Send the parcel; note its arrival; let it go where the receiver says that a backup of its own holds the person,
    or makes none for `LONGEST`. Whether it was let go. Again, it changes nothing.
    """
    answer = _post(handover, bytes(sent.message or b""))
    if not answer.taken or answer.reference != sent.reference:
        raise HandoverError("handover-refused", "the receiver's receipt is not for what was sent")
    now = clock.now()
    with transaction.atomic():
        standing = Handover.objects.select_for_update().get(pk=handover.pk)
        mine = HandoverSent.objects.filter(pk=sent.pk)
        first = mine.filter(arrived_at__isnull=True).update(arrived_at=now)
        total = standing.counts
        for table in sorted({*sent.left, *answer.arrived} if first else ()):
            before, arrived = total.get(table, [0, 0]), answer.arrived.get(table, 0)
            total[table] = [before[0] + sent.left.get(table, arrived), before[1] + arrived]
        Handover.objects.filter(pk=handover.pk).update(counts=total)
        due = mine.filter(confirmed_at__isnull=True)
        if not answer.safe:
            due = due.filter(arrived_at__lt=now - LONGEST)
        safe = bool(due.update(message=None, confirmed_at=now))
    if safe:
        outbound.let_go(reference=sent.reference)
    return safe


def _whole(goes: Parcel, answer: Receipt) -> None:
    if (answer.reference, answer.digest, answer.taken) != (goes.reference, goes.digest(), False):
        raise HandoverError("handover-refused", "the receiver's answer is not about what was tried")
    for table, left in sorted(goes.left.items()):
        if (arrived := answer.arrived.get(table, 0)) != left:
            raise HandoverError(
                "handover-short", f"{left} of {table} would leave and {arrived} arrive; nothing has left"
            )


def _packed(handover: Handover, subject_id: int, at: datetime) -> Parcel:
    """What goes along of the person, told apart by what may; value is carried out of the books. In a transaction."""
    giver = handover.giver
    may_go, held_by = moving.categories(handover), {giver.pk, holder_of(controller_id=giver.pk)}
    moving.disclosed(handover, subject_id, held_by, may_go, at)
    acting = system("handover", held_by)
    tables: dict[str, list[dict[str, Any]]] = {}
    with Scope(acting, "retention"):
        people = tuple(merging.same_person(subject_id))
        for table in registry.PERSONAL.values():
            if table.travels and may_go & set(table.categories):
                tables[table.table] = _read(table, people, sorted(held_by, key=lambda h: h != giver.pk), may_go, at)
        leaving = Leaving(handover.pk, giver.pk, people, may_go, handover.chains, at)
        packed = {name: domain.pack(leaving) for name, domain in sorted(registry.GOES_ALONG.items())}
        account = Login.objects.filter(subject_id__in=people, is_active=True).exists()
    left = {name: len(rows) for name, rows in tables.items() if rows}
    for domain in packed.values():
        left |= domain.left
    said = [
        parcel.Said(activity=activity, channel=channel, kind=kind.value)
        for activity, channel, kind in moving.said(handover, subject_id)
    ]
    return Parcel(
        ticket=_letter(handover)["ticket"],
        reference=parcel.reference(handover_id=handover.pk, subject_id=subject_id),
        sender=portable.party(current(controller_id=giver.pk, on=clock.today())),
        final=False,
        account=account,
        tables=tables,
        choices=said,
        domains={name: domain.said for name, domain in packed.items() if domain.said},
        left=left,
        key="",
        signature="",
    )


def _read(
    table: PersonalTable, people: tuple[int, ...], holders: list[int], may_go: frozenset[str], at: datetime
) -> list[dict[str, Any]]:
    """The rows in words that mean the same elsewhere; of two current values of one kind the first stands."""
    columns = [str(f.column) for f in table.model._meta.concrete_fields if f.column not in HERE]
    names = {category_id(key): key for key in table.categories}
    replaced, standing, found = table.clocks.get("superseded"), set(), []
    for subject in people:
        for holder in holders[:1] if table.model is Relationship else holders:
            for row in _rows_of(table, columns, subject, holder):
                if table.category_column:
                    row[table.category_column] = names[row[table.category_column]]
                    if row[table.category_column] not in may_go:
                        continue
                open_column = "ended" if table.model is Relationship else replaced
                if open_column and row[open_column] is None and row["kind"] in standing:
                    if table.model is Relationship:
                        continue
                    row[open_column] = at.isoformat()
                if open_column and row[open_column] is None:
                    standing.add(row["kind"])
                found.append(row)
    return found


def _rows_of(table: PersonalTable, columns: list[str], subject: int, holder: int) -> list[dict[str, Any]]:
    plain = [column for column in columns if column not in table.sealed]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT to_jsonb(r)::text, {', '.join(f't.{c}' for c in table.sealed) or 'NULL'} FROM {table.table} t,"
            f" LATERAL (SELECT {', '.join(f't.{c}' for c in plain)}) r"
            " WHERE t.subject_id = %s AND t.controller_id = %s ORDER BY t.id",
            [subject, holder],
        )
        rows = cursor.fetchall()
    found = []
    for text, *sealed in rows:
        row: dict[str, Any] = json.loads(text)
        for column, value in zip(table.sealed, sealed, strict=False):
            row[column] = value and sealing.open_sealed(
                subject_id=subject, controller_id=holder, table=table.table, column=column, sealed=value
            )
        found.append(row)
    return found


def _letter(handover: Handover) -> dict[str, str]:
    return handover.letter or {}


def _sealed(handover: Handover, goes: Parcel) -> bytes:
    return envelope.seal(parcel.signed(goes).model_dump_json().encode(), key=_letter(handover)["seal_for"])


def _post(handover: Handover, message: bytes) -> Receipt:
    """Raises `HandoverError`: `handover-unreachable` (run it again: nothing is lost), `handover-refused` with why."""
    try:
        reply = call(
            way=WAY,
            address=handover.address,
            method="POST",
            path=PATH,
            body={"message": base64.b64encode(message).decode()},
            timeout=TIMEOUT,
        )
        said = reply.json()
    except (UnreachableError, ValueError):
        raise HandoverError(
            "handover-unreachable", "the receiver did not answer; run it again: nothing is lost"
        ) from None
    if reply.status != 200:
        code = str(said.get("code", ""))[:60] if isinstance(said, dict) else ""
        raise HandoverError("handover-refused", f"the receiver refuses: {code or reply.status}")
    return parcel.read_receipt(said, key=_letter(handover)["key"])


def _rows(counts: dict[str, int]) -> int:
    return sum(count for key, count in counts.items() if ":" not in key)
