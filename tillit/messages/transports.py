"""What carries a message out: one transport a channel.

Mail leaves through the server the installation names (`TILLIT_SMTP`), and goes to files in `var/mail` where it names
none. A server on another machine is a processor: the controller declares which (`carries: [email]`), or nothing goes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import ip_address
from smtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)
from threading import local
from time import monotonic

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address

from tillit.declaration.schema import Declaration
from tillit.disclosure.outward import opened
from tillit.messages import dkim, mime
from tillit.messages.addresses import PHONE, POST
from tillit.messages.bounces import is_gone
from tillit.messages.envelopes import Envelope, Transport
from tillit.messages.errors import TransportError
from tillit.messages.sms import Sms
from tillit.messages.web_push import WebPush

_PERMANENT, _TRANSIENT, _GOOD, _WILL_FORWARD = 500, 400, 250, 251
_IDLE = 5.0
"""Seconds after which a server is asked whether the connection still stands."""


class Mail:
    """E-mail through Django's configured backend; one connection to a server carries many messages."""

    tells = True
    """That a message is about to leave."""

    def __init__(self) -> None:
        self._kept = local()

    def rest(self) -> None:
        """Hang up."""
        server: EmailBackend | None = getattr(self._kept, "server", None)
        self._kept.server = None
        if server is not None:
            server.close()

    def _hand_over(self, mail: "_Mail", going: Callable[[], None], signer: dkim.Signer | None) -> None:
        server = getattr(self._kept, "server", None) or get_connection()
        if isinstance(server, EmailBackend):
            if server.connection is not None and monotonic() - self._kept.used > _IDLE and not _stands(server):
                server = EmailBackend()
            self._kept.server, self._kept.used = server, monotonic()
            server.open()
        try:
            if isinstance(server, EmailBackend) and server.connection is not None:
                _speak(server.connection, mail, going, signer)
            else:
                going()
                server.send_messages([mail.message()])
        except BaseException:
            self.rest()
            raise

    def ready(self) -> bool:
        """There is always one, be it a folder."""
        return True

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
        shown = str(Address(" ".join(envelope.sender.name.split()) or name, user, domain))
        mail = _Mail(
            back=_returns_to(envelope.return_path) or shown,
            to=envelope.to,
            headings={
                "Subject": envelope.rendered.subject,
                "From": shown,
                "To": envelope.to,
                **({"Reply-To": envelope.sender.email} if envelope.sender.email else {}),
                "Message-ID": f"<{envelope.reference or envelope.id}@{domain}>",
                "Auto-Submitted": "auto-generated",
                "Content-Language": envelope.language,
                **envelope.headers,
            },
            text=envelope.rendered.text,
            html=envelope.rendered.html,
        )
        try:
            with opened("email"):
                self._hand_over(mail, envelope.going, dkim.signer(envelope.controller_id))
        except SMTPRecipientsRefused as refused:
            said = list(refused.recipients.values())
            permanent = bool(said) and min(code for code, _ in said) >= _PERMANENT
            dead = permanent and all(is_gone(code, text) for code, text in said)
            raise TransportError(
                "address-refused", "the server refused the address", permanent=permanent, dead=dead, answered=True
            ) from None
        except SMTPResponseException as answer:
            code = answer.smtp_code  # -1: what came was no reply (RFC 5321 4.2)
            raise TransportError(
                "server-refused", "the server refused it", permanent=code >= _PERMANENT, answered=code >= _TRANSIENT
            ) from None
        except (SMTPException, OSError):
            raise TransportError("server-unreachable", "the server did not take the message") from None


@dataclass(frozen=True)
class _Mail:
    """A mail on its way: the address that bounces come to, the recipient, headings and both parts."""

    back: str
    to: str
    headings: dict[str, str]
    text: str
    html: str

    def message(self) -> EmailMultiAlternatives:
        """As Django's backends take it."""
        extra = {name: value for name, value in self.headings.items() if name not in {"Subject", "To", "Reply-To"}}
        answers = self.headings.get("Reply-To")
        made = EmailMultiAlternatives(
            subject=self.headings["Subject"],
            body=self.text,
            from_email=self.back,
            to=[self.to],
            reply_to=[answers] if answers else None,
            headers=extra,
        )
        made.attach_alternative(self.html, "text/html")
        return made


def _speak(server: SMTP, mail: _Mail, going: Callable[[], None], signer: dkim.Signer | None) -> None:
    """One message by SMTP (RFC 5321 3.3). It leaves with its text, and not before the addresses are taken."""
    server.ehlo_or_helo_if_needed()
    eight = server.has_extn("8bitmime")
    body = mime.written(headings=mail.headings, text=mail.text, html=mail.html, eight=eight)
    if signer is not None:
        body = dkim.signed(body, signer)
    to = parseaddr(sanitize_address(mail.to, "utf-8"))[1]
    code, said = server.mail(parseaddr(mail.back)[1], ["body=8bitmime"] if eight else [])
    if code != _GOOD:
        raise SMTPSenderRefused(code, said, mail.back)
    code, said = server.rcpt(to)
    if code not in {_GOOD, _WILL_FORWARD}:
        raise SMTPRecipientsRefused({to: (code, said)})
    going()
    code, said = server.data(body)
    if code != _GOOD:
        raise SMTPDataError(code, said)


def _stands(server: EmailBackend) -> bool:
    try:
        return bool(server.connection is not None and server.connection.noop()[0] == _GOOD)
    except (SMTPException, OSError):
        return False


def _returns_to(token: str) -> str:
    """Where a mail server sends what it cannot deliver: an address of the message's own (`TILLIT_BOUNCES`)."""
    user, at, domain = settings.BOUNCE_ADDRESS.rpartition("@")
    return f"{user}+{token}@{domain}" if token and at else ""


_MAIL = Mail()
TRANSPORTS: dict[str, Transport] = {"email": _MAIL, "sms": Sms(), "push": WebPush()}
"""Channel → its transport. What has none can only be shown on Min side or handled by staff."""


def rest() -> None:
    """Hang up, until the next message."""
    _MAIL.rest()


def usable() -> frozenset[str]:
    """The channels whose transport the installation has. Addressed post is gathered in batches that staff fetch
    (`letters`), where the installation says so (`TILLIT_POST`).
    """
    ready = {channel for channel, transport in TRANSPORTS.items() if transport.ready()}
    return frozenset(ready | ({POST} if settings.POST_IN_BATCHES else set()))


def carrier(declaration: Declaration, channel: str) -> str:
    """The processor that carries the channel's messages, '' where the transport is our own.

    Raises `TransportError` (`no-processor`, permanent) when the server is somebody else's and nobody is declared (A8).
    """
    if channel in {POST, PHONE} or not TRANSPORTS[channel].abroad():
        return ""  # who prints letters is noted when they are sent
    for processor in declaration.processors:
        if channel in processor.carries:
            return processor.key
    raise TransportError("no-processor", f"no declared processor carries {channel}", permanent=True)
