"""The certificate of who was there, as PDF (F10). Made when it is fetched, stored nowhere."""

from pathlib import Path

from tillit.declaration.queries import current
from tillit.declaration.statement.pdf import typeset
from tillit.kernel import clock
from tillit.outreach.seminars.errors import SeminarError
from tillit.outreach.seminars.links import when
from tillit.outreach.seminars.models import Seminar, Signup, Standing

_TEMPLATE = Path(__file__).with_name("certificate.typ")
_WORDS = {
    "nb": {"title": "Kursbevis", "attended": "har deltatt på", "hours": "Varighet", "unit": "timer"},
    "en": {"title": "Certificate of attendance", "attended": "attended", "hours": "Duration", "unit": "hours"},
}


def certificate(*, seminar: Seminar, row: Signup, name: str, language: str) -> bytes:
    """The PDF, in the language asked for where there are words for it. Raises `SeminarError` `unattended`."""
    if row.standing != Standing.PLACE or not row.attended:
        raise SeminarError("unattended", "there is no certificate for who was not there")
    words = _WORDS.get(language, _WORDS["en"])
    said = seminar.texts.get(language) or next(iter(seminar.texts.values()))
    hours = (seminar.ends_at - seminar.starts_at).total_seconds() / 3600
    document = {
        **words,
        "language": language,
        "publisher": current(controller_id=seminar.controller_id, on=clock.today()).controller.name,
        "name": name or "–",
        "seminar": said["title"],
        "when": when(seminar, language),
        "place": seminar.place,
        "duration": f"{hours:.1f}".rstrip("0").rstrip("."),
    }
    return typeset(_TEMPLATE, document, made=seminar.ends_at)
