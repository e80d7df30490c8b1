"""One-time codes: asked for, sent, tried (issue of a code and its trial; who may have one is decided by the caller).

A code is six digits (eight when somebody has been guessing at a person's), lives ten minutes, may be tried five times
and works once. Only its keyed digest is stored, bound to the row. A code nobody can get (an unknown address) makes the
same row and costs the same trial.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F

from tillit.kernel import clock
from tillit.parties.models import SignInCode
from tillit.platform.secrets import secret

LIVES = timedelta(minutes=10)
TRIES = 5
DIGITS, MORE_DIGITS = 6, 8


@dataclass(frozen=True)
class Issued:
    """The row's id, for the browser that asked, and the code, for the mail; it is not stored."""

    id: UUID
    code: str


def issue(
    *,
    purpose: str,
    register_id: int | None = None,
    subject_id: int | None = None,
    login_id: int | None = None,
    digits: int = DIGITS,
) -> Issued:
    """A new code for a person of a register or for a login; for nobody when both are None."""
    made = Issued(uuid4(), f"{secrets.randbelow(10**digits):0{digits}d}")
    now = clock.now()
    SignInCode.objects.create(
        id=made.id,
        register_id=register_id,
        subject_id=subject_id,
        login_id=login_id,
        digest=_digest(made.id, made.code),
        purpose=purpose,
        made_at=now,
        expires_at=now + LIVES,
    )
    return made


def redeem(*, code_id: UUID, code: str, purpose: str) -> SignInCode | None:
    """The row when `code` is the right one, for the first time, in time and within the tries; else None.

    Outside a transaction the try is counted whatever follows.
    """
    now = clock.now()
    open_codes = SignInCode.objects.filter(id=code_id, purpose=purpose, used_at__isnull=True, expires_at__gt=now)
    counted = open_codes.filter(attempts__lt=TRIES).update(attempts=F("attempts") + 1)
    row = SignInCode.objects.filter(id=code_id).first() if counted else None
    right = hmac.compare_digest(_digest(code_id, code), bytes(row.digest) if row else bytes(32))
    if row is None or not right or (row.subject_id is None and row.login_id is None):
        return None
    return row if open_codes.update(used_at=now) else None


def redeem_all(*, typed: Mapping[UUID, str], purpose: str) -> frozenset[UUID]:
    """Try several codes at once, each bound to nobody yet; the ids of those that are not right, empty when all are.

    All are used up together or none is, so that one mistyped code does not spend the other. Every try counts, also of a
    code of another purpose, which is never right.
    """
    now = clock.now()
    living = SignInCode.objects.filter(id__in=list(typed), used_at__isnull=True, expires_at__gt=now)
    tried = [one for one in typed if living.filter(id=one, attempts__lt=TRIES).update(attempts=F("attempts") + 1)]
    fresh = living.filter(purpose=purpose)
    rows = {row.id: bytes(row.digest) for row in fresh.filter(id__in=tried)}
    wrong = frozenset(
        one for one, code in typed.items() if not hmac.compare_digest(_digest(one, code), rows.get(one, bytes(32)))
    )
    if wrong:
        return wrong
    with transaction.atomic():
        if fresh.update(used_at=now) == len(typed):
            return frozenset()
        transaction.set_rollback(True)  # somebody else used one of them a moment ago
    return frozenset(typed)


def subject_of(*, code_id: UUID) -> int | None:
    """The person whom a code is bound to, used or not; None for nobody's."""
    return SignInCode.objects.filter(id=code_id).values_list("subject_id", flat=True).first()


def digits(typed: str) -> str:
    """What was typed as a code: its digits, so that blanks and dashes do no harm."""
    return "".join(sign for sign in typed if sign.isdigit())[:12]


def tries_left(*, code_id: UUID) -> int:
    """How often the code may still be tried; 0 when it is used, too old or unknown."""
    row = SignInCode.objects.filter(id=code_id, used_at__isnull=True, expires_at__gt=clock.now()).first()
    return 0 if row is None else max(0, TRIES - row.attempts)


def _digest(code_id: UUID, code: str) -> bytes:
    return hmac.digest(secret("sign_in"), f"{code_id}:{code}".encode(), "sha256")
