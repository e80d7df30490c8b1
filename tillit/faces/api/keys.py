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
from tillit.benefits.models import Frame, Supplier
from tillit.declaration.models import Controller
from tillit.declaration.queries import register_holder
from tillit.faces.api.events import KEY_ADDED, KEY_REVOKED, WEBHOOK_STOPPED
from tillit.faces.api.models import ApiClient, WebhookEndpoint
from tillit.journeys.systems import reach
from tillit.journeys.systems.errors import SystemRefusedError
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import system
from tillit.platform.secrets import secret
from tillit.purchases.models import Chain, Source, Store
from tillit.services.product_models import Partner

SCOPES = {
    "purchases:write": "Send purchases of the key's source.",
    "purchases:read": "See what became of the source's batches.",
}
TILL_SCOPES = {
    "vouchers:read": "See whether a bonus voucher may be used.",
    "vouchers:redeem": "Use bonus vouchers, and undo their use.",
    "gift-cards:read": "See what a gift card holds.",
    "gift-cards:sell": "Sell, activate and take back gift cards.",
    "gift-cards:redeem": "Pay with gift cards, and undo it.",
    "balance:read": "See a member's balance in the chain.",
}
SUPPLIER_SCOPES = {
    "cards:verify": "Ask whether a membership card is valid.",
    "orders": "Receive the supplier's orders, and tell what became of them.",
}
SUBMITTING = {
    "consents:write": "Submit what a person has said yes or no to, with what shows it.",
    "rights:write": "Hand in a request about rights for somebody.",
    "rights:read": "See how far a request that was handed in has come.",
}
PARTNER_SCOPES = {
    "entitlements:write": "Say which of the partner's customers are entitled to what it pays for.",
    "entitlements:check": "Ask whether one of the partner's customers is entitled.",
    **SUBMITTING,
}
SYSTEM_SCOPES = {
    "members:read": "See people, as far as the declaration lets the system.",
    "members:write": "Record what the system's activity records of people.",
    "consents:read": "See what a person has said yes and no to.",
    **SUBMITTING,
}
SUBSCRIBING = {"subscriptions": "Have events told of by webhook, and look after their delivery."}
for _scopes in (SCOPES, SUPPLIER_SCOPES, SYSTEM_SCOPES):
    _scopes.update(SUBSCRIBING)
ALL_SCOPES = {**SCOPES, **TILL_SCOPES, **SUPPLIER_SCOPES, **PARTNER_SCOPES, **SYSTEM_SCOPES}
PER_MINUTE = 600
_FORM = re.compile(r"tillit_([0-9a-f]{16})_([A-Za-z0-9_-]{43})\Z")
_NOBODY = "0" * 64
_ACTIVITY = "security_log"
WHOLE = ApiClient.objects.select_related(
    "source", "chain__controller", "store", "supplier", "partner__controller", "controller"
)


class KeyRefusedError(TillitError):
    """A key cannot be made as asked."""

    exit_code = 2


@transaction.atomic
def add(
    *,
    source: Source | None = None,
    chain: Chain | None = None,
    store: Store | None = None,
    supplier: Supplier | None = None,
    partner: Partner | None = None,
    controller: Controller | None = None,
    system_key: str = "",
    activity: str = "",
    name: str,
    scopes: list[str],
    per_minute: int = PER_MINUTE,
) -> tuple[ApiClient, str]:
    """A new key for a source, a chain's tills (of one store), a supplier, a paying partner, or a system that the
    controller declares as recipient or processor (`system_key`) for an activity; and its text, which is nowhere else.

    Raises `KeyRefusedError`.
    """
    of = [one for one in (source, chain, supplier, partner, controller) if one is not None]
    if len(of) != 1 or (store is not None and (chain is None or store.chain_id != chain.pk)):
        raise KeyRefusedError(
            "key-of-what",
            "a key is of a source, a supplier, a partner, a controller's system, or a chain and perhaps a store of it",
        )
    if controller is not None:
        try:
            reach.check(controller=controller, party=system_key, activity=activity)
        except SystemRefusedError as refused:
            raise KeyRefusedError(refused.code, str(refused)) from None
    if supplier is not None and not Frame.objects.filter(supplier=supplier).exists():
        raise KeyRefusedError("no-frame", "no controller gives the supplier a frame")
    known = scopes_of(source=source, supplier=supplier, partner=partner, controller=controller)
    if unknown := sorted(set(scopes) - set(known)):
        raise KeyRefusedError("unknown-scope", f"no scope {', '.join(unknown)}: there are {', '.join(known)}")
    if not scopes or per_minute < 1 or not name.strip():
        raise KeyRefusedError("empty-key", "a key has a name, a scope and at least one call a minute")
    public, hidden = secrets.token_hex(8), secrets.token_urlsafe(32)
    client = ApiClient.objects.create(
        source=source,
        chain=chain,
        store=store,
        supplier=supplier,
        partner=partner,
        controller=controller,
        system=system_key if controller else "",
        activity=activity if controller else "",
        name=name.strip()[:80],
        public=public,
        digest=_digest(public, hidden),
        scopes=sorted(set(scopes)),
        per_minute=per_minute,
        created_at=clock.now(),
    )
    _note(KEY_ADDED, client, {"scopes": client.scopes})
    return client, f"tillit_{public}_{hidden}"


def scopes_of(
    *,
    source: Source | None = None,
    supplier: Supplier | None = None,
    partner: Partner | None = None,
    controller: Controller | None = None,
) -> dict[str, str]:
    """What a key of these may do; of none of them, a till's."""
    if controller is not None:
        return SYSTEM_SCOPES
    return SCOPES if source else SUPPLIER_SCOPES if supplier else PARTNER_SCOPES if partner else TILL_SCOPES


@transaction.atomic
def revoke(*, client: ApiClient) -> bool:
    """The key opens nothing from now on and is told of nothing more; whether it did until now."""
    now = clock.now()
    if not ApiClient.objects.filter(pk=client.pk, revoked_at=None).update(revoked_at=now):
        return False
    _note(KEY_REVOKED, client, {})
    for _ in range(WebhookEndpoint.objects.filter(client=client.pk, stopped_at=None).update(stopped_at=now)):
        _note(WEBHOOK_STOPPED, client, {})
    return True


def find(text: str) -> ApiClient | None:
    """The client whose key was sent, unless it is revoked or no such key exists."""
    form = _FORM.match(text)
    public, hidden = form.groups() if form else ("", "")
    client = WHOLE.filter(public=public, revoked_at=None).first()
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
    for holder in holders(client):
        append(
            type=kind,
            actor=system("api", [holder]),
            activity=_ACTIVITY,
            controller=holder,
            details={"client": client.pk, "source": client.owner, **details},
        )


def holders(client: ApiClient) -> list[int]:
    """Whose key it is: the holder of the source's or chain's register, every union that gives the supplier a frame,
    the controller of the partner or the system.
    """
    if client.controller_id is not None:
        return [client.controller_id]
    if client.supplier_id is not None:
        return sorted(set(Frame.objects.filter(supplier=client.supplier_id).values_list("controller_id", flat=True)))
    if client.partner is not None:
        return [client.partner.controller_id]
    register = client.source.register_id if client.source else client.chain.controller.register_id  # type: ignore[union-attr]
    return [register_holder(register_id=register)]
