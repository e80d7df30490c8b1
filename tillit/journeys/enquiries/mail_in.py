"""A mail to customer service becomes an enquiry, or part of the one it answers (D9, E8)."""

import re
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime
from hashlib import sha256
from html.parser import HTMLParser

from tillit.cases import files
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.declaration.queries import holder_of
from tillit.journeys.enquiries.acting import ACTIVITY
from tillit.journeys.enquiries.errors import MailRefusedError
from tillit.journeys.enquiries.opening import enquirer, message_in
from tillit.kernel import clock
from tillit.kernel.card_numbers import has_card_number
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.scope import Scope, system
from tillit.messages import reports
from tillit.messages.tokens import message_of
from tillit.parties.lookup import by_address

LONGEST = 20_000
_REFERENCE = re.compile(r"[a-z2-7]{60}", re.IGNORECASE)


def take_in(*, controller: Controller, raw: bytes) -> Case | None:
    """Take a mail in, once however often it comes; its case, or None for a mail that a machine wrote (RFC 3834).

    A sender not on record becomes an enquirer. Raises `MailRefusedError` for a mail without a sender that can be read.
    """
    mail = message_from_bytes(raw, policy=policy.default)
    if str(mail.get("Auto-Submitted", "no")).strip().lower() != "no" or mail.get_content_type() == "multipart/report":
        return None
    name, address = parseaddr(str(mail.get("From", "")))
    subject_id = by_address(register_id=controller.register_id, text=address)
    if subject_id is None:
        subject_id = _stranger(controller, name, address)
    return message_in(
        controller=controller,
        subject_id=subject_id,
        channel="email",
        subject=_plain(str(mail.get("Subject", ""))),
        text=_text(mail),
        key=_key(mail),
        at=_date(mail),
        case_id=_answered(mail, controller, subject_id),
        files=[body for part in mail.iter_attachments() if (body := _file(part)) is not None],
    )


def _stranger(controller: Controller, name: str, address: str) -> int:
    with Scope(system("mail", {controller.pk}), ACTIVITY, controllers=frozenset({controller.pk})) as scope:
        for called in (_plain(name), address.partition("@")[0]):
            try:
                return enquirer(scope=scope, controller=controller, name=called, email=address)
            except IdentifierError:
                continue
    raise MailRefusedError("no-sender", "the mail says nobody it is from")


def _key(mail: EmailMessage) -> str:
    said = _plain(str(mail.get("Message-ID", ""))).strip()[:80]
    if said and not has_card_number(said):
        return said
    return f"<none:{sha256(said.encode() or mail.as_bytes()).hexdigest()[:60]}>"


def _date(mail: EmailMessage) -> datetime:
    try:
        sent = parsedate_to_datetime(str(mail.get("Date", "")))
    except ValueError:
        return clock.now()
    return min(sent, clock.now()) if sent.tzinfo is not None else clock.now()


def _answered(mail: EmailMessage, controller: Controller, subject_id: int) -> int | None:
    """The case of the message of ours that this one answers, if that was to the same person."""
    for text in (str(mail.get("In-Reply-To", "")), str(mail.get("References", ""))):
        for token in _REFERENCE.findall(text):
            named = message_of(token.lower())
            if named is not None and named[:2] == (subject_id, controller.pk):
                everyone = {controller.pk, holder_of(controller_id=controller.pk)}
                with Scope(system("mail", everyone), ACTIVITY, frozenset({subject_id})):
                    found = reports.find(subject_id=subject_id, controller_id=controller.pk, message_id=named[2])
                if found is not None:
                    return found.case_id
    return None


def _text(mail: EmailMessage) -> str:
    part = mail.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    try:
        said = str(part.get_content())
    except (LookupError, UnicodeError):
        return ""
    if part.get_content_type() == "text/html":
        reader = _Words()
        reader.feed(said)
        said = "".join(reader.words)
    return "\n".join(line.rstrip() for line in _plain(said).splitlines()).strip()[:LONGEST]


def _file(part: EmailMessage) -> bytes | None:
    body = part.get_payload(decode=True)
    return body if isinstance(body, bytes) and files.media_type_of(body) is not None else None


def _plain(text: str) -> str:
    return "".join(one for one in text if one >= " " or one in "\n\t")


class _Words(HTMLParser):
    """The words of an HTML mail, a line a paragraph."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """A new line where a paragraph begins; nothing of what is not shown."""
        self._hidden += tag in {"script", "style", "head"}
        if tag in {"p", "br", "div", "tr", "li", "h1", "h2", "h3"}:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """What is not shown ends."""
        self._hidden -= tag in {"script", "style", "head"} and self._hidden > 0

    def handle_data(self, data: str) -> None:
        """Words."""
        if not self._hidden:
            self.words.append(data)
