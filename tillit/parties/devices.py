"""Browsers that stay signed in (G6): a random token in the browser, its keyed digest here, never a password.

A device is known until it has not been used for as long as the controller's cookie register says, or until the person
signs out there or ends their sign-ins elsewhere.
"""

import hmac
import secrets
from datetime import datetime, timedelta

from tillit.kernel import clock
from tillit.parties.models import Login, RememberedDevice
from tillit.platform.secrets import secret

_BYTES = 32


def remember(*, login: Login) -> str:
    """A new token for this browser."""
    token, now = secrets.token_urlsafe(_BYTES), clock.now()
    RememberedDevice.objects.create(login=login, digest=_digest(token), made_at=now, last_used=now)
    return token


def recognise(*, token: str, register_id: int, idle: timedelta) -> Login | None:
    """The member whose browser holds the token and has used it within `idle`; noted as used now."""
    now: datetime = clock.now()
    found = RememberedDevice.objects.filter(
        digest=_digest(token),
        last_used__gt=now - idle,
        login__register_id=register_id,
        login__subject_id__isnull=False,
        login__is_active=True,
    )
    device = found.select_related("login").first()
    if device is None:
        return None
    found.update(last_used=now)
    return device.login


def forget(*, token: str) -> bool:
    """Forget this browser; whether it was known."""
    return bool(RememberedDevice.objects.filter(digest=_digest(token)).delete()[0])


def forget_others(*, login_id: int, token: str) -> int:
    """Forget every browser of the login but the one that holds `token`; how many."""
    return RememberedDevice.objects.filter(login_id=login_id).exclude(digest=_digest(token)).delete()[0]


def _digest(token: str) -> bytes:
    return hmac.digest(secret("sign_in"), b"device:" + token.encode(), "sha256")
