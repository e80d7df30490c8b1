"""The addresses of OAuth 2.0: token (RFC 6749 4.4), revocation (RFC 7009), metadata (RFC 8414)."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from tillit.faces.api import keys, tokens
from tillit.faces.api.calls import within_minute
from tillit.faces.api.models import ApiClient
from tillit.faces.api.problems import ProblemError
from tillit.faces.signing_in import network_address
from tillit.parties.rates import Limit, truncated, within

PER_NETWORK = Limit("oauth_network", 60, timedelta(minutes=1))
_LARGEST = 8192
# Error → status (RFC 6749 5.2).
_ERRORS = {
    "invalid_request": 400,
    "invalid_client": 401,
    "invalid_scope": 400,
    "unsupported_grant_type": 400,
    "temporarily_unavailable": 429,
}


class _OAuthError(Exception):
    """A refusal; its text is the error code."""


def _answered(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The view, whose refusals are the documents of RFC 6749 5.2. Nothing is cached."""

    @csrf_exempt
    @require_POST
    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponse:
        try:
            response = view(request)
        except ProblemError:
            response = _refused("temporarily_unavailable")
        except _OAuthError as error:
            response = _refused(str(error))
        response.headers["Cache-Control"] = "no-store"
        return response

    return answered


@_answered
def token(request: HttpRequest) -> HttpResponse:
    """A token for a key's id and secret, with the scopes asked for, or all of the key's."""
    form = _form(request)
    client = _client(request, form)
    within_minute(client)
    if form.get("grant_type") != "client_credentials":
        raise _OAuthError("unsupported_grant_type" if "grant_type" in form else "invalid_request")
    wanted = form.get("scope", "").split() or list(client.scopes)
    if not set(wanted) <= set(client.scopes):
        raise _OAuthError("invalid_scope")
    text = tokens.issue(client=client, scopes=wanted)
    return JsonResponse(
        {
            "access_token": text,
            "token_type": "Bearer",
            "expires_in": int(tokens.LIVES.total_seconds()),
            "scope": " ".join(sorted(set(wanted))),
        }
    )


@_answered
def revoke(request: HttpRequest) -> HttpResponse:
    """The token is revoked; 200 also for one that is not there (RFC 7009 2.2). It uses up no calls: whoever
    has stolen a token, and calls with it as often as it may, does not keep its owner from revoking it.
    """
    form = _form(request)
    client = _client(request, form)
    if not form.get("token"):
        raise _OAuthError("invalid_request")
    tokens.revoke(client=client, text=form["token"])
    return HttpResponse(status=200)


@require_safe
def metadata(request: HttpRequest) -> HttpResponse:
    """What there is (RFC 8414)."""
    base, ways = settings.SITE_URL, ["client_secret_basic", "client_secret_post"]
    answer = JsonResponse(
        {
            "issuer": base,
            "token_endpoint": base + reverse("oauth_token"),
            "token_endpoint_auth_methods_supported": ways,
            "revocation_endpoint": base + reverse("oauth_revoke"),
            "revocation_endpoint_auth_methods_supported": ways,
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "scopes_supported": list(keys.ALL_SCOPES),
            "service_documentation": base + reverse("api-1:openapi-json"),
        }
    )
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer


def _form(request: HttpRequest) -> dict[str, str]:
    """The body's parameters. Raises `_OAuthError` when one stands twice (RFC 6749 3.2)."""
    if request.content_type != "application/x-www-form-urlencoded" or len(request.body) > _LARGEST:
        raise _OAuthError("invalid_request")
    try:
        pairs = parse_qsl(request.body.decode(), keep_blank_values=True, errors="strict")
    except ValueError:
        raise _OAuthError("invalid_request") from None
    if len(dict(pairs)) != len(pairs):
        raise _OAuthError("invalid_request")
    return dict(pairs)


def _client(request: HttpRequest, form: Mapping[str, str]) -> ApiClient:
    """The key whose id and secret were sent. Wrong ones alone count against the network. Raises `_OAuthError`."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme and ("client_secret" in form or scheme.lower() != "basic"):
        raise _OAuthError("invalid_request")
    named, hidden = form.get("client_id", ""), form.get("client_secret", "")
    if scheme:
        try:
            named, _, hidden = (unquote_plus(part) for part in b64decode(given, validate=True).decode().partition(":"))
        except ValueError:
            named = hidden = ""
    client = keys.find(f"tillit_{named}_{hidden}")
    if client is None:
        counted = within(PER_NETWORK, truncated(network_address(request)))
        raise _OAuthError("invalid_client" if counted else "temporarily_unavailable")
    return client


def _refused(error: str) -> HttpResponse:
    response = JsonResponse({"error": error}, status=_ERRORS[error])
    if error == "invalid_client":
        response.headers["WWW-Authenticate"] = 'Basic realm="tillit"'
    if error == "temporarily_unavailable":
        response.headers["Retry-After"] = "60"
    return response


SCHEME: dict[str, Any] = {
    "type": "oauth2",
    "description": "A key's public part and secret part, against a token of ten minutes (RFC 6749 4.4).",
}
