"""Making and changing seminars (F10). Keyword-only; in a scope of the activity `seminars`."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import F

from tillit.audit.operations import append
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.outreach.seminars import events, places
from tillit.outreach.seminars.errors import SeminarError
from tillit.outreach.seminars.models import Seminar, Signup, Stage, Standing


@dataclass(frozen=True)
class Content:
    """What a seminar is. texts: language → title, about; languages without both are left out."""

    texts: dict[str, dict[str, str]]
    place: str
    link: str
    material: str
    starts_at: datetime
    ends_at: datetime
    signup_until: datetime
    capacity: int


def create(*, scope: Scope, controller: Controller, content: Content) -> Seminar:
    """A new draft. Raises `SeminarError`."""
    return Seminar.objects.create(controller=controller, **_checked(content))


def change(*, scope: Scope, seminar: Seminar, content: Content) -> Seminar:
    """Change it; who has a place is told of a new time or place, and freed places go to those who wait.

    Raises `SeminarError` `stage` once it is over or cancelled.
    """
    held = places.locked(seminar)
    if held.stage == Stage.CANCELLED or held.ends_at <= clock.now():
        raise SeminarError("stage", "it is over, or cancelled")
    values = _checked(content)
    if 0 < values["capacity"] < places.taken(held):
        raise SeminarError("capacity", "more people have a place already")
    moved = any(values[name] != getattr(held, name) for name in ("starts_at", "ends_at", "place", "link"))
    Seminar.objects.filter(pk=held.pk).update(**values, revision=F("revision") + 1)
    held.refresh_from_db()
    Signup.objects.filter(controller_id=held.controller_id, seminar_id=held.pk).update(held_at=held.ends_at)
    if held.stage == Stage.OPEN:
        if moved:
            places.tell(scope=scope, seminar=held, template="seminar_changed", standing=Standing.PLACE)
        places.move_up(scope=scope, seminar=held)
    _record(scope, held)
    return held


def publish(*, scope: Scope, seminar: Seminar) -> None:
    """People may sign up."""
    _stage(scope, seminar, Stage.DRAFT, Stage.OPEN)


def cancel(*, scope: Scope, seminar: Seminar) -> int:
    """It is not held; whoever signed up is told. How many."""
    held = places.locked(seminar)
    if held.stage != Stage.OPEN or held.ends_at <= clock.now():
        raise SeminarError("stage", "it cannot be cancelled now")
    told = sum(
        places.tell(scope=scope, seminar=held, template="seminar_cancelled", standing=standing)
        for standing in (Standing.PLACE, Standing.WAITING)
    )
    _stage(scope, held, Stage.OPEN, Stage.CANCELLED)
    return told


def _stage(scope: Scope, seminar: Seminar, before: Stage, after: Stage) -> None:
    if not Seminar.objects.filter(pk=seminar.pk, stage=before).update(stage=after, revision=F("revision") + 1):
        raise SeminarError("stage", f"it is not {before}")
    seminar.refresh_from_db()
    _record(scope, seminar)


def _record(scope: Scope, seminar: Seminar) -> None:
    details = {"seminar": seminar.pk, "stage": str(seminar.stage)}
    append(type=events.CHANGED, scope=scope, controller=seminar.controller_id, details=details)


def _checked(content: Content) -> dict[str, Any]:
    texts = {code: said for code, said in content.texts.items() if any(said.values())}
    if not texts or not all(said.get("title") and said.get("about") for said in texts.values()):
        raise SeminarError("words", "title and contents are said in each language it has")
    if not content.starts_at < content.ends_at or content.signup_until > content.ends_at:
        raise SeminarError("times", "it ends after it begins, and sign-up closes before the end")
    if not content.place and not content.link:
        raise SeminarError("place", "on site needs a place, digital a link")
    if content.capacity < 0:
        raise SeminarError("capacity", "places are not negative")
    return {**asdict(content), "texts": texts}
