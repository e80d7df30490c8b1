"""Sending a text message that must not be stored (a one-time code), without the sender's caller waiting for it.

It leaves by the transport of the channel `sms`, when the installation has one; where it has none, it becomes a file
beside the mails (`mail_folder`), so that everything can be tried on a machine without a gateway.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from uuid import uuid4

import structlog
from django.conf import settings

from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.messages import mail_folder
from tillit.messages.envelopes import Envelope
from tillit.messages.errors import TransportError
from tillit.messages.mail import in_background
from tillit.messages.templates import Rendered, Sender
from tillit.messages.transports import TRANSPORTS, carrier, usable
from tillit.platform import passing_files

CHANNEL = "sms"
log = structlog.get_logger(__name__)


def can_text(declaration: Declaration) -> bool:
    """Whether a text message would reach people: by a gateway of ours or a declared processor's, or, where mail becomes
    files on this machine, as a file beside them.
    """
    if CHANNEL not in usable():
        return str(settings.EMAIL_BACKEND).startswith("tillit.messages.mail_folder")
    try:
        carrier(declaration, CHANNEL)
    except TransportError:
        return False
    return True


def send_unstored_text(*, declaration: Declaration, to: str, text: str, expires: datetime) -> None:
    """Send `text` to a mobile number (E.164) in the background. `expires`: when what it says is worth nothing any more.

    Raises `TransportError` (`no-processor`) when the gateway is somebody else's and nobody is declared to run it (A8).
    """
    if CHANNEL not in usable():
        in_background(partial(_to_file, to, text, expires))
        return
    carrier(declaration, CHANNEL)
    controller = declaration.controller
    envelope = Envelope(
        id=uuid4(),
        to=to,
        sender=Sender(controller.name, controller.email, controller.phone, controller.web),
        rendered=Rendered("", text, "", text),
        language="",
        headers={},
    )
    in_background(partial(_hand_over, TRANSPORTS[CHANNEL].send, envelope))


def _hand_over(send: Callable[[Envelope], None], envelope: Envelope) -> None:
    try:
        send(envelope)
    except Exception:  # a gateway may fail in any way; the log keeps the error's type and place, not its words
        log.exception("text message not sent")


def _to_file(to: str, text: str, expires: datetime) -> None:
    until = min(expires, clock.now() + mail_folder.KEPT)
    passing_files.lapse(mail_folder.folder(), now=clock.now())
    content = f"To: {to}\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"
    passing_files.write(mail_folder.folder(), content.encode(), until=until, suffix=".log")
