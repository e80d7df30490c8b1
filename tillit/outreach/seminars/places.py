"""Places, the waiting list, and what those concerned are told (F10)."""

from collections.abc import Iterable

from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.messages import telling
from tillit.outreach.seminars.links import when
from tillit.outreach.seminars.models import Seminar, Signup, Standing


def locked(seminar: Seminar) -> Seminar:
    """The seminar's row, locked: places are given one at a time."""
    return Seminar.objects.select_for_update(of=("self",)).select_related("controller").get(pk=seminar.pk)


def rows(seminar: Seminar) -> "Iterable[Signup]":
    """The sign-ups of a seminar that the open scope sees, in the order they came."""
    mine = Signup.objects.filter(controller_id=seminar.controller_id, seminar_id=seminar.pk)
    return mine.order_by("signed_at", "id")


def taken(seminar: Seminar) -> int:
    """How many have a place."""
    mine = Signup.objects.filter(controller_id=seminar.controller_id, seminar_id=seminar.pk)
    return mine.filter(standing=Standing.PLACE).count()


def free(seminar: Seminar) -> bool:
    """Whether there is a place."""
    return seminar.capacity == 0 or taken(seminar) < seminar.capacity


def move_up(*, scope: Scope, seminar: Seminar) -> int:
    """Give free places to those who have waited longest, and tell them; how many. The seminar is locked."""
    moved = 0
    waiting = [row for row in rows(seminar) if row.standing == Standing.WAITING]
    for row in waiting:
        if seminar.ends_at <= clock.now() or not free(seminar):
            break
        Signup.objects.filter(subject_id=row.subject_id, id=row.id).update(standing=Standing.PLACE)
        tell_one(scope=scope, seminar=seminar, row=row, template="seminar_place")
        moved += 1
    return moved


def tell(*, scope: Scope, seminar: Seminar, template: str, standing: Standing) -> int:
    """Tell everybody who stands so; how many."""
    concerned = [row for row in rows(seminar) if row.standing == standing]
    for row in concerned:
        tell_one(scope=scope, seminar=seminar, row=row, template=template)
    return len(concerned)


def tell_one(*, scope: Scope, seminar: Seminar, row: Signup, template: str) -> None:
    """A message about the sign-up; somebody who may not be written to finds it by their link or on Min side."""
    said = seminar.texts.get(row.language) or next(iter(seminar.texts.values()))
    values = {
        "signup": row.id,
        "seminar": seminar.pk,
        "title": said["title"],
        "when": when(seminar, row.language),
        "where": seminar.place or "–",
    }
    key = f"seminar:{seminar.pk}:{template}:{seminar.revision}"
    if row.turn > 1:
        key += f":{row.turn}"
    telling.tell(
        scope=scope,
        subject_id=row.subject_id,
        controller_id=seminar.controller_id,
        template=template,
        values=values,
        key=key,
        language=row.language,
    )
