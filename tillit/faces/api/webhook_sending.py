"""Sending what is due (Standard Webhooks): signed with every secret that counts, tried again ever later, given up after
a week. The dead are shown to staff and to the partner's own system, who may send them again.

No endpoint holds up another: each has its share of a run, in turn; an attempt has a time in all, from the look-up of
the name to the answer; and one that does not answer is let be until the next run. A row is claimed, sent and settled in
steps of their own: no transaction is open while somebody else's server is waited for.
"""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit
from uuid import UUID

from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber
from standardwebhooks import Webhook

from tillit.disclosure.outward import opened
from tillit.faces.api import webhook_secrets, webhooks
from tillit.faces.api.internet import public
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
TIMEOUT, DEADLINE = 10, 20
"""Seconds: for one answer of the network, and for an attempt in all."""
AT_ONCE, SHARE, GONE = 100, 20, 410
"""Events in a run, and of them for one endpoint; the answer of who wants no more."""
CLAIM = timedelta(minutes=5)
"""For how long an attempt is its worker's: longer than one takes, short enough when a worker was cut off."""
Post = Callable[[WebhookEndpoint, bytes, dict[str, str]], int]


def run() -> int:
    """Gather and deliver; how many were sent. The job of every minute."""
    gather()
    return deliver()


def deliver(*, post: Post | None = None) -> int:
    """Send what is due; how many were taken. Two workers never send the same attempt."""
    sent, silent = 0, set[int]()
    for key, endpoint in _in_turn():
        if endpoint not in silent and (row := _claimed(key)) is not None:
            status = _attempt(row, post or _post)
            sent += 200 <= status < 300
            if not status:
                silent.add(endpoint)
    return sent


def _due() -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(state="waiting", due_at__lte=clock.now())


def _in_turn() -> list[tuple[UUID, int]]:
    """(event, endpoint) of what is due: the first of each endpoint, then the second of each, up to its share."""
    place = Window(RowNumber(), partition_by="endpoint_id", order_by=["due_at", "pk"])
    rows = _due().annotate(place=place).filter(place__lte=SHARE).order_by("place", "due_at")
    return list(rows.values_list("pk", "endpoint_id")[:AT_ONCE])


def _claimed(key: UUID) -> WebhookDelivery | None:
    """The event, for one attempt that is this worker's and counts from now on; None when it is another's."""
    if not _due().filter(pk=key).update(due_at=clock.now() + CLAIM, attempts=F("attempts") + 1):
        return None
    return WebhookDelivery.objects.select_related("endpoint__client").get(pk=key)


def _attempt(row: WebhookDelivery, post: Post) -> int:
    """Send it and settle what became of it; the status of the answer, 0 for none."""
    endpoint, now, status = row.endpoint, clock.now(), 0
    ended = endpoint.stopped_at is not None or endpoint.client.revoked_at is not None
    if not ended:
        status = post(endpoint, row.body.encode(), signed(endpoint, str(row.pk), now, row.body))
    told: dict[str, object] = {"answer": status}
    if 200 <= status < 300:
        told |= {"state": "sent", "settled_at": now}
    elif ended or status == GONE or row.attempts > len(WAITS):
        told |= {"state": "dead", "settled_at": now}
    else:
        told["due_at"] = now + WAITS[row.attempts - 1]
    WebhookDelivery.objects.filter(pk=row.pk, state="waiting").update(**told)
    if status == GONE:  # the partner says that there is no such endpoint any more
        webhooks.stop(endpoint=endpoint)
    return status


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
    """The status of the answer, 0 for none in time. A look-up of a name cannot be broken off, and neither can an answer
    that comes byte by byte: so somebody else waits for them, and is left when the time is over.
    """
    call = _Call(endpoint, body, heads)
    call.start()
    call.join(DEADLINE)
    if call.is_alive():
        call.leave()
        return 0
    return call.status


class _Call(threading.Thread):
    """One attempt. It asks nothing of the database. Redirects are not followed."""

    def __init__(self, endpoint: WebhookEndpoint, body: bytes, heads: dict[str, str]) -> None:
        super().__init__(name="webhook", daemon=True)
        self._endpoint, self._body, self._heads = endpoint, body, heads
        self._held: list[socket.socket] = []
        self._left = threading.Event()
        self.status = 0

    def run(self) -> None:
        at = urlsplit(self._endpoint.url)
        path = (at.path or "/") + (f"?{at.query}" if at.query else "")
        link: HTTPConnection | None = None
        try:
            with opened("webhook"):
                link = _link(self._endpoint, self._held)
                if not self._left.is_set():
                    link.request("POST", path, self._body, self._heads)
                    self.status = link.getresponse().status
        except (OSError, HTTPException, ValueError, AttributeError):  # the last: the socket was taken away (`leave`)
            self.status = 0
        finally:
            if link is not None:
                link.close()

    def leave(self) -> None:
        """Wait no more: what is open is shut, so that the thread ends, too."""
        self._left.set()
        for one in self._held:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def _link(endpoint: WebhookEndpoint, held: list[socket.socket]) -> HTTPConnection:
    """The connection to an endpoint, its socket put into `held`. One that a partner added itself is an address of the
    internet: what its name leads to is looked up once, refused unless all of it is public, and connected to, one after
    another. Raises `OSError`.
    """
    at = urlsplit(endpoint.url)
    kind, host = (HTTPSConnection if at.scheme == "https" else HTTPConnection), at.hostname or ""
    if endpoint.inside:
        inner = kind(host, at.port, timeout=TIMEOUT)
        inner.connect()
        held.append(inner.sock)
        return inner
    port = at.port or 443
    found = list(dict.fromkeys(str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    if not found or not all(public(one) for one in found):
        raise OSError("no address of the internet")
    plain = _connected(found, port)
    link = HTTPSConnection(host, port, timeout=TIMEOUT)
    try:
        tls = ssl.create_default_context()
        link.sock = tls.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        held.append(link.sock)
        link.sock.do_handshake()
    except OSError:
        (link.sock or plain).close()
        raise
    return link


def _connected(addresses: list[str], port: int) -> socket.socket:
    """To the first of them that answers. Raises `OSError` of the last."""
    *others, last = addresses
    for one in others:
        with suppress(OSError):
            return socket.create_connection((one, port), timeout=TIMEOUT)
    return socket.create_connection((last, port), timeout=TIMEOUT)
