"""Programmes and rates: reference data (C6, C7); and why bonus was corrected. Balances live in the ledger."""

from django.db import models
from django.db.models import Q

from tillit.declaration.personal import PersonalModel
from tillit.purchases.models import Chain, ProductGroup, Store


class Programme(models.Model):
    """The terms of one chain's bonus: validity and rounding. `book_id` is the chain's book in the ledger."""

    chain = models.OneToOneField(Chain, on_delete=models.PROTECT, related_name="programme")
    book_id = models.IntegerField(unique=True)
    rounding = models.CharField(max_length=10, default="half_up")
    validity = models.CharField(max_length=20, default="year_and_next")
    validity_months = models.PositiveSmallIntegerField(null=True)

    class Meta:
        db_table = "bonus_programme"


class RateRule(models.Model):
    """A rate in basis points of the purchase. Half-open period; local weekday bits (Monday = 1 … Sunday = 64) and
    minutes.

    mode `set`: the most specific rule wins (store before chain, group before any, then higher priority, then later
    start);
    mode `add`: added to it (may be negative; the sum never goes below zero).
    """

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="rates")
    store = models.ForeignKey(Store, on_delete=models.PROTECT, null=True)
    product_group = models.ForeignKey(ProductGroup, on_delete=models.PROTECT, null=True)
    mode = models.CharField(max_length=3, choices=[("set", "set"), ("add", "add")], default="set")
    basis_points = models.IntegerField()
    starts = models.DateTimeField()
    ends = models.DateTimeField(null=True)
    weekdays = models.SmallIntegerField(default=127)
    from_minute = models.SmallIntegerField(default=0)
    to_minute = models.SmallIntegerField(default=1440)
    priority = models.SmallIntegerField(default=0)

    class Meta:
        db_table = "bonus_rate_rule"
        constraints = [
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gt=models.F("starts")), name="bonus_rate_period"
            ),
            models.CheckConstraint(condition=Q(weekdays__gte=1, weekdays__lte=127), name="bonus_rate_weekdays"),
            models.CheckConstraint(
                condition=Q(from_minute__gte=0, to_minute__lte=1440, from_minute__lt=models.F("to_minute")),
                name="bonus_rate_minutes",
            ),
            models.CheckConstraint(
                condition=Q(basis_points__gte=-10000, basis_points__lte=10000), name="bonus_rate_range"
            ),
        ]


class Correction(PersonalModel):
    """Why bonus was added or taken back (C8, C12). `id` is the key of its transfers; `amount` minor units, signed.

    `event_at`: when the bonus should have arisen. `reason` is a code. `purchase_id`: the purchase it concerns, if any.
    """

    id = models.UUIDField()  # type: ignore[assignment]  # here the id is the natural key
    chain_id = models.IntegerField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    event_at = models.DateTimeField()
    reason = models.CharField(max_length=40)
    purchase_id = models.UUIDField(null=True)

    class Meta:
        db_table = "bonus_correction"
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="bonus_correction_amount")]
