"""Webhooks (Standard Webhooks): where partners' systems are told of what happened; added, rotated, stopped, sent again.

Staff add an endpoint by command, a partner by the API for its own key (`subscriptions`). `webhook_events` makes the
events, `webhook_sending` sends them.
"""

import secrets
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Q, QuerySet

from tillit.audit.operations import append
from tillit.audit.types import EventType
from tillit.benefits.models import Frame
from tillit.declaration.models import Controller
from tillit.faces.api import keys, webhook_events, webhook_secrets
from tillit.faces.api.events import WEBHOOK_ADDED, WEBHOOK_REPLAYED, WEBHOOK_ROTATED, WEBHOOK_STOPPED
from tillit.faces.api.internet import may_be
from tillit.faces.api.keys import KeyRefusedError
from tillit.faces.api.models import ApiClient, WebhookDelivery, WebhookEndpoint
from tillit.kernel import clock
from tillit.kernel.scope import system

MOST = 5
"""Endpoints that a key may have at once."""


@transaction.atomic
def add(
    *, client: ApiClient, url: str = "", events: list[str] | None = None, inside: bool = True
) -> tuple[WebhookEndpoint, str]:
    """An endpoint for a key, and its secret, which is shown this once. `inside`: it may be an address of our own
    networks, which none that a partner adds itself may be.

    Raises `KeyRefusedError`: `no-events`, `unknown-event`, `webhook-url`, `webhooks-most`.
    """
    may = webhook_events.of(client)
    if not may:
        raise KeyRefusedError("no-events", "there are no events for such a key")
    wanted = list(may) if events is None else events
    if unknown := sorted(set(wanted) - set(may)):
        raise KeyRefusedError("unknown-event", f"no event {', '.join(unknown)}: there are {', '.join(may)}")
    _checked(url, inside=inside)
    ApiClient.objects.select_for_update().get(pk=client.pk)
    if WebhookEndpoint.objects.filter(client=client, stopped_at=None).count() >= MOST:
        raise KeyRefusedError("webhooks-most", f"the key has its {MOST} endpoints already: stop one")
    public, text = secrets.token_hex(8), webhook_secrets.new()
    made = WebhookEndpoint.objects.create(
        client=client,
        inside=inside,
        public=public,
        url=url,
        events=sorted(set(wanted)) if url else [],
        sealed=webhook_secrets.seal(public=public, now=text),
        since=clock.now(),
    )
    _note(WEBHOOK_ADDED, made)
    return made, text


def _checked(url: str, *, inside: bool) -> None:
    if not url and inside:
        return
    parts = urlsplit(url)
    try:
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        port, host = 0, ""
    local = host in {"localhost", "127.0.0.1", "::1"}
    if not host or port == 0 or parts.username or parts.fragment or parts.scheme not in {"https", "http"}:
        raise KeyRefusedError("webhook-url", "an endpoint is an https address without user name")
    if parts.scheme == "http" and not (local and inside):
        raise KeyRefusedError("webhook-url", "an endpoint on another machine is https")
    if not inside and (local or not may_be(host)):
        raise KeyRefusedError("webhook-url", "an endpoint is an address of the internet")


@transaction.atomic
def rotate(*, endpoint: WebhookEndpoint) -> str:
    """A new secret; the one before it counts for a day more. Raises `KeyRefusedError` `webhook-rotated` until then: a
    secret that somebody still signs with would be lost before its day is over.
    """
    row = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    before, *older = webhook_secrets.opened(public=row.public, sealed=row.sealed)
    if older:
        raise KeyRefusedError("webhook-rotated", "the secret before this one still counts: wait until its day is over")
    text = webhook_secrets.new()
    sealed = webhook_secrets.seal(public=row.public, now=text, before=before)
    WebhookEndpoint.objects.filter(pk=row.pk).update(sealed=sealed)
    _note(WEBHOOK_ROTATED, row)
    return text


@transaction.atomic
def stop(*, endpoint: WebhookEndpoint) -> bool:
    """Nothing is sent and nothing taken in any more; whether it was until now."""
    if not WebhookEndpoint.objects.filter(pk=endpoint.pk, stopped_at=None).update(stopped_at=clock.now()):
        return False
    _note(WEBHOOK_STOPPED, endpoint)
    return True


@transaction.atomic
def replay(*, delivery: WebhookDelivery) -> bool:
    """Send an event again that was given up or sent; whether there was one. Its id stays, so it is known."""
    again = {"state": "waiting", "attempts": 0, "due_at": clock.now(), "settled_at": None}
    if not WebhookDelivery.objects.filter(pk=delivery.pk).exclude(state="waiting").update(**again):
        return False
    _note(WEBHOOK_REPLAYED, delivery.endpoint)
    return True


def of_controller(controller: Controller) -> Q:
    """Which endpoints' keys concern a controller: its register's sources, its suppliers, partners and systems."""
    suppliers = Frame.objects.filter(controller=controller).values("supplier_id")
    return (
        Q(client__source__register_id=controller.register_id)
        | Q(client__supplier_id__in=suppliers)
        | Q(client__partner__controller__register=controller.register_id)
        | Q(client__controller__register=controller.register_id)
    )


def endpoints(*, controller: Controller) -> QuerySet[WebhookEndpoint]:
    """The endpoints that concern a controller."""
    return WebhookEndpoint.objects.filter(of_controller(controller)).select_related(*_OWNER).order_by("id")


def dead(*, controller: Controller | None = None) -> QuerySet[WebhookDelivery]:
    """Events that were given up, the latest first."""
    rows = WebhookDelivery.objects.filter(state="dead").select_related(*(f"endpoint__{one}" for one in _OWNER))
    if controller is not None:
        rows = rows.filter(endpoint__in=WebhookEndpoint.objects.filter(of_controller(controller)).values("pk"))
    return rows.order_by("-settled_at", "id")


_OWNER = ("client__source", "client__supplier", "client__partner", "client__controller")


def _note(kind: EventType, endpoint: WebhookEndpoint) -> None:
    client = keys.WHOLE.get(pk=endpoint.client_id)
    for holder in keys.holders(client):
        append(
            type=kind,
            actor=system("api", [holder]),
            activity="security_log",
            controller=holder,
            details={"client": client.pk, "source": client.owner},
        )
