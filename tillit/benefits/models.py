"""Suppliers, the catalogue and its use (B3, B11). What is about persons is in `order_models`."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from tillit.declaration.models import Controller

KEY = r"^[a-z0-9][a-z0-9_-]*$"


class Supplier(models.Model):
    """Who provides benefits. `web`: its own site."""

    key = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    organisation_number = models.CharField(max_length=9, blank=True, default="")
    web = models.URLField(blank=True, default="")

    class Meta:
        db_table = "benefits_supplier"
        constraints = [models.CheckConstraint(condition=Q(key__regex=KEY), name="benefits_supplier_key")]


class Frame(models.Model):
    """What a union lets a supplier do: check its members' cards, and receive orders as a recipient of its declaration.

    recipient: key of the declared recipient that orders go to, '' where the supplier receives nothing about persons.
    asked_recipient: key of the declared recipient for what the member is asked about first, '' for nothing (B5).
    Half-open: `ends` is the first day after.
    """

    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, related_name="frames")
    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    recipient = models.CharField(max_length=60, blank=True, default="")
    asked_recipient = models.CharField(max_length=60, blank=True, default="")
    starts = models.DateField()
    ends = models.DateField(null=True)

    class Meta:
        db_table = "benefits_frame"
        constraints = [
            models.UniqueConstraint(
                fields=["supplier", "controller"], condition=Q(ends__isnull=True), name="benefits_frame_open_once"
            ),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gte=F("starts")), name="benefits_frame_order"
            ),
        ]


class Category(models.Model):
    """What kind of thing a benefit is. `names`: by language."""

    key = models.CharField(max_length=60, unique=True)
    names = models.JSONField()
    position = models.IntegerField(default=0)

    class Meta:
        db_table = "benefits_category"
        constraints = [models.CheckConstraint(condition=Q(key__regex=KEY), name="benefits_category_key")]


class Benefit(models.Model):
    """A benefit, whatever its edition says. `withdrawn_on`: the first day on which nobody sees it.

    maker: the union whose it is as long as no union's members have it; None: the operator's.
    """

    key = models.CharField(max_length=60, unique=True)
    supplier = models.ForeignKey(Supplier, on_delete=models.PROTECT, related_name="benefits")
    maker = models.ForeignKey(Controller, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_on = models.DateField(null=True)

    class Meta:
        db_table = "benefits_benefit"
        constraints = [models.CheckConstraint(condition=Q(key__regex=KEY), name="benefits_benefit_key")]


class Kind(models.TextChoices):
    """How a member takes a benefit."""

    CARD = "card"
    LINK = "link"
    SHARED_CODE = "shared_code"
    SINGLE_CODE = "single_code"
    ORDER = "order"


class Edition(models.Model):
    """What a benefit says, numbered; the one without `published_at` is the draft.

    texts: language → title, summary, body. prices in minor units of `currency`, None where there are none. search: what
    is searched, in small letters. needs: what of an order's fields the supplier needs (`order_models.FIELDS`).
    """

    benefit = models.ForeignKey(Benefit, on_delete=models.PROTECT, related_name="editions")
    number = models.PositiveIntegerField()
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="editions")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    texts = models.JSONField()
    search = models.TextField()
    url = models.URLField(max_length=500, blank=True, default="")
    code = models.CharField(max_length=60, blank=True, default="")
    member_price = models.BigIntegerField(null=True)
    ordinary_price = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, default="NOK")
    needs = ArrayField(models.CharField(max_length=60), default=list)
    published_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "benefits_edition"
        constraints = [
            models.UniqueConstraint(fields=["benefit", "number"], name="benefits_edition_number"),
            models.UniqueConstraint(
                fields=["benefit"], condition=Q(published_at__isnull=True), name="benefits_edition_one_draft"
            ),
            models.CheckConstraint(
                condition=(Q(member_price__isnull=True) | Q(member_price__gte=0))
                & (Q(ordinary_price__isnull=True) | Q(ordinary_price__gte=0)),
                name="benefits_edition_prices",
            ),
            models.CheckConstraint(
                condition=(~Q(kind="link") | ~Q(url="")) & (~Q(kind="shared_code") | ~Q(code="")),
                name="benefits_edition_kind",
            ),
        ]
        indexes = [
            GinIndex(fields=["search"], opclasses=["gin_trgm_ops"], name="benefits_edition_search"),
        ]


class Validity(models.Model):
    """Whose members have a benefit, and when: of the union, perhaps only of a collective agreement or membership type.

    agreement, membership_type: the union's keys, '' for everybody. Half-open: `ends` is the first day after.
    """

    benefit = models.ForeignKey(Benefit, on_delete=models.PROTECT, related_name="validities")
    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    agreement = models.CharField(max_length=40, blank=True, default="")
    membership_type = models.CharField(max_length=40, blank=True, default="")
    starts = models.DateField()
    ends = models.DateField(null=True)

    class Meta:
        db_table = "benefits_validity"
        constraints = [
            models.UniqueConstraint(
                fields=["benefit", "controller", "agreement", "membership_type", "starts"],
                name="benefits_validity_once",
            ),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gt=F("starts")), name="benefits_validity_order"
            ),
        ]
        indexes = [models.Index(fields=["controller", "benefit"], name="benefits_validity_of")]


class PoolCode(models.Model):
    """A single-use code that nobody has drawn. Drawn, its row is gone: it stands with its member."""

    benefit = models.ForeignKey(Benefit, on_delete=models.PROTECT, related_name="pool")
    text = models.CharField(max_length=60)

    class Meta:
        db_table = "benefits_pool_code"
        constraints = [models.UniqueConstraint(fields=["benefit", "text"], name="benefits_pool_code_once")]


class What(models.TextChoices):
    """What is counted of a benefit."""

    SHOWN = "shown"
    LEFT_FOR = "left_for"
    CODE = "code"
    ORDER = "order"


class UseCount(models.Model):
    """How many times something was done with a benefit by a union's members in a month: a number, and nothing else."""

    pk = models.CompositePrimaryKey("controller_id", "benefit_id", "month", "what")
    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    benefit = models.ForeignKey(Benefit, on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    what = models.CharField(max_length=8, choices=What.choices)
    times = models.BigIntegerField()

    class Meta:
        db_table = "benefits_use_count"
        constraints = [
            models.CheckConstraint(condition=Q(times__gt=0) & Q(month__day=1), name="benefits_use_count_sane")
        ]


from tillit.benefits.order_models import DrawnCode, Order  # noqa: E402, F401 (models of this app, which name these)
