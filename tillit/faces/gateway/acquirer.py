"""What the acquirer reports of a payment, signed: it counts once, however often it comes (D8)."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse

from tillit.faces.gateway.signed import acquirer_secret, refused, signed_by
from tillit.faces.site import site_or_404
from tillit.journeys import payments
from tillit.services.acquirer import Answer
from tillit.services.errors import PaymentError

STATUSES = ("captured", "declined", "pending", "expired", "refunded")


@signed_by(acquirer_secret)
def report(request: HttpRequest, said: dict[str, Any], controller: str) -> HttpResponse:
    """`reference` (ours), `status`, `amount` (minor units; of what was captured or given back it
    must be said), `currency`. 204; 404 for a payment that is not known here."""
    site = site_or_404(controller)
    status, amount = str(said.get("status", "")), said.get("amount")
    if status not in STATUSES or not (amount is None or type(amount) is int):
        return refused(400, "status")
    try:
        reference = UUID(str(said.get("reference", "")))
    except ValueError:
        return refused(400, "reference")
    answer = Answer(status, amount=amount, currency=str(said.get("currency") or "")[:3])  # type: ignore[arg-type]
    try:
        known = payments.reported(controller=site.controller, reference=reference, answer=answer)
    except PaymentError as error:
        return refused(400, error.code)
    if not known:
        return refused(404, "unknown")
    return HttpResponse(status=204)
