"""What somebody is a member as, on a day (B1). Within an open scope, which must see `membership`."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from tillit.kernel.collation import Ordered
from tillit.membership.models import Cover, Membership
from tillit.parties.merging import same_person


@dataclass(frozen=True)
class Standing:
    """A membership on a day, in the union's words: key and name of each part. `joined` is what the union counts from.

    `payer`: organisation number of who pays, where it is not the member.
    """

    subject_id: int
    controller_id: int
    type: str
    type_name: str
    section: str | None
    section_name: str | None
    workplace: str | None
    workplace_name: str | None
    payer: str | None
    joined: date
    starts: date
    ends: date | None


def standing(*, subject_id: int, controller_id: int, on: date) -> Standing | None:
    """The person's membership at the union on the day; None for who is no member then."""
    rows = Membership.objects.filter(_on(on), subject_id__in=same_person(subject_id), controller_id=controller_id)
    found = rows.select_related("type", "section", "workplace", "payer").order_by("starts").first()
    return None if found is None else _told(found, subject_id)


def history(*, subject_id: int, controller_id: int) -> list[Standing]:
    """Every stretch of days of the person's membership that the scope sees, oldest first."""
    rows = Membership.objects.filter(subject_id__in=same_person(subject_id), controller_id=controller_id)
    found = rows.select_related("type", "section", "workplace", "payer").order_by("starts")
    return [_told(row, subject_id) for row in found]


def agreements(*, subject_id: int, controller_id: int, on: date) -> list[Cover]:
    """The collective agreements that cover the person on the day, each with `agreement`, by name. The scope must see
    `insurance_agreement`.
    """
    rows = Cover.objects.filter(_on(on), subject_id__in=same_person(subject_id), controller_id=controller_id)
    in_force = Q(agreement__ends__isnull=True) | Q(agreement__ends__gt=on)
    return list(rows.filter(in_force).select_related("agreement").order_by(Ordered("agreement__name")))


def _on(day: date) -> Q:
    return Q(starts__lte=day) & (Q(ends__isnull=True) | Q(ends__gt=day))


def _told(row: Membership, subject_id: int) -> Standing:
    return Standing(
        subject_id,
        row.controller_id,
        row.type.key,
        row.type.name,
        row.section.key if row.section else None,
        row.section.name if row.section else None,
        row.workplace.key if row.workplace else None,
        row.workplace.name if row.workplace else None,
        row.payer.number if row.payer else None,
        row.joined,
        row.starts,
        row.ends,
    )
