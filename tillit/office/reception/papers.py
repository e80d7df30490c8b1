"""The badge and the evacuation list as PDF, made when they are fetched and stored nowhere (H17)."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.statement.pdf import typeset
from tillit.kernel import clock
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.office.reception.models import Visit

_HERE = Path(__file__).parent
_WORDS = {
    "nb": {"visitor": "Besøkende", "title": "Gjester i huset nå", "name": "Navn", "badge": "Kort", "since": "Siden",
           "met": "Sett ute", "none": "Ingen gjester er i huset.", "count": "Antall"},
    "en": {"visitor": "Visitor", "title": "Visitors in the house now", "name": "Name", "badge": "Badge",
           "since": "Since", "met": "Seen outside", "none": "No visitor is in the house.", "count": "Number"},
}  # fmt: skip


def badge(*, controller: Controller, row: Visit, language: str) -> bytes:
    """The badge, 90 by 55 mm: name, number, day. Raises `TypesettingError`."""
    values = {"who": row.name, "number": str(row.badge), "day": f"{_local(row.arrived_at):%d.%m.%Y}"}
    return typeset(_HERE / "badge.typ", _document(controller, language) | values, made=row.arrived_at)


def evacuation(*, controller: Controller, rows: Sequence[Visit], language: str) -> bytes:
    """The list of who is in the house, with a box to tick for each. Raises `TypesettingError`."""
    now = clock.now()
    people = [[row.name, str(row.badge), f"{_local(row.arrived_at):%d.%m. %H:%M}"] for row in rows]
    values = {"people": people, "made": f"{_local(now):%d.%m.%Y %H:%M}"}
    return typeset(_HERE / "evacuation.typ", _document(controller, language) | values, made=now)


def _document(controller: Controller, language: str) -> dict[str, object]:
    publisher = current(controller_id=controller.pk, on=clock.today()).controller.name
    return {**_WORDS.get(language, _WORDS["en"]), "language": language, "publisher": publisher}


def _local(moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(DEFAULT_ZONE))
