"""People of another installation's controller come to one of ours (A10): expected by staff, each taken in once.

A parcel is taken in only where it is sealed for this installation, signed by the key whose fingerprint our staff have
confirmed, and belongs to an expectation that is open. Each is one transaction; a reference is taken in once, and asked
again, the same receipt is the answer, which also says whether a backup made since holds the person. No list joins a
reference to anybody. The journal names expectations and arrivals, so that a restore from an older dump knows who is to
come again (`restoring`): they are taken in whatever the day.
"""

from collections import Counter
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction

from tillit.audit.operations import append
from tillit.consent import operations as consent
from tillit.consent.errors import UnknownChoiceError
from tillit.consent.models import EventKind
from tillit.declaration import registry
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.declaration.registry import Arriving, PersonalTable
from tillit.declaration.vocabulary import category_id
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties import journal, sealing
from tillit.parties.journal_models import JournalKind
from tillit.parties.operations import create_subject, open_account
from tillit.privacy import envelope, events, portable
from tillit.privacy.errors import HandoverError, PackageError
from tillit.privacy.handover import moving, parcel
from tillit.privacy.handover.leaving import HERE
from tillit.privacy.handover.parcel import Parcel, Receipt
from tillit.privacy.handover.planning import ACTIVITY
from tillit.privacy.models import BackupRun, HandoverArrived, HandoverExpected

_COMMITTED = timedelta(minutes=10)
"""By when an arrival is committed: a dump whose moment is later holds it."""


def expect(
    *, actor: Actor, receiver: Controller, giver: str, fingerprint: str, until: date, at: datetime
) -> tuple[HandoverExpected, bytes]:
    """Be ready for the people of a controller elsewhere, signed by the key of that fingerprint; our invitation to it.

    Raises `HandoverError` `handover-fingerprint` for what is none.
    """
    key = "".join(fingerprint.lower().split())
    if len(key) != 32 or set(key) - set("0123456789abcdef"):
        raise HandoverError(
            "handover-fingerprint", "a fingerprint is eight groups of four: `tillit handover fingerprint`"
        )
    with Scope(actor, ACTIVITY) as scope, transaction.atomic():
        made = HandoverExpected.objects.create(
            receiver=receiver, giver=giver, fingerprint=key, expected_at=at, until=until
        )
        _noted(scope, made, at)
        append(
            type=events.HANDOVER_EXPECTED,
            scope=scope,
            controller=receiver.pk,
            at=at,
            details={"handover": made.pk, "until": until},
        )
    letter = portable.Invitation(
        receiver=portable.party(current(controller_id=receiver.pk, on=clock.local_date(at))),
        seal_for=envelope.sealing_key(),
        ticket=envelope.ticket({"handover": made.pk}),
        expires_at=datetime.combine(until, time.max, UTC).isoformat(),
        key=envelope.signing_key(),
        signature="",
    )
    signed = letter.model_copy(update={"signature": envelope.sign(letter.model_dump())})
    return made, signed.model_dump_json(indent=1).encode()


def close(*, actor: Actor, expected: HandoverExpected, at: datetime) -> None:
    """Take nobody more in. Who came stays."""
    with Scope(actor, ACTIVITY) as scope, transaction.atomic():
        HandoverExpected.objects.filter(pk=expected.pk, closed_at__isnull=True).update(closed_at=at)
        _noted(scope, HandoverExpected.objects.get(pk=expected.pk), at)
        append(
            type=events.HANDOVER_CLOSED,
            scope=scope,
            controller=expected.receiver_id,
            at=at,
            details={"handover": expected.pk, "persons": expected.arrived},
        )


def extend(*, actor: Actor, expected: HandoverExpected, until: date, at: datetime) -> None:
    """Expect the same people until another day, also where it was closed: somebody may have left the giver meanwhile,
    and be nowhere but in the sealed parcel.
    """
    with Scope(actor, ACTIVITY) as scope, transaction.atomic():
        HandoverExpected.objects.filter(pk=expected.pk).update(until=until, closed_at=None)
        _noted(scope, HandoverExpected.objects.get(pk=expected.pk), at)
        append(
            type=events.HANDOVER_EXPECTED,
            scope=scope,
            controller=expected.receiver_id,
            at=at,
            details={"handover": expected.pk, "until": until},
        )


def _noted(scope: Scope, expected: HandoverExpected, at: datetime) -> None:
    """In the journal, as it stands: nobody's name or number."""
    row = {str(field.column): getattr(expected, field.attname) for field in HandoverExpected._meta.concrete_fields}
    said: dict[str, Any] = {
        name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()
    }
    journal.note(scope=scope, kind=JournalKind.EXPECTED, at=at, **said)


def expected_of(*, receiver: Controller) -> list[HandoverExpected]:
    """Whose people are or were to come to the controller, the oldest first."""
    return list(HandoverExpected.objects.filter(receiver=receiver).order_by("id"))


def counted(*, expected: HandoverExpected) -> dict[str, int]:
    """Table or `table:unit` → what has arrived of everybody."""
    total = Counter[str]()
    for (counts,) in HandoverArrived.objects.filter(expected=expected).values_list("counts"):
        total.update(counts)
    return dict(sorted(total.items()))


def take(*, message: bytes, at: datetime) -> Receipt:
    """Take one person in, or try it where the parcel is not final; what arrived, signed.

    Raises `PackageError`: `not-for-us`, `package-unreadable`, `not-signed`, `no-invitation`, `unknown-sender`,
    `invitation-expired`, `not-declared`, `changed-on-the-way`.
    """
    came = parcel.read(envelope.open_sealed(message))
    number = envelope.read_ticket(came.ticket).get("handover")
    if number is None:
        raise PackageError("no-invitation", "the invitation is not one to hand people over")
    with transaction.atomic():
        there = HandoverExpected.objects.select_for_update(of=("self",)).select_related("receiver").filter(pk=number)
        if (expected := there.first()) is None:
            raise PackageError("no-invitation", "nobody is expected by that invitation here")
        if envelope.fingerprint(came.key).replace(" ", "") != expected.fingerprint:
            raise PackageError("unknown-sender", "the key is not the one whose fingerprint was confirmed here")
        known = HandoverArrived.objects.filter(expected=expected, reference=came.reference).first()
        lost = known is not None and known.lost_at is not None and came.final
        if known is not None and known.lost_at is None:
            if known.digest != came.digest():
                raise PackageError("changed-on-the-way", "this person came before, with something else")
            return parcel.receipt(parcel=came, taken=True, arrived=known.counts, safe=_is_safe(known))
        if (expected.closed_at is not None or expected.until < clock.local_date(at)) and not lost:
            raise PackageError("invitation-expired", "nobody is expected any more")
        counts = _take_in(expected, came, at)
        if not came.final:
            transaction.set_rollback(True)
            return parcel.receipt(parcel=came, taken=False, arrived=counts)
        said = {"digest": came.digest(), "arrived_at": at}
        HandoverArrived.objects.update_or_create(
            expected=expected, reference=came.reference, defaults={**said, "counts": counts, "lost_at": None}
        )
        journal.note(
            scope=None,
            kind=JournalKind.ARRIVED,
            at=at,
            expected=expected.pk,
            reference=came.reference,
            digest=said["digest"],
            arrived_at=at.isoformat(),
        )
        HandoverExpected.objects.filter(pk=expected.pk).update(arrived=expected.arrived + 1)
    return parcel.receipt(parcel=came, taken=True, arrived=counts)


def _is_safe(known: HandoverArrived) -> bool:
    """Whether a dump that is still there was made of a moment at which the arrival had been committed."""
    dumps = BackupRun.objects.filter(kind="dump", removed_at__isnull=True, verified_at__isnull=False)
    return dumps.filter(made_at__gt=known.arrived_at + _COMMITTED).exists()


def _take_in(expected: HandoverExpected, came: Parcel, at: datetime) -> dict[str, int]:
    receiver = expected.receiver
    holder = holder_of(controller_id=receiver.pk)
    takes = current(controller_id=receiver.pk, on=clock.local_date(at)).category_keys()
    counts: dict[str, int] = {}
    with Scope(system("handover", {receiver.pk, holder}), "retention") as scope:
        new = create_subject(scope=scope, register_id=receiver.register_id)
        for name, rows in sorted(came.tables.items()):
            table = registry.PERSONAL.get(name)
            if table is None or not table.travels:
                raise PackageError("package-unreadable", "it holds a table that does not travel")
            home = holder if table.model in moving.JOINT else receiver.pk
            for row in rows:
                _put(table, row, new, home, takes)
            if rows:
                counts[name] = len(rows)
        moving.identify(new, receiver.register_id)
        if came.account:
            open_account(scope=scope, subject_id=new, register_id=receiver.register_id, at=at)
        arriving = Arriving(expected.pk, receiver.pk, new, takes, at)
        for name, said in sorted(came.domains.items()):
            if name in registry.GOES_ALONG:
                counts |= registry.GOES_ALONG[name].unpack(arriving, said)
    _choices(expected, came, new, at)
    with Scope(system("handover", {receiver.pk}), "retention") as scope:
        append(
            type=events.PERSON_RECEIVED,
            scope=scope,
            controller=receiver.pk,
            subject=new,
            at=at,
            details={"handover": expected.pk, "rows": sum(n for key, n in counts.items() if ":" not in key)},
        )
    return counts


def _put(table: PersonalTable, row: dict[str, Any], new: int, home: int, takes: frozenset[str]) -> None:
    """Insert one row, sealed anew; only columns of ours, and only of a category that the receiver declares."""
    columns = [str(f.column) for f in table.model._meta.concrete_fields if f.column not in HERE]
    if set(row) != set(columns):
        raise PackageError("package-unreadable", f"the rows of {table.table} are of another version")
    values = dict(row)
    category = values[table.category_column] if table.category_column else table.category
    if category not in table.categories or category not in takes:
        raise PackageError("not-declared", f"the receiver does not declare {str(category)[:40]}")
    if table.category_column:
        values[table.category_column] = category_id(category)
    for column in table.sealed:
        if values[column] is not None:
            values[column] = sealing.seal(
                subject_id=new, controller_id=home, table=table.table, column=column, value=str(values[column])
            )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table.table} (subject_id, controller_id, {', '.join(columns)})"
            f" VALUES ({', '.join(['%s'] * (2 + len(columns)))})",
            [new, home, *(values[column] for column in columns)],
        )


def _choices(expected: HandoverExpected, came: Parcel, new: int, at: datetime) -> None:
    receiver = expected.receiver_id
    with Scope(system("handover", {receiver}), "consent_management", frozenset({new})) as scope:
        for one in came.choices:
            with suppress(UnknownChoiceError):
                consent.record(
                    scope=scope,
                    subject_id=new,
                    controller_id=receiver,
                    activity=one.activity,
                    channel=one.channel,
                    kind=EventKind(one.kind),
                    route="handover",
                    wording=f"handover:{expected.pk}",
                    at=at,
                    evidence=f"handover:{expected.pk}",
                )
