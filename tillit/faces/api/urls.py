"""The addresses under `/api/`. Whatever is not one of them is answered with a problem document, too."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path, re_path, reverse
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from tillit.faces.api import (
    consents,
    describe,
    entitlements,
    examples,
    gift_cards,
    keys,
    members,
    oauth,
    people,
    problems,
    rights,
    subscriptions,
    suppliers,
    till,
    webhooks_in,
)
from tillit.faces.api.calls import Key, StrictJson
from tillit.faces.api.purchases import router


class Api(NinjaAPI):
    """Ninja's API, whose description has our problem documents."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """OpenAPI 3.1."""
        made = super().get_openapi_schema(**options)
        made["components"]["schemas"] |= describe.SCHEMAS
        made["components"]["securitySchemes"]["OAuth"] = oauth.SCHEME | {
            "flows": {
                "clientCredentials": {
                    "tokenUrl": reverse("oauth_token"),
                    "scopes": keys.ALL_SCOPES,
                }
            }
        }
        for methods in made["paths"].values():
            for facts in methods.values():
                examples.into(facts)
                if facts["security"]:
                    facts["security"] = [*facts["security"], {"OAuth": []}]
        return made


api = Api(
    title="Tillit",
    version="1",
    description="For partners' and controllers' systems. Every refusal is a problem document (RFC 9457).",
    docs_url=None,  # its page would fetch scripts from elsewhere
    openapi_url="/openapi.json",
    auth=Key(),
    parser=StrictJson(),
    urls_namespace="api-1",
)
api.add_router("", router)
api.add_router("", till.router)
api.add_router("", webhooks_in.router)
api.add_router("", gift_cards.router)
api.add_router("", members.router)
api.add_router("", suppliers.router)
api.add_router("", entitlements.router)
for _one in (people, consents, rights, subscriptions):
    api.add_router("", _one.router)
for _kind in (Exception, HttpError, ValidationError, Http404):
    api.add_exception_handler(_kind, problems.refusal)


def _told(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view, whose refusal of a method or an address is a problem document, too."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
        try:
            response = view(request, *args, **named)
        except Http404:
            return problems.answer("not-found")
        if response.status_code != 405:
            return response
        refused = problems.answer("method-not-allowed")
        refused.headers["Allow"] = response.headers["Allow"]
        return refused

    return answered


@csrf_exempt
def nowhere(request: HttpRequest) -> HttpResponse:
    """404."""
    return problems.answer("not-found")


_patterns, _app, _namespace = api.urls
for _pattern in _patterns:
    if isinstance(_pattern, URLPattern):
        _pattern.callback = _told(_pattern.callback)

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", (_patterns, _app, _namespace)),
    path("oauth/token", oauth.token, name="oauth_token"),
    path("oauth/revoke", oauth.revoke, name="oauth_revoke"),
    re_path(r"", nowhere),
]
