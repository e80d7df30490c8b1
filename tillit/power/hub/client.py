"""Speaking with the market hub (docs/market-hub.md): JSON over HTTP with the messages' own names.

`TILLIT_MARKET_HUB_<CONTROLLER'S KEY>=https://TOKEN@host/path`: the token says which supplier asks.
"""

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from tillit.declaration.models import Controller
from tillit.disclosure.calling import Reply, call, is_here
from tillit.disclosure.errors import UnreachableError
from tillit.disclosure.operations import Disclosed
from tillit.power.hub.codes import NOTICES, PROCESSES, ROLE
from tillit.power.hub.errors import HubError
from tillit.power.models import AREAS

WAY = "market_hub"
PAGE = 500
UNREADABLE = "unreadable"
_TIMEOUT, _LARGEST = 20.0, 4 << 20
_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_NAMES = {
    "metering_point": "meteringPointId",
    "power_contract": "day",
    "name": "consumerName",
    "national_number": "consumerId",
}
_FACTS = {"municipality": 4, "meter_number": 30, "price_area": 3, "grid_company": 40}


@dataclass(frozen=True)
class Answer:
    """What the hub says of a request. word: `confirmed`, `rejected` (with its reason), `taken` (no word yet) or
    `unknown`.
    """

    word: str
    reason: str = ""


@dataclass(frozen=True)
class Notice:
    """A message of the hub. reference: of our request, None where it is nobody's of ours. wh: what the meter showed.

    facts: characteristics of the point (`municipality`, `meter_number`, `price_area`, `grid_company`). raw: the message
    as it came where it cannot be read (`UNREADABLE`).
    """

    sequence: int
    message: str
    document: str
    reference: UUID | None
    gsrn: str
    day: date
    reason: str = ""
    process: str = ""
    wh: int | None = None
    facts: dict[str, str] = field(default_factory=dict)
    raw: str = ""


@dataclass(frozen=True)
class Hub:
    """The hub at an address."""

    address: str = field(repr=False)
    timeout: float = _TIMEOUT

    def send(self, *, process: str, reference: UUID, sender: str, original: UUID | None, sent: Disclosed) -> Answer:
        """Send a request. Takes what is on record as disclosed, and nothing else of a person."""
        known = PROCESSES[process]
        payload: dict[str, Any] = {"original": str(original)} if original else {}
        payload |= {_NAMES[name]: value for name, value in sent.payload.items()}
        header = {
            "identification": str(reference),
            "message": known.request,
            "documentType": known.document,
            "businessProcess": process,
            "businessProcessRole": ROLE,
            "sender": sender,
        }
        return _answer(self._call("POST", "/processes", {"header": header, "payload": payload}), {200, 202})

    def ask(self, reference: UUID) -> Answer:
        """What became of a request; nothing about the person is sent."""
        return _answer(self._call("GET", f"/processes/{reference}", None), {200, 202, 404})

    def after(self, sequence: int) -> list[Notice]:
        """The next page of messages. One that cannot be read is told as such and holds up no other; a page whose order
        cannot be read is `hub-garbled`.
        """
        reply = self._call("GET", f"/messages?after={sequence}", None)
        if reply.status != 200:
            raise HubError("hub-refused", f"the hub answered {reply.status}")
        found = _json(reply)
        try:
            read = [_readable(one) for one in found["messages"]]
        except (KeyError, TypeError, ValueError, AttributeError):
            raise HubError("hub-garbled", "the hub's messages cannot be read") from None
        if len(read) > PAGE or [one.sequence for one in read] != sorted(
            {one.sequence for one in read if one.sequence > sequence}
        ):
            raise HubError("hub-garbled", "the hub's messages are not in order")
        return read

    def _call(self, method: str, path: str, body: Any) -> Reply:
        given: dict[str, Any] = {"way": WAY, "address": self.address, "timeout": self.timeout, "largest": _LARGEST}
        try:
            reply = call(**given, method=method, path=path, body=body)
        except UnreachableError:
            raise HubError("hub-unreachable", "the hub did not answer") from None
        if reply.status in _AGAIN:
            raise HubError("hub-busy", f"the hub answered {reply.status}")
        if reply.status in {401, 403}:
            raise HubError("hub-not-let-in", "the hub does not know the token")
        return reply


def named(controller: Controller) -> Hub | None:
    """The hub that the installation names for a controller, None where it names none."""
    address = settings.MARKET_HUBS.get(controller.key.replace("-", "_"), "")
    if not address:
        return None
    at = urlsplit(address)
    if at.scheme != "https" and not is_here(at.hostname or ""):
        raise HubError("hub-in-clear", "the hub on another machine is spoken to by https alone")
    return Hub(address)


def _readable(said: dict[str, Any]) -> Notice:
    try:
        return notice(said)
    except (KeyError, TypeError, ValueError, AttributeError):
        if not isinstance(said["sequence"], int) or isinstance(said["sequence"], bool):
            raise
        return _unread(said["sequence"], json.dumps(said))


def _unread(sequence: int, raw: str) -> Notice:
    return Notice(sequence, UNREADABLE, "", None, "", date.min, raw=raw)


def notice(said: dict[str, Any]) -> Notice:
    """A message as the hub says it. Raises KeyError, TypeError, ValueError, AttributeError for what is none."""
    message, sequence = said["message"], said["sequence"]
    facts = said.get("characteristics") or {}
    if not isinstance(sequence, int) or not isinstance(message, str) or len(message) > 40:
        raise ValueError("message")
    if message not in NOTICES and not message.startswith(("Confirm", "Reject")):
        return Notice(sequence, "", "", None, "", date.min)  # of no interest
    kept = {name: str(facts[name]).strip() for name in _FACTS if facts.get(name)}
    if any(len(text) > _FACTS[name] for name, text in kept.items()) or kept.get("price_area", AREAS[0]) not in AREAS:
        raise ValueError("characteristics")
    wh = said.get("meterReading")
    if wh is not None and (not isinstance(wh, int) or not 0 <= wh < 10**15):
        raise ValueError("meterReading")
    return Notice(
        sequence,
        message,
        str(said.get("documentType", ""))[:4],
        UUID(said["reference"]) if said.get("reference") else None,
        str(said.get("meteringPointId", ""))[:18],
        date.fromisoformat(said["day"]) if said.get("day") else date.min,
        str(said.get("reason", ""))[:40],
        str(said.get("businessProcess", ""))[:10],
        wh,
        kept,
    )


def plain(one: Notice) -> dict[str, str | None]:
    """A notice as texts, which `again` reads."""
    if one.raw:
        return {"raw": one.raw}
    return {
        "message": one.message,
        "documentType": one.document,
        "reference": str(one.reference) if one.reference else None,
        "meteringPointId": one.gsrn,
        "day": one.day.isoformat(),
        "reason": one.reason,
        "businessProcess": one.process,
        "meterReading": None if one.wh is None else str(one.wh),
        **one.facts,
    }


def again(sequence: int, said: dict[str, str | None]) -> Notice:
    """A notice from its texts."""
    if raw := said.get("raw"):
        return _readable({**json.loads(raw), "sequence": sequence})
    wh = said.get("meterReading")
    facts = {name: said.get(name) for name in _FACTS}
    return notice(
        {**said, "sequence": sequence, "meterReading": None if wh is None else int(wh), "characteristics": facts}
    )


def _answer(reply: Reply, expected: set[int]) -> Answer:
    if reply.status not in expected:
        raise HubError("hub-refused", f"the hub answered {reply.status}")
    if reply.status == 404:
        return Answer("unknown")
    message = str(_json(reply).get("message", "")) if reply.status == 200 else ""
    if message.startswith("Confirm"):
        return Answer("confirmed")
    if message.startswith("Reject"):
        return Answer("rejected", str(_json(reply).get("reason", ""))[:40])
    return Answer("taken")


def _json(reply: Reply) -> dict[str, Any]:
    try:
        found = reply.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise HubError("hub-garbled", "the hub's answer cannot be read")
    return found
