"""The app of a power company: taken into use, with alerts and insight that belong to it; kept, or deleted with all."""

import random

from tillit.declaration.models import Controller
from tillit.declaration.simulated import Act, Person
from tillit.journeys import energy_app
from tillit.kernel import clock
from tillit.power.insight.breakdown import Part
from tillit.power.insight.models import AlertKind, AlertSetting, MonthPart
from tillit.power.simulated import point_of

APP, ALERTS, INSIGHT = energy_app.ACTIVITY, "energy_alerts", "energy_insight"


def app(person: Person, rng: random.Random) -> None:
    """Take it into use, choose alerts, look at a month; perhaps delete it."""
    outcome, point, at = person.turn(APP), point_of(person), clock.now()
    controller = Controller.objects.get(pk=person.world.controller_id)
    energy_app.start(controller=controller, subject_id=person.subject_id, actor=person.world.actor, at=at)
    mine = {"controller_id": controller.pk, "state": point.state}
    with person.scope(ALERTS):
        for kind in (AlertKind.HIGH_USE, AlertKind.PRICE_ABOVE):
            AlertSetting.objects.get_or_create(
                subject_id=person.subject_id, kind=kind, defaults={**mine, "threshold": 20_000, "set_at": at}
            )
    with person.scope(INSIGHT):
        MonthPart.objects.get_or_create(
            subject_id=person.subject_id,
            point_id=point.id,
            month=clock.today().replace(day=1),
            part=next(iter(Part)).value,
            defaults={**mine, "low_wh": 1, "middle_wh": 2, "high_wh": 3, "made_at": at},
        )

    def delete() -> None:
        energy_app.delete(
            controller=controller,
            subject_id=person.subject_id,
            actor=person.world.actor,
            how="min_side",
            at=clock.now(),
        )
        person.came(APP, outcome)

    if outcome == "deleted":
        person.later(40, delete)
    else:
        person.came(APP, outcome)


ACTS = {
    APP: Act(
        app, {APP: ("energy_alert",), ALERTS: ("energy_alert",), INSIGHT: ("energy_insight",)}, ("used", "deleted")
    )
}
