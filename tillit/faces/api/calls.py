"""Who calls, what a call may do and how often, and how its body is read."""

import json
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser
from ninja.security import HttpBearer

from tillit.faces import card_guard
from tillit.faces.api import keys, tokens
from tillit.faces.api.models import ApiClient
from tillit.faces.api.problems import ProblemError
from tillit.parties.rates import Limit, within

LARGEST = 2 * 1024 * 1024  # bytes of a body


class Key(HttpBearer):
    """`Authorization: Bearer tillit_…`: a key, or a token that a key got (`oauth`)."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiClient | None:
        """The client, within its calls of the minute."""
        client = tokens.find(token) if token.startswith(tokens.PREFIX) else keys.find(token)
        if client is not None:
            within_minute(client)
        return client


def within_minute(client: ApiClient) -> None:
    """Count a call of the client. Raises `ProblemError` when it has made all of this minute."""
    if not within(Limit("api", client.per_minute, timedelta(minutes=1)), str(client.pk)):
        raise ProblemError("too-many-calls")


def client_of(request: HttpRequest, scope: str) -> ApiClient:
    """The caller, who must have the scope. Raises `ProblemError`."""
    client: ApiClient = request.auth  # type: ignore[attr-defined]  # set by ninja
    if scope not in client.scopes:
        raise ProblemError("scope-missing")
    return client


class StrictJson(Parser):
    """JSON as RFC 8259 has it: UTF-8, each name once, no NaN; no larger than `LARGEST`."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body's value. Raises `ProblemError`."""
        if request.content_type != "application/json":
            raise ProblemError("not-json")
        if len(request.body) > LARGEST:
            raise ProblemError("body-too-large")
        try:
            said = json.loads(request.body.decode(), object_pairs_hook=_once, parse_constant=_refuse)
            told = card_guard.in_json(said)
        except (ValueError, RecursionError):
            raise ProblemError("body-unreadable") from None
        if told:
            raise ProblemError("card-number")
        return said


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse(name: str) -> None:
    raise ValueError(name)
