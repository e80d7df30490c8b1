"""Who a person is to an outside sign-in service: a keyed digest of its `sub` by register, no more (A6)."""

import hmac

from django.db import IntegrityError, transaction

from tillit.kernel import clock
from tillit.parties.credential_models import OutsideIdentity
from tillit.parties.errors import FactorError
from tillit.parties.models import Login
from tillit.platform.secrets import secret


def of(*, login_id: int) -> list[OutsideIdentity]:
    """The services a login is connected with."""
    return list(OutsideIdentity.objects.filter(login_id=login_id).order_by("provider"))


def connect(*, login: Login, provider: str, sub: str) -> None:
    """The service's person is the login's. Raises `FactorError` when they are another's already."""
    register_id = _register(login)
    now, digest = clock.now(), _digest(register_id, provider, sub)
    try:
        with transaction.atomic():
            OutsideIdentity.objects.filter(login=login, provider=provider).delete()
            OutsideIdentity.objects.create(
                login=login, register_id=register_id, provider=provider, digest=digest, made_at=now, last_used=now
            )
    except IntegrityError:
        raise FactorError("identity-taken", "the identity is connected with another") from None


def recognise(*, register_id: int, provider: str, sub: str) -> Login | None:
    """The login of the register that is connected with the service's person; noted as used."""
    found = OutsideIdentity.objects.filter(
        register_id=register_id, provider=provider, digest=_digest(register_id, provider, sub)
    )
    identity = found.select_related("login").first()
    found.update(last_used=clock.now())
    return identity.login if identity is not None else None


def disconnect(*, login_id: int, provider: str) -> bool:
    """Forget the connection; whether there was one."""
    return bool(OutsideIdentity.objects.filter(login_id=login_id, provider=provider).delete()[0])


def _register(login: Login) -> int:
    if login.register_id is None:
        raise FactorError("identity-staff", "staff sign in with their own factors")
    return login.register_id


def _digest(register_id: int, provider: str, sub: str) -> bytes:
    return hmac.digest(secret("sign_in"), f"outside:{register_id}:{provider}:{sub}".encode(), "sha256")
