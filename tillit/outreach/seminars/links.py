"""A person's link to their sign-up, made when a message leaves; the calendar file; when a seminar is (F10)."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from django.conf import settings
from icalendar import Calendar, Event, vText

from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.messages import tokens
from tillit.messages.templates import made_when_it_leaves
from tillit.outreach.seminars.models import Seminar, Stage

_USE = "seminar"


def token(seminar: Seminar, subject_id: int) -> str:
    """The person's own, for this seminar."""
    return tokens.make(_USE, subject_id, seminar.pk)


def read(said: str) -> tuple[int, int] | None:
    """(person, seminar) that a token names; None for one that is none of ours."""
    match tokens.read(_USE, said):
        case [int(subject), int(number)]:
            return subject, number
    return None


def address(seminar: Seminar, subject_id: int) -> str:
    """Where the person sees the sign-up, leaves, and fetches what there is to fetch."""
    return f"{settings.SITE_URL}/{seminar.controller.key}/seminars/mine/{token(seminar, subject_id)}/"


def when(seminar: Seminar, language: str) -> str:
    """When it is, as the reader writes it."""
    locale = "en_GB" if language == "en" else language
    zone = ZoneInfo(DEFAULT_ZONE)
    begins, ends = seminar.starts_at.astimezone(zone), seminar.ends_at.astimezone(zone)
    if begins.date() == ends.date():
        day = format_datetime(begins, "EEEE d. MMMM y" if language != "en" else "EEEE d MMMM y", locale=locale)
        return f"{day}, {begins:%H:%M}–{ends:%H:%M}"
    return f"{begins:%d.%m.%Y %H:%M} – {ends:%d.%m.%Y %H:%M}"


def calendar(seminar: Seminar, language: str, *, private: bool) -> bytes:
    """The seminar as iCalendar (RFC 5545). private: with the link to a digital one, which who has a place is told."""
    said = seminar.texts.get(language) or next(iter(seminar.texts.values()))
    event = Event()
    event.add("uid", f"seminar-{seminar.pk}@{seminar.controller.key}.tillit")
    event.add("dtstamp", clock.now())
    event.add("dtstart", seminar.starts_at.astimezone(UTC))
    event.add("dtend", seminar.ends_at.astimezone(UTC))
    event.add("summary", said["title"])
    event.add("description", said["about"])
    event.add("sequence", seminar.revision)
    event.add("status", "CANCELLED" if seminar.stage == Stage.CANCELLED else "CONFIRMED")
    event["organizer"] = vText(f"mailto:{_organiser(seminar.controller)}")
    if seminar.place:
        event.add("location", seminar.place)
    if private and seminar.link:
        event.add("url", seminar.link)
    file = Calendar()
    file.add("prodid", "-//Tillit//seminars//EN")
    file.add("version", "2.0")
    file.add("method", "PUBLISH")
    file.add_component(event)
    made: bytes = file.to_ical()
    return made


def _organiser(controller: Controller) -> str:
    from tillit.declaration.queries import current  # noqa: PLC0415 (asked when a file is made)

    return current(controller_id=controller.pk, on=clock.today()).controller.email


def _made(subject_id: int, content: Mapping[str, Any]) -> str:
    seminar = Seminar.objects.select_related("controller").filter(pk=int(content["seminar"])).first()
    return address(seminar, subject_id) if seminar is not None else settings.SITE_URL


made_when_it_leaves("seminar_link", _made)
