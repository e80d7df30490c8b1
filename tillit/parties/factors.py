"""The second factor (A9): codes of an authenticator app (RFC 6238), recovery codes, and which factors a login has.

The app's secret is sealed for its login; a step's code works once. Recovery codes are ten, kept as keyed digests, each
good once; making new ones ends the old. Wrong tries are counted per login.
"""

import base64
import hmac
import os
import secrets
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote, urlencode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import transaction

from tillit.kernel import clock
from tillit.parties import passkeys
from tillit.parties.credential_models import Passkey, RecoveryCode, TimeCode
from tillit.parties.errors import FactorError, SealedValueLostError
from tillit.parties.models import Login
from tillit.parties.rates import Limit, within
from tillit.platform import key_encryption
from tillit.platform.secrets import secret

STEP = 30
DRIFT = 1  # steps a phone's clock may be wrong, either way
RECOVERY_CODES = 10
TRIES = Limit("second_factor", 10, timedelta(minutes=15))
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Factors:
    """What a login has to show beside the code by e-mail."""

    passkeys: tuple[Passkey, ...]
    time_code: bool
    recovery_left: int

    @property
    def enrolled(self) -> bool:
        """Whether there is a second factor at all; recovery codes alone are none."""
        return bool(self.passkeys) or self.time_code


def of(*, login_id: int) -> Factors:
    """The login's factors."""
    return Factors(
        tuple(passkeys.of(login_id=login_id)),
        TimeCode.objects.filter(login_id=login_id, confirmed_at__isnull=False).exists(),
        RecoveryCode.objects.filter(login_id=login_id, used_at__isnull=True).count(),
    )


@transaction.atomic
def begin_time_code(*, login: Login) -> str:
    """The base32 secret for a new authenticator app: the same until it is confirmed. Raises when one is confirmed."""
    now = clock.now()
    Login.objects.select_for_update().get(pk=login.pk)
    found = TimeCode.objects.filter(login=login).first()
    if found is not None and found.confirmed_at is not None:
        raise FactorError("time-code-there", "an authenticator app is set up already")
    if found is None:
        sealed = _seal(login.pk, os.urandom(20))
        found = TimeCode.objects.create(login=login, sealed=sealed, made_at=now, last_used=now)
    return base64.b32encode(_open(login.pk, bytes(found.sealed))).decode()


def app_address(*, base32: str, issuer: str, account: str) -> str:
    """The `otpauth:` address that an authenticator app reads from a QR code."""
    label = quote(f"{issuer}:{account}", safe="")
    return f"otpauth://totp/{label}?{urlencode({'secret': base32, 'issuer': issuer})}"


def confirm_time_code(*, login_id: int, typed: str) -> bool:
    """Whether `typed` is a code of the app being set up; it is a factor from then on."""
    if not _right(login_id, typed, confirmed=False):
        return False
    TimeCode.objects.filter(login_id=login_id).update(confirmed_at=clock.now())
    return True


def check(*, login_id: int, typed: str) -> str | None:
    """`totp` or `recovery_code` when `typed` is a right one, used up by this; None when not. See `may_try`."""
    if _right(login_id, typed, confirmed=True):
        return "totp"
    return "recovery_code" if _use_recovery_code(login_id, typed) else None


def may_try(*, login_id: int) -> bool:
    """Count one try at the login's second factor; whether it is within the limit."""
    return within(TRIES, f"login:{login_id}")


@transaction.atomic
def make_recovery_codes(*, login: Login) -> list[str]:
    """Ten new codes, to be shown once; the old ones work no more."""
    now = clock.now()
    RecoveryCode.objects.filter(login=login).delete()
    made = ["-".join(_word() for _ in range(2)) for _ in range(RECOVERY_CODES)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(login=login, digest=_digest(login.pk, code), made_at=now) for code in made
    )
    return made


@transaction.atomic
def remove_time_code(*, login_id: int) -> bool:
    """Forget the authenticator app; whether there was one."""
    return bool(TimeCode.objects.filter(login_id=login_id).delete()[0])


@transaction.atomic
def remove_all(*, login_id: int) -> list[str]:
    """Forget every factor of the login; which kinds there were."""
    kinds = {"passkey": Passkey, "totp": TimeCode, "recovery_code": RecoveryCode}
    return [kind for kind, model in kinds.items() if model._default_manager.filter(login_id=login_id).delete()[0]]


@transaction.atomic
def _right(login_id: int, typed: str, *, confirmed: bool) -> bool:
    """Whether `typed` is the code of a step near now that has not been used; it is used then."""
    digits = "".join(sign for sign in typed if sign.isdigit())
    found = TimeCode.objects.select_for_update().filter(login_id=login_id, confirmed_at__isnull=not confirmed).first()
    if found is None or len(digits) != 6 or any(not (sign.isdigit() or sign in " -") for sign in typed):
        return False
    totp = TOTP(_open(login_id, bytes(found.sealed)), 6, SHA1(), STEP, enforce_key_length=False)  # noqa: S303
    now = clock.now()
    present = int(now.timestamp()) // STEP
    for step in range(present - DRIFT, present + DRIFT + 1):
        if hmac.compare_digest(totp.generate(step * STEP), digits.encode()) and step > found.last_step:
            found.last_step, found.last_used = step, now
            found.save(update_fields=["last_step", "last_used"])
            return True
    return False


def _use_recovery_code(login_id: int, typed: str) -> bool:
    code = "".join(typed.lower().split())
    unused = RecoveryCode.objects.filter(login_id=login_id, digest=_digest(login_id, code), used_at__isnull=True)
    return bool(unused.update(used_at=clock.now()))


def _word() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(5))


def _digest(login_id: int, code: str) -> bytes:
    return hmac.digest(secret("sign_in"), f"recovery:{login_id}:{code}".encode(), "sha256")


def _seal(login_id: int, value: bytes) -> bytes:
    return key_encryption.wrap(value, f"time_code:{login_id}".encode())


def resealed(row: TimeCode) -> bytes:
    """The secret of an authenticator app, sealed with the present key. Raises `SealedValueLostError`."""
    return _seal(row.login_id, _open(row.login_id, bytes(row.sealed)))


def _open(login_id: int, sealed: bytes) -> bytes:
    try:
        return key_encryption.unwrap(sealed, f"time_code:{login_id}".encode())
    except InvalidTag:
        raise SealedValueLostError("sealed-lost", "the secret of the authenticator app cannot be opened") from None
