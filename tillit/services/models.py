"""The blocking service: who issues, what may be blocked, and what was ordered blocked (D2)."""

from django.db import models
from django.db.models import F, Q

from tillit.declaration.models import Controller
from tillit.declaration.personal import PersonalModel, SubjectForeignKey


class InstrumentKind(models.TextChoices):
    """What can be blocked. The declared recipient is another for each."""

    CARD = "card"
    SUBSCRIPTION = "subscription"


class Issuer(models.Model):
    """A card issuer or mobile operator. `phone`: where a colleague reaches it at any hour. How it is reached by a
    computer the installation says (`TILLIT_ISSUERS`), by `key`. `ends`: the first day it takes no more orders.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=InstrumentKind.choices)
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    phone = models.CharField(max_length=20)
    country = models.CharField(max_length=2, default="NO")
    ends = models.DateField(null=True)

    class Meta:
        db_table = "services_issuer"
        constraints = [models.UniqueConstraint(fields=["controller", "key"], name="services_issuer_key")]


class Instrument(PersonalModel):
    """A card or subscription that can be blocked. `sealed`: its number; none once it is taken off the service.

    tie: the family tie through which a customer entered it for the person (D12).
    fingerprint: keyed digest of the number, by which one is not put on twice by the person, or through one tie;
    none once it is taken off.
    """

    kind = models.CharField(max_length=12, choices=InstrumentKind.choices)
    issuer = models.ForeignKey(Issuer, on_delete=models.PROTECT, related_name="+")
    sealed = models.BinaryField(null=True)
    fingerprint = models.UUIDField(null=True)
    last_four = models.CharField(max_length=4)
    expires_on = models.DateField(null=True)
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)
    tie_id = models.BigIntegerField(null=True)
    tie = SubjectForeignKey("services.FamilyMember", "tie_id", cascade=True, null=True)
    collected_under = models.CharField(max_length=60)

    class Meta:
        db_table = "services_instrument"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "fingerprint", "tie_id"],
                condition=Q(fingerprint__isnull=False),
                nulls_distinct=False,
                name="services_instrument_once",
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True, fingerprint__isnull=False, sealed__isnull=False)
                | Q(removed_at__gte=F("added_at"), fingerprint__isnull=True, sealed__isnull=True),
                name="services_instrument_removed",
            ),
        ]


class OrderState(models.TextChoices):
    """queued → sending → accepted (the issuer has it) → confirmed; rejected by the issuer; settled by a colleague."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    BY_PHONE = "by_phone"
    CANCELLED = "cancelled"


OVER = (OrderState.CONFIRMED, OrderState.BY_PHONE, OrderState.CANCELLED)
"""What needs nobody's eye any more."""


class BlockOrder(PersonalModel):
    """That one instrument is to be blocked, by its issuer. `reference`: what the issuer knows it by, ours and random.

    handed_over: whether a try to hand it over was ever begun: what became of it is asked before the next. reason: code
    of the latest refusal or failure. confirmation: what the issuer calls the block. last_four: of the number, since the
    instrument may be taken off the service meanwhile.
    """

    case_id = models.BigIntegerField()
    case = SubjectForeignKey("cases.Case", "case_id", cascade=True)
    instrument_id = models.BigIntegerField()
    issuer = models.ForeignKey(Issuer, on_delete=models.PROTECT, related_name="+")
    reference = models.UUIDField()
    last_four = models.CharField(max_length=4)
    order_state = models.CharField(max_length=10, choices=OrderState.choices)
    reason = models.CharField(max_length=40, blank=True, default="")
    confirmation = models.CharField(max_length=60, blank=True, default="")
    ordered_at = models.DateTimeField()
    due_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)
    handed_over = models.BooleanField(default=False)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "services_block_order"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "reference"], name="services_block_reference"),
            models.UniqueConstraint(
                fields=["subject_id", "instrument_id"],
                condition=~Q(order_state__in=["confirmed", "by_phone", "cancelled"]),
                name="services_block_open_once",
            ),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=False, order_state__in=["confirmed", "by_phone", "cancelled"])
                | Q(settled_at__isnull=True) & ~Q(order_state__in=["confirmed", "by_phone", "cancelled"]),
                name="services_block_settled",
            ),
        ]
        indexes = [
            models.Index(
                fields=["controller_id", "due_at"], condition=Q(settled_at__isnull=True), name="services_block_open"
            )
        ]


from tillit.services import (  # noqa: E402, F401 (models of this app)
    agreement_models,
    entitlement_models,
    family_models,
    insurance_models,
    payment_models,
    product_models,
    supply_models,
)
