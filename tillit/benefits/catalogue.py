"""What members see (B3): the benefits of their own union, agreements and type of membership, each as published."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection

from tillit.benefits.models import Benefit, Category, Edition, UseCount, What
from tillit.kernel import clock
from tillit.kernel.scope import require
from tillit.kernel.sql import load
from tillit.membership.standing import agreements, standing
from tillit.parties.merging import same_person
from tillit.parties.models import Relationship

ACTIVITY = "benefit_delivery"
MOST_WORDS = 6


@dataclass(frozen=True)
class Entitled:
    """What decides which benefits a member has: the union, the type of membership and the agreements, on a day."""

    subject_id: int
    controller_id: int
    membership_type: str
    agreements: tuple[str, ...]
    on: date


@dataclass(frozen=True)
class Listed:
    """A benefit as a member sees it. until: the last day on which it is valid for them, None for no end."""

    edition: Edition
    ends: date | None

    @property
    def benefit(self) -> Benefit:
        """The benefit, with its supplier."""
        return self.edition.benefit

    def text(self, language: str, part: str) -> str:
        """`title`, `summary` or `body` in the language, else in one it has."""
        found = self.edition.texts.get(language) or next(iter(self.edition.texts.values()))
        return str(found.get(part, ""))


def entitled(*, subject_id: int, controller_id: int, on: date) -> Entitled | None:
    """Which benefits somebody has; None for who is no member on the day. Within a scope of `benefit_delivery`."""
    require(activity=ACTIVITY)
    ties = Relationship.objects.filter(
        subject_id__in=same_person(subject_id), controller_id=controller_id, kind="member", started__lte=on
    )
    if not any(tie.ended is None or tie.ended > on for tie in ties):
        return None
    mine = standing(subject_id=subject_id, controller_id=controller_id, on=on)
    covers = agreements(subject_id=subject_id, controller_id=controller_id, on=on)
    return Entitled(
        subject_id, controller_id, mine.type if mine else "", tuple(cover.agreement.key for cover in covers), on
    )


def listed(
    *, for_whom: Entitled | None, at: datetime, text: str = "", category: str = "", benefit: str = ""
) -> list[Listed]:
    """The benefits of a member, narrowed to words, a category or one benefit by its key; none for who is no member."""
    if for_whom is None:
        return []
    given: dict[str, Any] = {
        "controller": for_whom.controller_id,
        "type": for_whom.membership_type,
        "agreements": list(for_whom.agreements),
        "on": for_whom.on,
        "at": at,
        "words": words(text),
        "category": category,
        "benefit": benefit,
    }
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "catalogue", "for_member"), given)
        found = cursor.fetchall()
    editions = Edition.objects.select_related("benefit__supplier", "category").in_bulk([row[0] for row in found])
    return [Listed(editions[number], ends) for number, ends in found]


def public(*, controller_id: int, at: datetime, text: str = "", benefit: str = "") -> list[Listed]:
    """The benefits that every member of the union has, whoever asks: what may be shown to everybody and passed on (G5).
    Those of an agreement or a type of membership are for who has it.
    """
    everybody = Entitled(0, controller_id, "", (), clock.local_date(at))
    return listed(for_whom=everybody, at=at, text=text, benefit=benefit)


def words(text: str) -> list[str]:
    """What is searched for, in small letters."""
    return text.casefold().split()[:MOST_WORDS]


def categories(of: Iterable[Listed]) -> list[Category]:
    """The categories of what is listed, in order."""
    found = {one.edition.category_id: one.edition.category for one in of}
    return sorted(found.values(), key=lambda one: (one.position, one.key))


def count(*, controller_id: int, benefit_id: int, what: What, at: datetime) -> None:
    """Count that something was done with a benefit (B11): one more this month, and nothing about by whom."""
    given: dict[str, Any] = {
        "controller": controller_id,
        "benefit": benefit_id,
        "month": clock.local_date(at).replace(day=1),
        "what": What(what).value,
    }
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "catalogue", "count"), given)


def counts(*, controller_id: int, start: date, end: date) -> list[UseCount]:
    """The counts of the months that begin in [start, end)."""
    found = UseCount.objects.filter(controller_id=controller_id, month__gte=start, month__lt=end)
    return list(found.select_related("benefit").order_by("month", "benefit__key", "what"))
