"""Alerts on their way: asked about as they leave, and taken back with the app they belong to (E6, E7)."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Q

from tillit.declaration.queries import current, holder_of
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages.models import Message, State
from tillit.power.insight.models import OF_THE_APP, AlertKind, AlertSetting, QuietHours
from tillit.power.insight.settings import ACTIVITY, channels_of, due_for

TEMPLATES = {
    AlertKind.PRICE_ABOVE: ("price_above",),
    AlertKind.PRICE_BELOW: ("price_below",),
    AlertKind.HIGH_USE: ("high_use",),
    AlertKind.CAPACITY_PEAK: ("capacity_peak_near", "capacity_peak_over"),
    AlertKind.READINGS_GAP: ("readings_gap",),
    AlertKind.CONTRACT: ("contract_ends",),
    AlertKind.SAVING_ADVICE: ("saving_base", "saving_vehicle", "saving_heating"),
    AlertKind.IMPORTANT: ("important_waits",),
}
"""What each kind says it with."""
GONE = "app_alert_gone"
"""What stands in the place of an alert that went with the app: words without a value."""
_KIND = {template: kind for kind, named in TEMPLATES.items() for template in named}


def not_now(controller_id: int, rows: Sequence[Message], now: datetime) -> dict[int, str | datetime]:
    """Messages of alerts that are not to leave now, by id: `switched-off` where the kind, or its channel, is off by
    now, or else the end of the quiet hours that it is. In the open scope of the outbox, before every try.
    """
    mine = {"controller_id": controller_id, "subject_id__in": {row.subject_id for row in rows}}
    wants = {(one.subject_id, one.kind): channels_of(one) for one in AlertSetting.objects.filter(**mine)}
    quiet = {one.subject_id: one for one in QuietHours.objects.filter(**mine)}
    found: dict[int, str | datetime] = {}
    for row in rows:
        due = due_for(quiet, subject_id=row.subject_id, now=now)
        if row.channel not in wants.get((row.subject_id, _KIND.get(row.template, "")), ()):
            found[row.id] = "switched-off"
        elif due > now:
            found[row.id] = due
    return found


def forget(*, controller_id: int, subject_ids: Collection[int], keep: Collection[int], at: datetime) -> int:
    """The app's alerts go with the app: what waits is not sent, and what was sent says no more what it said; how many.

    keep: people whose rows a hold keeps as they are: theirs are only not sent. Under the people's locks, outside every
    scope.
    """
    if current(controller_id=controller_id, on=clock.today()).activity(ACTIVITY) is None:
        return 0
    acting = system("alerts", {controller_id, holder_of(controller_id=controller_id)})
    templates = [template for kind in OF_THE_APP for template in TEMPLATES[kind]]
    with Scope(acting, ACTIVITY, frozenset(subject_ids)):
        mine = Message.objects.filter(
            subject_id__in=subject_ids, controller_id=controller_id, activity=ACTIVITY, template__in=templates
        )
        waits = Q(message_state=State.QUEUED) | Q(message_state=State.SENDING, handed_at=None)
        mine.filter(waits).update(
            message_state=State.WITHHELD, reason="app-deleted", settled_at=at, sealed_address=None, claimed_at=None,
            claimed_by=None,
        )  # fmt: skip
        return mine.exclude(subject_id__in=keep).update(template=GONE, content={}, key=None)
