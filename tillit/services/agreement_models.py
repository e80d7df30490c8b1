"""A person's agreements about products, as dated rows (D1, D10)."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from tillit.declaration.personal import PersonalModel
from tillit.services.product_models import Partner, Payer, ServiceProduct, days


class AgreementEnd(models.TextChoices):
    """Why a stretch of days of an agreement ended. `changed`: the next row goes on from there, under another payer."""

    OWN_WISH = "own_wish"
    UNPAID = "unpaid"
    NOT_ENTITLED = "not_entitled"
    BREACH = "breach"
    DIED = "died"
    CHANGED = "changed"
    OTHER = "other"


class Agreement(PersonalModel):
    """One stretch of days, [starts, ends), in which the person has a product under one payer. Access ends with it.

    price: minor units for each period the product bills, as agreed; 0 where a partner pays. ended_at: when its end was
    asked for, which is before `ends`; from then its undo window counts.
    """

    product = models.ForeignKey(ServiceProduct, on_delete=models.PROTECT, related_name="+")
    payer = models.CharField(max_length=10, choices=Payer.choices)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, null=True, related_name="+")
    price = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, default="NOK")
    starts = models.DateField()
    ends = models.DateField(null=True)
    end_reason = models.CharField(max_length=12, choices=AgreementEnd.choices, blank=True, default="")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    collected_under = models.CharField(max_length=60)

    class Meta:
        db_table = "services_agreement"
        constraints = [
            ExclusionConstraint(
                name="services_agreement_once",
                expressions=[
                    ("subject_id", RangeOperators.EQUAL),
                    ("product", RangeOperators.EQUAL),
                    (days(), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(payer="customer", partner__isnull=True)
                | Q(payer="partner", partner__isnull=False, price=0),
                name="services_agreement_payer",
            ),
            models.CheckConstraint(condition=Q(price__gte=0), name="services_agreement_price"),
            models.CheckConstraint(
                condition=Q(ends__isnull=True, end_reason="", ended_at__isnull=True)
                | Q(ends__gte=F("starts"), ended_at__isnull=False) & ~Q(end_reason=""),
                name="services_agreement_order",
            ),
        ]
        indexes = [models.Index(fields=["controller_id", "product", "ends"], name="services_agreement_product")]
