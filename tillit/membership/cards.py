"""The electronic membership card (B2): issued to a phone or a page, verified by a supplier as valid or not valid.

A verification answers one bit and leaves nothing of it: no event, no row that names a card, a person or a supplier.
What stays for as long as a code could be shown again, 90 seconds at most, are two digests (`ShownCode`) under a random
salt of that half minute, so that the same code counts at one supplier only; then both go, and who has the database and
every secret cannot tell any more whose they were. Whether a card counts is asked of the register at that moment: a
membership that has ended, a restriction and a card that was taken back hold from the next verification on. The
design is in ADR 12.
"""

import hmac
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from secrets import token_bytes
from typing import Any
from uuid import UUID, uuid4

from django.db import connection
from django.db.models import QuerySet

from tillit.audit.operations import append
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, require, system
from tillit.kernel.sql import load
from tillit.membership import card_codes, events
from tillit.membership.card_models import Card, ShownSalt
from tillit.membership.errors import CardRefusedError
from tillit.parties.models import Relationship
from tillit.parties.operations import lock_subject
from tillit.platform.secrets import secret

ACTIVITY = "membership_card"
LIFE = timedelta(days=7)
"""How long a phone makes codes without asking again."""
RENEWED = timedelta(days=1)
"""A card that is older than this is renewed when its phone has a network."""
MOST_DEVICES = 5
SKEW_STEPS = 1
"""How many steps a phone's clock may be off, either way."""
AGAIN = timedelta(seconds=card_codes.STEP_SECONDS)
"""How long the one who was answered first may ask about the same code again: the till was slow."""


@dataclass(frozen=True)
class Issued:
    """What a phone needs to make codes by itself: its card, the card's key, the point to seal to, until when."""

    card_id: int
    reference: bytes
    key: bytes = field(repr=False)
    public: bytes
    valid_until: datetime
    now: datetime


def issue(
    *, scope: Scope, subject_id: int, controller_id: int, device: bool, held: int | None = None, at: datetime
) -> Issued:
    """A card for a phone (`device`) or for the page in a browser: the one it has (`held`), renewed, else a new one.

    A person has at most five cards on phones; the one longest without a network goes. Raises `CardRefusedError` when
    the person is no member today.
    """
    require(activity=ACTIVITY)
    state = lock_subject(scope=scope, subject_id=subject_id)
    today = clock.local_date(at)
    ties = Relationship.objects.filter(subject_id=subject_id, controller_id=controller_id, kind="member")
    if not any(tie.started <= today and (tie.ended is None or tie.ended > today) for tie in ties):
        raise CardRefusedError("not-a-member", "who is no member has no card")
    mine = Card.objects.filter(subject_id=subject_id, controller_id=controller_id, device=device)
    standing = mine.filter(revoked_at=None).order_by("-issued_at", "id")
    card = (standing.filter(id=held).first() if held is not None else None) if device else standing.first()
    if card is None:
        card = _anew(mine.order_by("-issued_at", "id"), state, at, device=device, of=(subject_id, controller_id))
        _run("count", {"controller": controller_id, "month": today.replace(day=1), "device": device})
        append(
            type=events.CARD_ISSUED,
            scope=scope,
            controller=controller_id,
            subject=subject_id,
            details={"kind": "device" if device else "page"},
        )
    elif card.issued_at <= at - RENEWED:
        card.issued_at, card.valid_until = at, at + LIFE
        mine.filter(id=card.id).update(issued_at=card.issued_at, valid_until=card.valid_until)
    return Issued(
        card_id=card.id,
        reference=card_codes.reference(subject_id=subject_id, card_id=card.id),
        key=card_codes.card_key(nonce=card.nonce),
        public=card_codes.public_key(),
        valid_until=card.valid_until,
        now=at,
    )


def take_back(*, scope: Scope, subject_id: int, controller_id: int, card_id: int, at: datetime) -> bool:
    """The card counts no more, from the next verification on (a phone that was lost); whether it did until now."""
    require(activity=ACTIVITY)
    mine = Card.objects.filter(subject_id=subject_id, controller_id=controller_id, id=card_id, revoked_at=None)
    if not mine.update(revoked_at=at):
        return False
    append(type=events.CARD_TAKEN_BACK, scope=scope, controller=controller_id, subject=subject_id, details={})
    return True


def on_phones(*, subject_id: int, controller_id: int, at: datetime) -> list[Card]:
    """The person's cards on phones that count, newest first."""
    mine = Card.objects.filter(subject_id=subject_id, controller_id=controller_id, device=True, revoked_at=None)
    return list(mine.filter(valid_until__gt=at).order_by("-issued_at", "id"))


def code_now(*, issued: Issued, subject_id: int, at: datetime) -> str:
    """The code of this half minute, made here for a page without scripts."""
    return card_codes.make(subject_id=subject_id, card_id=issued.card_id, key=issued.key, step=step_of(at))


def verify(*, controllers: Collection[int], by: str, code: str, at: datetime) -> bool:
    """Whether the code is shown by a card that counts now, of a member of one of the controllers. One bit, not logged.

    `by`: who asks, such as a supplier, may ask again for half a minute; for everybody else, and later, it is used up.
    An old code, one of a clock that is more than half a minute off, and one that is none do not count either.
    """
    shown = card_codes.read(code)
    if shown is None or abs(shown.step - step_of(at)) > SKEW_STEPS or not controllers:
        return False
    actor = Actor("partner", "card", frozenset(controllers), frozenset({ACTIVITY}))
    with Scope(actor, ACTIVITY):
        nonce, salt = _standing(shown, at)
        if nonce is None or not card_codes.genuine(shown=shown, nonce=nonce):
            return False
        return _first_or_same(shown, by, at, salt)


def forget(at: datetime | None = None) -> None:
    """Destroy what codes that can be shown no more left, and their salts: each minute, as every verification does."""
    given = {"at": at or clock.now()}
    _run("forget_salts", given)
    _run("forget_codes", given)


def step_of(at: datetime) -> int:
    """The half minute of a moment."""
    return int(at.timestamp()) // card_codes.STEP_SECONDS


def faults(controller_id: int, on: date) -> Iterator[str]:
    """Where cards are not as promised, tried on cards that are really there (B2, for the proof)."""
    at = clock.now()
    given: dict[str, Any] = {"controller": controller_id, "longest": LIFE, "at": at, "today": clock.local_date(at)}
    with Scope(system("proof", {controller_id}), "proof"):
        yield from (str(row[0]) for row in _rows("faults", given))
        ended, counting = _rows("ended", given), _rows("counting", given)
    for subject, card, nonce in ended:
        if _counts(controller_id, subject, card, nonce, at, step_of(at)):
            yield f"membership_card {card}: counts although its holder is no member"
    for subject, card, nonce in counting:
        if _counts(controller_id, subject, card, nonce, at, step_of(at) - SKEW_STEPS - 1):
            yield f"membership_card {card}: a code of a minute ago counts"


def _anew(mine: QuerySet[Card], state: int, at: datetime, *, device: bool, of: tuple[int, int]) -> Card:
    """A card with a key nobody has. Where the person has as many as one may, the row that counts least is made anew."""
    fresh = {"nonce": uuid4(), "issued_at": at, "valid_until": at + LIFE, "revoked_at": None}
    rows = list(mine)
    if len(rows) < (MOST_DEVICES if device else 1):
        return Card.objects.create(subject_id=of[0], controller_id=of[1], state=state, device=device, **fresh)
    least = next((row for row in reversed(rows) if row.revoked_at is not None), rows[-1])
    mine.filter(id=least.id).update(**fresh)
    least.refresh_from_db()
    return least


def _counts(controller_id: int, subject: int, card: int, nonce: UUID, at: datetime, step: int) -> bool:
    code = card_codes.make(subject_id=subject, card_id=card, key=card_codes.card_key(nonce=nonce), step=step)
    return verify(controllers={controller_id}, by="proof", code=code, at=at)


def _standing(shown: card_codes.Shown, at: datetime) -> tuple[UUID | None, bytes | None]:
    """The nonce of the card if it counts, and the salt of the code's half minute if there is one. What codes that can
    be shown no more left goes in the same statement.
    """
    of = {"subject": shown.subject_id, "card": shown.card_id, "step": shown.step}
    ((nonce, salt),) = _rows("standing", of | {"at": at, "today": clock.local_date(at)})
    return nonce, None if salt is None else bytes(salt)


def _first_or_same(shown: card_codes.Shown, by: str, at: datetime, salt: bytes | None) -> bool:
    """Whether the card's code of this step was shown to nobody, or to the same one half a minute ago at most, however
    it was sealed.
    """
    until = datetime.fromtimestamp((shown.step + SKEW_STEPS + 1) * card_codes.STEP_SECONDS, UTC)
    key = secret("membership_cards") + (salt or _new_salt(shown.step, until))
    told = f"{shown.subject_id}:{shown.card_id}:{shown.step}".encode()
    digest = UUID(bytes=hmac.digest(key, b"shown " + told, "sha256")[:16])
    asked = UUID(bytes=hmac.digest(key, b"asked " + by.encode() + b" " + told, "sha256")[:16])
    given = {"digest": digest, "by": asked, "at": at, "again": at + AGAIN, "until": until}
    return bool(_rows("show", given)[0][0])


def _new_salt(step: int, until: datetime) -> bytes:
    """The salt of a half minute's codes, the same for every process: whoever comes first makes it."""
    _run("salt", {"step": step, "salt": token_bytes(32), "until": until})
    return bytes(ShownSalt.objects.get(step=step).salt)


def _rows(name: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "cards", name), given)
        return list(cursor.fetchall())


def _run(name: str, given: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "cards", name), given)
