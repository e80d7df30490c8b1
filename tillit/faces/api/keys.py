"""Partners' keys: added, found again by what is sent, revoked. The secret part is shown once and kept as a digest.

A key is `tillit_<public>_<secret>`: the public part finds the row, the secret is compared in constant time with a keyed
digest (HMAC-SHA-256). A key of an unknown public part takes the same comparison.
"""

import hmac
import re
import secrets

from django.db import transaction

from tillit.audit.operations import append
from tillit.audit.types import EventType
from tillit.declaration.queries import register_holder
from tillit.faces.api.events import KEY_ADDED, KEY_REVOKED
from tillit.faces.api.models import ApiClient
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import system
from tillit.platform.secrets import secret
from tillit.purchases.models import Source

SCOPES = {
    "purchases:write": "Send purchases of the key's source.",
    "purchases:read": "See what became of the source's batches.",
}
PER_MINUTE = 600
_FORM = re.compile(r"tillit_([0-9a-f]{16})_([A-Za-z0-9_-]{43})\Z")
_NOBODY = "0" * 64
_ACTIVITY = "security_log"


class KeyRefusedError(TillitError):
    """A key cannot be made as asked."""

    exit_code = 2


@transaction.atomic
def add(*, source: Source, name: str, scopes: list[str], per_minute: int = PER_MINUTE) -> tuple[ApiClient, str]:
    """A new key for a source, and its text, which is nowhere else. Raises `KeyRefusedError`."""
    if unknown := sorted(set(scopes) - set(SCOPES)):
        raise KeyRefusedError("unknown-scope", f"no scope {', '.join(unknown)}: there are {', '.join(SCOPES)}")
    if not scopes or per_minute < 1 or not name.strip():
        raise KeyRefusedError("empty-key", "a key has a name, a scope and at least one call a minute")
    public, hidden = secrets.token_hex(8), secrets.token_urlsafe(32)
    client = ApiClient.objects.create(
        source=source,
        name=name.strip()[:80],
        public=public,
        digest=_digest(public, hidden),
        scopes=sorted(set(scopes)),
        per_minute=per_minute,
        created_at=clock.now(),
    )
    _note(KEY_ADDED, client, {"scopes": client.scopes})
    return client, f"tillit_{public}_{hidden}"


@transaction.atomic
def revoke(*, client: ApiClient) -> bool:
    """The key opens nothing from now on; whether it did until now."""
    if not ApiClient.objects.filter(pk=client.pk, revoked_at=None).update(revoked_at=clock.now()):
        return False
    _note(KEY_REVOKED, client, {})
    return True


def find(text: str) -> ApiClient | None:
    """The client whose key was sent, unless it is revoked or no such key exists."""
    form = _FORM.match(text)
    public, hidden = form.groups() if form else ("", "")
    client = ApiClient.objects.select_related("source").filter(public=public, revoked_at=None).first()
    known = client.digest if client else _NOBODY
    if not hmac.compare_digest(known, _digest(public, hidden)) or client is None:
        return None
    today = clock.today()
    if client.used_on != today:
        ApiClient.objects.filter(pk=client.pk).update(used_on=today)
    return client


def _digest(public: str, hidden: str) -> str:
    return hmac.digest(secret("api_keys"), f"{public}:{hidden}".encode(), "sha256").hex()


def _note(kind: EventType, client: ApiClient, details: dict[str, object]) -> None:
    holder = register_holder(register_id=client.source.register_id)
    append(
        type=kind,
        actor=system("api", [holder]),
        activity=_ACTIVITY,
        controller=holder,
        details={"client": client.pk, "source": client.source.key, **details},
    )
