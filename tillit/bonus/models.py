"""Programmes and rates: reference data (C6, C7); and why bonus was corrected. Balances live in the ledger."""

from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL

from tillit.declaration.personal import PersonalModel
from tillit.purchases.models import Chain, ProductGroup, Store


class Programme(models.Model):
    """The terms of one chain's bonus: validity and rounding. `book_id` is the chain's book in the ledger."""

    chain = models.OneToOneField(Chain, on_delete=models.PROTECT, related_name="programme")
    book_id = models.IntegerField(unique=True)
    rounding = models.CharField(max_length=10, default="half_up")
    validity = models.CharField(max_length=20, default="year_and_next")
    validity_months = models.PositiveSmallIntegerField(null=True)
    voucher_minutes = models.PositiveIntegerField(default=60)
    voucher_offline_hours = models.PositiveSmallIntegerField(default=24)
    voucher_barcode = models.CharField(max_length=10, default="code128")

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


class VoucherStatus(models.TextChoices):
    """What has become of a bonus voucher. Only `open` leads anywhere, and `released` to `used` (a till without network
    reports late).
    """

    OPEN = "open"
    USED = "used"
    RELEASED = "released"
    VOID = "void"


class Voucher(PersonalModel):
    """A bonus voucher (C9): `amount` of the member's bonus in a chain, set aside in the ledger under the key `id`.

    `id` is the keyed digest of the code, `nonce` what the code is made from (`codes`): the code itself stands nowhere.
    `used`: minor units taken; `used_at`: when the till took it. `client` and `reference`: the till's key and receipt.
    """

    id = models.UUIDField(db_default=RawSQL("gen_random_uuid()", ()))  # type: ignore[assignment]  # digest of the code
    chain_id = models.IntegerField()
    store_id = models.IntegerField(null=True)
    client_id = models.IntegerField(null=True)
    amount = models.BigIntegerField()
    used = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3)
    nonce = models.UUIDField()
    status = models.CharField(max_length=8, choices=VoucherStatus.choices, default=VoucherStatus.OPEN)
    made_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    reference = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        db_table = "bonus_voucher"
        indexes = [
            models.Index(fields=["chain_id", "valid_until"], condition=Q(status="open"), name="bonus_voucher_open")
        ]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="bonus_voucher_amount"),
            models.CheckConstraint(condition=Q(status__in=VoucherStatus.values), name="bonus_voucher_status"),
            models.CheckConstraint(condition=Q(valid_until__gt=models.F("made_at")), name="bonus_voucher_period"),
            models.CheckConstraint(
                condition=Q(status="open", ended_at__isnull=True) | (~Q(status="open") & Q(ended_at__isnull=False)),
                name="bonus_voucher_ended",
            ),
            models.CheckConstraint(
                condition=(
                    Q(used__isnull=True, used_at__isnull=True)
                    | Q(used__gt=0, used__lte=models.F("amount"), used_at__isnull=False, status__in=["used", "void"])
                )
                & (~Q(status="used") | Q(used__isnull=False)),
                name="bonus_voucher_used",
            ),
        ]
