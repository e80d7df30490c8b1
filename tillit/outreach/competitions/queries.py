"""The competitions there are, how many have entered, and who has won (F8)."""

from django.db.models import QuerySet

from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.outreach.competitions.models import Competition, Entry, Stage
from tillit.outreach.competitions.operations import ACTIVITY


def open_ones(*, controller: Controller) -> QuerySet[Competition]:
    """What the public may enter now, those that close first."""
    mine = Competition.objects.filter(controller=controller, stage=Stage.OPEN, closes_at__gt=clock.now())
    return mine.order_by("closes_at")


def open_one(*, controller_id: int, number: int | None) -> Competition | None:
    """The competition of that number, if it may be entered now."""
    mine = Competition.objects.filter(controller_id=controller_id, pk=number or 0, stage=Stage.OPEN)
    return mine.filter(closes_at__gt=clock.now()).first()


def all_of(*, controller: Controller) -> QuerySet[Competition]:
    """Every competition, the latest first."""
    return Competition.objects.filter(controller=controller).order_by("-closes_at")


def entries(competition: Competition) -> int:
    """How many have entered, as far as their entries are kept."""
    with scope_of(competition.controller):
        return Entry.objects.filter(controller_id=competition.controller_id, competition_id=competition.pk).count()


def winners(competition: Competition) -> list[Entry]:
    """Who has won, in order. In the open scope."""
    mine = Entry.objects.filter(controller_id=competition.controller_id, competition_id=competition.pk)
    return list(mine.filter(won__isnull=False).order_by("won"))


def scope_of(controller: Controller) -> Scope:
    """The scope in which competitions are counted."""
    return Scope(system("competitions", {controller.pk}), ACTIVITY)
