"""Offers of the concierge, and what became of them (D5)."""

from django.db import models
from django.db.models import F, Q

from tillit.declaration.personal import PersonalModel, SubjectForeignKey
from tillit.services.product_models import ServiceSupplier


class Standing(models.TextChoices):
    """offered → chosen → booked (→ reported back); declined; withdrawn by us; cancelled after booking."""

    OFFERED = "offered"
    CHOSEN = "chosen"
    BOOKED = "booked"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"


class Offer(PersonalModel):
    """What a supplier could do, at a price (minor units), until a moment.

    needs: what leaves with the booking beside what is booked (fields of the vocabulary). country, abroad: of the
    supplier when it was offered, and whether that is outside the EEA. asked_at, wording: the person's yes to that, and
    the digest of what they read. reference: of the disclosure. confirmation, report: what the supplier says back.
    """

    case_id = models.BigIntegerField()
    case = SubjectForeignKey("cases.Case", "case_id", cascade=True)
    supplier = models.ForeignKey(ServiceSupplier, on_delete=models.PROTECT, related_name="+")
    what = models.TextField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="NOK")
    needs = models.JSONField(default=list)
    country = models.CharField(max_length=2)
    abroad = models.BooleanField()
    standing = models.CharField(max_length=10, choices=Standing.choices, default=Standing.OFFERED)
    offered_at = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    chosen_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    wording = models.CharField(max_length=64, blank=True, default="")
    sent_at = models.DateTimeField(null=True)
    reference = models.UUIDField(null=True)
    confirmation = models.CharField(max_length=60, blank=True, default="")
    report = models.TextField(blank=True, default="")
    reported_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "concierge_offer"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="concierge_offer_amount"),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(chosen_at__lte=F("sent_at"), reference__isnull=False),
                name="concierge_offer_chosen_first",
            ),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True)
                | Q(abroad=False)
                | (Q(asked_at__isnull=False, asked_at__lte=F("sent_at")) & ~Q(wording="")),
                name="concierge_offer_abroad",
            ),
            models.UniqueConstraint(
                fields=["subject_id", "case_id"],
                condition=Q(standing__in=["chosen", "booked"]),
                name="concierge_offer_one_chosen",
            ),
        ]
