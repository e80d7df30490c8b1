"""Passkeys over HTTP: a script asks for options, the browser asks the device, the form brings the answer back.

The state between the two stands in the browser's own session, is good for one answer and five minutes.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.http.request import split_domain_port

from tillit.kernel import clock
from tillit.parties.passkeys import Place

_STATE = "passkey"
_LIVES = timedelta(minutes=5)
_LARGEST = 20_000
NOTHING: tuple[Any, dict[str, Any]] = (None, {})


def place(request: HttpRequest, name: str) -> Place:
    """The site as passkeys know it: its host name."""
    return Place(split_domain_port(request.get_host())[0], name)


def offer(request: HttpRequest, kind: str, made: tuple[dict[str, Any], dict[str, Any]]) -> JsonResponse:
    """The options for the browser; the state is kept for the answer."""
    options, state = made
    request.session[_STATE] = [kind, state, clock.now().isoformat()]
    return JsonResponse(options)


def answered(request: HttpRequest, kind: str) -> tuple[Any, dict[str, Any]]:
    """(state, answer) of the form, once; empty, which fits nothing, when nothing was asked or the answer is no such."""
    kept = request.session.pop(_STATE, None)
    text = request.POST.get("passkey", "")
    if not kept or kept[0] != kind or clock.now() - datetime.fromisoformat(kept[2]) > _LIVES or len(text) > _LARGEST:
        return NOTHING
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return NOTHING
    return (kept[1], answer) if isinstance(answer, dict) else NOTHING
