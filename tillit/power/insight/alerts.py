"""Alerts given: looked for in sets, each once, over the channels the person wants, not in their quiet hours (E6).

What is noted as given and what is put in the outbox stand in one transaction under the people's locks: a worker that is
killed has done both or neither, and of two that run at once the second finds it given. The outbox asks again whether
the person may be told, and drops what is no news any more.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from tillit.consent.queries import lawful_subjects
from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.kernel.sql import load
from tillit.messages import addresses
from tillit.messages.operations import send_many
from tillit.messages.transports import usable
from tillit.parties.operations import lock_subjects
from tillit.power.insight import occasions as found
from tillit.power.insight.models import OF_THE_APP, Alert, AlertKind, AlertSetting, QuietHours
from tillit.power.insight.occasions import Moment, Occasion, Point
from tillit.power.insight.settings import ACTIVITY, channels_of, due_for
from tillit.power.insight.users import app_users
from tillit.power.insight.wording import worded

AT_ONCE = 500
OUTWARD = ("email", "sms", "push")
_PRICES = (AlertKind.PRICE_ABOVE, AlertKind.PRICE_BELOW)
_LOOKED_FOR: dict[AlertKind, Callable[[Moment, Sequence[Point]], Iterable[Occasion]]] = {
    AlertKind.PRICE_ABOVE: lambda moment, points: found.prices(moment, AlertKind.PRICE_ABOVE, points),
    AlertKind.PRICE_BELOW: lambda moment, points: found.prices(moment, AlertKind.PRICE_BELOW, points),
    AlertKind.HIGH_USE: found.high_use,
    AlertKind.CAPACITY_PEAK: found.capacity_peaks,
    AlertKind.READINGS_GAP: found.readings_gaps,
    AlertKind.CONTRACT: found.contracts,
    AlertKind.SAVING_ADVICE: found.saving_advice,
    AlertKind.IMPORTANT: found.important,
}


def price_alerts() -> int:
    """Alerts of prices, at every controller; how many were given. They are looked for often: prices come at noon."""
    return _everywhere(_PRICES)


def use_alerts() -> int:
    """Every other kind of alert, at every controller; how many were given."""
    return _everywhere([kind for kind in AlertKind if kind not in _PRICES])


def give(*, controller_id: int, kinds: Iterable[AlertKind]) -> int:
    """Look for occasions of the kinds and tell those who want to be told; how many alerts are new."""
    declared = current(controller_id=controller_id, on=clock.today())
    if declared.activity(ACTIVITY) is None:
        return 0
    acting = system("alerts", {controller_id, holder_of(controller_id=controller_id)})
    language = declared.controller.languages[0]
    moment = Moment(controller_id, declared.controller.key, clock.now(), clock.today(), language)
    lawful = lawful_subjects(controller_id=controller_id, activity=ACTIVITY)
    users = app_users(controller_id=controller_id)
    given = 0
    for kind in kinds:
        people = sorted(lawful & users if kind in OF_THE_APP else lawful)
        with Scope(acting, ACTIVITY):
            points = found.wanting(moment, kind, people)
            occasions = _untold(moment, kind, list(_LOOKED_FOR[kind](moment, points)) if points else [])
        for start in range(0, len(occasions), AT_ONCE):
            given += _give(acting, moment, kind, occasions[start : start + AT_ONCE])
    return given


def given_to(*, subject_id: int, controller_id: int, most: int = 50) -> list[Alert]:
    """The alerts that a person was given, the latest first. In the scope of who looks."""
    return list(Alert.objects.filter(subject_id=subject_id, controller_id=controller_id).order_by("-given_at")[:most])


def _everywhere(kinds: Iterable[AlertKind]) -> int:
    kinds = list(kinds)
    controllers = Controller.objects.filter(versions__isnull=False).distinct().order_by("id")
    return sum(give(controller_id=one.pk, kinds=kinds) for one in controllers)


def _untold(moment: Moment, kind: AlertKind, occasions: list[Occasion]) -> list[Occasion]:
    """Those that nobody was told yet, so that nobody is locked for what is told. It is asked again under the locks."""
    if not occasions:
        return []
    given: dict[str, Any] = {
        "controller": moment.controller_id,
        "kind": kind.value,
        "subjects": [one.subject for one in occasions],
        "occasions": [one.code for one in occasions],
    }
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "alerts", "told"), given)
        told = set(cursor.fetchall())
    return [one for one in occasions if (one.subject, one.code) not in told]


def _give(acting: Actor, moment: Moment, kind: AlertKind, occasions: Sequence[Occasion]) -> int:
    with Scope(acting, ACTIVITY) as scope:
        people = {one.subject for one in occasions}
        states = lock_subjects(scope=scope, subject_ids=people)
        mine = {"controller_id": moment.controller_id, "subject_id__in": people}
        told = set(Alert.objects.filter(**mine, kind=kind).values_list("subject_id", "occasion"))
        wants = {row.subject_id: row for row in AlertSetting.objects.filter(**mine, kind=kind)}
        quiet = {row.subject_id: row for row in QuietHours.objects.filter(**mine)}
        using = app_users(controller_id=moment.controller_id, subject_ids=people) if kind in OF_THE_APP else people
        new = [
            one
            for one in occasions
            if states.get(one.subject) == 0
            and one.subject in using
            and one.subject in wants
            and channels_of(wants[one.subject])
            and (one.subject, one.code) not in told
        ]
        due = {one.subject: due_for(quiet, subject_id=one.subject, now=moment.now) for one in new}
        new = [one for one in new if one.until is None or due[one.subject] < one.until]
        Alert.objects.bulk_create(_row(moment, one, states[one.subject], due[one.subject]) for one in new)
        _send(scope, moment, new, wants, due)
    return len(new)


def _row(moment: Moment, one: Occasion, state: int, due: datetime) -> Alert:
    return Alert(
        subject_id=one.subject,
        controller_id=moment.controller_id,
        state=state,
        kind=one.kind,
        occasion=one.code,
        template=one.template,
        point_id=one.point,
        values=one.values,
        given_at=moment.now,
        due_at=due,
    )


def _send(
    scope: Scope,
    moment: Moment,
    new: Sequence[Occasion],
    wants: dict[int, AlertSetting],
    due: dict[int, datetime],
) -> None:
    """A message over each channel that is switched on and reaches the person; what reaches nobody is on Min side."""
    ways = [one for one in OUTWARD if one in usable()]
    reach = addresses.known(subject_ids={one.subject for one in new}, channels=ways)
    sets: dict[tuple[str, str, str, datetime, datetime | None], dict[int, dict[str, str]]] = defaultdict(dict)
    for one in new:
        for channel in ways:
            if getattr(wants[one.subject], channel) and one.subject in reach[channel]:
                same = (one.template, one.code, channel, due[one.subject], one.until)
                sets[same][one.subject] = worded(one.values, moment.language)
    for (template, code, channel, leaves, until), people in sets.items():
        send_many(
            scope=scope,
            controller_id=moment.controller_id,
            template=template,
            people=people,
            at=moment.now,
            key=f"{template}:{code}:{channel}",
            channels=[channel],
            language=moment.language,
            due_at=leaves,
            valid_until=until,
        )
