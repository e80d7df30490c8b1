"""Metering points, contracts and meter values (E1, E2), and who uses the app (E7).

Days in contracts are half-open, `[starts, ends)`: `ends` is the first day after, None while it runs.
"""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q

from tillit.declaration.models import Controller
from tillit.declaration.personal import PersonalModel, SubjectForeignKey

AREAS = ("NO1", "NO2", "NO3", "NO4", "NO5")


class Direction(models.IntegerChoices):
    """Which way the energy goes: from the grid to the customer, or from the customer to the grid."""

    CONSUMPTION = 1
    PRODUCTION = 2


class Resolution(models.IntegerChoices):
    """Minutes of an interval."""

    QUARTER = 15
    HOUR = 60


class Use(models.TextChoices):
    """What the power is used for: state support and the fixed-price scheme tell a home from a holiday home."""

    HOME = "home"
    HOLIDAY = "holiday"
    BUSINESS = "business"


class ContractKind(models.TextChoices):
    """How the price is made. `state`: the state's fixed-price scheme."""

    SPOT = "spot"
    VARIABLE = "variable"
    FIXED = "fixed"
    STATE = "state"


class EndReason(models.TextChoices):
    """Why a contract ended. `changed`: the next one of the same customer goes on from there."""

    CHANGED = "changed"
    SWITCHED = "switched"
    MOVED = "moved"
    CANCELLED = "cancelled"


class Dwelling(models.TextChoices):
    """The kind of home."""

    DETACHED = "detached"
    SEMI = "semi"
    ROW = "row"
    FLAT = "flat"
    OTHER = "other"


class Heating(models.TextChoices):
    """What mainly heats the home."""

    ELECTRIC = "electric"
    HEAT_PUMP = "heat_pump"
    DISTRICT = "district"
    WOOD = "wood"
    OTHER = "other"


class GridCompany(models.Model):
    """A company whose grid points are on. `key` is what files, tariffs and contracts call it; `number` its organisation
    number, "" where unknown.
    """

    key = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    number = models.CharField(max_length=9, blank=True, default="")

    class Meta:
        db_table = "power_grid_company"


class MeteringPoint(PersonalModel):
    """A metering point of a customer: number, meter, where it is, and whose grid it is on.

    `municipality`: four digits, whose first two are the county, on which taxes hang. `resolution`: minutes of the
    intervals that it is measured in, by which gaps are shown. Position in degrees, WGS 84.
    """

    gsrn = models.CharField(max_length=18)
    meter_number = models.CharField(max_length=30, blank=True, default="")
    price_area = models.CharField(max_length=3)
    grid_company = models.ForeignKey(
        GridCompany, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    use = models.CharField(max_length=10, choices=Use.choices, default=Use.HOME)
    resolution = models.SmallIntegerField(choices=Resolution.choices, default=Resolution.HOUR)
    street = models.CharField(max_length=120, blank=True, default="")
    postal_code = models.CharField(max_length=4, blank=True, default="")
    place = models.CharField(max_length=60, blank=True, default="")
    municipality = models.CharField(max_length=4, blank=True, default="")
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    source = models.CharField(max_length=30)
    collected_under = models.CharField(max_length=60)

    class Meta:
        db_table = "power_point"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "controller_id", "gsrn"], name="power_point_once"),
            models.CheckConstraint(condition=Q(gsrn__regex=r"^[0-9]{18}$"), name="power_point_gsrn"),
            models.CheckConstraint(condition=Q(price_area__in=AREAS), name="power_point_area"),
            models.CheckConstraint(
                condition=Q(municipality="") | Q(municipality__regex=r"^[0-9]{4}$"), name="power_point_municipality"
            ),
            models.CheckConstraint(condition=Q(resolution__in=Resolution.values), name="power_point_resolution"),
        ]
        indexes = [models.Index(fields=["controller_id", "gsrn"], name="power_point_gsrn_of")]


class Household(PersonalModel):
    """What the customer has told of the home at a point (the customer profile); None and "" where nothing was told."""

    point_id = models.BigIntegerField()
    point = SubjectForeignKey(MeteringPoint, "point_id", cascade=True)
    dwelling = models.CharField(max_length=10, choices=Dwelling.choices, blank=True, default="")
    area_m2 = models.PositiveSmallIntegerField(null=True)
    persons = models.PositiveSmallIntegerField(null=True)
    heating = models.CharField(max_length=10, choices=Heating.choices, blank=True, default="")
    built = models.PositiveSmallIntegerField(null=True)
    vehicle = models.BooleanField(null=True)
    source = models.CharField(max_length=30)
    collected_under = models.CharField(max_length=60)

    class Meta:
        db_table = "power_household"
        constraints = [models.UniqueConstraint(fields=["subject_id", "point_id"], name="power_household_once")]


def _days() -> models.Func:
    return models.Func("starts", "ends", function="daterange", output_field=DateRangeField())


class Contract(PersonalModel):
    """What a point is supplied under: [starts, ends), empty where it never came to be.

    `product`: key of the supplier's product, whose prices are dated rows of their own.
    """

    point_id = models.BigIntegerField()
    point = SubjectForeignKey(MeteringPoint, "point_id", cascade=True)
    kind = models.CharField(max_length=10, choices=ContractKind.choices)
    product = models.CharField(max_length=40, blank=True, default="")
    starts = models.DateField()
    ends = models.DateField(null=True)
    end_reason = models.CharField(max_length=12, choices=EndReason.choices, blank=True, default="")
    source = models.CharField(max_length=30)
    collected_under = models.CharField(max_length=60)

    class Meta:
        db_table = "power_contract"
        constraints = [
            ExclusionConstraint(
                name="power_contract_once",
                expressions=[
                    ("subject_id", RangeOperators.EQUAL),
                    ("point_id", RangeOperators.EQUAL),
                    (_days(), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(ends__isnull=True, end_reason="") | Q(ends__gte=F("starts")) & ~Q(end_reason=""),
                name="power_contract_order",
            ),
        ]


class ReadingDay(PersonalModel):
    """What was measured at a point on a local day, one way. See `packing` for the bytes.

    `wh`: watt-hours, unsigned 32-bit little-endian, one an interval of `resolution` minutes from local midnight: 23, 24
    or 25 of an hour, 92, 96 or 100 of a quarter. `quality`: a byte each (`Quality`), or one for all. `registered`:
    microseconds since 1970 each, or once for all. `version`: how often the row was changed.
    """

    point_id = models.BigIntegerField()
    point = SubjectForeignKey(MeteringPoint, "point_id", cascade=True)
    direction = models.SmallIntegerField(choices=Direction.choices)
    day = models.DateField()
    resolution = models.SmallIntegerField(choices=Resolution.choices)
    wh = models.BinaryField()
    quality = models.BinaryField()
    registered = models.BinaryField()
    version = models.IntegerField(default=1)

    class Meta:
        db_table = "power_reading_day"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "point_id", "direction", "day"], name="power_reading_day_once"
            ),
            models.CheckConstraint(condition=Q(resolution__in=Resolution.values), name="power_reading_resolution"),
            models.CheckConstraint(condition=Q(direction__in=Direction.values), name="power_reading_direction"),
        ]


class ReadingMonth(PersonalModel):
    """The consumption of a month of which every hour is there without a gap: its days' `wh`, one after another.

    `month`: its first day. Made from the days with every intake that changes them, and kept no longer than the first of
    them. Where there is none the days are read. Kept in the row itself, uncompressed: at most 2 980 bytes.
    """

    point_id = models.BigIntegerField()
    point = SubjectForeignKey(MeteringPoint, "point_id", cascade=True)
    month = models.DateField()
    wh = models.BinaryField()

    class Meta:
        db_table = "power_reading_month"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "point_id", "month"], name="power_reading_month_once"),
            models.CheckConstraint(condition=Q(month__day=1), name="power_reading_month_first"),
        ]


class ReadingCorrection(PersonalModel):
    """Values of a day that gave way to others, as they came; intervals it says nothing of have quality 0. Packed as in
    `ReadingDay`, and kept exactly as long.
    """

    point_id = models.BigIntegerField()
    point = SubjectForeignKey(MeteringPoint, "point_id", cascade=True)
    direction = models.SmallIntegerField(choices=Direction.choices)
    day = models.DateField()
    resolution = models.SmallIntegerField(choices=Resolution.choices)
    wh = models.BinaryField()
    quality = models.BinaryField()
    registered = models.BinaryField()

    class Meta:
        db_table = "power_reading_correction"
        indexes = [
            models.Index(fields=["subject_id", "point_id", "direction", "day"], name="power_correction_of_day"),
        ]


class AppAccount(PersonalModel):
    """That a customer uses the visualisation app, since when; `ended_at`: deleted it. What is derived for the app is
    derived only while a row is open.
    """

    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        db_table = "power_app_account"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "controller_id"],
                condition=Q(ended_at__isnull=True),
                name="power_app_account_open",
            ),
        ]


class DerivedModel(PersonalModel):
    """Abstract base of what is derived for the visualisation app (E7). Its rows go in the transaction in which the
    customer deletes the app: register the clock `app_deleted` with the column `app_deleted_at`.
    """

    app_deleted_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class ReadingFile(models.Model):
    """One file of meter values, with its counts. `digest`: SHA-256 of its bytes. Nothing of anybody.

    state: reading → finished, or failed with `failure`. `counts`: kind → how many (`operations.KINDS`).
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, db_index=True)
    layout = models.CharField(max_length=20, blank=True, default="")
    state = models.CharField(max_length=10, default="reading")
    failure = models.CharField(max_length=40, blank=True, default="")
    received_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    quarantined = models.BigIntegerField(default=0)

    class Meta:
        db_table = "power_reading_file"


class QuarantinedReading(models.Model):
    """A row of a file of meter values that could not be used: where, which field, why. `sealed` holds the row for
    repair, and nothing else.
    """

    file = models.ForeignKey(ReadingFile, on_delete=models.PROTECT, related_name="quarantine")
    line = models.BigIntegerField()
    field = models.CharField(max_length=40)
    reason = models.CharField(max_length=40)
    sealed = models.BinaryField(null=True)
    quarantined_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolution = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        db_table = "power_quarantine"


from tillit.power.switch_models import Switch  # noqa: E402, F401 (a model of this app)
