"""Refusals as problem documents (RFC 9457): a stable `code`, words for people, and never a value that was sent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import BaseModel, Field

from tillit.bonus.errors import BonusError
from tillit.ledger.errors import LedgerError
from tillit.purchases.reading.reasons import message

log = structlog.get_logger("tillit.request")
MEDIA_TYPE = "application/problem+json"
# What only rows given as JSON can be; the other codes of a row are those of files (docs/formats.md).
SHAPES = {
    "not-an-object": "A purchase is a JSON object.",
    "not-text": "The value is not text. Amounts and numbers are text, too.",
    "unknown-field": "A purchase has no field of that name.",
}
# Code → (status, title).
PROBLEMS = {
    "body-unreadable": (400, "The body is not JSON as RFC 8259 has it, in UTF-8, with each name once."),
    "idempotency-key-missing": (400, "The call lacks the header Idempotency-Key."),
    "idempotency-key-malformed": (400, "An Idempotency-Key is 1 to 200 visible ASCII characters."),
    "key-unknown": (401, "The call lacks a valid key: Authorization: Bearer tillit_…"),
    "signature-invalid": (401, "The event is not signed by a secret of the endpoint, or was signed too long ago."),
    "scope-missing": (403, "The key may not do that."),
    "not-found": (404, "There is nothing at that address."),
    "method-not-allowed": (405, "The address does not take that method."),
    "idempotency-key-in-use": (409, "A call with that Idempotency-Key is being worked on."),
    "body-too-large": (413, "The body is larger than 2 MB."),
    "not-json": (415, "The body must be application/json."),
    "event-unknown": (422, "The event is none that is taken in here."),
    "card-number": (422, "A full card number stands in free text, where none may. Nothing was kept."),
    "body-shape": (422, "The body is not of the form that the address takes."),
    "idempotency-key-reused": (422, "The Idempotency-Key was used for another payload."),
    "rows-refused": (422, "Purchases cannot be used as they are, so none was taken in."),
    "too-many-calls": (429, "The key has made all its calls of this minute."),
    "internal-error": (500, "Something went wrong here. The call can be made again with the same Idempotency-Key."),
    "source-busy": (503, "Another intake of the source is running. Make the call again."),
    "unavailable": (503, "The database does not answer. Make the call again."),
}
# What only tills are told.
TILL = {
    "voucher-unknown": (404, "There is no such voucher, or it may not be used now."),
    "gift-card-unknown": (404, "There is no such gift card, or it may not be used now."),
    "member-unknown": (404, "There is no such BonusID, or its balance may not be shown."),
    "ground-undeclared": (403, "The controller declares no such use of bonus."),
    "voucher-other-chain": (409, "The voucher is of another chain, where its bonus was earned."),
    "voucher-used": (409, "The voucher has been used."),
    "voucher-void": (409, "The voucher is void."),
    "voucher-released": (409, "The member has taken the voucher back."),
    "voucher-expired": (409, "The voucher's time is past; its bonus has gone back to the member."),
    "offline-window-passed": (409, "The use is reported later than the programme declares."),
    "gift-card-state": (409, "The gift card is not in the state that allows it."),
    "insufficient-funds": (409, "The gift card does not hold the amount."),
    "code-malformed": (422, "A code has 13 or 16 digits."),
    "code-check-digit": (422, "A digit of the code is wrong."),
    "amount-unreadable": (422, "The amount is not money of the chain's currency, above zero, as text."),
    "amount-above-voucher": (422, "The discount is above the voucher's amount."),
    "time-in-future": (422, "The time of use is in the future."),
    "time-before-voucher": (422, "The time of use is before the voucher was made."),
    "time-naive": (422, "The time lacks its offset from UTC."),
    "unknown-store": (422, "The chain has no store of that number, or the key is another store's."),
    "receipt-reused": (422, "The receipt was used with another amount or card, or on another day."),
    "too-many-misses": (429, "Too many codes that do not exist. Wait an hour."),
}
# What only suppliers of benefits are told.
SUPPLIER = {
    "order-unknown": (404, "The supplier has no such order, or may no longer see it."),
    "order-state": (409, "The order is not where that can be done."),
    "more-asked": (409, "The member has been asked already."),
    "reason-unknown": (422, "A rejection, and nothing else, has a reason: sold_out, not_available or other."),
    "more-undeclared": (422, "The member may not be asked for that: see `may_ask` of the order."),
}
# What only paying partners are told.
PARTNER = {"partner-undeclared": (403, "The declaration in effect names no such partner.")}
# What only systems that act on people are told, and those that subscribe to events.
SYSTEM = {
    "system-undeclared": (403, "The declaration in effect does not let the system do that."),
    "field-undeclared": (403, "The declaration does not let the system have or change that field."),
    "person-unknown": (404, "There is nobody by that, or they may not be processed now."),
    "request-unknown": (404, "There is no such request."),
    "way-in": (409, "The person alone changes the address they sign in with."),
    "own-no-stands": (409, "The person has said no themselves, which only they take back."),
    "value-unreadable": (422, "A value cannot be read."),
    "choice-unknown": (422, "The person has no such choice."),
    "evidence-missing": (422, "A yes comes with what shows it: a reference by which it is found, a file, or both."),
    "evidence-unusable": (422, "A proof is a PDF, a picture or a recording in base64, of at most 1.4 MB."),
    "moment-unusable": (422, "When it was said lies in the last year, with its offset from UTC."),
    "request-refused": (422, "That cannot be asked for in this way."),
    "too-many-unknown": (429, "Too many people who are unknown. Wait an hour."),
}
SUBSCRIBER = {
    "too-many-subscriptions": (409, "The key has its five subscriptions already."),
    "secret-rotated": (409, "The secret before this one still counts. Wait until its day is over."),
    "webhook-refused": (422, "An endpoint is an https address of the internet, for events that the key may have."),
}
PROBLEMS |= TILL | SUPPLIER | PARTNER | SYSTEM | SUBSCRIBER
RETRY_SECONDS = {
    "too-many-unknown": 3600,
    "too-many-misses": 3600,
    "too-many-calls": 60,
    "idempotency-key-in-use": 2,
    "source-busy": 5,
    "unavailable": 30,
}


class RefusedRow(BaseModel):
    """A purchase that cannot be used. `line` is its place in the call, from 1; `field` is empty for the whole row."""

    line: int
    field: str
    code: str
    reason: str


class Problem(BaseModel):
    """A refusal (RFC 9457). `code` is stable; `rows` names every purchase that was refused, and why."""

    type: str = Field(description="`urn:tillit:problem:` and the code.")
    title: str
    status: int
    code: str
    used_at: str | None = Field(default=None, description="When the voucher was used, where it was.")
    receipt: str | None = Field(default=None, description="The receipt it was used on, where it was a till of yours.")
    rows: list[RefusedRow] = Field(default_factory=list)


@dataclass
class ProblemError(Exception):
    """Raised where a call is refused; `faults` are (line, field, code), `told` what the document says besides."""

    code: str
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    told: dict[str, str] = field(default_factory=dict)


def rows(faults: Iterable[tuple[int, str, str]]) -> list[dict[str, object]]:
    """Faults with the words for their codes, in the order of the lines."""
    return [
        RefusedRow(line=line, field=name, code=code, reason=SHAPES.get(code) or message(code)).model_dump()
        for line, name, code in sorted(faults)
    ]


def answer(
    code: str, faults: Iterable[tuple[int, str, str]] = (), told: Mapping[str, str] | None = None
) -> HttpResponse:
    """The problem document of a code."""
    status, title = PROBLEMS[code]
    document: dict[str, object] = {"type": f"urn:tillit:problem:{code}", "title": title, "status": status, "code": code}
    document |= told or {}
    found = rows(faults)
    response = JsonResponse(document | ({"rows": found} if found else {}), status=status, content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    if code in RETRY_SECONDS:
        response.headers["Retry-After"] = str(RETRY_SECONDS[code])
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="tillit"'
    return response


def refusal(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """The answer to anything that a call ran into."""
    cause = error.__cause__ if isinstance(error, HttpError) and error.__cause__ else error
    if isinstance(cause, ProblemError):
        return answer(cause.code, cause.faults, cause.told)
    if isinstance(cause, BonusError | LedgerError) and cause.code in TILL:
        return answer(cause.code)
    code = next((code for kinds, code in _CODES if isinstance(cause, kinds)), "internal-error")
    if code == "internal-error":
        failed = cause if isinstance(cause, Exception) else None
        route = request.resolver_match.route if request.resolver_match else "none"
        log.error("failed", route=route, exc_info=failed)
    return answer(code)


_CODES: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    ((Http404,), "not-found"),
    ((RequestDataTooBig,), "body-too-large"),
    ((ValidationError,), "body-shape"),
    ((OperationalError, InterfaceError), "unavailable"),
    ((AuthenticationError,), "key-unknown"),
    ((HttpError,), "body-unreadable"),
)
