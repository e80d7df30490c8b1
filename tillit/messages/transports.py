"""What carries a message out: one transport a channel. An SMS gateway is a class with the same two methods.

Mail leaves through the server the installation names (`TILLIT_SMTP`), and goes to files in `var/mail` where it names
none. A server on another machine is a processor: the controller declares which (`carries: [email]`), or nothing goes.
"""

from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import ip_address
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from tillit.declaration.schema import Declaration
from tillit.disclosure.outward import opened
from tillit.messages.errors import TransportError
from tillit.messages.templates import Rendered, Sender

_PERMANENT = 500


@dataclass(frozen=True)
class Envelope:
    """What a transport needs. id: stable over every attempt, so that a repeated message can be known as one."""

    id: UUID
    to: str
    sender: Sender
    rendered: Rendered
    language: str
    headers: dict[str, str]


class Transport(Protocol):
    """A way of sending one message."""

    def abroad(self) -> bool:
        """Whether what is sent leaves this machine's hands: then a declared processor carries it."""
        ...

    def send(self, envelope: Envelope) -> None:
        """Hand the message over. Raises `TransportError`; anything else counts as a failure that may pass."""
        ...


class Mail:
    """E-mail through Django's configured backend."""

    def abroad(self) -> bool:
        """True for an SMTP server that is not on this machine."""
        if "smtp" not in settings.EMAIL_BACKEND:
            return False
        host = settings.EMAIL_HOST or "localhost"
        try:
            return not (host == "localhost" or ip_address(host).is_loopback)
        except ValueError:
            return True

    def send(self, envelope: Envelope) -> None:
        """Hand a mail with its text and HTML parts over to the server."""
        name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
        user, _, domain = address.rpartition("@")
        message = EmailMultiAlternatives(
            subject=envelope.rendered.subject,
            body=envelope.rendered.text,
            from_email=str(Address(" ".join(envelope.sender.name.split()) or name, user, domain)),
            to=[envelope.to],
            reply_to=[envelope.sender.email] if envelope.sender.email else None,
            headers={
                "Message-ID": f"<{envelope.id}@{domain}>",
                "Auto-Submitted": "auto-generated",
                "Content-Language": envelope.language,
                **envelope.headers,
            },
        )
        message.attach_alternative(envelope.rendered.html, "text/html")
        try:
            with opened("email"):
                get_connection().send_messages([message])
        except SMTPRecipientsRefused as refused:
            codes = [code for code, _ in refused.recipients.values()]
            permanent = bool(codes) and min(codes) >= _PERMANENT
            raise TransportError("address-refused", "the server refused the address", permanent=permanent) from None
        except SMTPResponseException as answer:
            raise TransportError(
                "server-refused", "the server refused the message", permanent=answer.smtp_code >= _PERMANENT
            ) from None
        except (SMTPException, OSError):
            raise TransportError("server-unreachable", "the server did not take the message") from None


TRANSPORTS: dict[str, Transport] = {"email": Mail()}
"""Channel → its transport. What has none can only be shown on Min side or handled by staff."""


def carrier(declaration: Declaration, channel: str) -> str:
    """The processor that carries the channel's messages, '' where the transport is our own.

    Raises `TransportError` (`no-processor`, permanent) when the server is somebody else's and nobody is declared (A8).
    """
    if not TRANSPORTS[channel].abroad():
        return ""
    for processor in declaration.processors:
        if channel in processor.carries:
            return processor.key
    raise TransportError("no-processor", f"no declared processor carries {channel}", permanent=True)
