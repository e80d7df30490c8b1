"""What can be done with payment instruments (C4) and web-shop identities (C5). Within an open scope; numbers stay here.

A number is checked, digested under the register's key and forgotten: the row keeps network, last four and digest. The
directory holds each number for one person at a time, so that a card is on one BonusID only.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.kernel.identifiers import IdentifierError, card, par
from tillit.kernel.scope import Scope
from tillit.parties import carried, directories, journal
from tillit.parties.digests import Kind, digest
from tillit.parties.errors import AlreadyClaimedError
from tillit.parties.journal_models import JournalKind
from tillit.parties.merging import same_person
from tillit.parties.operations import lock_subjects
from tillit.purchases import events, queries
from tillit.purchases.errors import InstrumentRefusedError
from tillit.purchases.models import PaymentInstrument
from tillit.purchases.ownership import Ownership, OwnershipCheck, OwnershipQuestion, configured, unchecked
from tillit.purchases.reading import contacts

# Visa, Mastercard and debit accounts (C4). A further way of paying is added here and in the declarations.
ACCEPTED = frozenset({card.Network.VISA, card.Network.MASTERCARD, card.Network.BANKAXEPT})

# Nobody has many cards of their own. While no bank says whose a number is, a BonusID with more of them is somebody
# trying numbers: each one that is free would take its owner's purchases.
MOST_UNKNOWN = 10


class Acceptable(NamedTuple):
    """A number that may be registered: its digits (never to be kept), kind, network, ownership and PAR."""

    number: str
    kind: Kind
    network: card.Network
    ownership: Ownership
    par: str = ""


class Known(NamedTuple):
    """A card or account as it is kept: kind in the directory, digest, last four, network."""

    kind: int
    digest: UUID
    last_four: str
    network: str
    par: UUID | None = None


def acceptable(
    *,
    subject_id: int,
    number: str,
    ownership: OwnershipCheck,
    enterprise: Callable[[str], bool] = queries.is_enterprise_card,
) -> Acceptable:
    """Check a card or account of the person. Raises `InstrumentRefusedError`, as `register_instrument` but `taken`.

    `enterprise`: whether normalised digits are a company's; for many numbers, one that has the ranges at hand.
    """
    normal = _normal(number)
    network = card.network(normal)
    if network not in ACCEPTED:
        raise InstrumentRefusedError("network", "only Visa, Mastercard and debit accounts can be registered")
    if enterprise(normal):
        raise InstrumentRefusedError("enterprise", "company cards cannot be registered")
    found = ownership(OwnershipQuestion(subject_id, normal))
    if found.ownership is Ownership.DENIED:
        raise InstrumentRefusedError("not-owner", "only cards and accounts of your own can be registered")
    kind = Kind.ACCOUNT if network is card.Network.BANKAXEPT else Kind.CARD
    return Acceptable(normal, kind, network, found.ownership, found.par if par.is_valid(found.par) else "")


def register_instrument(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    number: str,
    at: datetime,
    ownership: OwnershipCheck | None = None,
) -> PaymentInstrument:
    """Register a card or account of the person; the row there is already is returned, whichever of a merged person's
    subjects has it (C3). `ownership`: default configured.

    Raises `InstrumentRefusedError`: number-… (check digit, length), network, enterprise, not-owner, too-many, taken,
    and `decided` for one that staff took off as another's, until what is left of it lapses or a bank confirms it.
    """
    own = acceptable(subject_id=subject_id, number=number, ownership=ownership or configured())
    register_id = Controller.objects.values_list("register_id", flat=True).get(pk=controller_id)
    kind, known = own.kind, digest(register_id, own.kind, own.number)
    people = same_person(subject_id)
    state = lock_subjects(scope=scope, subject_ids=people)[subject_id]
    decided = PaymentInstrument.objects.filter(subject_id__in=people, digest=known, removal_decided=True)
    if own.ownership is not Ownership.CONFIRMED and decided.exists():
        raise InstrumentRefusedError("decided", "staff found that card or account to be another's")
    if own.ownership is Ownership.UNKNOWN:
        _room_for(subject_id, known)
    came = carried.held(register_id=register_id, kind=kind, number=own.number)
    if any(holder not in people for holder in came.values()):
        raise InstrumentRefusedError("taken", "that card or account is on another BonusID")
    try:
        directories.claim(register_id=register_id, kind=kind, digest=known, subject_id=subject_id, since=at)
    except AlreadyClaimedError:
        raise InstrumentRefusedError("taken", "that card or account is on another BonusID") from None
    for before in came:  # the number is at hand: the card that came along gets a digest of this register's own (A10)
        _renew(register_id, kind, people, before, known)
    standing = PaymentInstrument.objects.filter(subject_id__in=people, digest=known, removed_at=None).first()
    if standing is not None:
        return standing
    return _put_on(
        scope=scope,
        subject_id=subject_id,
        controller_id=controller_id,
        state=state,
        known=Known(int(kind), known, card.last_four(own.number), own.network.value, _par(own, register_id)),
        ownership=own.ownership,
        at=at,
    )


def _put_on(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    state: int,
    known: Known,
    ownership: Ownership,
    at: datetime,
) -> PaymentInstrument:
    made, fresh = PaymentInstrument.objects.get_or_create(
        subject_id=subject_id,
        digest=known.digest,
        removed_at=None,
        defaults={
            "controller_id": holder_of(controller_id=controller_id),
            "state": state,
            "kind": known.kind,
            "network": known.network,
            "last_four": known.last_four,
            "registered_at": at,
            "par": _claimed_par(known.par, controller_id, subject_id, at),
        },
    )
    if fresh:
        append(
            type=events.INSTRUMENT_REGISTERED,
            scope=scope,
            controller=made.controller_id,
            subject=subject_id,
            details={"instrument": made.id, "network": known.network, "ownership": ownership.value},
        )
    return made


def _renew(register_id: int, kind: Kind, people: Sequence[int], before: UUID, after: UUID) -> None:
    rows = PaymentInstrument.objects.filter(subject_id__in=people, digest=before)
    for one in rows.filter(removed_at=None):
        directories.move(register_id=register_id, kind=kind, before=before, after=after, subject_id=one.subject_id)
    rows.update(digest=after)


def _par(own: Acceptable, register_id: int) -> UUID | None:
    return digest(register_id, Kind.PAR, par.normalise(own.par)) if own.par else None


def _claimed_par(known: UUID | None, controller_id: int, subject_id: int, at: datetime) -> UUID | None:
    """The PAR, claimed for the person; None where there is none, or another card of somebody else's has it."""
    if known is None:
        return None
    register_id = Controller.objects.values_list("register_id", flat=True).get(pk=controller_id)
    since = {subject_id: at}
    held = directories.claim_set(register_id=register_id, kind=Kind.PAR, claims={known: subject_id}, since=since)
    return known if held[known] == subject_id else None


def _room_for(subject_id: int, known: UUID) -> None:
    """Raise `InstrumentRefusedError` `too-many` for one more than `MOST_UNKNOWN`; one that is on already is no more."""
    used = {str(one.digest) for one in queries.instruments(subject_id=subject_id)}
    if len(used) >= MOST_UNKNOWN and str(known) not in used:
        raise InstrumentRefusedError("too-many", f"at most {MOST_UNKNOWN} cards and accounts can be registered")


def remove_instrument(
    *, scope: Scope, subject_id: int, instrument_id: int, at: datetime, decided: bool = False
) -> bool:
    """Take a card or account off the BonusID; whether it was on it. `decided`: by staff, and not to be undone.

    The number is free for others at once. The row stays until its retention lapses, so that purchases made while it was
    registered, and still on their way, find their owner.
    """
    people = same_person(subject_id)
    lock_subjects(scope=scope, subject_ids=people)
    found = PaymentInstrument.objects.filter(subject_id__in=people, id=instrument_id, removed_at=None).first()
    if found is None:
        return False
    PaymentInstrument.objects.filter(subject_id=found.subject_id, id=instrument_id).update(
        removed_at=at, removal_decided=decided
    )
    journal.remember(scope=scope, rows=[found], at=at)
    register_id = Controller.objects.values_list("register_id", flat=True).get(pk=found.controller_id)
    directories.unclaim(
        register_id=register_id, kind=Kind(found.kind), digest=UUID(str(found.digest)), subject_id=found.subject_id
    )
    others = PaymentInstrument.objects.filter(subject_id__in=people, par=found.par, removed_at=None)
    if found.par is not None and not others.exists():
        directories.unclaim(
            register_id=register_id, kind=Kind.PAR, digest=UUID(str(found.par)), subject_id=found.subject_id
        )
    append(
        type=events.INSTRUMENT_REMOVED,
        scope=scope,
        controller=found.controller_id,
        subject=subject_id,
        details={"instrument": found.id},
    )
    return True


def number_digest(*, register_id: int, number: str) -> Known:
    """A card or account as it is kept. Raises `InstrumentRefusedError` for what is no such number."""
    normal = _normal(number)
    network = card.network(normal)
    kind = Kind.ACCOUNT if network is card.Network.BANKAXEPT else Kind.CARD
    return Known(int(kind), digest(register_id, kind, normal), card.last_four(normal), network.value)


def register_decided(
    *, scope: Scope, subject_id: int, controller_id: int, known: Known, at: datetime
) -> PaymentInstrument:
    """Put a card or account on the BonusID of whom staff found it to be: nobody else can take it meanwhile."""
    register_id = Controller.objects.values_list("register_id", flat=True).get(pk=controller_id)
    people = same_person(subject_id)
    state = lock_subjects(scope=scope, subject_ids=people)[subject_id]
    PaymentInstrument.objects.filter(subject_id__in=people, digest=known.digest, removal_decided=True).update(
        removal_decided=False  # what was decided before is decided otherwise now
    )
    directories.claim(
        register_id=register_id, kind=Kind(known.kind), digest=known.digest, subject_id=subject_id, since=at
    )
    standing = PaymentInstrument.objects.filter(subject_id__in=people, digest=known.digest, removed_at=None).first()
    return standing or _put_on(
        scope=scope,
        subject_id=subject_id,
        controller_id=controller_id,
        state=state,
        known=known,
        ownership=Ownership.CONFIRMED,
        at=at,
    )


def well_formed(*, number: str) -> None:
    """Raise `InstrumentRefusedError` for what is no card or account number. Says nothing of whose it is."""
    _normal(number)


def _normal(number: str) -> str:
    try:
        return card.normalise(number)
    except IdentifierError as error:
        raise InstrumentRefusedError(error.code.replace("card-", "number-", 1), error.message) from None


def put_back(*, scope: Scope, subject_id: int, instrument_id: int, at: datetime) -> bool:
    """Undo a removal while the row is still there; whether it was off. As if it had been on all the time.

    Raises `InstrumentRefusedError`: `taken` when it is on another BonusID now, `too-many` with `MOST_UNKNOWN` others.
    """
    state = lock_subjects(scope=scope, subject_ids=[subject_id])[subject_id]
    off = PaymentInstrument.objects.filter(
        subject_id=subject_id, id=instrument_id, removed_at__isnull=False, removal_decided=False
    )
    found = off.first()
    if found is None:
        return False
    register_id = Controller.objects.values_list("register_id", flat=True).get(pk=found.controller_id)
    known = UUID(str(found.digest))
    if configured() is unchecked:
        _room_for(subject_id, known)
    try:
        directories.claim(
            register_id=register_id,
            kind=Kind(found.kind),
            digest=known,
            subject_id=subject_id,
            since=found.registered_at,
        )
    except AlreadyClaimedError:
        raise InstrumentRefusedError("taken", "that card or account is on another BonusID") from None
    if PaymentInstrument.objects.filter(subject_id=subject_id, digest=known, removed_at=None).exists():
        return False  # it was registered anew meanwhile
    par_again = _claimed_par(found.par, found.controller_id, subject_id, found.registered_at)
    off.update(removed_at=None, state=state, par=par_again)
    journal.remember(scope=scope, rows=[found], at=at)
    journal.note_digest(
        kind=JournalKind.CLAIMED,
        register_id=register_id,
        directory=found.kind,
        digest=known,
        subject_id=subject_id,
    )
    append(
        type=events.INSTRUMENT_PUT_BACK,
        scope=scope,
        controller=found.controller_id,
        subject=subject_id,
        details={"instrument": found.id},
    )
    return True


def recognise_in_web_shops(
    *,
    scope: Scope,
    subject_id: int,
    register_id: int,
    before: tuple[str, str] | None = None,
    after: tuple[str, str] | None = None,
) -> bool:
    """Have purchases with this mobile and e-mail together counted for the person (C5); `before` is given up.

    Pairs are (mobile, e-mail) as written. Returns whether `after` is the person's now: a pair that somebody else in the
    same home registered first stays theirs. Raises `IdentifierError` for what is no number or address.
    """
    kind = Kind.PHONE_AND_EMAIL
    if before is not None and before != after:
        directories.unclaim(
            register_id=register_id, kind=kind, digest=_pair(register_id, before), subject_id=subject_id
        )
    if after is None:
        return False
    known = _pair(register_id, after)
    holders = directories.claim_set(register_id=register_id, kind=kind, claims={known: subject_id})
    return holders[known] == subject_id


def _pair(register_id: int, pair: tuple[str, str]) -> UUID:
    mobile, address = contacts.normal_mobile(pair[0]), contacts.normal_email(pair[1])
    return UUID(bytes=contacts.pair_digest(register_id, mobile, address))
