"""Dated reference rows: spot prices, levies, schemes, grid tariffs, plans, temperatures (E3, E4)."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

PLACE = r"^([0-9]{2}|[0-9]{4})?$"


class Vintage(models.TextChoices):
    """How sure a price is."""

    PRELIMINARY = "preliminary"
    FINAL = "final"


class LevyKind(models.TextChoices):
    """What is levied: `vat` in basis points of the amount, the others a rate a kilowatt-hour."""

    VAT = "vat"
    CONSUMPTION_TAX = "consumption_tax"
    ENOVA = "enova"


class SchemeKind(models.TextChoices):
    """`support`: a share of what spot is above a threshold. `fixed_price`: the difference between spot and a price."""

    SUPPORT = "support"
    FIXED_PRICE = "fixed_price"


class Use(models.TextChoices):
    """What power is used for, as levies and schemes tell it apart."""

    HOME = "home"
    HOLIDAY = "holiday"
    BUSINESS = "business"


class PlanKind(models.TextChoices):
    """What a kilowatt-hour costs at the supplier: spot, a price the supplier changes, or one fixed beforehand."""

    SPOT = "spot"
    VARIABLE = "variable"
    FIXED = "fixed"


class CapacityModel(models.TextChoices):
    """What capacity is measured by: the mean of so many of the highest daily maxima, or of the highest hours whichever
    days they are of, or nothing.
    """

    DAILY_MAXIMA = "daily_maxima"
    HIGHEST_HOURS = "highest_hours"
    NONE = "none"


class SpotDay(models.Model):
    """The prices of an area on a day: 92–100 quarters (or 23–25 hours), little-endian int32, one row a publication."""

    area = models.CharField(max_length=8)
    day = models.DateField()
    vintage = models.CharField(max_length=12, choices=Vintage.choices)
    published_at = models.DateTimeField()
    per_hour = models.SmallIntegerField()
    prices = models.BinaryField()

    class Meta:
        db_table = "power_spot_day"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["area", "day", "vintage", "published_at"], name="power_spot_day_once"),
            models.CheckConstraint(condition=Q(per_hour__in=[1, 4]), name="power_spot_day_resolution"),
            models.CheckConstraint(condition=Q(vintage__in=Vintage.values), name="power_spot_day_vintage"),
        ]


class Dated(models.Model):
    """A row that counts from a day on. note: where it is decided, for the reader of a calculation."""

    starts = models.DateField()
    ends = models.DateField(null=True)
    note = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        abstract = True


def _whole(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(ends=None) | Q(ends__gt=models.F("starts")), name=name)


class Levy(Dated):
    """A tax or fee in a place ('': everywhere) on a use ('': every one)."""

    kind = models.CharField(max_length=20, choices=LevyKind.choices)
    place = models.CharField(max_length=4, blank=True, default="")
    use = models.CharField(max_length=10, choices=Use.choices, blank=True, default="")
    rate = models.IntegerField()

    class Meta:
        db_table = "power_levy"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "place", "use", "starts"], name="power_levy_once"),
            models.CheckConstraint(condition=Q(place__regex=PLACE), name="power_levy_place"),
            models.CheckConstraint(condition=Q(rate__gte=0), name="power_levy_rate"),
            _whole("power_levy_period"),
        ]


class Scheme(Dated):
    """A state scheme: threshold or price, the share that is paid (basis points), the cap a month and point in Wh."""

    kind = models.CharField(max_length=20, choices=SchemeKind.choices)
    use = models.CharField(max_length=10, choices=Use.choices)
    rate = models.IntegerField()
    share = models.IntegerField(default=10_000)
    cap_wh = models.BigIntegerField()

    class Meta:
        db_table = "power_scheme"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "use", "starts"], name="power_scheme_once"),
            models.CheckConstraint(condition=Q(share__gte=0, share__lte=10_000), name="power_scheme_share"),
            models.CheckConstraint(condition=Q(cap_wh__gt=0), name="power_scheme_cap"),
            _whole("power_scheme_period"),
        ]


class Holiday(models.Model):
    """A day that tariffs count as a holiday."""

    day = models.DateField(primary_key=True)
    name = models.CharField(max_length=60)

    class Meta:
        db_table = "power_holiday"


class GridTariff(Dated):
    """A grid company's tariff. days: how many daily maxima (or hours) the capacity is the mean of."""

    company = models.CharField(max_length=60)
    name = models.CharField(max_length=120)
    capacity = models.CharField(max_length=20, choices=CapacityModel.choices)
    days = models.SmallIntegerField(default=3)

    class Meta:
        db_table = "power_grid_tariff"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["company", "starts"], name="power_grid_tariff_once"),
            models.CheckConstraint(condition=Q(days__gte=1, days__lte=31), name="power_grid_tariff_days"),
            _whole("power_grid_tariff_period"),
        ]


class EnergyRate(models.Model):
    """What a kilowatt-hour of grid costs in some hours; of the rules in order the first that fits an hour counts.

    Bit masks: months (1 January …), days (1 Monday … 64 Sunday, 128 holiday; a holiday is no weekday), hours of the
    local clock (bit 0: 00–01).
    """

    tariff = models.ForeignKey(GridTariff, on_delete=models.CASCADE, related_name="rates")
    position = models.SmallIntegerField()
    key = models.CharField(max_length=20)
    rate = models.IntegerField()
    months = models.IntegerField(default=0xFFF)
    days = models.IntegerField(default=0xFF)
    hours = models.IntegerField(default=0xFFFFFF)

    class Meta:
        db_table = "power_energy_rate"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tariff", "position"], name="power_energy_rate_place"),
            models.CheckConstraint(
                condition=Q(
                    months__gt=0, days__gt=0, hours__gt=0, months__lte=0xFFF, days__lte=0xFF, hours__lte=0xFFFFFF
                ),
                name="power_energy_rate_masks",
            ),
        ]


class CapacityStep(models.Model):
    """What capacity from so many watts on costs a year, in øre, and per_kw for each kW of it; the lower edge belongs to
    the step.
    """

    tariff = models.ForeignKey(GridTariff, on_delete=models.CASCADE, related_name="steps")
    from_watts = models.IntegerField()
    year = models.IntegerField()
    per_kw = models.IntegerField(default=0)

    class Meta:
        db_table = "power_capacity_step"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tariff", "from_watts"], name="power_capacity_step_once"),
            models.CheckConstraint(condition=Q(from_watts__gte=0, year__gte=0), name="power_capacity_step_sane"),
            models.CheckConstraint(condition=Q(per_kw__gte=0), name="power_capacity_step_per_kw"),
        ]


class Plan(Dated):
    """What a supplier's product costs. rate: the markup on spot, or the whole price of other kinds; fee: a month."""

    controller = models.CharField(max_length=60)
    key = models.CharField(max_length=60)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=12, choices=PlanKind.choices)
    rate = models.IntegerField()
    fee = models.IntegerField(default=0)

    class Meta:
        db_table = "power_plan"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["controller", "key", "starts"], name="power_plan_once"),
            _whole("power_plan_period"),
        ]


class WeatherPlace(models.Model):
    """A place whose mean temperatures are known. base: below it homes are heated, in tenths of a degree."""

    key = models.CharField(max_length=20, primary_key=True)
    name = models.CharField(max_length=60)
    base = models.SmallIntegerField()

    class Meta:
        db_table = "power_weather_place"


class Temperature(models.Model):
    """The mean temperature of a place on a day, in tenths of a degree Celsius."""

    place = models.ForeignKey(WeatherPlace, on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    tenths = models.SmallIntegerField()

    class Meta:
        db_table = "power_temperature"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["place", "day"], name="power_temperature_once"),
            models.CheckConstraint(condition=Q(tenths__gte=-700, tenths__lte=600), name="power_temperature_sane"),
        ]


class Load(models.Model):
    """A file of reference rows that was taken in: what it was, and how much it changed. replaced: what stood before."""

    at = models.DateTimeField()
    kind = models.CharField(max_length=20)
    digest = models.CharField(max_length=64)
    rows = models.IntegerField()
    new = models.IntegerField()
    replaced = models.JSONField(default=list)

    class Meta:
        db_table = "power_load"
