"""Letters to counterparts: from a template, as PDF, sealed with the case; only what was disclosed stands in them."""

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from babel.dates import format_date

from tillit.cases import operations as cases
from tillit.cases.models import Case
from tillit.declaration.models import Controller
from tillit.declaration.statement.document import Block, Bullets, Document, Facts, Paragraph, Section
from tillit.declaration.statement.pdf import render_pdf
from tillit.disclosure.operations import Disclosed, disclose
from tillit.kernel import clock
from tillit.kernel.card_numbers import has_card_number
from tillit.kernel.documents import read_yaml
from tillit.kernel.scope import Scope
from tillit.parties.operations import lock_subject
from tillit.parties.queries import facts
from tillit.services.acting import mandates
from tillit.services.acting.errors import ActingError
from tillit.services.acting.models import ID_PROTECTION, WAITING, Counterpart, Letter, Mandate, Stage

REMINDER = "reminder"
RECIPIENTS = {"information": "creditor", "dispute": "creditor", "removal": "web_site"}
_MATTER = {"id_protection": "id_case", "web_cleanup": "web_cleanup_case"}
_NAME = ("name.given", "name.middle", "name.family")
_ADDRESS = ("address.street", "address.postal_code", "address.city")
LONGEST = 2000


def templates(purpose: str) -> list[str]:
    """The letters that may be chosen for a purpose; a reminder follows from one."""
    return [key for key, said in _texts()["templates"].items() if purpose in said["for"] and key != REMINDER]


def write(
    *,
    scope: Scope,
    case: Case,
    counterpart: Counterpart,
    template: str,
    at: datetime,
    language: str = "nb",
    text: str = "",
    with_address: bool = True,
) -> Letter:
    """Make a letter: what it tells is disclosed and on record, the PDF sealed with the case, the day of the next look
    set. It is posted by a colleague (`posted`).

    Raises `ActingError` (`no-mandate`, `not-in-scope`, `no-address`, `stage`, `template`, `words`),
    `DisclosureRefusedError`.
    """
    said = _texts()["templates"].get(template)
    if said is None or case.kind not in said["for"]:
        raise ActingError("template", "there is no such letter")
    if len(text) > LONGEST or has_card_number(text):
        raise ActingError("words", "the remark is too long, or tells a card number")
    if counterpart.stage in (Stage.DONE, Stage.DROPPED):
        raise ActingError("stage", "this one is over")
    if not counterpart.address and not counterpart.url:
        raise ActingError("no-address", "say where the letter goes")
    state = lock_subject(scope=scope, subject_id=case.subject_id)
    mandate = mandates.need(case=case, covers=said["covers"], at=at)
    first = Letter.objects.filter(subject_id=case.subject_id, counterpart_id=counterpart.id, direction="out").exclude(
        template=REMINDER
    )
    started = first.order_by("at").last()
    if template == REMINDER and started is None:
        raise ActingError("stage", "nothing to remind of")
    sent = disclose(
        scope=scope,
        subject_id=case.subject_id,
        controller_id=case.controller_id,
        recipient=RECIPIENTS[started.template if template == REMINDER and started else template],
        fields=_fields(case, counterpart, mandate, text, with_address=with_address),
        at=at,
        country=counterpart.country,
        case_id=case.id,
    )
    body = render_pdf(_document(sent, case, counterpart, mandate, template, started, at, language, text), made=at)
    number = 1 + Letter.objects.filter(subject_id=case.subject_id, case_id=case.id).count()
    kept = cases.attach(
        scope=scope, case=case, name=f"letter-{number}.pdf", media_type="application/pdf", body=body, at=at
    )
    made = kept_as(
        case=case,
        counterpart=counterpart,
        mandate=mandate,
        state=state,
        document_id=kept.id,
        at=at,
        direction="out",
        template=template,
        reference=sent.reference,
    )
    reminded = template == REMINDER
    Counterpart.objects.filter(subject_id=counterpart.subject_id, id=counterpart.id).update(
        stage=Stage.REMINDED if reminded else Stage.ASKED,
        next_on=clock.local_date(at) + timedelta(days=said["remind"]),
        reminders=counterpart.reminders + 1 if reminded else 0,
    )
    told = {"counterpart": counterpart.id, "template": template, "document": kept.id}
    cases.take(scope=scope, case=case, step="reminded" if reminded else "sent", at=at, details=told)
    return made


def kept_as(
    *, case: Case, counterpart: Counterpart, mandate: Mandate, state: int, document_id: int, at: datetime, **said: Any
) -> Letter:
    """The row of a letter or answer, under the mandate that stood. said: `direction`, and of ours what it was."""
    return Letter.objects.create(
        subject_id=case.subject_id,
        controller_id=case.controller_id,
        state=state,
        category=case.category,
        case_id=case.id,
        counterpart_id=counterpart.id,
        mandate_id=mandate.id,
        document_id=document_id,
        at=at,
        **said,
    )


def posted(*, scope: Scope, letter: Letter, at: datetime) -> None:
    """A colleague has sent it, while the mandate stands; an answer is waited for from that day. Again: nothing more.

    Raises `ActingError` `no-mandate`.
    """
    lock_subject(scope=scope, subject_id=letter.subject_id)
    may_leave(letter=letter, at=at)
    waiting = Letter.objects.filter(subject_id=letter.subject_id, id=letter.id, posted_at=None, direction="out")
    if waiting.update(posted_at=at):
        days = _texts()["templates"][letter.template]["remind"]
        Counterpart.objects.filter(
            subject_id=letter.subject_id, id=letter.counterpart_id, stage__in=WAITING, next_on__isnull=False
        ).update(next_on=clock.local_date(at) + timedelta(days=days))


def may_leave(*, letter: Letter, at: datetime) -> None:
    """A letter that was not posted while its mandate stood is not any more. Raises `ActingError` `no-mandate`."""
    if letter.direction == "out" and letter.posted_at is None:
        found = mandates.standing(subject_id=letter.subject_id, case_id=letter.case_id, at=at)
        if found is None or found.id != letter.mandate_id:
            raise ActingError("no-mandate", "nothing is sent after the mandate it was written under")


def _fields(case: Case, to: Counterpart, mandate: Mandate, text: str, *, with_address: bool) -> dict[str, Any]:
    known = facts(subject_id=case.subject_id)
    name = " ".join(known[kind] for kind in _NAME if kind in known)
    address = ", ".join(known[kind] for kind in _ADDRESS if kind in known)
    matter = {"about": to.matter, "url": to.url, "words": text.strip()}
    found: dict[str, Any] = {
        "name": name,
        _MATTER[case.kind]: {key: value for key, value in matter.items() if value},
        "mandate": mandate.id,
    }
    if with_address and address and case.kind == ID_PROTECTION:
        found["address"] = address
    return found


def _document(
    sent: Disclosed,
    case: Case,
    to: Counterpart,
    mandate: Mandate,
    template: str,
    started: Letter | None,
    at: datetime,
    language: str,
    text: str,
) -> Document:
    """The letter. Of the person and the matter nothing stands in it but what was disclosed."""
    spoken = language if language in _texts()["words"] else "nb"
    say, said = _texts()["words"][spoken], _texts()["templates"][template][spoken]
    payload = sent.payload
    values = {"name": payload["name"], "first": _day(started.at, spoken) if started else ""}
    matter = payload.get(_MATTER[case.kind], {})
    person = Facts(tuple((say[key], (str(payload[key]),)) for key in ("name", "address") if key in payload))
    about = Facts(tuple((say[key], (str(value),)) for key, value in matter.items()))
    signed = mandates.wording(
        purpose=mandate.purpose,
        controller_id=case.controller_id,
        language=spoken,
        version=mandate.version,
        by_guardian=mandate.by_guardian,
    )
    texts: tuple[Block, ...] = tuple(Paragraph(part.format(**values)) for part in said["text"])
    until = say["signed"].format(signed=_day(mandate.signed_at, spoken), until=_day(mandate.expires_at, spoken))
    under: tuple[Block, ...] = (
        *(Paragraph(part) for part in signed.paragraphs),
        Bullets(tuple(part for _, part in signed.scope)),
        Paragraph(until),
    )
    record = Paragraph(say["record"].format(reference=sent.reference, number=case.id))
    address = [line.strip() for line in to.address.splitlines() if line.strip()] or [to.url]
    return Document(
        title=said["title"].format(**values),
        language=spoken,
        publisher=Controller.objects.get(pk=case.controller_id).name,
        contents=say["contents"],
        page=say["page"],
        lead=(Paragraph(", ".join([to.name, *address])), Paragraph(_day(at, spoken)), *texts),
        sections=(
            Section("person", say["person"], (person,)),
            *((Section("matter", say["matter"], (about,)),) if matter else ()),
            Section("mandate", say["mandate"], under),
            Section("record", say["to"] + ": " + to.name, (record,)),
        ),
    )


def _day(moment: datetime | date, language: str) -> str:
    day = clock.local_date(moment) if isinstance(moment, datetime) else moment
    return format_date(day, "long", locale="en_GB" if language == "en" else language)


@cache
def _texts() -> dict[str, Any]:
    loaded: dict[str, Any] = read_yaml(Path(__file__).with_name("letters.yaml"))
    return loaded
