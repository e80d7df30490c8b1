"""What stands about persons in the benefits domain: their orders and the codes they drew (B4)."""

from uuid import uuid4

from django.db import models
from django.db.models import Q

from tillit.declaration.personal import PersonalModel

FIELDS = ("order_name", "order_address", "order_place", "order_phone")
"""What an order asks of the member, as fields of the vocabulary; beside them only what was ordered (`ordered`)."""


class OrderStatus(models.TextChoices):
    """Where an order is in its life."""

    PLACED = "placed"
    SENT = "sent"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"


OPEN = (OrderStatus.PLACED, OrderStatus.SENT, OrderStatus.CONFIRMED)


class Order(PersonalModel):
    """An order of a benefit, with what it takes to deliver it.

    reference: random; what the supplier knows it by. edition_id: what the member was shown. sent_at: when it reached
    the supplier; ended_at: when it was delivered, rejected or cancelled. more: fields the supplier asks for beyond its
    frame (codes, with blanks between), which go to it when the member says yes.
    """

    reference = models.UUIDField(default=uuid4)
    benefit_id = models.BigIntegerField()
    supplier_id = models.BigIntegerField()
    edition_id = models.BigIntegerField()
    quantity = models.PositiveSmallIntegerField(default=1)
    name = models.CharField(max_length=120)
    address = models.CharField(max_length=200)
    postal_code = models.CharField(max_length=10)
    postal_place = models.CharField(max_length=60)
    phone = models.CharField(max_length=20)
    status = models.CharField(max_length=10, choices=OrderStatus.choices, default=OrderStatus.PLACED)
    reason = models.CharField(max_length=20, blank=True, default="")
    ordered_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    more = models.CharField(max_length=200, blank=True, default="")
    more_asked_at = models.DateTimeField(null=True)
    more_answered_at = models.DateTimeField(null=True)
    more_yes = models.BooleanField(null=True)

    class Meta:
        db_table = "benefits_order"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "reference"], name="benefits_order_reference"),
            models.CheckConstraint(condition=Q(quantity__gte=1, quantity__lte=99), name="benefits_order_quantity"),
            models.CheckConstraint(
                condition=Q(status="placed", sent_at__isnull=True, ended_at__isnull=True)
                | Q(status="sent", sent_at__isnull=False, ended_at__isnull=True)
                | Q(status="confirmed", sent_at__isnull=False, confirmed_at__isnull=False, ended_at__isnull=True)
                | Q(status__in=["rejected", "delivered"], sent_at__isnull=False, ended_at__isnull=False)
                | Q(status="cancelled", ended_at__isnull=False),
                name="benefits_order_life",
            ),
            models.CheckConstraint(
                condition=Q(more_answered_at__isnull=True, more_yes__isnull=True)
                | Q(more_asked_at__isnull=False, more_answered_at__isnull=False, more_yes__isnull=False),
                name="benefits_order_more",
            ),
        ]
        indexes = [models.Index(fields=["supplier_id", "ordered_at"], name="benefits_order_supplier")]

    @property
    def asked(self) -> list[str]:
        """The fields the supplier asks for."""
        return self.more.split()


class DrawnCode(PersonalModel):
    """The single-use code of a benefit that the person drew: one a benefit."""

    benefit_id = models.BigIntegerField()
    text = models.CharField(max_length=60)
    drawn_at = models.DateTimeField()

    class Meta:
        db_table = "benefits_drawn_code"
        constraints = [models.UniqueConstraint(fields=["subject_id", "benefit_id"], name="benefits_drawn_code_once")]
