"""Sending a tip at once, and forgetting it (B8)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from email.headerregistry import Address
from email.utils import parseaddr
from unicodedata import normalize

import structlog
from django.conf import settings

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.identifiers import email as emails
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.messages import mail as outgoing
from tillit.messages.mail_folder import UnstoredMail
from tillit.messages.templates import Sender, render
from tillit.outreach.tips.errors import TipError
from tillit.parties import rates
from tillit.parties.rates import Limit

ACTIVITY = "tip_a_friend"
BY_NETWORK = Limit("tip", 10, timedelta(hours=1))
IN_ALL = Limit("tips", 300, timedelta(hours=1))
LONGEST_NAME, LONGEST = 60, 300
# A name or a few words that lead nowhere: no scheme, no domain, no address, no number to call.
_LEADS = re.compile(
    r"(?i)https?:|www\.|[\w-]\.(?:xn--[\w-]+|[^\W\d_]{2,})|(?:\d{1,3}\.){3}\d|\w[:/]/|@|[<>\[\]{}]|(?:\d[\s().-]*){6,}"
)
_DOTS = str.maketrans(dict.fromkeys("。．｡․﹒", "."))
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Tip:
    """A tip; `repr` shows none of it. name: what the sender calls themselves; title, page: what it is about, ours."""

    to: str = field(repr=False)
    name: str = field(repr=False)
    words: str = field(repr=False)
    title: str = field(repr=False)
    page: str = field(repr=False)


def send(
    *,
    controller: Controller,
    tip: Tip,
    network: str,
    language: str,
    hand_over: Callable[[UnstoredMail], None] | None = None,
) -> None:
    """Send it now. `network`: the sender's network address, truncated, by which alone it is counted. `hand_over`:
    what takes the mail instead of the mail server (the proof). Raises `TipError`.
    """
    mail = compose(controller=controller, tip=tip, language=language)
    if not rates.within(BY_NETWORK, network) or not rates.within(IN_ALL, str(controller.pk)):
        raise TipError("often", "too many tips from here for now")
    try:
        (hand_over or outgoing.hand_over)(mail)
    except Exception as error:  # noqa: BLE001 (a mail server may fail in any way, and its words may name the address)
        log.warning("tip not sent", kind=type(error).__name__)
        raise TipError("failed", "the mail could not be handed over") from None


def _leads(text: str) -> bool:
    """Whether the words lead somewhere, in whatever width they are written (UTS 46 takes these dots for dots)."""
    return _LEADS.search(normalize("NFKC", text.translate(_DOTS)).translate(_DOTS)) is not None


def compose(*, controller: Controller, tip: Tip, language: str) -> UnstoredMail:
    """The mail. Raises `TipError` `email`, `name`, `words`."""
    try:
        to = emails.normalise(tip.to)
    except IdentifierError:
        raise TipError("email", "that is no e-mail address") from None
    name, words = " ".join(tip.name.split()), tip.words.strip()
    if not name or len(name) > LONGEST_NAME or _leads(name):
        raise TipError("name", "a name, without links or addresses")
    if len(words) > LONGEST or _leads(words):
        raise TipError("words", "a few words of your own, without links, addresses or numbers")
    said = current(controller_id=controller.pk, on=clock.today()).controller
    sender = Sender(said.name, said.email, said.phone, said.web)
    quoted = "\n".join(line.strip() for line in words.splitlines() if line.strip())
    values = {"name": name, "words": quoted or "–", "title": tip.title, "page": tip.page, "controller": said.name}
    made = render("tip_a_friend", language, values, sender)
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    user, _, domain = address.rpartition("@")
    return UnstoredMail(
        subject=made.subject,
        body=made.text,
        from_email=str(Address(display_name=" ".join(said.name.split()), username=user, domain=domain)),
        to=[to],
        headers={"Auto-Submitted": "auto-generated"},
    )
