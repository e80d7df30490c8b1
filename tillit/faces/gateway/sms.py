"""Reports of delivery, and SMS that came in."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from tillit.faces.gateway.signed import refused, webhook
from tillit.faces.site import site_or_404
from tillit.journeys import message_reports
from tillit.journeys.sms.dispatch import dispatch
from tillit.kernel import clock
from tillit.messages.gsm import sized

_TEXTS = ("id", "from", "text", "at")


@webhook
def report(request: HttpRequest, said: dict[str, Any]) -> HttpResponse:
    """What became of an SMS we sent: `delivered`, or `failed` with a code. What we do not know is taken and ignored."""
    reference, status, code = (str(said.get(key, "")) for key in ("reference", "status", "code"))
    if status not in {"delivered", "failed"}:
        return refused(400, "status")
    message_reports.sms(reference=reference, delivered=status == "delivered", code=code, at=clock.now())
    return HttpResponse(status=204)


@webhook
def come_in(request: HttpRequest, said: dict[str, Any], controller: str) -> HttpResponse:
    """An SMS to the controller's number. 200 with `reply` (text, segments, tariff in øre) or without one."""
    site = site_or_404(controller)
    if not all(isinstance(said.get(key), str) for key in _TEXTS) or not 0 < len(said["id"]) <= 100:
        return refused(400, "body-unreadable")
    try:
        at = datetime.fromisoformat(said["at"])
    except ValueError:
        return refused(400, "at")
    if at.tzinfo is None:
        return refused(400, "at")
    text = "".join(one for one in said["text"] if one >= " " or one == "\n")
    answer = dispatch(
        controller=site.controller, key=said["id"], sender=said["from"], text=text, at=min(at, clock.now())
    )
    if not answer.text:
        return JsonResponse({})
    goes = sized(answer.text)
    reply = {"text": goes.text, "encoding": goes.encoding, "segments": goes.segments, "tariff": answer.tariff}
    return JsonResponse({"reply": reply})
