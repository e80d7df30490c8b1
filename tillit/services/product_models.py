"""What is offered, by whom it may be paid, and who delivers it (D1). Reference data: nothing here is about a person."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q

from tillit.declaration.models import Controller

KEY = r"^[a-z0-9][a-z0-9_-]*$"
SUPPLIED = "supplied"
SERVICES = (
    "card_blocking",
    "id_protection",
    "web_cleanup",
    "concierge",
    "object_registration",
    "insurance_cover",
    SUPPLIED,
)
"""What a product may give access to: keys of activities that a declaration has; `supplied`: delivered by a supplier."""


class Payer(models.TextChoices):
    """Who pays for an agreement."""

    CUSTOMER = "customer"
    PARTNER = "partner"


class ServiceSupplier(models.Model):
    """Somebody else who delivers a service. needs: the fields of the declared recipient it gets, no others."""

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=60)
    name = models.CharField(max_length=120)
    country = models.CharField(max_length=2, default="NO")
    needs = ArrayField(models.CharField(max_length=40), default=list)

    class Meta:
        db_table = "services_supplier"
        constraints = [
            models.UniqueConstraint(fields=["controller", "key"], name="services_supplier_once"),
            models.CheckConstraint(condition=Q(key__regex=KEY), name="services_supplier_key"),
        ]


class ServiceProduct(models.Model):
    """A product: the services it gives access to, who may pay, and from when to when it may be ordered.

    names, about: by language. payers: customer, partner or both. bills: ISO 8601 period a price is for (`P1M`).
    notice: ISO 8601 period from an ending to its effect. Half-open: `ends` is the first day nobody can order it.
    by_itself: whom a partner says is entitled has it from that day, without ordering it (the partner's own insurance).
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=60)
    names = models.JSONField()
    about = models.JSONField(default=dict)
    services = ArrayField(models.CharField(max_length=30))
    payers = ArrayField(models.CharField(max_length=10, choices=Payer.choices))
    bills = models.CharField(max_length=10, default="P1M")
    notice = models.CharField(max_length=10, default="P0D")
    supplier = models.ForeignKey(ServiceSupplier, on_delete=models.PROTECT, null=True, related_name="+")
    by_itself = models.BooleanField(default=False)
    starts = models.DateField()
    ends = models.DateField(null=True)

    class Meta:
        db_table = "services_product"
        constraints = [
            models.UniqueConstraint(fields=["controller", "key"], name="services_product_once"),
            models.CheckConstraint(condition=Q(key__regex=KEY), name="services_product_key"),
            models.CheckConstraint(
                condition=Q(services__len__gt=0, services__contained_by=list(SERVICES)),
                name="services_product_services",
            ),
            models.CheckConstraint(
                condition=Q(payers__len__gt=0, payers__contained_by=Payer.values), name="services_product_payers"
            ),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gte=F("starts")), name="services_product_order"
            ),
            models.CheckConstraint(
                condition=Q(by_itself=False) | Q(payers=[Payer.PARTNER]), name="services_product_by_itself"
            ),
        ]


def days() -> models.Func:
    """The days of a row, [starts, ends)."""
    return models.Func("starts", "ends", function="daterange", output_field=DateRangeField())


class ProductPrice(models.Model):
    """What a product costs who pays it, each period it bills: minor units, with VAT. Dated: [starts, ends)."""

    product = models.ForeignKey(ServiceProduct, on_delete=models.CASCADE, related_name="prices")
    minor = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="NOK")
    starts = models.DateField()
    ends = models.DateField(null=True)

    class Meta:
        db_table = "services_product_price"
        constraints = [
            ExclusionConstraint(
                name="services_price_once",
                expressions=[("product", RangeOperators.EQUAL), (days(), RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(condition=Q(minor__gte=0), name="services_price_positive"),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gte=F("starts")), name="services_price_order"
            ),
        ]


class Partner(models.Model):
    """A bank, insurer or union that pays for its own customers. What it may send of them the declaration says
    (`partners`). most_ends: how many in a thousand a full list may end before somebody approves it.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=60)
    name = models.CharField(max_length=120)
    country = models.CharField(max_length=2, default="NO")
    most_ends = models.IntegerField(default=50)
    ends = models.DateField(null=True)

    class Meta:
        db_table = "services_partner"
        constraints = [
            models.UniqueConstraint(fields=["controller", "key"], name="services_partner_once"),
            models.CheckConstraint(condition=Q(key__regex=KEY), name="services_partner_key"),
            models.CheckConstraint(condition=Q(most_ends__range=(0, 1000)), name="services_partner_most_ends"),
        ]


class PartnerGround(models.Model):
    """A partner's recorded confirmation of its ground for a usage report (D1): which, who confirmed it, until when.

    document: where the confirmation itself is filed. Half-open: `ends` is the first day it stands no more.
    """

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="grounds")
    ground = models.CharField(max_length=30)
    confirmed_by = models.CharField(max_length=120)
    document = models.CharField(max_length=200)
    starts = models.DateField()
    ends = models.DateField(null=True)
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "services_partner_ground"
        constraints = [
            ExclusionConstraint(
                name="services_ground_once",
                expressions=[("partner", RangeOperators.EQUAL), (days(), RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gte=F("starts")), name="services_ground_order"
            ),
        ]


FITTED = ("female", "male")
"""Whom advice may be for, where it matters; any other, and who has not said, gets what is for everybody."""


class Advice(models.Model):
    """What is advised about a service, by language. gender: whom it is fitted to; empty: everybody (D13)."""

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=60)
    service = models.CharField(max_length=30)
    gender = models.CharField(max_length=6, blank=True, default="")
    texts = models.JSONField()
    ends = models.DateField(null=True)

    class Meta:
        db_table = "services_advice"
        constraints = [
            models.UniqueConstraint(fields=["controller", "key"], name="services_advice_once"),
            models.CheckConstraint(
                condition=Q(gender__in=["", *FITTED]) & Q(service__in=SERVICES), name="services_advice_words"
            ),
        ]
