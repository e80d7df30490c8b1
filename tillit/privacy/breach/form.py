"""The notification to the authority as a document and a PDF (H12, GDPR 33(3)): what is known, and what is not yet."""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration
from tillit.declaration.statement.document import Block, Cell, Document, Facts, Paragraph, Section
from tillit.declaration.statement.pdf import render_pdf
from tillit.declaration.vocabulary import vocabulary
from tillit.kernel import clock
from tillit.kernel.documents import read_yaml
from tillit.privacy.models import Breach


@cache
def _texts() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = read_yaml(Path(__file__).with_name("texts.yaml"))
    return loaded


def languages() -> tuple[str, ...]:
    """The languages the form can be made in."""
    return tuple(sorted(set.intersection(*(set(text) for text in _texts().values()))))


def document(*, breach: Breach, language: str, made: datetime) -> Document:
    """The form: controller and contact, the breach, whom it concerns, consequences, measures, and why it is late."""
    controller = Controller.objects.get(pk=breach.controller_id)
    declared = current(controller_id=controller.pk, on=clock.local_date(made))
    say = _Words(language, declared.controller.time_zone)
    sections = (
        _section(say, "controller", _controller(say, declared)),
        _section(say, "breach", _breach(say, breach)),
        _section(say, "people", _people(say, breach)),
        _prose(say, "consequences", breach.consequences),
        _prose(say, "measures", breach.measures),
        _section(say, "notices", _notices(say, breach, made)),
    )
    lead = Paragraph(say("lead_drill" if breach.drill else "lead", reference=breach.reference))
    return Document(
        title=say("title", name=controller.name),
        language=language,
        publisher=controller.name,
        contents=say("contents"),
        page=say("page"),
        lead=(lead,),
        sections=sections,
    )


def as_pdf(*, breach: Breach, language: str, made: datetime) -> bytes:
    """The form as a tagged PDF."""
    return render_pdf(document(breach=breach, language=language, made=made), made=made)


class _Words:
    def __init__(self, language: str, zone: str) -> None:
        self.language, self.zone = language, zone

    def __call__(self, key: str, **values: object) -> str:
        forms = _texts()[key]
        return forms.get(self.language, forms["en"]).format(**values)

    def moment(self, value: datetime | None) -> str:
        """A moment in words, in the controller's zone."""
        if value is None:
            return self("unknown")
        form = "d. MMMM y 'kl.' HH.mm" if self.language == "nb" else "d MMMM y, HH:mm"
        return str(format_datetime(value, form, tzinfo=ZoneInfo(self.zone), locale=self.language))

    def row(self, key: str, value: Any) -> tuple[str, Cell]:
        """One fact; what is not known says so."""
        text = str(value) if value not in (None, "", []) else self("unknown")
        return self(key), (text,)


def _section(say: _Words, key: str, rows: list[tuple[str, Cell]]) -> Section:
    return Section(key, say(f"{key}_title"), (Facts(tuple(rows)),))


def _prose(say: _Words, key: str, text: str) -> Section:
    blocks: tuple[Block, ...] = tuple(Paragraph(part) for part in (text or say("unknown")).split("\n\n"))
    return Section(key, say(f"{key}_title"), blocks)


def _controller(say: _Words, declared: Declaration) -> list[tuple[str, Cell]]:
    said = declared.controller
    adviser = said.privacy_adviser
    title = adviser.title.get(say.language) or next(iter(adviser.title.values()))
    return [
        say.row("name", said.name),
        say.row("organisation_number", said.organisation_number),
        say.row("contact", ", ".join(part for part in (title, adviser.email, adviser.phone) if part)),
    ]


def _breach(say: _Words, breach: Breach) -> list[tuple[str, Cell]]:
    return [
        say.row("reference", breach.reference),
        say.row("what", breach.what),
        say.row("nature", ", ".join(say(f"nature_{one}") for one in breach.nature)),
        say.row("happened_from", say.moment(breach.happened_from)),
        say.row("happened_until", say.moment(breach.happened_until)),
        say.row("known_at", say.moment(breach.known_at)),
        say.row("risk", say(f"risk_{breach.risk or 'unassessed'}")),
        say.row("intrusion", say(f"intrusion_{breach.intrusion}") if breach.intrusion else None),
    ]


def _people(say: _Words, breach: Breach) -> list[tuple[str, Cell]]:
    words = vocabulary().categories
    return [
        say.row("categories", ", ".join(words[key].name(say.language) for key in breach.categories)),
        say.row("persons", breach.persons),
        say.row("records", breach.records),
    ]


def _notices(say: _Words, breach: Breach, made: datetime) -> list[tuple[str, Cell]]:
    rows = [
        say.row("due_at", say.moment(breach.due_at)),
        say.row("people_told", _told(say, breach)),
        say.row("police", f"{breach.police_reference}, {say.moment(breach.police_at)}" if breach.police_at else None),
    ]
    sent = breach.authority_at or made
    if breach.due_at is not None and sent > breach.due_at:
        hours = (sent - breach.due_at) // timedelta(hours=1)
        rows.append(say.row("late_by", say("hours", count=hours)))
        rows.append(say.row("late_because", breach.late_because))
    return rows


def _told(say: _Words, breach: Breach) -> str:
    if breach.people_at is not None:
        return say.moment(breach.people_at)
    if breach.people_not_because:
        return say(f"not_told_{breach.people_not_because}")
    return say("not_told_yet")
