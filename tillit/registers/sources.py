"""The registers that the system can ask, and which controllers' declarations let it (A7)."""

from dataclasses import dataclass

from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration
from tillit.kernel import clock


@dataclass(frozen=True)
class Source:
    """A register. key: its word among sources and its key among a declaration's recipients; activity: what grounds it;
    asks: the fact that names whom we ask about, `sealed` or not; feeds: it tells of events; gives: all that it is heard
    on (`GIVES`).
    """

    key: str
    activity: str
    asks: str
    sealed: bool = True
    feeds: bool = True
    gives: frozenset[str] | None = None


POPULATION = Source("population_register", "population_register_check", "national_number")
ADDRESSES = Source(
    "address_register",
    "enrichment",
    "phone",
    sealed=False,
    feeds=False,
    gives=frozenset({"address"}),
)
"""Number and address registers, asked by the telephone number that the person gave. What it says of a name only shows
whether it means the same person: a number is shared, and comes to somebody else."""
SOURCES = {one.key: one for one in (POPULATION, ADDRESSES)}
GIVES = {
    "name.given": "identity",
    "name.middle": "identity",
    "name.family": "identity",
    "deceased": "identity",
    "address": "contact",
    "protection": "contact",
    "emigrated": "contact",
    "national_number": "national_number",
}
"""What a register tells → the category it is recorded in."""


def grounded(declaration: Declaration, source: Source) -> bool:
    """Whether the declaration lets the register be asked: the activity, and the register as its recipient."""
    activity = declaration.activity(source.activity)
    return activity is not None and source.key in {*activity.recipients, *(p.key for p in declaration.processors)}


def wanted(declaration: Declaration, source: Source) -> frozenset[str]:
    """What of `GIVES` the activity may record; the rest of an answer is not looked at."""
    activity = declaration.activity(source.activity)
    if activity is None:
        return frozenset()
    may = declaration.named(activity, only_recorded=True)
    heard = source.gives or frozenset(GIVES)
    return frozenset(what for what, category in GIVES.items() if category in may and what in heard)


def controllers(source: Source) -> list[Controller]:
    """The controllers whose declaration in effect grounds the check, by id."""
    found = Controller.objects.filter(versions__isnull=False).distinct().order_by("id")
    return [one for one in found if grounded(current(controller_id=one.pk, on=clock.today()), source)]
