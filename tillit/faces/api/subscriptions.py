"""Subscriptions to events: a partner's system adds, looks after and ends its own webhooks."""

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field

from tillit.faces.api import webhook_events, webhooks
from tillit.faces.api.calls import client_of
from tillit.faces.api.describe import IDEMPOTENCY_KEY, REPEATABLE, refusals
from tillit.faces.api.idempotency import repeatable
from tillit.faces.api.keys import KeyRefusedError
from tillit.faces.api.models import WebhookDelivery, WebhookEndpoint
from tillit.faces.api.problems import ProblemError
from tillit.faces.api.systems import READ, made_once

router = Router(tags=["subscriptions"])
_CHANGED = (400, 401, 403, 404, 409, 422, 429, 500, 503)
_WRITTEN = (400, 401, 403, 409, 413, 415, 422, 429, 500, 503)
PAGE = 50


class Wanted(BaseModel):
    """Where events are told, and which; without `events`, all that the key may have."""

    model_config = ConfigDict(extra="forbid")
    url: str = Field(min_length=1, max_length=500, examples=["https://partner.example/tillit"])
    events: list[str] | None = Field(
        default=None, max_length=20, description=f"Of {', '.join(webhook_events.EVENTS)}.", examples=[["orders.placed"]]
    )


class Subscription(BaseModel):
    """A webhook of the key. `secret` is shown once, when it is made; it signs what is sent (Standard Webhooks)."""

    subscription: int
    url: str
    events: list[str]
    since: datetime
    stopped_at: datetime | None
    waiting: int = Field(description="Events on their way.")
    given_up: int = Field(description="Events that were given up.")
    secret: str | None = None


class SubscriptionsAnswer(BaseModel):
    """A part of the key's subscriptions: those that are not stopped (five at most), then the latest stopped first."""

    subscriptions: list[Subscription]
    next: str | None = Field(description="The address of those that follow.")


class Rotated(BaseModel):
    """The new secret, shown once; the one before it counts for a day more."""

    secret: str | None


class EventAnswer(BaseModel):
    """An event and how it went. `answer`: the status of the last answer, 0 for none."""

    event: UUID
    type: str
    state: str = Field(description="waiting, sent or dead (given up)")
    attempts: int
    answer: int
    made_at: datetime
    next_try: datetime | None
    data: str = Field(description="The body as it is sent.")


class EventsAnswer(BaseModel):
    """A part of the events, the newest first."""

    events: list[EventAnswer]
    next: str | None = Field(description="The address of those that follow.")


@router.post(
    "/subscriptions",
    response={201: Subscription},
    summary="Have events told of",
    operation_id="subscribe",
    openapi_extra={"parameters": [IDEMPOTENCY_KEY], "responses": refusals(*_WRITTEN, subscriber=True)},
)
def subscribe(request: HttpRequest, body: Wanted) -> HttpResponse:
    """What happens from now on is told of. A repeat of the call has no secret."""
    client = client_of(request, "subscriptions")

    def act() -> dict[str, Any]:
        try:
            made, secret = webhooks.add(client=client, url=body.url, events=body.events, inside=False)
        except KeyRefusedError as refused:
            most = refused.code == "webhooks-most"
            raise ProblemError("too-many-subscriptions" if most else "webhook-refused") from None
        return _told(made) | {"secret": secret}

    return made_once(request, client, act, secret=("secret",))


@router.get(
    "/subscriptions",
    response={200: SubscriptionsAnswer},
    summary="The key's subscriptions",
    operation_id="subscriptions",
    openapi_extra={"responses": refusals(401, 403, 422, 429, 500, 503, subscriber=True)},
)
def listed(
    request: HttpRequest,
    after: Annotated[int, Query(ge=0, le=1_000_000, description="From `next`: how many came before.")] = 0,
) -> HttpResponse:
    """Those that are stopped, too; at most 50."""
    client = client_of(request, "subscriptions")
    rows = WebhookEndpoint.objects.filter(client=client).order_by(F("stopped_at").desc(nulls_first=True), "id")
    found = list(rows[after : after + PAGE + 1])
    more = f"{request.path}?{urlencode({'after': after + PAGE})}" if len(found) > PAGE else None
    return JsonResponse({"subscriptions": [_told(one) for one in found[:PAGE]], "next": more})


@router.delete(
    "/subscriptions/{int:subscription}",
    response={200: Subscription},
    summary="End a subscription",
    operation_id="unsubscribe",
    openapi_extra={"parameters": [REPEATABLE], "responses": refusals(*_CHANGED, subscriber=True)},
)
def end(request: HttpRequest, subscription: int) -> HttpResponse:
    """Nothing more is sent; the same again changes nothing."""
    endpoint = _mine(request, subscription)

    def act() -> dict[str, Any]:
        webhooks.stop(endpoint=endpoint)
        endpoint.refresh_from_db()
        return _told(endpoint)

    return repeatable(request=request, client=client_of(request, "subscriptions"), act=act)


@router.post(
    "/subscriptions/{int:subscription}/rotate",
    response={200: Rotated},
    summary="A new secret",
    operation_id="rotate_secret",
    openapi_extra={"parameters": [REPEATABLE], "responses": refusals(*_CHANGED, subscriber=True)},
)
def rotate(request: HttpRequest, subscription: int) -> HttpResponse:
    """For a day what is sent carries a signature by each; until then there is no other. A repeat has no secret."""
    endpoint = _mine(request, subscription)

    def act() -> dict[str, Any]:
        try:
            return {"secret": webhooks.rotate(endpoint=endpoint)}
        except KeyRefusedError:
            raise ProblemError("secret-rotated") from None

    client = client_of(request, "subscriptions")
    answer = repeatable(request=request, client=client, act=act, secret="secret")  # noqa: S106 (a field's name)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get(
    "/subscriptions/{int:subscription}/events",
    response={200: EventsAnswer},
    summary="Events and how they went",
    operation_id="events",
    openapi_extra={"responses": refusals(*READ, subscriber=True)},
)
def events(
    request: HttpRequest,
    subscription: int,
    state: Annotated[Literal["all", "waiting", "sent", "dead"], Query(description="dead: given up.")] = "all",
    after: Annotated[str, Query(max_length=120, description="From `next`: where the part before ended.")] = "",
) -> HttpResponse:
    """Of the last thirty days, at most 50, the newest first."""
    endpoint = _mine(request, subscription)
    rows = endpoint.deliveries.order_by("-made_at", "-id")
    if state != "all":
        rows = rows.filter(state=state)
    if after:
        at, last = _place(after)
        rows = rows.filter(Q(made_at__lt=at) | Q(made_at=at, id__lt=last))
    found = list(rows[: PAGE + 1])
    more = None
    if len(found) > PAGE:
        ended = found[PAGE - 1]
        more = f"{request.path}?{urlencode({'state': state, 'after': f'{ended.made_at.isoformat()}/{ended.pk}'})}"
    return JsonResponse({"events": [_event(one) for one in found[:PAGE]], "next": more})


@router.post(
    "/subscriptions/{int:subscription}/events/{uuid:event}/replay",
    response={200: EventAnswer},
    summary="Send an event again",
    operation_id="replay_event",
    openapi_extra={"parameters": [REPEATABLE], "responses": refusals(*_CHANGED, subscriber=True)},
)
def replay(request: HttpRequest, subscription: int, event: UUID) -> HttpResponse:
    """One that was given up or sent, with the same id; one on its way is left on its way."""
    row = _mine(request, subscription).deliveries.filter(pk=event).first()
    if row is None:
        raise ProblemError("not-found")

    def act() -> dict[str, Any]:
        webhooks.replay(delivery=row)
        row.refresh_from_db()
        return _event(row)

    return repeatable(request=request, client=client_of(request, "subscriptions"), act=act)


def _mine(request: HttpRequest, subscription: int) -> WebhookEndpoint:
    client = client_of(request, "subscriptions")
    found = None
    if subscription < 2**63:
        found = WebhookEndpoint.objects.filter(client=client, pk=subscription).first()
    if found is None:
        raise ProblemError("not-found")
    return found


def _place(text: str) -> tuple[datetime, UUID]:
    made, _, event = text.partition("/")
    try:
        at, last = datetime.fromisoformat(made), UUID(event)
    except ValueError:
        raise ProblemError("body-shape") from None
    if at.tzinfo is None:
        raise ProblemError("body-shape")
    return at, last


def _told(one: WebhookEndpoint) -> dict[str, Any]:
    states = list(one.deliveries.exclude(state="sent").values_list("state", flat=True))
    return {
        "subscription": one.pk,
        "url": one.url,
        "events": one.events,
        "since": one.since.isoformat(),
        "stopped_at": one.stopped_at.isoformat() if one.stopped_at else None,
        "waiting": states.count("waiting"),
        "given_up": states.count("dead"),
        "secret": None,
    }


def _event(one: WebhookDelivery) -> dict[str, Any]:
    return {
        "event": str(one.pk),
        "type": one.event,
        "state": one.state,
        "attempts": one.attempts,
        "answer": one.answer,
        "made_at": one.made_at.isoformat(),
        "next_try": one.due_at.isoformat() if one.state == "waiting" else None,
        "data": one.body,
    }
