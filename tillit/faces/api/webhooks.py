"""Webhooks out (Standard Webhooks): a partner is told what became of its batches. No event holds anything of a person.

What happened is read from the batches themselves, so nothing that happens can be forgotten by who did it: `gather`
makes each event once for each endpoint, `deliver` sends what is due, signs with every secret that counts, tries again
ever later, and gives up after a week: the dead are shown to staff, who may send them again.
"""

import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import QuerySet
from standardwebhooks import Webhook

from tillit.audit.operations import append
from tillit.audit.types import EventType
from tillit.declaration.queries import register_holder
from tillit.disclosure.outward import opened
from tillit.faces.api import webhook_secrets
from tillit.faces.api.events import WEBHOOK_ADDED, WEBHOOK_REPLAYED, WEBHOOK_ROTATED, WEBHOOK_STOPPED
from tillit.faces.api.keys import KeyRefusedError
from tillit.faces.api.models import ApiClient, WebhookDelivery, WebhookEndpoint
from tillit.kernel import clock
from tillit.kernel.scope import system
from tillit.purchases.models import Batch

FINISHED, SET_ASIDE = "purchases.batch.finished", "purchases.rows.put_aside"
EVENTS = {FINISHED: "A batch is finished, with its counts.", SET_ASIDE: "Rows of a batch wait for repair."}
WAITS = [
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24, 48)),
]
"""How long after each failed attempt the next one is made; after the last, the event is given up."""
TIMEOUT, AT_ONCE, GONE = 10, 100, 410
Post = Callable[[str, bytes, dict[str, str]], int]


@transaction.atomic
def add(*, client: ApiClient, url: str = "", events: list[str] | None = None) -> tuple[WebhookEndpoint, str]:
    """An endpoint for the source of a key, and its secret, which is shown this once. Raises `KeyRefusedError`."""
    if client.source_id is None:
        raise KeyRefusedError("no-source", "webhooks belong to a key of a source of purchases")
    wanted = list(EVENTS) if events is None else events
    if unknown := sorted(set(wanted) - set(EVENTS)):
        raise KeyRefusedError("unknown-event", f"no event {', '.join(unknown)}: there are {', '.join(EVENTS)}")
    _checked(url)
    if WebhookEndpoint.objects.filter(client=client).exists():
        raise KeyRefusedError("webhook-twice", "the key has an endpoint already: rotate its secret or stop it")
    public, text = secrets.token_hex(8), webhook_secrets.new()
    made = WebhookEndpoint.objects.create(
        client=client,
        public=public,
        url=url,
        events=sorted(set(wanted)) if url else [],
        sealed=webhook_secrets.seal(public=public, now=text),
        since=clock.now(),
    )
    _note(WEBHOOK_ADDED, made)
    return made, text


def _checked(url: str) -> None:
    if not url:
        return
    parts = urlsplit(url)
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if not parts.hostname or parts.username or parts.fragment or parts.scheme not in {"https", "http"}:
        raise KeyRefusedError("webhook-url", "an endpoint is an https address without user name")
    if parts.scheme == "http" and not local:
        raise KeyRefusedError("webhook-url", "an endpoint on another machine is https")


@transaction.atomic
def rotate(*, endpoint: WebhookEndpoint) -> str:
    """A new secret; the one before it counts for a day more."""
    row = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    before, text = webhook_secrets.opened(public=row.public, sealed=row.sealed)[0], webhook_secrets.new()
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


def dead(*, register_id: int | None = None) -> QuerySet[WebhookDelivery]:
    """Events that were given up, the latest first."""
    rows = WebhookDelivery.objects.filter(state="dead").select_related("endpoint__client__source")
    if register_id is not None:
        rows = rows.filter(endpoint__client__source__register_id=register_id)
    return rows.order_by("-settled_at", "id")


def run() -> int:
    """Gather and deliver; how many were sent. The job of every minute."""
    gather()
    return deliver()


def gather() -> int:
    """Make the events of batches that have finished, once for each endpoint that wants them; how many."""
    made, now = 0, clock.now()
    open_ones = WebhookEndpoint.objects.filter(stopped_at=None, client__revoked_at=None).exclude(url="")
    for endpoint in open_ones.select_related("client__source"):
        told = WebhookDelivery.objects.filter(endpoint=endpoint).values_list("event", "reference")
        known = set(told)
        batches = Batch.objects.filter(source=endpoint.client.source, finished_at__gte=endpoint.since)
        rows = [
            WebhookDelivery(
                endpoint=endpoint,
                event=event,
                reference=str(batch.pk),
                body=_body(event, batch, now),
                made_at=now,
                due_at=now,
            )
            for batch in batches.order_by("id")
            for event in endpoint.events
            if (event, str(batch.pk)) not in known and (event == FINISHED or batch.quarantined)
        ]
        made += len(WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True))
    return made


def _body(event: str, batch: Batch, now: datetime) -> str:
    """Counts of the sender's own rows, and nothing of whose they are: not even how many were members'."""
    assert batch.finished_at is not None  # noqa: S101 (asked for)
    data = {
        "batch": batch.pk,
        "finished_at": batch.finished_at.isoformat(),
        "rows": batch.rows_read,
        "put_aside": batch.quarantined,
    }
    return json.dumps({"type": event, "timestamp": now.isoformat(), "data": data}, separators=(",", ":"))


def deliver(*, post: Post | None = None) -> int:
    """Send what is due; how many were taken. Two workers never send the same attempt."""
    sent, due = 0, WebhookDelivery.objects.filter(state="waiting", due_at__lte=clock.now())
    for key in list(due.order_by("due_at").values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            row = due.select_for_update(skip_locked=True, of=("self",)).filter(pk=key).first()
            if row is not None:
                sent += _attempt(row, post or _post)
    return sent


def _attempt(row: WebhookDelivery, post: Post) -> bool:
    endpoint, now = row.endpoint, clock.now()
    status = 0
    if endpoint.stopped_at is None:
        status = post(endpoint.url, row.body.encode(), signed(endpoint, str(row.pk), now, row.body))
    taken = 200 <= status < 300
    attempts = row.attempts + 1
    told: dict[str, object] = {"attempts": attempts, "answer": status}
    if taken:
        told |= {"state": "sent", "settled_at": now}
    elif status == GONE or endpoint.stopped_at is not None or attempts > len(WAITS):
        told |= {"state": "dead", "settled_at": now}
    else:
        told["due_at"] = now + WAITS[attempts - 1]
    WebhookDelivery.objects.filter(pk=row.pk).update(**told)
    if status == GONE:  # the partner says that there is no such endpoint any more
        stop(endpoint=endpoint)
    return taken


def signed(endpoint: WebhookEndpoint, identity: str, at: datetime, body: str) -> dict[str, str]:
    """The headers of Standard Webhooks: a signature by each secret that counts."""
    held = webhook_secrets.opened(public=endpoint.public, sealed=endpoint.sealed)
    signatures = [Webhook(one).sign(identity, at, body) for one in held]
    return {
        "Content-Type": "application/json",
        "webhook-id": identity,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _post(url: str, body: bytes, heads: dict[str, str]) -> int:
    """The status of the answer, 0 for none. Redirects are not followed."""
    at = urlsplit(url)
    kind = HTTPSConnection if at.scheme == "https" else HTTPConnection
    link = kind(at.hostname or "", at.port, timeout=TIMEOUT)
    path = (at.path or "/") + (f"?{at.query}" if at.query else "")
    try:
        with opened("webhook"):
            link.request("POST", path, body, heads)
            return link.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        link.close()


def _note(kind: EventType, endpoint: WebhookEndpoint) -> None:
    source = endpoint.client.source
    assert source is not None  # noqa: S101 (asked for when it was added)
    holder = register_holder(register_id=source.register_id)
    append(
        type=kind,
        actor=system("api", [holder]),
        activity="security_log",
        controller=holder,
        details={"client": endpoint.client_id, "source": source.key},
    )
