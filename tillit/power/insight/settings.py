"""Which alerts a person wants, over which channels, and when not (E6)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import available_timezones

from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.parties.operations import lock_subject
from tillit.power.insight.conditions import due
from tillit.power.insight.errors import InsightError
from tillit.power.insight.models import OF_THE_APP, AlertKind, AlertSetting, QuietHours
from tillit.power.insight.users import app_users

ACTIVITY = "energy_alerts"
CHANNELS = ("email", "sms", "push", "app")
"""`app`: shown on Min side and in the app, and nowhere else."""
NEEDS = {AlertKind.PRICE_ABOVE, AlertKind.PRICE_BELOW, AlertKind.HIGH_USE}
"""Kinds that need a threshold."""
MAY = {*NEEDS, AlertKind.CAPACITY_PEAK}
"""Kinds that may have one."""
BOUNDS = {
    AlertKind.PRICE_ABOVE: (-1_000, 100_000),
    AlertKind.PRICE_BELOW: (-1_000, 100_000),
    AlertKind.HIGH_USE: (1_000, 1_000_000),
    AlertKind.CAPACITY_PEAK: (500, 100_000),
}
"""Of thresholds: øre a kWh, Wh a day, W."""
DAY = 24 * 60


@dataclass(frozen=True)
class Wanted:
    """One kind of alert as it stands for a person. channels: where it goes; none: it is off."""

    kind: AlertKind
    channels: frozenset[str]
    threshold: int | None

    @property
    def shown_over(self) -> list[str]:
        """The channels in words' order; Min side, where every alert is listed, is named where it is the only one."""
        outward = [one for one in CHANNELS if one in self.channels and one != "app"]
        return outward or [one for one in CHANNELS if one in self.channels]


def offered(*, controller_id: int) -> tuple[str, ...]:
    """The channels that the declaration gives alerts; empty where it has none."""
    activity = current(controller_id=controller_id, on=clock.today()).activity(ACTIVITY)
    return () if activity is None else tuple(one for one in CHANNELS if one in activity.channels)


def wanted(*, subject_id: int, controller_id: int) -> list[Wanted]:
    """Every kind there is, as the person has set it. In the scope of who looks."""
    rows = {row.kind: row for row in AlertSetting.objects.filter(subject_id=subject_id, controller_id=controller_id)}
    return [
        Wanted(kind, channels_of(rows[kind]), rows[kind].threshold)
        if kind in rows
        else Wanted(AlertKind(kind), frozenset(), None)
        for kind in AlertKind
    ]


def channels_of(row: AlertSetting) -> frozenset[str]:
    """Where its alerts go."""
    return frozenset(one for one in CHANNELS if getattr(row, one))


def want(
    *,
    scope: Scope,
    subject_id: int,
    controller_id: int,
    kind: str,
    channels: Collection[str],
    threshold: int | None,
    at: datetime,
) -> AlertSetting:
    """Set one kind: from now on exactly these channels, none to switch it off.

    Raises `InsightError` `unknown-kind`, `unknown-channel` (not declared), `threshold` (missing, or out of all reason),
    `no-app` for a kind that belongs to the app of who does not use it.
    """
    if kind not in AlertKind.values:
        raise InsightError("unknown-kind", "there is no such alert")
    if not set(channels) <= set(offered(controller_id=controller_id)):
        raise InsightError("unknown-channel", "the declaration has no such channel for alerts")
    low, high = BOUNDS.get(AlertKind(kind), (0, 0))
    if kind not in MAY:
        threshold = None
    elif threshold is None and kind in NEEDS and channels:
        raise InsightError("threshold", "this alert needs a limit")
    elif threshold is not None and not low <= threshold <= high:
        raise InsightError("threshold", f"a limit lies between {low} and {high}")
    if channels and kind in OF_THE_APP and not app_users(controller_id=controller_id, subject_ids=[subject_id]):
        raise InsightError("no-app", "this alert belongs to the app, which is not in use")
    state = lock_subject(scope=scope, subject_id=subject_id)
    said = {one: one in channels for one in CHANNELS}
    values = {**said, "threshold": threshold, "set_at": at, "app_deleted_at": None}
    row, _ = AlertSetting.objects.update_or_create(
        subject_id=subject_id,
        controller_id=controller_id,
        kind=kind,
        defaults=values,
        create_defaults={**values, "state": state},
    )
    return row


def quiet(*, subject_id: int, controller_id: int) -> QuietHours | None:
    """When the person wants no alert; None where any time will do (or none was chosen)."""
    return QuietHours.objects.filter(subject_id=subject_id, controller_id=controller_id).first()


def keep_quiet(
    *, scope: Scope, subject_id: int, controller_id: int, starts: int, ends: int, zone: str, at: datetime
) -> QuietHours:
    """Alert not between two times of the local day (minutes), over midnight where `ends` is first; the same twice:
    at any time. Raises `InsightError` `quiet-hours` or `zone`.
    """
    if not (0 <= starts < DAY and 0 <= ends < DAY):
        raise InsightError("quiet-hours", "a time of day lies between 00:00 and 23:59")
    if zone not in available_timezones():
        raise InsightError("zone", "there is no such time zone")
    state = lock_subject(scope=scope, subject_id=subject_id)
    values = {"starts": starts, "ends": ends, "zone": zone, "set_at": at, "on": starts != ends}
    row, _ = QuietHours.objects.update_or_create(
        subject_id=subject_id, controller_id=controller_id, defaults=values, create_defaults={**values, "state": state}
    )
    return row


def due_for(rows: Mapping[int, QuietHours], *, subject_id: int, now: datetime) -> datetime:
    """When an alert may leave to the person."""
    row = rows.get(subject_id)
    if row is None or not row.on:
        return now
    return due(now, starts=row.starts, ends=row.ends, zone=row.zone)
