"""What partners' systems are told by webhook, and the events as they are made: once each, for who wants them.

What happened is read from where it stands, so nothing that happens can be forgotten by who did it; each endpoint has a
position, and is read for from there on (`kernel.position`: nothing that is committed late is skipped). No event holds
anything of a person: counts of the sender's own rows, the reference of an order, or the reference that this one key
knows somebody by; what there is to know is asked for with the key, on record.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

from django.db import transaction
from django.db.models import Model, Q
from django.db.models.expressions import RawSQL

from tillit.benefits import supplier_orders
from tillit.benefits.order_models import Order, OrderStatus
from tillit.faces.api import keys, references
from tillit.faces.api.models import ApiClient, WebhookDelivery, WebhookEndpoint
from tillit.journeys.systems import permissions
from tillit.journeys.systems.reach import System
from tillit.kernel import clock, position
from tillit.purchases.models import Batch

FINISHED, SET_ASIDE = "purchases.batch.finished", "purchases.rows.put_aside"
PLACED, CANCELLED, ANSWERED = "orders.placed", "orders.cancelled", "orders.answered"
CONSENTS = "consents.changed"
OF_SOURCE = {FINISHED: "A batch is finished, with its counts.", SET_ASIDE: "Rows of a batch wait for repair."}
OF_SUPPLIER = {
    PLACED: "An order is placed with the supplier.",
    CANCELLED: "The member has taken an order back.",
    ANSWERED: "The member has answered what the supplier asked for.",
}
OF_SYSTEM = {CONSENTS: "Somebody has said yes or no to something."}
EVENTS = {**OF_SOURCE, **OF_SUPPLIER, **OF_SYSTEM}
REACH = timedelta(days=14)
"""How far back is ever looked for what has not been told: less than deliveries are kept, so nothing is told twice."""
Happening = tuple[str, str, dict[str, Any]]
"""(event, what makes it one of a kind, its data)."""


def of(client: ApiClient) -> dict[str, str]:
    """The events a key may have."""
    if client.source_id is not None:
        return OF_SOURCE
    if client.supplier_id is not None:
        return OF_SUPPLIER if "orders" in client.scopes else {}
    return OF_SYSTEM if client.controller_id is not None and "consents:read" in client.scopes else {}


def gather() -> int:
    """Make the events that have happened, once for each endpoint that wants them; how many."""
    open_ones = WebhookEndpoint.objects.filter(stopped_at=None, client__revoked_at=None).exclude(url="")
    whole = keys.WHOLE.in_bulk(list(open_ones.values_list("client_id", flat=True)))
    return sum(_gather(endpoint, whole[endpoint.client_id], clock.now()) for endpoint in open_ones)


@transaction.atomic
def _gather(endpoint: WebhookEndpoint, client: ApiClient, now: datetime) -> int:
    """What was written since the endpoint's position, and the position moved on with it. Whoever sees other things than
    before (another frame, another declaration) is told of what there is from the beginning of `REACH`.
    """
    wanted = set(endpoint.events) & of(client).keys()
    sees = _sees(client) if wanted else None
    if sees is None:  # what happens meanwhile is read when it may be told
        return 0
    read_as = blake2b(f"{sorted(wanted)} {sees}".encode(), digest_size=8).hexdigest()
    read_to, held = position.advance(endpoint.read_to if endpoint.read_as == read_as else None)
    happened = [one for one in _happened(client, max(endpoint.since, now - REACH), held) if one[0] in wanted]
    about = {key for _, key, _ in happened}
    told = WebhookDelivery.objects.filter(endpoint=endpoint, reference__in=about) if about else ()
    known = {(one.event, one.reference) for one in told}
    rows = [
        WebhookDelivery(
            endpoint=endpoint, event=event, reference=key, body=_body(event, data, now), made_at=now, due_at=now
        )
        for event, key, data in happened
        if (event, key) not in known
    ]
    made = len(WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True))
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(read_to=read_to, read_as=read_as)
    return made


def _body(event: str, data: dict[str, Any], now: datetime) -> str:
    return json.dumps({"type": event, "timestamp": now.isoformat(), "data": data}, separators=(",", ":"))


def _sees(client: ApiClient) -> str | None:
    """What decides which of the happenings the key may be told of; None: of none now."""
    if client.source_id:
        return "batches"
    if client.supplier is not None:
        scope = supplier_orders.supplier_scope(supplier=client.supplier, on=clock.today())
        return None if scope is None else f"orders {sorted(scope.controllers)}"
    return permissions.followed(system=_system(client))


def _happened(client: ApiClient, since: datetime, held: int | None) -> Iterator[Happening]:
    reader: Callable[[ApiClient, datetime, int | None], Iterator[Happening]]
    reader = _batches if client.source_id else _orders if client.supplier_id else _consents
    yield from reader(client, since, held)


def _batches(client: ApiClient, since: datetime, held: int | None) -> Iterator[Happening]:
    """Counts of the sender's own rows, and nothing of whose they are: not even how many were members'."""
    rows = Batch.objects.filter(_written(Batch, held), source=client.source, finished_at__gte=since)
    for batch in rows.order_by("id"):
        assert batch.finished_at is not None  # noqa: S101 (asked for)
        data = {
            "batch": batch.pk,
            "finished_at": batch.finished_at.isoformat(),
            "rows": batch.rows_read,
            "put_aside": batch.quarantined,
        }
        yield FINISHED, str(batch.pk), data
        if batch.quarantined:
            yield SET_ASIDE, str(batch.pk), data


def _orders(client: ApiClient, since: datetime, held: int | None) -> Iterator[Happening]:
    """The order's reference, and nothing of what or whose it is: that leaves when the order is asked for (B4, B5)."""
    assert client.supplier is not None  # noqa: S101 (asked for)
    scope = supplier_orders.supplier_scope(supplier=client.supplier, on=clock.today())
    if scope is None:
        return
    with scope:
        mine = Order.objects.filter(
            _written(Order, held), supplier_id=client.supplier.pk, controller_id__in=scope.controllers
        )
        theirs = mine.filter(Q(status=OrderStatus.PLACED) | Q(sent_at__isnull=False))  # what they may ask for, or had
        placed = list(theirs.filter(ordered_at__gte=since).order_by("ordered_at").values_list("reference", flat=True))
        ended = theirs.filter(status=OrderStatus.CANCELLED, ended_at__gte=since)
        cancelled = list(ended.order_by("ended_at").values_list("reference", flat=True))
        said = mine.filter(more_answered_at__gte=since).order_by("more_answered_at")
        answered = list(said.values_list("reference", flat=True))
    for event, found in ((PLACED, placed), (CANCELLED, cancelled), (ANSWERED, answered)):
        for reference in found:
            yield event, str(reference), {"order": str(reference)}


def _consents(client: ApiClient, since: datetime, held: int | None) -> Iterator[Happening]:
    for act, subject in permissions.changed(system=_system(client), since=since, position=held):
        yield CONSENTS, str(act), {"member": references.given(client, references.MEMBER, subject)}


def _system(client: ApiClient) -> System:
    assert client.controller is not None  # noqa: S101 (asked for)
    return System(client.pk, client.controller, party=client.system, activity=client.activity)


def _written(model: type[Model], held: int | None) -> RawSQL:
    return position.written_since(model._meta.db_table, held)
