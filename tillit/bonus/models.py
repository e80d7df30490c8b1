"""Programmes and rates: reference data (C6, C7); and why bonus was corrected. Balances live in the ledger."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL

from tillit.bonus.profile_models import ProfilePart  # noqa: F401 (Django looks for models here)
from tillit.bonus.settlement_models import BankMovement, SettlementBill  # noqa: F401 (the same)
from tillit.declaration.personal import PersonalModel
from tillit.purchases.models import Chain, ProductGroup, Store


class Programme(models.Model):
    """The terms of one chain's bonus: validity and rounding. `book_id` is the chain's book in the ledger.

    available_after_days: how many local days after its purchase bonus may be used; 0: once it is posted. Of purchases
    before `waits_from` it is `waited_before`: a longer wait holds for what is bought from then on.
    """

    chain = models.OneToOneField(Chain, on_delete=models.PROTECT, related_name="programme")
    book_id = models.IntegerField(unique=True)
    rounding = models.CharField(max_length=10, default="half_up")
    validity = models.CharField(max_length=20, default="year_and_next")
    validity_months = models.PositiveSmallIntegerField(null=True)
    stacking = models.CharField(max_length=10, default="add")
    available_after_days = models.PositiveSmallIntegerField(default=0, db_default=0)
    waited_before = models.PositiveSmallIntegerField(default=0, db_default=0)
    waits_from = models.DateTimeField(null=True)
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


class TermsDraft(models.Model):
    """Changes of a chain's rates and offers that hold from midnight of `starts`, when they are published (C6).

    `document`: `ends` (rules), `rates` and `offers` as in a programme file without `from`. `tried`: figures of the last
    preview of the document as it is, None when it was changed since. `applied`: what publishing made and ended, so that
    it can be undone before the day. `writers`: who wrote any of it (actors).
    """

    STATES = ("draft", "published", "undone", "dropped")

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="drafts")
    starts = models.DateField()
    document = models.JSONField(default=dict)
    tried = models.JSONField(null=True)
    applied = models.JSONField(default=dict)
    writers = models.JSONField(default=list, db_default=[])
    state = models.CharField(max_length=10, default="draft")
    made_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "bonus_terms_draft"
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["draft", "published", "undone", "dropped"]), name="bonus_terms_draft_state"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["published", "undone"]) | Q(published_at__isnull=False),
                name="bonus_terms_draft_published",
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


class GiftCardStatus(models.TextChoices):
    """A gift card is sold, holds value once it is activated, and may be returned unused."""

    SOLD = "sold"
    ACTIVE = "active"
    RETURNED = "returned"


class GiftCard(PersonalModel):
    """A gift card (C11): whoever has its code has it. Its `subject_id` is the card's own, a random number and nobody.

    `id` is the keyed digest of the code, `nonce` what the code is made from. `amount`: what it was sold for; what it
    holds stands in the ledger. `expires_on`: the first day on which it is gone.
    """

    id = models.UUIDField(db_default=RawSQL("gen_random_uuid()", ()))  # type: ignore[assignment]  # digest of the code
    chain_id = models.IntegerField()
    book_id = models.IntegerField()
    store_id = models.IntegerField(null=True)
    client_id = models.IntegerField(null=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    nonce = models.UUIDField()
    status = models.CharField(max_length=8, choices=GiftCardStatus.choices, default=GiftCardStatus.SOLD)
    sold_at = models.DateTimeField()
    activated_at = models.DateTimeField(null=True)
    expires_on = models.DateField()

    class Meta:
        db_table = "bonus_gift_card"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="bonus_gift_card_amount"),
            models.CheckConstraint(
                condition=Q(status="sold", activated_at__isnull=True)
                | Q(status__in=["active", "returned"], activated_at__isnull=False),
                name="bonus_gift_card_status",
            ),
        ]


class Offer(models.Model):
    """An offer or campaign of a chain (C11): what is given on top of the rates, when, where, to whom and how much.

    kind `rate`: basis points more; `times`: the rate times `factor` hundredths; `fixed`: `amount` once a receipt, or
    once for each member (`per`), whose purchases in it come to `threshold`. For the first two `threshold` is what a
    receipt must come to. Empty `store_ids` and `group_ids` are all. `targeted`: only for the people of its audience.
    `cap_receipt`, `cap_member` (within each `cap_period`) and `budget` are the most that is given, minor units; `given`
    is what has been, `budget` or less. Half-open window; weekday bits and minutes as in `RateRule`.
    """

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="offers")
    key = models.CharField(max_length=60)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=5, choices=[("rate", "rate"), ("times", "times"), ("fixed", "fixed")])
    basis_points = models.IntegerField(default=0)
    factor = models.IntegerField(default=100)
    amount = models.BigIntegerField(default=0)
    per = models.CharField(max_length=7, choices=[("receipt", "receipt"), ("member", "member")], default="receipt")
    threshold = models.BigIntegerField(default=0)
    starts = models.DateTimeField()
    ends = models.DateTimeField(null=True)
    weekdays = models.SmallIntegerField(default=127)
    from_minute = models.SmallIntegerField(default=0)
    to_minute = models.SmallIntegerField(default=1440)
    store_ids = ArrayField(models.IntegerField(), default=list, blank=True)
    group_ids = ArrayField(models.IntegerField(), default=list, blank=True)
    targeted = models.BooleanField(default=False)
    priority = models.SmallIntegerField(default=0)
    cap_receipt = models.BigIntegerField(null=True)
    cap_member = models.BigIntegerField(null=True)
    cap_period = models.CharField(max_length=5, default="offer")
    budget = models.BigIntegerField(null=True)
    given = models.BigIntegerField(default=0)

    class Meta:
        db_table = "bonus_offer"
        constraints = [
            models.UniqueConstraint(fields=["chain", "key"], name="bonus_offer_key"),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gt=models.F("starts")), name="bonus_offer_period"
            ),
            models.CheckConstraint(condition=Q(weekdays__gte=1, weekdays__lte=127), name="bonus_offer_weekdays"),
            models.CheckConstraint(
                condition=Q(from_minute__gte=0, to_minute__lte=1440, from_minute__lt=models.F("to_minute")),
                name="bonus_offer_minutes",
            ),
            models.CheckConstraint(
                condition=Q(kind="rate", basis_points__gt=0, basis_points__lte=10000, amount=0, factor=100)
                | Q(kind="times", factor__gt=100, factor__lte=10000, amount=0, basis_points=0)
                | Q(kind="fixed", amount__gt=0, factor=100, basis_points=0),
                name="bonus_offer_kind",
            ),
            models.CheckConstraint(condition=Q(threshold__gte=0), name="bonus_offer_threshold"),
            models.CheckConstraint(
                condition=(Q(cap_receipt__isnull=True) | Q(cap_receipt__gt=0))
                & (Q(cap_member__isnull=True) | Q(cap_member__gt=0)),
                name="bonus_offer_caps",
            ),
            models.CheckConstraint(
                condition=Q(cap_period__in=["offer", "day", "month", "year"]), name="bonus_offer_cap_period"
            ),
            models.CheckConstraint(
                condition=Q(given__gte=0) & (Q(budget__isnull=True) | Q(given__lte=models.F("budget"))),
                name="bonus_offer_budget",
            ),
        ]


class OfferAudience(PersonalModel):
    """A person to whom a targeted offer is made. `because`: which audience put the person there."""

    offer_id = models.IntegerField()
    because = models.CharField(max_length=40)

    class Meta:
        db_table = "bonus_offer_audience"
        constraints = [models.UniqueConstraint(fields=["subject_id", "offer_id"], name="bonus_offer_audience_once")]


class OfferShare(PersonalModel):
    """What a purchase counts for in an offer.

    unit: what the offer's caps and amount are for (the line, the receipt, or the member's period). spend, worth: of the
    line, before refunds; the `_back` is what refunds took of them. expires_on: of the lot the line's bonus goes to.
    """

    offer_id = models.IntegerField()
    purchase_id = models.UUIDField()
    unit = models.UUIDField()
    receipt = models.UUIDField()
    book_id = models.IntegerField()
    event_at = models.DateTimeField()
    expires_on = models.DateField()
    spend = models.BigIntegerField()
    worth = models.BigIntegerField()
    spend_back = models.BigIntegerField(default=0, db_default=0)
    worth_back = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        db_table = "bonus_offer_share"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "purchase_id", "offer_id"], name="bonus_offer_share_once"),
            models.CheckConstraint(
                condition=Q(spend_back__lte=models.F("spend"), worth_back__lte=models.F("worth")),
                name="bonus_offer_share_back",
            ),
        ]


class OfferUnit(PersonalModel):
    """What an offer has given for one unit in one lot; the row without a lot is there to be locked.

    `version` counts the changes: a transfer's id follows from unit, lot and version.
    """

    offer_id = models.IntegerField()
    unit = models.UUIDField()
    expires_on = models.DateField(null=True)
    given = models.BigIntegerField(default=0, db_default=0)
    version = models.IntegerField(default=0, db_default=0)

    class Meta:
        db_table = "bonus_offer_unit"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "unit", "expires_on"], nulls_distinct=False, name="bonus_offer_unit_once"
            ),
            models.CheckConstraint(condition=Q(given__gte=0), name="bonus_offer_unit_given"),
        ]


class Suspension(models.Model):
    """Earning or use of a chain's bonus is suspended (C14) in [starts, ends).

    what `earn`: purchases made then earn nothing, or with `parked` earn when it is lifted; `use`: no bonus is used
    then. `reason`: a code the members are told. `lifted_at`: when it was ended.
    """

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="suspensions")
    what = models.CharField(max_length=4, choices=[("earn", "earn"), ("use", "use")])
    parked = models.BooleanField(default=False)
    reason = models.CharField(max_length=40)
    starts = models.DateTimeField()
    ends = models.DateTimeField(null=True)
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "bonus_suspension"
        constraints = [
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gt=models.F("starts")), name="bonus_suspension_period"
            ),
        ]
