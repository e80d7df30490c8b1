"""Sending what is due (Standard Webhooks): signed with every secret that counts, tried again ever later, given up after
a week. The dead are shown to staff and to the partner's own system, who may send them again.
"""

import socket
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.db import transaction
from standardwebhooks import Webhook

from tillit.disclosure.outward import opened
from tillit.faces.api import webhook_secrets, webhooks
from tillit.faces.api.models import WebhookDelivery, WebhookEndpoint
from tillit.faces.api.webhook_events import gather
from tillit.kernel import clock

WAITS = [
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24, 48)),
]
"""How long after each failed attempt the next one is made; after the last, the event is given up."""
TIMEOUT, AT_ONCE, GONE = 10, 100, 410
Post = Callable[[WebhookEndpoint, bytes, dict[str, str]], int]


def run() -> int:
    """Gather and deliver; how many were sent. The job of every minute."""
    gather()
    return deliver()


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
        status = post(endpoint, row.body.encode(), signed(endpoint, str(row.pk), now, row.body))
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
        webhooks.stop(endpoint=endpoint)
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


def _post(endpoint: WebhookEndpoint, body: bytes, heads: dict[str, str]) -> int:
    """The status of the answer, 0 for none. Redirects are not followed."""
    at = urlsplit(endpoint.url)
    path = (at.path or "/") + (f"?{at.query}" if at.query else "")
    link: HTTPConnection | None = None
    try:
        with opened("webhook"):
            link = _link(endpoint)
            link.request("POST", path, body, heads)
            return link.getresponse().status
    except (OSError, HTTPException, ValueError):
        return 0
    finally:
        if link is not None:
            link.close()


def _link(endpoint: WebhookEndpoint) -> HTTPConnection:
    """The connection to an endpoint. One that a partner added itself is an address of the internet: what its name leads
    to is looked up once, refused unless all of it is public, and connected to. Raises `OSError`.
    """
    at = urlsplit(endpoint.url)
    kind, host = (HTTPSConnection if at.scheme == "https" else HTTPConnection), at.hostname or ""
    if endpoint.inside:
        return kind(host, at.port, timeout=TIMEOUT)
    port = at.port or 443
    found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not found or not all(public(one) for one in found):
        raise OSError("no address of the internet")
    plain = socket.create_connection((found[0], port), timeout=TIMEOUT)
    link = HTTPSConnection(host, port, timeout=TIMEOUT)
    try:
        link.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except OSError:
        plain.close()
        raise
    return link


def public(address: str) -> bool:
    """Whether it is an address of the internet, and not of a machine or network of its own."""
    return ip_address(address.partition("%")[0]).is_global
