"""Who has received something about you, and what we have written to you (H1, H13, F11)."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration
from tillit.declaration.statement.wording import Words
from tillit.declaration.vocabulary import vocabulary
from tillit.disclosure import queries
from tillit.disclosure.models import Disclosure
from tillit.disclosure.rules import INSTRUCTION
from tillit.faces.member_web.access import Member, member_page
from tillit.faces.paging import Page, page_of
from tillit.faces.public_web.statements import spoken
from tillit.kernel import clock
from tillit.messages.models import Message
from tillit.messages.operations import mark_read
from tillit.messages.templates import Sender, filled
from tillit.messages.templates import render as rendered

ON_A_PAGE = 50


@dataclass(frozen=True)
class Given:
    """One transfer in the person's words: to whom, what, why and on what ground, when."""

    at: datetime
    controller: str
    recipient: str
    party: str
    what: str
    why: str
    ground: str
    country: str


@dataclass(frozen=True)
class Letter:
    """One message as the person reads it. incoming: they wrote it; reached: it left us, or stands here only."""

    at: datetime
    controller: str
    subject: str
    text: str
    channel: str
    incoming: bool
    state: str


@require_safe
@member_page
def received(request: HttpRequest, member: Member) -> HttpResponse:
    """Who has received data about the person, newest first: the recipients themselves, not only their kinds."""
    with member.scope("rights_requests"):
        rows: Page[Disclosure] = page_of(request, queries.rows(subject_id=member.subject_id), ON_A_PAGE)
    given = [_given(row, spoken(member.site)) for row in rows]
    return render(request, "member_web/received.html", member.context(page="your_data", rows=rows, given=given))


@require_safe
@member_page
def messages(request: HttpRequest, member: Member) -> HttpResponse:
    """What we have written to the person and they to us, newest first; what waits is not shown before it is sent."""
    with member.scope("rights_requests") as scope:
        shown = Message.objects.filter(subject_id__in=member.people, settled_at__isnull=False)
        shown = shown.exclude(message_state="withheld").order_by("-settled_at", "-id")
        rows: Page[Message] = page_of(request, shown, ON_A_PAGE)
        mark_read(scope=scope, subject_id=member.subject_id, message_ids=[row.id for row in rows], at=clock.now())
    letters = [_letter(row) for row in rows]
    return render(request, "member_web/messages.html", member.context(page="your_data", rows=rows, letters=letters))


def _given(row: Disclosure, language: str) -> Given:
    declared = _declaration(row.controller_id)
    words = Words(declared, language)
    names = vocabulary()
    fields = [
        (names.fields[name] if name in names.fields else names.categories[name]).name(language)
        for group in row.fields.values()
        for name in group
    ]
    return Given(
        at=row.disclosed_at,
        controller=declared.controller.name,
        recipient=_name(declared, row.recipient),
        party=row.party,
        what=words.listing(tuple(fields)),
        why=words.word("activities", row.activity),
        ground="" if row.ground == INSTRUCTION else words.ground(row.ground),
        country=words.country(row.country) if row.transfer_ground else "",
    )


def _name(declared: Declaration, key: str) -> str:
    parties = {**{p.key: p.name for p in declared.processors}, **{r.key: r.name for r in declared.recipients}}
    return parties.get(key, key)


def _letter(row: Message) -> Letter:
    said = _declaration(row.controller_id).controller
    sender = Sender(said.name, "", "", "")
    language = row.language or said.languages[0]
    made = rendered(row.template, language, filled(row.template, language, row.subject_id, row.content), sender)
    text = made.text.rpartition("-- \n")[0].strip()
    assert row.settled_at is not None  # noqa: S101 (chosen so)
    return Letter(row.settled_at, said.name, made.subject, text, row.channel, row.direction == "in", row.message_state)


def _declaration(controller_id: int) -> Declaration:
    return current(controller_id=controller_id, on=clock.today())
