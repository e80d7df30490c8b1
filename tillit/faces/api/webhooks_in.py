"""Webhooks in (Standard Webhooks): a source sends purchases, signed instead of with a key. The same set statements."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import Router
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from tillit.faces.api import idempotency, webhook_secrets
from tillit.faces.api.calls import LARGEST, within_minute
from tillit.faces.api.describe import refusals
from tillit.faces.api.models import WebhookEndpoint
from tillit.faces.api.problems import ProblemError
from tillit.faces.api.purchases import BatchAnswer, Purchases, take_in

CREATED = "purchases.created"
router = Router(tags=["webhooks"])
_HEADS = [
    {"in": "header", "name": f"webhook-{name}", "required": True, "schema": {"type": "string"}, "description": text}
    for name, text in (
        ("id", "The same for every attempt: an event is taken in once."),
        ("timestamp", "When it was sent, in seconds since 1970; at most five minutes from now."),
        ("signature", "`v1,` and the signature, by any secret that counts; several are separated by blanks."),
    )
]
_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["type", "data"],
                "properties": {
                    "type": {"const": CREATED},
                    "timestamp": {"type": "string"},
                    "data": {"type": "object", "description": "As the body of `POST /purchases`."},
                },
            }
        }
    },
}


@router.post(
    "/webhooks/{public}",
    auth=None,
    response={200: BatchAnswer, 201: BatchAnswer},
    summary="Send purchases as a webhook",
    operation_id="webhook",
    openapi_extra={
        "parameters": _HEADS,
        "requestBody": _BODY,
        "security": [],
        "responses": refusals(400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503),
    },
)
def receive(request: HttpRequest, public: str) -> HttpResponse:
    """Take in the purchases of a `purchases.created` event, once for each `webhook-id`."""
    found = WebhookEndpoint.objects.select_related("client__source").filter(
        public=public, stopped_at=None, client__revoked_at=None
    )
    endpoint = found.first()
    if endpoint is None:
        raise ProblemError("not-found")
    if len(request.body) > LARGEST:
        raise ProblemError("body-too-large")
    _verify(request, endpoint)
    if "purchases:write" not in endpoint.client.scopes:
        raise ProblemError("scope-missing")
    within_minute(endpoint.client)
    purchases = _purchases(request)
    key = f"webhook:{request.headers['webhook-id']}"[:200]
    with idempotency.once(client=endpoint.client, key=key, payload=request.body) as call:
        replayed = call.status is not None and call.answer is not None
        status, told = (call.status, call.answer) if replayed else take_in(endpoint.client, purchases)
        assert status and told  # noqa: S101, PT018 (an answered call has both)
        if not replayed:
            idempotency.answered(call=call, status=status, answer=told)
    response = JsonResponse(told, status=status)
    response.headers["Idempotent-Replayed"] = "true" if replayed else "false"
    return response


def _verify(request: HttpRequest, endpoint: WebhookEndpoint) -> None:
    """Raises `ProblemError` `signature-invalid` unless a secret that counts signed it, a few minutes ago at most."""
    heads = {name: request.headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    for one in webhook_secrets.opened(public=endpoint.public, sealed=endpoint.sealed):
        try:
            Webhook(one).verify(request.body, heads, json_parse=False)
        except (WebhookVerificationError, ValueError, OverflowError):  # what is no signature at all is none, too
            continue
        return
    raise ProblemError("signature-invalid")


def _purchases(request: HttpRequest) -> list[Any]:
    if request.content_type != "application/json":
        raise ProblemError("not-json")
    try:
        event = json.loads(request.body.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ProblemError("body-unreadable") from None
    if not isinstance(event, dict) or event.get("type") != CREATED:
        raise ProblemError("event-unknown")
    try:
        return Purchases.model_validate(event.get("data")).purchases
    except ValidationError:
        raise ProblemError("body-shape") from None


def _refuse(name: str) -> None:
    raise ValueError(name)
