"""A webhook of the gateway or the acquirer: its signature first, then its body (Standard Webhooks 1.0)."""

import base64
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import RawPostDataException
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tillit.platform.secrets import secret

LARGEST = 65_536
_HEADS = ("webhook-id", "webhook-timestamp", "webhook-signature")
View = Callable[..., HttpResponse]


def gateway_secret() -> str:
    """The secret shared with the gateway, as Standard Webhooks writes it (`TILLIT_SECRET_SMS_GATEWAY`)."""
    return _written("sms_gateway")


def acquirer_secret() -> str:
    """The secret shared with the acquirer (`TILLIT_SECRET_ACQUIRER`)."""
    return _written("acquirer")


def _written(name: str) -> str:
    return "whsec_" + base64.b64encode(secret(name)).decode()


def webhook(view: View) -> View:
    """Make `view(request, said, …)` take a JSON object signed by the SMS gateway: see `signed_by`."""
    return signed_by(gateway_secret)(view)


def signed_by(shared: Callable[[], str]) -> Callable[[View], View]:
    """Make `view(request, said, …)` take a signed JSON object: 401 without a right signature, 400 for another body."""
    return lambda view: _signed(view, shared)


def _signed(view: View, shared: Callable[[], str]) -> View:
    @csrf_exempt
    @require_POST
    @wraps(view)
    def answered(request: HttpRequest, **named: Any) -> HttpResponse:
        try:
            body = request.body
        except RawPostDataException:  # a form with files, which was read as such
            return refused(400, "body-unreadable")
        if len(body) > LARGEST:
            return refused(413, "body-too-large")
        heads = {name: request.headers.get(name, "") for name in _HEADS}
        try:
            said = Webhook(shared()).verify(body, heads)
        except (WebhookVerificationError, ValueError):  # also a heading that cannot be taken apart
            return refused(401, "signature")
        if not isinstance(said, dict):
            return refused(400, "body-unreadable")
        return view(request, said, **named)

    return answered


def refused(status: int, code: str) -> HttpResponse:
    """A refusal by its code."""
    return JsonResponse({"code": code}, status=status)
