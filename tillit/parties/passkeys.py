"""Passkeys (WebAuthn level 2), through Yubico's `fido2`: added, asked for, checked.

A passkey is asked for with user verification, so it is something one has and something one knows or is: two factors in
one. The browser is not told which passkeys a login has when it signs in (the passkey says whose it is), so nobody
learns from the pages who has one. A counter that goes backwards is a copy, and refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from fido2.server import Fido2Server
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from tillit.kernel import clock
from tillit.parties.credential_models import Passkey
from tillit.parties.errors import FactorError
from tillit.parties.models import Login

MOST = 10


@dataclass(frozen=True)
class Place:
    """Where a passkey works: the site's host name, without a port, and its name as the device shows it."""

    host: str
    name: str

    def server(self) -> Fido2Server:
        """The checks for this place."""
        return Fido2Server(PublicKeyCredentialRpEntity(id=self.host, name=self.name))


def of(*, login_id: int) -> list[Passkey]:
    """The login's passkeys, oldest first."""
    return list(Passkey.objects.filter(login_id=login_id).order_by("made_at", "id"))


def begin_adding(*, login: Login, place: Place) -> tuple[dict[str, Any], dict[str, Any]]:
    """(options for the browser, state to keep until it answers). The device is told a random handle, never a name."""
    options, state = place.server().register_begin(
        PublicKeyCredentialUserEntity(id=login.handle.bytes, name=place.name, display_name=place.name),
        credentials=[AttestedCredentialData(bytes(known.credential)) for known in of(login_id=login.pk)],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(options.public_key), state


@transaction.atomic
def finish_adding(*, login: Login, place: Place, state: Any, answer: Mapping[str, Any], device: str) -> Passkey:
    """The passkey the browser made for `begin_adding`'s options; raises `FactorError` when the answer does not fit."""
    try:
        made = place.server().register_complete(state, answer).credential_data
    except (ValueError, TypeError, KeyError, AttributeError):
        raise FactorError("passkey-refused", "the answer of the device does not fit what was asked") from None
    now = clock.now()
    Login.objects.select_for_update().get(pk=login.pk)
    if made is None or Passkey.objects.filter(credential_id=made.credential_id).exists():
        raise FactorError("passkey-known", "this passkey is in use already")
    if Passkey.objects.filter(login=login).count() >= MOST:
        raise FactorError("passkeys-full", f"{MOST} passkeys are the most; remove one first")
    return Passkey.objects.create(
        login=login,
        credential_id=made.credential_id,
        credential=bytes(made),
        device=device[:60],
        made_at=now,
        last_used=now,
    )


def begin_asking(*, place: Place) -> tuple[dict[str, Any], dict[str, Any]]:
    """(options for the browser, state to keep until it answers): the same for everybody."""
    options, state = place.server().authenticate_begin(user_verification=UserVerificationRequirement.REQUIRED)
    return dict(options.public_key), state


@transaction.atomic
def finish_asking(*, place: Place, state: Any, answer: Mapping[str, Any]) -> Passkey | None:
    """The passkey that answered, noted as used; None when none of ours did, or not rightly."""
    try:
        given = AuthenticationResponse.from_dict(dict(answer))
        found = Passkey.objects.select_for_update().filter(credential_id=given.raw_id).first()
        known = [AttestedCredentialData(bytes(found.credential))] if found else []
        place.server().authenticate_complete(state, known, given)
        handle = given.response.user_handle
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    count = given.response.authenticator_data.counter
    if found is None or (handle and bytes(handle) != found.login.handle.bytes):
        return None
    if count <= found.sign_count and (count or found.sign_count):
        return None
    found.sign_count, found.last_used = count, clock.now()
    found.save(update_fields=["sign_count", "last_used"])
    return found


def remove(*, login_id: int, passkey: str) -> bool:
    """Forget the login's passkey of that id; whether there was one."""
    named = [known.pk for known in of(login_id=login_id) if str(known.pk) == passkey]
    return bool(Passkey.objects.filter(login_id=login_id, pk__in=named).delete()[0])
