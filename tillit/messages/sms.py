"""SMS through a gateway that speaks the protocol of docs/messages.md: JSON over HTTP, reports and answers by webhook.

The installation names it: `TILLIT_SMS=https://TOKEN@host/path` and, where people can answer, `TILLIT_SMS_NUMBER`.
"""

import re
import unicodedata
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from tillit.disclosure.calling import call, is_here
from tillit.disclosure.errors import UnreachableError
from tillit.messages.envelopes import Envelope
from tillit.messages.errors import TransportError
from tillit.messages.gsm import LONGEST, sized

TIMEOUT = 10.0
_NAME_LONGEST = 11
DEAD_NUMBER = frozenset({"recipient-unknown", "recipient-invalid", "recipient-barred"})
"""What a gateway says of a number that is no use any more: like a hard bounce."""


class Sms:
    """The gateway."""

    knows = True
    """What it has had by its id: handed over again, it goes once."""

    def ready(self) -> bool:
        """Whether a gateway is named."""
        return bool(settings.SMS_GATEWAY)

    def abroad(self) -> bool:
        """True for a gateway that is not on this machine."""
        return not is_here(urlsplit(settings.SMS_GATEWAY).hostname or "")

    def send(self, envelope: Envelope) -> None:
        """Hand the text over. A gateway that has it already says so, and that is as good."""
        text = sized(envelope.rendered.short)
        if text.segments > LONGEST:
            raise TransportError("sms-too-long", "the text has too many segments", permanent=True)
        status, said = _post(
            {
                "id": str(envelope.id),
                "reference": envelope.reference,
                "to": envelope.to,
                "from": sender(envelope.sender.name),
                "text": text.text,
                "encoding": text.encoding,
                "segments": text.segments,
            }
        )
        if status in {200, 202}:
            return
        code = str(said.get("code", ""))
        if code in DEAD_NUMBER:
            raise TransportError("address-refused", "the gateway refused the number", dead=True)
        permanent = 400 <= status < 500 and status not in {401, 403, 408, 425, 429}
        raise TransportError(
            "gateway-refused", f"the gateway answered {status}", permanent=permanent, answered=status < 500
        )


def sender(name: str) -> str:
    """Who it is from: the number people can answer, else the first letters and digits of the controller's name."""
    if settings.SMS_NUMBER:
        return str(settings.SMS_NUMBER)
    folded = name.translate(str.maketrans("æøåÆØÅ", "aoaAOA"))
    plain = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9 ]", "", plain)[:_NAME_LONGEST].strip() or "Tillit"


def _post(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    try:
        answer = call(
            way="sms", address=settings.SMS_GATEWAY, method="POST", path="/messages", body=body, timeout=TIMEOUT
        )
        said = answer.json()
    except UnreachableError:
        raise TransportError("gateway-unreachable", "the gateway did not take the message") from None
    except ValueError:
        raise TransportError("gateway-refused", "the gateway's answer cannot be read") from None
    return answer.status, said if isinstance(said, dict) else {}
