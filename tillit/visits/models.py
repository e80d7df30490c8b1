"""Single views, the salt of the day, and the figures of each hour and day (G3)."""

from django.db import models

from tillit.declaration.models import Controller


class Salt(models.Model):
    """What visitor numbers of one day are made with; yesterday's is gone."""

    day = models.DateField(primary_key=True)
    salt = models.BinaryField()

    class Meta:
        db_table = "visits_salt"


class Hit(models.Model):
    """A page viewed, or left after `seconds`. visitor: a number that means nothing the day after. keep_until: as long
    as single views are declared to be kept.
    """

    controller = models.ForeignKey(
        Controller, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    at = models.DateTimeField()
    day = models.DateField()
    visitor = models.BigIntegerField()
    left = models.BooleanField(default=False)
    seconds = models.IntegerField(default=0)
    page = models.CharField(max_length=200)
    source = models.CharField(max_length=120)
    keyword = models.CharField(max_length=80)
    campaign = models.CharField(max_length=80)
    device = models.CharField(max_length=20)
    browser = models.CharField(max_length=40)
    country = models.CharField(max_length=2)
    keep_until = models.DateTimeField()

    class Meta:
        db_table = "visits_hit"
        indexes = [
            models.Index(fields=["controller", "at"], name="visits_hit_when"),
            models.Index(fields=["keep_until"], name="visits_hit_until"),
            models.Index(fields=["visitor", "day"], name="visits_hit_visitor"),
        ]


class HourFigure(models.Model):
    """Figures of an hour: of everything (`measure` all), or of one page, source, … (`label`). Of a page, `visits` is
    how many began there. seconds: how long was stayed in all. keep_until: as declared for figures; null: without limit.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+", db_index=False)
    hour = models.DateTimeField()
    measure = models.CharField(max_length=12)
    label = models.CharField(max_length=200)
    views = models.IntegerField(default=0)
    visits = models.IntegerField(default=0)
    seconds = models.BigIntegerField(default=0)
    keep_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "visits_hour"
        constraints = [
            models.UniqueConstraint(fields=["controller", "measure", "hour", "label"], name="visits_hour_once")
        ]


class DayFigure(models.Model):
    """Figures of a day that hours cannot be added up to: visitors, and visits of one page."""

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    visitors = models.IntegerField()
    visits = models.IntegerField()
    single = models.IntegerField()
    keep_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "visits_day"
        constraints = [models.UniqueConstraint(fields=["controller", "day"], name="visits_day_once")]


class DayLabel(models.Model):
    """The hours' figures added up by local day: what a month or a year is shown from. keep_until: the first hour's."""

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    measure = models.CharField(max_length=12)
    label = models.CharField(max_length=200)
    views = models.IntegerField()
    visits = models.IntegerField()
    seconds = models.BigIntegerField()
    keep_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "visits_day_label"
        constraints = [
            models.UniqueConstraint(fields=["controller", "measure", "day", "label"], name="visits_day_label_once")
        ]
