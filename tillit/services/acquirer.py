"""The acquirer: a card is charged by phone, a payment page opened on the web, money given back (docs/services.md).

JSON over HTTP; the installation names it: `TILLIT_ACQUIRER=https://TOKEN@host/path`. A charge has a reference of ours:
one that comes twice is answered as the first time, and what became of it can be asked without the card. A card's number
passes through here in memory and is kept nowhere.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from tillit.disclosure.calling import call, is_here
from tillit.disclosure.errors import UnreachableError
from tillit.disclosure.operations import Disclosed
from tillit.services.errors import AcquirerError

WAY = "card_payment"
TIMEOUT = 15.0
_CODE = re.compile(r"[a-z][a-z0-9-]{0,39}\Z")
_REFERENCE = re.compile(r"[A-Za-z0-9._/-]{1,60}\Z")
_STATUSES = ("captured", "declined", "pending", "expired", "refunded")


@dataclass(frozen=True)
class Answer:
    """What the acquirer says of a charge. `unknown`: it has never had it. url: where the person pays, on the web.
    amount, currency: what was captured or given back; currency empty: as was asked for.
    """

    status: Literal["captured", "declined", "pending", "expired", "refunded", "unknown"]
    reference: str = ""
    amount: int | None = None
    currency: str = ""
    reason: str = ""
    url: str = ""


def named() -> bool:
    """Whether the installation says how the acquirer is reached."""
    return bool(settings.ACQUIRER)


def charge(*, reference: UUID, currency: str, sent: Disclosed) -> Answer:
    """Charge a card whose number was given by phone. Raises `AcquirerError` when the outcome is not known."""
    fields = sent.payload
    body = {
        "reference": str(reference),
        "number": fields.get("card_number") or fields["payment_card_number"],
        "expiry": fields.get("card_expiry") or fields["payment_card_expiry"],
        "amount": fields.get("amount") or fields["payment_amount"],
        "currency": currency,
        "order": fields.get("order_number") or fields["payment_order"],
        "customer": fields["customer_number"],
    }
    return _answer(_call("POST", "/charges", body, once=str(reference)))


def open_page(*, reference: UUID, currency: str, sent: Disclosed, back: str, callback: str) -> Answer:
    """A page of the acquirer's where the person pays. `back`: where it sends them; `callback`: where it reports."""
    fields = sent.payload
    body = {
        "reference": str(reference),
        "amount": fields.get("amount") or fields["payment_amount"],
        "currency": currency,
        "order": fields.get("order_number") or fields["payment_order"],
        "back": back,
        "callback": callback,
    }
    return _answer(_call("POST", "/pages", body, once=str(reference)))


def ask(*, reference: UUID) -> Answer:
    """What became of a charge, a page or a refund. No card and nothing about the person is sent."""
    return _answer(_call("GET", f"/charges/{reference}", None))


def refund(*, reference: UUID, of: UUID, amount: int, currency: str) -> Answer:
    """Give `amount` minor units of a charge back. `reference`: of the refund."""
    body = {"reference": str(reference), "of": str(of), "amount": amount, "currency": currency}
    return _answer(_call("POST", "/refunds", body, once=str(reference)))


def _answer(reply: tuple[int, dict[str, Any]]) -> Answer:
    status, said = reply
    if status == 404:
        return Answer("unknown")
    word, code = str(said.get("status", "")), str(said.get("code", ""))
    reason = code if _CODE.match(code) else ""
    if status in {200, 201, 202} and word in _STATUSES:
        given, amount = str(said.get("reference", "")), said.get("amount")
        return Answer(
            word,  # type: ignore[arg-type]
            reference=given if _REFERENCE.match(given) else "",
            amount=amount if type(amount) is int else None,
            currency=str(said.get("currency", ""))[:3],
            reason=reason,
            url=_page(str(said.get("url", ""))),
        )
    if status in {402, 422}:
        return Answer("declined", reason=reason or "declined")
    raise AcquirerError("acquirer-refused", f"the acquirer answered {status}")


def _page(url: str) -> str:
    """An address people may be led to: https, or this machine's."""
    at = urlsplit(url)
    return url if at.scheme == "https" or (at.scheme == "http" and is_here(at.hostname or "")) else ""


def _call(verb: str, path: str, body: dict[str, Any] | None, once: str = "") -> tuple[int, dict[str, Any]]:
    address = settings.ACQUIRER
    if not address:
        raise AcquirerError("acquirer-unnamed", "the installation does not name an acquirer (TILLIT_ACQUIRER)")
    at = urlsplit(address)
    if at.scheme != "https" and not is_here(at.hostname or ""):
        raise AcquirerError("acquirer-in-clear", "card numbers go to another machine by https alone")
    heads = {"Idempotency-Key": once} if once else None
    try:
        reply = call(way=WAY, address=address, method=verb, path=path, body=body, timeout=TIMEOUT, headers=heads)
        said = reply.json()
    except UnreachableError:
        raise AcquirerError("acquirer-unreachable", "the acquirer did not answer") from None
    except ValueError:
        raise AcquirerError("acquirer-unreadable", "the acquirer's answer cannot be read") from None
    return reply.status, said if isinstance(said, dict) else {}
