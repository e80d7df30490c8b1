"""The compiled profile of a member (C16): from purchases, on the controller's interest, open to the member.

Compiled in sets for those who may be profiled now; who objects is emptied at once, and left out from then on. What a
member has edited or removed is never compiled again.
"""

from datetime import date, timedelta
from typing import Any

from django.db import connection

from tillit.bonus.models import Programme
from tillit.bonus.profile_models import ProfilePart
from tillit.consent.queries import lawful_subjects
from tillit.declaration.queries import current, holder_of
from tillit.kernel import clock
from tillit.kernel.scope import Scope, require, system
from tillit.kernel.sql import load

ACTIVITY = "profiling"
MEMORY = timedelta(days=365)
PARTS = ("stores", "groups", "frequency")


def compile_all(*, controller_id: int) -> tuple[int, int]:
    """Compile for everybody who may be profiled, empty the others: (parts written, parts emptied). Outside scopes."""
    declared = current(controller_id=controller_id, on=clock.today())
    if declared.activity(ACTIVITY) is None:
        return 0, 0
    actor = system("profiles", {controller_id, holder_of(controller_id=controller_id)})
    with Scope(actor, ACTIVITY):
        people = sorted(lawful_subjects(controller_id=controller_id, activity=ACTIVITY))
        given: dict[str, Any] = {
            "controller": controller_id,
            "subjects": people,
            "zone": declared.controller.time_zone,
            "since": clock.now() - MEMORY,
            "at": clock.now(),
        }
        with connection.cursor() as cursor:
            cursor.execute(load(__file__, "profiles", "stop"), given)
            emptied = int(cursor.rowcount)
            cursor.execute(load(__file__, "profiles", "compile"), given)
            return int(cursor.rowcount), emptied


def compile_everywhere() -> int:
    """Compile the profiles of every controller with a programme; how many parts were written."""
    found = set(Programme.objects.values_list("chain__controller_id", flat=True))
    return sum(compile_all(controller_id=one)[0] for one in sorted(found))


def parts(*, subject_id: int, controller_ids: list[int]) -> list[ProfilePart]:
    """What is compiled of a person, what they removed left out. Within a scope that may see profiles."""
    found = ProfilePart.objects.filter(subject_id=subject_id, controller_id__in=controller_ids)
    return list(found.exclude(origin__in=["removed", "stopped"]).order_by("controller_id", "part"))


def keep(*, scope: Scope, subject_id: int, part_id: int, words: list[str]) -> bool:
    """Keep only these words of a part, none: remove it; whether there was such a part. The member's own doing."""
    require(activity="self_service")
    row = (
        ProfilePart.objects.filter(subject_id=subject_id, id=part_id).exclude(origin__in=["removed", "stopped"]).first()
    )
    if row is None:
        return False
    row.value = [word for word in row.value if word in words]
    row.origin = "edited" if row.value else "removed"
    row.save(update_fields=["value", "origin"])
    return True


def stop(*, subject_id: int, controller_ids: list[int]) -> int:
    """Empty the profile of one who has objected; how many parts. Within a scope that may write profiles."""
    rows = ProfilePart.objects.filter(subject_id=subject_id, controller_id__in=controller_ids)
    return rows.filter(origin__in=["compiled", "edited"]).update(value=[], origin="stopped")


def audience(*, controller_id: int, part: str, word: str) -> frozenset[int]:
    """Whose profile says `word` in a part, of those who may be profiled now: for a targeted offer. Within `profiling`.

    Whether they may be written to is asked again by what writes to them.
    """
    require(activity=ACTIVITY)
    lawful = lawful_subjects(controller_id=controller_id, activity=ACTIVITY)
    rows = ProfilePart.objects.filter(controller_id=controller_id, part=part, value__contains=[word])
    return frozenset(rows.exclude(origin__in=["removed", "stopped"]).values_list("subject_id", flat=True)) & lawful


def faults(controller_id: int, on: date) -> list[str]:
    """Profiles of people who may not be profiled, for the proof."""
    if current(controller_id=controller_id, on=on).activity(ACTIVITY) is None:
        lawful: frozenset[int] = frozenset()
    else:
        lawful = lawful_subjects(controller_id=controller_id, activity=ACTIVITY)
    rows = ProfilePart.objects.filter(controller_id=controller_id).exclude(value=[])
    count = len(set(rows.values_list("subject_id", flat=True)) - lawful)
    return [f"bonus_profile_part: {count} people have a profile and may not be profiled"] if count else []
