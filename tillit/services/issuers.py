"""Issuers of cards and mobile operators: an order handed over, and asked about (docs/services.md, "Issuers").

JSON over HTTP. The installation names each by its key: `TILLIT_ISSUERS="nordbank=https://TOKEN@host/path …"`. An order
has a reference; an issuer that gets one twice answers as the first time.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from tillit.disclosure.calling import call
from tillit.disclosure.errors import UnreachableError
from tillit.disclosure.operations import Disclosed
from tillit.services.errors import IssuerError

WAY = "card_blocking"
TIMEOUT = 10.0
_HERE = ("127.0.0.1", "::1", "localhost")
_CODE = re.compile(r"[a-z][a-z0-9-]{0,39}\Z")
_CONFIRMATION = re.compile(r"[A-Za-z0-9._/-]{1,60}\Z")


@dataclass(frozen=True)
class Answer:
    """What an issuer says of an order. `unknown`: it has never had it."""

    status: Literal["confirmed", "accepted", "rejected", "unknown"]
    confirmation: str = ""
    reason: str = ""


def reachable(key: str) -> bool:
    """Whether the installation says how to reach an issuer by computer."""
    return key in _named()


def hand_over(*, key: str, reference: UUID, kind: str, sent: Disclosed) -> Answer:
    """Give an order to its issuer. Raises `IssuerError` when the outcome is not known, or it cannot be reached."""
    fields = sent.payload
    body = {
        "reference": str(reference),
        "kind": kind,
        "name": fields["name"],
        "number": fields["blocked_number"],
        "disclosure": str(sent.reference),
    }
    return _answer(*_call(key, "POST", "/blocks", body))


def ask(*, key: str, reference: UUID) -> Answer:
    """What became of an order. Nothing about the person is sent. Raises `IssuerError`."""
    status, said = _call(key, "GET", f"/blocks/{reference}", None)
    return Answer("unknown") if status == 404 else _answer(status, said)


def _answer(status: int, said: dict[str, Any]) -> Answer:
    word = str(said.get("status", ""))
    confirmation = str(said.get("confirmation", ""))
    if status in {200, 201, 202} and word in {"confirmed", "accepted"}:
        return Answer(word, confirmation=confirmation if _CONFIRMATION.match(confirmation) else "")  # type: ignore[arg-type]
    code = str(said.get("code", ""))
    reason = code if _CODE.match(code) else "rejected"
    if status in {200, 422} and (word == "rejected" or status == 422):
        return Answer("rejected", reason=reason)
    raise IssuerError("issuer-refused", f"the issuer answered {status}", permanent=status in {400, 401, 403, 404, 405})


def _named() -> dict[str, str]:
    return dict(one.split("=", 1) for one in settings.ISSUERS.split())


def _call(key: str, verb: str, path: str, body: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
    address = _named().get(key)
    if address is None:
        raise IssuerError("issuer-unnamed", "the installation does not say how to reach this issuer", permanent=True)
    at = urlsplit(address)
    if at.scheme != "https" and at.hostname not in _HERE:
        raise IssuerError("issuer-in-clear", "numbers go to another machine by https alone", permanent=True)
    once = {"Idempotency-Key": body["reference"]} if body else None
    given: dict[str, Any] = {"method": verb, "path": path, "body": body, "headers": once}
    try:
        answer = call(way=WAY, address=address, timeout=TIMEOUT, **given)
        said = answer.json()
    except UnreachableError:
        raise IssuerError("issuer-unreachable", "the issuer did not answer") from None
    except ValueError:
        raise IssuerError("issuer-unreadable", "the issuer's answer cannot be read") from None
    return answer.status, said if isinstance(said, dict) else {}
