"""What is derived from a customer's use, and the alerts, as the customer sees and sets them (E4, E5, E6)."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from tillit.audit.events import PERSON_READ
from tillit.audit.operations import append
from tillit.consent.queries import Decision
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.journeys.staff_lookup import seen
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, ScopeError
from tillit.parties.actors import person_scope
from tillit.power.errors import PowerError
from tillit.power.insight import alerts, comparison, derived, settings
from tillit.power.insight.breakdown import Estimate, Part
from tillit.power.insight.comparison import Compared
from tillit.power.insight.grouping import FIFTH, least
from tillit.power.insight.models import Alert, QuietHours
from tillit.power.insight.settings import Wanted
from tillit.power.models import MeteringPoint
from tillit.power.queries import app_users, household_of, points_of

OWN, NEEDED = "self_service", "energy_alert"


@dataclass(frozen=True)
class HomePage:
    """A point's breakdown and comparison. told: whether the customer has said what the home is like.

    may: whether it may be compared with similar households. Both are empty where the customer does not use the app.
    least: households of a group, at least; fifth: of its fifth.
    """

    points: list[MeteringPoint]
    point: MeteringPoint | None = None
    in_app: bool = False
    told: bool = False
    may: Decision = field(default_factory=lambda: Decision(allowed=False, reason="not-applicable"))
    compared: list[Compared] = field(default_factory=list)
    months: dict[date, dict[Part, Estimate]] = field(default_factory=dict)
    least: int = 0

    @property
    def fifth(self) -> int:
        """Of the fifth that uses least, at least."""
        return self.least // FIFTH


@dataclass(frozen=True)
class AlertPage:
    """Every kind with what is chosen, the channels there are, quiet hours, and what was given."""

    wanted: list[Wanted]
    channels: tuple[str, ...]
    quiet: QuietHours | None
    given: list[Alert]
    in_app: bool


def home(*, actor: Actor, controller: Controller, people: Collection[int], number: int) -> HomePage:
    """The page of the customer's `number`th point. Raises `PowerError` `no-point`."""
    here = controller.pk
    with Scope(actor, OWN) as scope:
        points = points_of(subject_ids=people, controller_id=here)
        if not points and number == 1:
            return HomePage(points)
        if not 1 <= number <= len(points):
            raise PowerError("no-point", "the customer has no such metering point")
        point = points[number - 1]
        subject = {"subject_id": point.subject_id}
        told = household_of(**subject, point_id=point.id)
        page = HomePage(points, point, told=told is not None and bool(told.dwelling))
        if not app_users(controller_id=here, subject_ids=people):
            return page
        may = comparison.may_compare(**subject, controller_id=here)
        compared = comparison.compared(scope=scope, point=point) if may else []
        months = derived.months_of(**subject, point_id=point.id)
        fewest = least(current(controller_id=here, on=clock.today()).minimum_group)
    return replace(page, in_app=True, may=may, compared=compared, months=months, least=fewest)


def alerts_of(*, actor: Actor, controller: Controller, subject_id: int) -> AlertPage:
    """A person's alerts, for the person."""
    with Scope(actor, OWN):
        in_app = bool(app_users(controller_id=controller.pk, subject_ids=[subject_id]))
        return _alerts(controller, subject_id, in_app=in_app)


def may_look(*, controller: Controller, activity: str) -> bool:
    """Whether the purpose may see alerts."""
    return NEEDED in seen(controller=controller, activity=activity)


def desk_alerts(*, actor: Actor, controller: Controller, activity: str, subject_id: int) -> AlertPage:
    """A customer's alerts at the desk, for the purpose they were looked up for; a read on record. Raises `ScopeError`,
    `NotAssignedError`.
    """
    if not may_look(controller=controller, activity=activity):
        raise ScopeError("scope-activity", f"{activity} may not see alerts")
    with person_scope(actor=actor, activity=activity, subject_id=subject_id) as scope:
        page = _alerts(controller, subject_id, in_app=False)
        append(
            type=PERSON_READ,
            scope=scope,
            controller=controller.pk,
            subject=subject_id,
            details={"purpose": activity, "categories": [NEEDED]},
        )
    return page


def _alerts(controller: Controller, subject_id: int, *, in_app: bool) -> AlertPage:
    who = {"subject_id": subject_id, "controller_id": controller.pk}
    return AlertPage(
        settings.wanted(**who),
        settings.offered(controller_id=controller.pk),
        settings.quiet(**who),
        alerts.given_to(**who),
        in_app,
    )


def want(
    *,
    actor: Actor,
    controller: Controller,
    subject_id: int,
    kind: str,
    channels: Collection[str],
    threshold: int | None,
) -> None:
    """Set a kind of alert. Raises `InsightError`."""
    with _own(actor, controller, subject_id) as own:
        settings.want(**own, kind=kind, channels=channels, threshold=threshold)


def keep_quiet(*, actor: Actor, controller: Controller, subject_id: int, starts: int, ends: int, zone: str) -> None:
    """Set the quiet hours. Raises `InsightError`."""
    with _own(actor, controller, subject_id) as own:
        settings.keep_quiet(**own, starts=starts, ends=ends, zone=zone)


@contextmanager
def _own(actor: Actor, controller: Controller, subject_id: int) -> Iterator[dict[str, Any]]:
    """What every change of one's own settings is given, in a scope of one's own."""
    with Scope(actor, OWN) as scope:
        yield {"scope": scope, "subject_id": subject_id, "controller_id": controller.pk, "at": clock.now()}
