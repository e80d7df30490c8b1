"""Insurance that comes with a product (D7): its terms, who is covered, and what was decided of claims.

A claim that is being handled is a case (`claims.KIND`). What is kept of one that is decided stands here, field by field
as declared, and nothing else of it is kept.
"""

from django.db import models
from django.db.models import F, Q

from tillit.declaration.models import Controller
from tillit.declaration.personal import PersonalModel


class CoverTerms(models.Model):
    """What a product's insurance covers, dated: [starts, ends). most, own_share: minor units. insures: by language."""

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    product = models.CharField(max_length=60)
    policy = models.CharField(max_length=40)
    insures = models.JSONField()
    most = models.BigIntegerField()
    own_share = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, default="NOK")
    starts = models.DateField()
    ends = models.DateField(null=True)

    class Meta:
        db_table = "services_cover_terms"
        constraints = [
            models.UniqueConstraint(fields=["controller", "product", "starts"], name="services_cover_terms_once"),
            models.CheckConstraint(condition=Q(most__gt=0, own_share__gte=0), name="services_cover_terms_sums"),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gt=F("starts")), name="services_cover_terms_order"
            ),
        ]


class Cover(PersonalModel):
    """That a person is insured, [starts, ends), under the terms of a product. agreement_id: the agreement it is of."""

    terms = models.ForeignKey(CoverTerms, on_delete=models.PROTECT, related_name="+")
    agreement_id = models.BigIntegerField(null=True)
    starts = models.DateField()
    ends = models.DateField(null=True)

    class Meta:
        db_table = "services_cover"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "agreement_id"], name="services_cover_agreement"),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gte=F("starts")), name="services_cover_order"
            ),
        ]


class LossKind(models.TextChoices):
    """What happened to it."""

    LOST = "lost"
    STOLEN = "stolen"
    DAMAGED = "damaged"


class PayoutMethod(models.TextChoices):
    """How a claim was paid."""

    BANK = "bank"
    REPLACEMENT = "replacement"
    GIFT_CARD = "gift_card"


class ClaimStatus(models.TextChoices):
    """Whether all of it was paid."""

    PAID = "paid"
    PARTLY_PAID = "partly_paid"


class PaidClaim(PersonalModel):
    """A claim that was paid: these fields and no others are kept of it (D7). amount: minor units; account: sealed."""

    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=12, choices=PayoutMethod.choices)
    account = models.BinaryField(null=True)
    item = models.CharField(max_length=200)
    loss_kind = models.CharField(max_length=8, choices=LossKind.choices)
    loss_on = models.DateField()
    claimed_on = models.DateField()
    status = models.CharField(max_length=12, choices=ClaimStatus.choices)
    paid_at = models.DateTimeField()

    class Meta:
        db_table = "services_paid_claim"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="services_paid_claim_amount"),
            models.CheckConstraint(
                condition=Q(method="bank", account__isnull=False) | ~Q(method="bank") & Q(account__isnull=True),
                name="services_paid_claim_account",
            ),
            models.CheckConstraint(condition=Q(loss_on__lte=F("claimed_on")), name="services_paid_claim_order"),
        ]


class RefusedClaim(PersonalModel):
    """A claim that was refused, fully or in part: these fields and no others are kept of it (D7)."""

    item = models.CharField(max_length=200)
    loss_kind = models.CharField(max_length=8, choices=LossKind.choices)
    loss_on = models.DateField()
    claimed_on = models.DateField()
    partly = models.BooleanField()
    reasons = models.TextField()
    refused_at = models.DateTimeField()

    class Meta:
        db_table = "services_refused_claim"
        constraints = [
            models.CheckConstraint(condition=~Q(reasons=""), name="services_refused_claim_reasons"),
            models.CheckConstraint(condition=Q(loss_on__lte=F("claimed_on")), name="services_refused_claim_order"),
        ]


class ClaimNotice(PersonalModel):
    """What the insurer or the broker is to be told of a claim, until it is told. about: `claim` (of_id: the case),
    `file` (of_id: the document), `paid`, `refused` (of_id: the row here). told_at: when they had it; it goes the night
    after.
    """

    recipient = models.CharField(max_length=40)
    about = models.CharField(max_length=8)
    of_id = models.BigIntegerField()
    case_id = models.BigIntegerField()
    cover_id = models.BigIntegerField()
    reference = models.UUIDField()
    handed_over = models.BooleanField(default=False)
    attempts = models.IntegerField(default=0)
    due_at = models.DateTimeField()
    reason = models.CharField(max_length=40, blank=True, default="")
    told_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "services_claim_notice"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "recipient", "about", "of_id"], name="services_claim_notice_once"
            ),
            models.CheckConstraint(
                condition=Q(about__in=["claim", "file", "paid", "refused"]), name="services_claim_notice_about"
            ),
        ]
        indexes = [
            models.Index(
                fields=["controller_id", "due_at"], condition=Q(told_at__isnull=True), name="services_claim_notice_due"
            )
        ]
