"""Events about a person in the person's own words: when, what, who (a role, never a colleague's name), and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tillit.audit.models import Event
from tillit.declaration.vocabulary import vocabulary
from tillit.faces.templatetags.tillit import language, say_or, word
from tillit.faces.texts import say
from tillit.parties.models import StaffRole


@dataclass(frozen=True)
class Told:
    """One line of the log."""

    at: datetime | None
    what: str
    who: str
    why: str


def told(events: Iterable[Event]) -> list[Told]:
    """The events as lines, in their order."""
    rows = list(events)
    staff = {int(e.actor_ref) for e in rows if e.actor_kind == "staff" and e.actor_ref.isdigit()}
    roles: dict[tuple[str, int], str] = {}
    for role in StaffRole.objects.filter(staff_id__in=staff).order_by("granted"):
        roles[str(role.staff_id), role.controller_id] = role.role
    return [Told(row.at, _what(row), _who(row, roles), _why(row)) for row in rows]


def _what(event: Event) -> str:
    return say_or(f"event.{event.type}", say(language(), "event_other"))


def _who(event: Event, roles: dict[tuple[str, int], str]) -> str:
    if event.actor_kind == "staff":
        role = roles.get((event.actor_ref, event.controller_id))
        said = word(role, "roles") if role else say(language(), "actor.staff")
        return said[:1].upper() + said[1:]
    return say(language(), f"actor.{event.actor_kind}")


def _why(event: Event) -> str:
    return word(event.activity, "activities") if event.activity in vocabulary().activities else event.activity
