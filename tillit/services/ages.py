"""How old somebody is on a day, counted from the birth date at the event (D12). Within an open scope."""

from datetime import date, datetime

from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.parties.merging import same_person
from tillit.parties.models import Fact
from tillit.services.errors import ServiceError

OLDEST = 130


def age(*, born: date, on: date) -> int:
    """Whole years on that day: a birthday counts from its first hour, 29 February's from 1 March.

    Raises `ServiceError` `birth-date` for nobody's who lives.
    """
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    if born > on or years > OLDEST:
        raise ServiceError("birth-date", "that is no date of birth of a person who lives")
    return years


def born(*, subject_id: int) -> date | None:
    """The person's date of birth, as far as the scope sees it."""
    rows = Fact.objects.filter(subject_id__in=same_person(subject_id), kind="birth_date", superseded_at__isnull=True)
    found = rows.order_by("collected_at").values_list("value", flat=True).last()
    return date.fromisoformat(found) if found else None


def old_enough(*, born: date, controller_id: int, on: date) -> None:
    """Refuse who is too young to subscribe that day. Raises `ServiceError` `too-young`, `birth-date`."""
    years, limit = age(born=born, on=on), current(controller_id=controller_id, on=on).children
    if limit is not None and limit.minimum_age and years < limit.minimum_age:
        raise ServiceError("too-young", f"who subscribes is at least {limit.minimum_age} years old")


def adult(*, subject_id: int, controller_id: int, at: datetime) -> None:
    """Refuse who is too young to subscribe. Raises `ServiceError`: `birth-date-unknown`, `too-young` (D12)."""
    on = clock.local_date(at)
    limit = current(controller_id=controller_id, on=on).children
    if limit is None or not limit.minimum_age:
        return
    birth = born(subject_id=subject_id)
    if birth is None:
        raise ServiceError("birth-date-unknown", "the date of birth is needed to see that the person is old enough")
    old_enough(born=birth, controller_id=controller_id, on=on)
