"""What a row of a union's file is read against: the union's own words, looked up once."""

from dataclasses import dataclass, replace
from datetime import date

from django.db.models import QuerySet

from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.membership.models import CollectiveAgreement, FileLayout, MembershipType, Unit, UnitKind


@dataclass(frozen=True)
class References:
    """The union and its words, in lower case → ids. `dates`: the style, "" where it is to be found from the file."""

    controller_id: int
    register_id: int
    today: date
    types: dict[str, int]
    sections: dict[str, int]
    workplaces: dict[str, int]
    agreements: dict[str, int]
    columns: dict[str, str]
    dates: str
    last_day: bool
    most_ends: int


def load(*, controller: Controller) -> References:
    """The words of the union as they stand."""
    mine = {"controller_id": controller.pk}
    layout = FileLayout.objects.filter(**mine).first() or FileLayout(**mine)
    units = Unit.objects.filter(**mine)
    return References(
        controller.pk,
        controller.register_id,
        clock.today(),
        _words(MembershipType.objects.filter(**mine)),
        _words(units.filter(kind=UnitKind.SECTION)),
        _words(units.filter(kind=UnitKind.WORKPLACE)),
        _words(CollectiveAgreement.objects.filter(**mine)),
        layout.columns,
        layout.dates,
        layout.last_day,
        layout.most_ends,
    )


def ours(known: References) -> References:
    """The same, for rows whose columns have our names already."""
    return replace(known, columns={})


def _words(rows: QuerySet[MembershipType] | QuerySet[Unit] | QuerySet[CollectiveAgreement]) -> dict[str, int]:
    """Name and key → id; a key goes before another's name."""
    known = list(rows.values_list("id", "key", "name"))
    return {name.lower(): one for one, _, name in known} | {key.lower(): one for one, key, _ in known}
