"""What partners say of who is entitled, and the files they say it in (D1)."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Q

from tillit.declaration.personal import PersonalModel, RecordTime
from tillit.services.product_models import Partner, ServiceProduct, days


class EntitlementEnd(models.TextChoices):
    """Why an entitlement ended: its own day came, the partner said so, or a full list no longer held it."""

    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    NOT_LISTED = "not_listed"


class Entitlement(PersonalModel):
    """One stretch of days, [starts, ends), in which a partner pays for a product for the person.

    number: the person's customer number with the partner, by which it knows them, '' where it sends none. listed, on
    what the partner's list holds: keyed digest of its row, by which what comes again unchanged is recognised.
    """

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    product = models.ForeignKey(ServiceProduct, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=40, blank=True, default="")
    starts = models.DateField()
    ends = models.DateField(null=True)
    end_reason = models.CharField(max_length=10, choices=EntitlementEnd.choices, blank=True, default="")
    listed = models.UUIDField(null=True)
    source = models.CharField(max_length=30, default="partner")
    collected_under = models.CharField(max_length=60)

    class Meta:
        db_table = "services_entitlement"
        constraints = [
            ExclusionConstraint(
                name="services_entitlement_once",
                expressions=[
                    ("subject_id", RangeOperators.EQUAL),
                    ("partner", RangeOperators.EQUAL),
                    ("product", RangeOperators.EQUAL),
                    (days(), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gte=F("starts")), name="services_entitlement_order"
            ),
            models.CheckConstraint(
                condition=Q(end_reason="") | Q(ends__isnull=False), name="services_entitlement_reason"
            ),
        ]
        indexes = [models.Index(fields=["controller_id", "partner", "listed"], name="services_entitlement_listed")]


class PartnerFile(models.Model):
    """One list a partner sent. `full`: who is not in it, is not entitled any more. digest: SHA-256 of its rows.

    state: waiting (would end too many) or applied. counts: what it did or would do. approved_by: the colleague's id.
    """

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=200)
    way = models.CharField(max_length=4, choices=[("file", "file"), ("api", "api")])
    digest = models.CharField(max_length=64)
    full = models.BooleanField()
    state = models.CharField(max_length=8, choices=[("waiting", "waiting"), ("applied", "applied")])
    received_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    approved_by = models.BigIntegerField(null=True)

    class Meta:
        db_table = "services_partner_file"
        indexes = [models.Index(fields=["partner", "-received_at"], name="services_partner_file_latest")]


class QuarantinedEntitlement(models.Model):
    """A row of a partner's list that could not be used: where, which field, why. `sealed` holds it until then."""

    file = models.ForeignKey(PartnerFile, on_delete=models.PROTECT, related_name="quarantine")
    line = models.BigIntegerField()
    field = models.CharField(max_length=40)
    reason = models.CharField(max_length=40)
    sealed = models.BinaryField(null=True)
    quarantined_at = models.DateTimeField(db_default=RecordTime())
    resolved_at = models.DateTimeField(null=True)
    resolution = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        db_table = "services_quarantine"
        constraints = [models.UniqueConstraint(fields=["file", "line"], name="services_quarantine_once")]
