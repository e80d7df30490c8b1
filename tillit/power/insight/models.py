"""What is derived for the app, and the alerts that a customer has chosen and was given (E4, E5, E6)."""

from django.db import models
from django.db.models import F, Q

from tillit.declaration.personal import PersonalModel, SubjectForeignKey
from tillit.disclosure.models import ReleaseCell
from tillit.power.insight.breakdown import Part
from tillit.power.models import DerivedModel, MeteringPoint


class AlertKind(models.TextChoices):
    """What one may be told of. The three in `OF_THE_APP` go with the app."""

    PRICE_ABOVE = "price_above"
    PRICE_BELOW = "price_below"
    HIGH_USE = "high_use"
    CAPACITY_PEAK = "capacity_peak"
    READINGS_GAP = "readings_gap"
    CONTRACT = "contract"
    SAVING_ADVICE = "saving_advice"
    IMPORTANT = "important"


OF_THE_APP = (AlertKind.HIGH_USE, AlertKind.CAPACITY_PEAK, AlertKind.SAVING_ADVICE)


class MonthPart(DerivedModel):
    """An estimate of one part of a month's use at a point, with its range, in Wh. month: its first day."""

    point_id = models.BigIntegerField()
    point = SubjectForeignKey(MeteringPoint, "point_id", cascade=True)
    month = models.DateField()
    part = models.CharField(max_length=10, choices=[(part.value, part.name) for part in Part])
    low_wh = models.BigIntegerField()
    middle_wh = models.BigIntegerField()
    high_wh = models.BigIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "power_month_part"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "point_id", "month", "part"], name="power_month_part_once"),
            models.CheckConstraint(
                condition=Q(low_wh__gte=0, low_wh__lte=F("middle_wh"), middle_wh__lte=F("high_wh")),
                name="power_month_part_range",
            ),
        ]


class Group(models.Model):
    """What is released of a group of similar households in a month, beside its cell: what the fifth that uses least
    used in the mean, and up to where one belongs to it, both rounded. Nothing of anybody: the fifth is five or more.
    """

    cell = models.OneToOneField(ReleaseCell, on_delete=models.PROTECT, primary_key=True, related_name="+")
    efficient_wh = models.BigIntegerField()
    efficient_to_wh = models.BigIntegerField()
    mean_wh = models.BigIntegerField()

    class Meta:
        db_table = "power_comparison_group"
        constraints = [
            models.CheckConstraint(
                condition=Q(efficient_wh__gte=0, efficient_wh__lte=F("efficient_to_wh")), name="power_comparison_sane"
            ),
        ]


class AlertSetting(DerivedModel):
    """A kind of alert as the person has set it: over which channels (none: off), and from which threshold.

    threshold: øre a kWh with VAT, for prices; Wh a day, for high use; W, for capacity peaks, None to follow the grid
    company's steps; None where the kind has none.
    """

    kind = models.CharField(max_length=20, choices=AlertKind.choices)
    email = models.BooleanField(default=False)
    sms = models.BooleanField(default=False)
    push = models.BooleanField(default=False)
    app = models.BooleanField(default=False)
    threshold = models.IntegerField(null=True)
    set_at = models.DateTimeField()

    class Meta:
        db_table = "power_alert_setting"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "controller_id", "kind"], name="power_alert_setting_once"),
            models.CheckConstraint(
                condition=Q(threshold__isnull=True) | Q(threshold__gte=-100_000, threshold__lte=1_000_000_000),
                name="power_alert_setting_sane",
            ),
        ]


class QuietHours(PersonalModel):
    """When a person wants no alert: minutes of the local day, over midnight where `ends` is before `starts`.

    on: whether it counts; off where any time will do.
    """

    on = models.BooleanField(default=True)
    starts = models.SmallIntegerField()
    ends = models.SmallIntegerField()
    zone = models.CharField(max_length=40)
    set_at = models.DateTimeField()

    class Meta:
        db_table = "power_quiet_hours"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "controller_id"], name="power_quiet_hours_once"),
            models.CheckConstraint(
                condition=Q(starts__gte=0, starts__lt=1440, ends__gte=0, ends__lt=1440)
                & (Q(on=False) | ~Q(starts=F("ends"))),
                name="power_quiet_hours_some",
            ),
        ]


class Alert(DerivedModel):
    """An alert that was given: its occasion (a code: the day, month or contract it is of), once a person.

    template, values: what it said: words, and figures and days in them, in no language yet (`wording`). due_at: when it
    was to leave.
    """

    kind = models.CharField(max_length=20, choices=AlertKind.choices)
    occasion = models.CharField(max_length=60)
    template = models.CharField(max_length=40, default="")
    point_id = models.BigIntegerField(null=True)
    point = SubjectForeignKey(MeteringPoint, "point_id", cascade=True)
    values = models.JSONField(default=dict)
    given_at = models.DateTimeField()
    due_at = models.DateTimeField()

    class Meta:
        db_table = "power_alert"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "controller_id", "kind", "occasion"], name="power_alert_once"
            ),
            models.CheckConstraint(condition=Q(occasion__regex=r"^[a-z0-9][a-z0-9:._-]*$"), name="power_alert_code"),
        ]
