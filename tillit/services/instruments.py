"""Cards and subscriptions of the blocking service: put on, taken off, opened for a block (D2). Within an open scope."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.collation import Ordered
from tillit.kernel.identifiers import IdentifierError, card, phone
from tillit.kernel.scope import Scope
from tillit.parties import sealing
from tillit.parties.digests import Kind, digest
from tillit.parties.merging import same_person
from tillit.parties.operations import lock_subject
from tillit.services import events
from tillit.services.errors import ServiceError
from tillit.services.models import OVER, BlockOrder, Instrument, InstrumentKind, Issuer

MOST = 30
"""Instruments a person: more is somebody trying numbers."""
_KINDS = {InstrumentKind.CARD: (card.normalise, Kind.CARD), InstrumentKind.SUBSCRIPTION: (phone.normalise, Kind.PHONE)}


def issuers(*, controller_id: int, kind: str = "") -> QuerySet[Issuer]:
    """Those that take orders now, by name."""
    found = (
        Issuer.objects.filter(controller_id=controller_id).exclude(ends__lte=clock.today()).order_by(Ordered("name"))
    )
    return found.filter(kind=kind) if kind else found


def mine(*, subject_id: int) -> QuerySet[Instrument]:
    """What the person has on the service, oldest first, without numbers."""
    found = Instrument.objects.filter(subject_id__in=same_person(subject_id), removed_at=None)
    return found.select_related("issuer").defer("sealed").order_by("added_at", "id")


def put_on(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    issuer: Issuer,
    number: str,
    at: datetime,
    expires_on: date | None = None,
    tie_id: int | None = None,
) -> Instrument:
    """Put a card or subscription on the service. The number is sealed here and forgotten; the same one again is the row
    that stands, as the person's own or through the same tie: each who enters it has a row. `expires_on`: the last day
    it is valid.

    Raises `ServiceError`: `number` (no such card or phone number), `issuer` (another's, or takes no orders), `expired`,
    `too-many`.
    """
    if not issuers(controller_id=controller_id).filter(pk=issuer.pk).exists():
        raise ServiceError("issuer", "that issuer takes no orders from here")
    if expires_on is not None and expires_on < clock.local_date(at):
        raise ServiceError("expired", "that card is out of date")
    normalise, kind = _KINDS[InstrumentKind(issuer.kind)]
    try:
        plain = normalise(number)
    except IdentifierError:
        raise ServiceError("number", "that is no such number") from None
    register_id = Controller.objects.values_list("register_id", flat=True).get(pk=controller_id)
    known = digest(register_id, kind, plain)
    state = lock_subject(scope=scope, subject_id=subject_id)
    standing = mine(subject_id=subject_id)
    if (same := standing.filter(fingerprint=known, tie_id=tie_id).first()) is not None:
        return same
    if standing.count() >= MOST:
        raise ServiceError("too-many", f"at most {MOST} cards and subscriptions a person")
    made = Instrument.objects.create(
        subject_id=subject_id,
        controller_id=controller_id,
        state=state,
        kind=issuer.kind,
        issuer=issuer,
        sealed=_seal(subject_id, controller_id, plain),
        fingerprint=known,
        last_four=plain[-4:],
        expires_on=expires_on,
        added_at=at,
        tie_id=tie_id,
        collected_under=scope.activity,
    )
    details = {"instrument": made.id, "kind": made.kind, "issuer": issuer.key}
    append(type=events.INSTRUMENT_ADDED, scope=scope, controller=controller_id, subject=subject_id, details=details)
    return made


def take_off(*, scope: Scope, subject_id: int, instrument_id: int, at: datetime) -> None:
    """Take it off the service: its number is gone with the same statement, what is left with the next retention run.

    Raises `ServiceError` `no-instrument`, and `block-open` while an order needs the number.
    """
    lock_subject(scope=scope, subject_id=subject_id)
    row = one(subject_id=subject_id, instrument_id=instrument_id)
    if (
        BlockOrder.objects.filter(subject_id=row.subject_id, instrument_id=row.id)
        .exclude(order_state__in=OVER)
        .exists()
    ):
        raise ServiceError("block-open", "it is being blocked; it can be taken off when that is done")
    Instrument.objects.filter(subject_id=row.subject_id, id=row.id).update(removed_at=at, sealed=None, fingerprint=None)
    append(
        type=events.INSTRUMENT_REMOVED,
        scope=scope,
        controller=row.controller_id,
        subject=row.subject_id,
        details={"instrument": row.id},
    )


def one(*, subject_id: int, instrument_id: int) -> Instrument:
    """One that is on the service. Raises `ServiceError` `no-instrument`."""
    found = mine(subject_id=subject_id).filter(id=instrument_id).first()
    if found is None:
        raise ServiceError("no-instrument", "there is no such card or subscription on the service")
    return found


def equal(*, rows: Collection[Instrument]) -> dict[int, tuple[int, UUID | None]]:
    """Id → what tells one card or subscription of a person from another, of these and of every row of the same ones."""
    found = Instrument.objects.filter(
        subject_id__in={row.subject_id for row in rows}, fingerprint__in={row.fingerprint for row in rows}
    )
    said = found.values_list("id", "subject_id", "fingerprint")
    return {number: (subject, known) for number, subject, known in said}


def open_number(*, scope: Scope, order: BlockOrder) -> str:
    """The number, for the order that needs it, put on record (D2). Raises `SealedValueLostError`, `ServiceError`."""
    row = Instrument.objects.filter(subject_id=order.subject_id, id=order.instrument_id, removed_at=None).first()
    if row is None or row.sealed is None:
        raise ServiceError("no-instrument", "there is no such card or subscription on the service")
    append(
        type=events.INSTRUMENT_OPENED,
        scope=scope,
        controller=row.controller_id,
        subject=row.subject_id,
        details={"instrument": row.id, "order": order.id},
    )
    return sealing.open_sealed(
        subject_id=row.subject_id,
        controller_id=row.controller_id,
        table=Instrument._meta.db_table,
        column="sealed",
        sealed=row.sealed,
    )


def _seal(subject_id: int, controller_id: int, number: str) -> bytes:
    return sealing.seal(
        subject_id=subject_id,
        controller_id=controller_id,
        table=Instrument._meta.db_table,
        column="sealed",
        value=number,
    )
