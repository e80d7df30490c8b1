"""Where people buy, what they pay with, and what they bought (C4, C5, C10). One row a receipt line."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from tillit.declaration.models import Controller, Register
from tillit.declaration.personal import PersonalModel, RecordTime


class Chain(models.Model):
    """A chain of stores, run by one controller (its club) in one currency. `alone_up_to`: how much of missing purchases
    one of the staff posts without a second for one member in `alone_days` (minor units). `alone_asked`,
    `alone_asked_by`: a higher one, which holds when another of the staff (an actor) asks for the same.
    """

    key = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    controller = models.ForeignKey(Controller, on_delete=models.PROTECT)
    currency = models.CharField(max_length=3, default="NOK")
    alone_up_to = models.BigIntegerField(default=500_000, db_default=500_000)
    alone_days = models.PositiveSmallIntegerField(default=30, db_default=30)
    alone_asked = models.BigIntegerField(null=True)
    alone_asked_by = models.CharField(max_length=60, blank=True, default="", db_default="")

    class Meta:
        db_table = "purchases_chain"


class Store(models.Model):
    """A store of a chain; `number` is what purchase files call it."""

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="stores")
    number = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    place = models.CharField(max_length=80, blank=True, default="")

    class Meta:
        db_table = "purchases_store"
        constraints = [models.UniqueConstraint(fields=["chain", "number"], name="purchases_store_number")]


class ProductGroup(models.Model):
    """A group of products that rates may distinguish, per chain."""

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="product_groups")
    key = models.CharField(max_length=60)
    name = models.CharField(max_length=120)

    class Meta:
        db_table = "purchases_product_group"
        constraints = [models.UniqueConstraint(fields=["chain", "key"], name="purchases_product_group_key")]


class Source(models.Model):
    """A sender of purchases. Rows older than `accept_from` are quarantined; `seen` is pruned behind it.

    An authorisation lapses when it is not cleared within `clears_within` days.
    """

    register = models.ForeignKey(Register, on_delete=models.PROTECT)
    key = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    accept_from = models.DateField()
    clears_within = models.PositiveSmallIntegerField(default=30)

    class Meta:
        db_table = "purchases_source"


class EnterpriseRange(models.Model):
    """Leading digits of cards issued to companies: such cards are nobody's own and are not registered (C4)."""

    prefix = models.CharField(max_length=11, unique=True)

    class Meta:
        db_table = "purchases_enterprise_range"


class Batch(models.Model):
    """One file or API call taken in, with its counts. `digest`: SHA-256 of the bytes (a repeat is recognised), and of
    the encoding that was named for them.

    `progress`: lane → the last line that was posted, so that a batch that was killed goes on from there.
    """

    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, db_index=True)
    state = models.CharField(max_length=20, default="open")
    received_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    rows_read = models.BigIntegerField(default=0)
    posted = models.BigIntegerField(default=0)
    parked = models.BigIntegerField(default=0)
    repeated = models.BigIntegerField(default=0)
    strangers = models.BigIntegerField(default=0)
    quarantined = models.BigIntegerField(default=0)
    refunds_unmatched = models.BigIntegerField(default=0)
    authorised = models.BigIntegerField(default=0)
    progress = models.JSONField(default=dict)

    class Meta:
        db_table = "purchases_batch"


class StagedPurchase(models.Model):
    """A row on its way in: digests only. A temporary table of the connection that takes it in (see `staging`)."""

    pk = models.CompositePrimaryKey("batch_id", "line")
    batch_id = models.BigIntegerField()
    line = models.BigIntegerField()
    source_id = models.SmallIntegerField()
    authorised = models.BooleanField()
    external = models.UUIDField()
    payload = models.UUIDField()
    instrument_kind = models.SmallIntegerField()
    instrument = models.UUIDField()
    last_four = models.CharField(max_length=4, blank=True, default="")
    chain_id = models.IntegerField()
    store_id = models.IntegerField()
    product_group_id = models.IntegerField(null=True)
    event_at = models.DateTimeField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    receipt = models.CharField(max_length=60, blank=True, default="")
    product = models.CharField(max_length=120, blank=True, default="")
    refund_of = models.UUIDField(null=True)

    class Meta:
        db_table = "purchases_staged"
        managed = False


class Seen(models.Model):
    """Which external rows were counted: exactly once. `digest` equals the id of the purchase it became."""

    pk = models.CompositePrimaryKey("source_id", "digest")
    source_id = models.SmallIntegerField()
    digest = models.UUIDField()
    payload = models.UUIDField()
    event_on = models.DateField()

    class Meta:
        db_table = "purchases_seen"


class MadeGood(models.Model):
    """A receipt that no source sent and staff posted (C12): each once in its chain, and its lines are repeats when they
    come after all. `purchase_id`: what it was posted as. `receipt`: as `purchases_receipt_key` makes it, letters and
    digits alone. `amount`: minor units.
    """

    purchase_id = models.UUIDField(primary_key=True)
    chain_id = models.IntegerField()
    store_id = models.IntegerField()
    receipt = models.CharField(max_length=60)
    bought_on = models.DateField()
    amount = models.BigIntegerField(default=0)

    class Meta:
        db_table = "purchases_made_good"
        constraints = [
            models.UniqueConstraint(fields=["chain_id", "bought_on", "receipt"], name="purchases_made_good_once")
        ]


class MadeGoodLine(models.Model):
    """A line that a source sent of a purchase that staff had posted: it was not counted again, and a refund of it is
    one of the posted purchase (C8, C12). `digest` and `payload` as in `Seen`.
    """

    pk = models.CompositePrimaryKey("source_id", "digest")
    source_id = models.SmallIntegerField()
    digest = models.UUIDField()
    payload = models.UUIDField()
    event_on = models.DateField()
    purchase_id = models.UUIDField(db_index=True)

    class Meta:
        db_table = "purchases_made_good_line"


class PaymentInstrument(PersonalModel):
    """A card or account a person registered: network and last four digits; the number itself only as a keyed digest
    (C4), and so its payment account reference (`par`) where that is known. `removal_decided`: staff found that it is
    another's, so that the person cannot undo the removal.
    """

    kind = models.SmallIntegerField()
    network = models.CharField(max_length=20, blank=True, default="")
    last_four = models.CharField(max_length=4)
    digest = models.UUIDField()
    par = models.UUIDField(null=True)
    registered_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)
    removal_decided = models.BooleanField(db_default=False)

    class Meta:
        db_table = "purchases_instrument"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "digest"], condition=Q(removed_at__isnull=True), name="purchases_instrument_once"
            )
        ]
        indexes = [  # few: what the intake looks through for purchases made before a card was removed
            models.Index(fields=["digest"], condition=Q(removed_at__isnull=False), name="purchases_instrument_removed")
        ]


class Purchase(PersonalModel):
    """One receipt line of a member. `id` is the digest of source and external id; negative amounts are refunds.

    `refund_of`: of a refund, the purchase it takes back; of a purchase, the authorisation that it clears.
    """

    id = models.UUIDField()  # type: ignore[assignment]  # here the id is the digest of the natural key
    source_id = models.SmallIntegerField()
    chain_id = models.IntegerField()
    store_id = models.IntegerField()
    product_group_id = models.IntegerField(null=True)
    event_at = models.DateTimeField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    receipt = models.CharField(max_length=60, blank=True, default="")
    product = models.CharField(max_length=120, blank=True, default="")
    last_four = models.CharField(max_length=4, blank=True, default="")
    refund_of = models.UUIDField(null=True)
    batch_id = models.BigIntegerField()

    class Meta:
        db_table = "purchases_purchase"
        indexes = [  # costs next to nothing, since rows arrive by day: whose purchase of that day a refund names
            BrinIndex(fields=["event_at"], name="purchases_purchase_days", autosummarize=True, pages_per_range=32)
        ]


class Authorisation(PersonalModel):
    """An amount set aside on a member's card: a purchase that is on its way, and earns when it is cleared (C5).

    `digest` is of source and the sender's id, numbered apart from purchases; each is kept once. What is not cleared in
    its source's time lapses.
    """

    OUTCOMES = ("cleared", "lapsed")

    digest = models.UUIDField()
    source_id = models.SmallIntegerField()
    chain_id = models.IntegerField()
    store_id = models.IntegerField()
    event_at = models.DateTimeField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    batch_id = models.BigIntegerField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, blank=True, default="")

    class Meta:
        db_table = "purchases_authorisation"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "digest"], name="purchases_authorisation_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="purchases_authorisation_amount"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, outcome="") | Q(ended_at__isnull=False) & ~Q(outcome=""),
                name="purchases_authorisation_outcome",
            ),
        ]
        indexes = [
            models.Index(
                fields=["source_id", "event_at"],
                condition=Q(ended_at__isnull=True),
                name="purchases_authorisation_open",
            )
        ]


class UnmatchedRefund(PersonalModel):
    """A refund until its purchase is settled with it (C8): it waits for the purchase, or for staff where none is named.

    `purchase_id` is the refund's own row, `refund_of` the purchase it takes back (named by the sender, or found by
    staff). It stands with whoever made the purchase: one paid to another's card ends there as `elsewhere`.
    `asked`, `asked_by`: why it takes nothing back, as one of the staff (an actor) said, where it takes two.
    """

    OUTCOMES = ("settled", "elsewhere", "dismissed")

    purchase_id = models.UUIDField()
    source_id = models.SmallIntegerField()
    chain_id = models.IntegerField()
    store_id = models.IntegerField()
    event_at = models.DateTimeField()
    amount = models.BigIntegerField()
    refund_of = models.UUIDField(null=True)
    settled_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, blank=True, default="")
    reason = models.CharField(max_length=40, blank=True, default="")
    asked = models.CharField(max_length=40, blank=True, default="", db_default="")
    asked_by = models.CharField(max_length=60, blank=True, default="", db_default="")

    class Meta:
        db_table = "purchases_unmatched_refund"
        constraints = [
            models.CheckConstraint(
                condition=Q(settled_at__isnull=True, outcome="") | Q(settled_at__isnull=False) & ~Q(outcome=""),
                name="purchases_refund_outcome",
            ),
            models.CheckConstraint(condition=Q(amount__lt=0), name="purchases_refund_amount"),
        ]
        indexes = [
            models.Index(fields=["subject_id"], condition=Q(settled_at__isnull=True), name="purchases_refund_waiting")
        ]


class QuarantinedRow(models.Model):
    """A row that could not be used: where, which field, why. `sealed` holds the row for repair and replay, and nothing
    else.
    """

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="quarantine")
    line = models.BigIntegerField()
    field = models.CharField(max_length=40)
    reason = models.CharField(max_length=40)
    message = models.CharField(max_length=200)
    sealed = models.BinaryField(null=True)
    quarantined_at = models.DateTimeField(db_default=RecordTime())
    resolved_at = models.DateTimeField(null=True)
    resolution = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        db_table = "purchases_quarantine"


class SalesSum(models.Model):
    """What stays of purchases that were disposed of: sums in which each figure covers at least the minimum group.

    `store_id` 0: the whole chain, where one store's buyers were too few. `period`: first day of a month, or of a year
    where a month's were. The figures of fewer people than that are not kept.
    """

    pk = models.CompositePrimaryKey("chain_id", "store_id", "grain", "period")
    chain_id = models.IntegerField()
    store_id = models.IntegerField()
    grain = models.CharField(max_length=5, choices=[("month", "month"), ("year", "year")])
    period = models.DateField()
    lines = models.BigIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        db_table = "purchases_sales_sum"
