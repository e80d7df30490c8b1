"""That a supplier is to be told whom it serves, and whether it has it (D1)."""

from django.db import models
from django.db.models import Q

from tillit.declaration.personal import PersonalModel
from tillit.services.product_models import ServiceSupplier


class NoticeState(models.TextChoices):
    """waiting → confirmed: the supplier has it; refused: it said no, for a colleague; dropped: the agreement was over.

    confirmed → ending: the agreement is over, and the supplier is to be told → ended: it has been.
    """

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    DROPPED = "dropped"
    ENDING = "ending"
    ENDED = "ended"


TOLD = (NoticeState.WAITING, NoticeState.ENDING)
"""What a computer tells a supplier."""
OVER = (NoticeState.CONFIRMED, NoticeState.DROPPED, NoticeState.ENDED)
"""What needs nobody's eye any more."""


class SupplierNotice(PersonalModel):
    """What a supplier is to be told of one agreement, until it has it. reference: what the supplier knows it by.

    handed_over: whether a try was ever begun: what became of it is asked before the next. by_hand: a colleague tells
    them, and no computer. reason: code of the latest refusal or failure. told: keyed digest of what left, by which a
    change since is seen. claimed_at: when somebody began the try that is under way.
    """

    agreement_id = models.BigIntegerField()
    supplier = models.ForeignKey(ServiceSupplier, on_delete=models.PROTECT, related_name="+")
    reference = models.UUIDField()
    notice_state = models.CharField(max_length=10, choices=NoticeState.choices, default=NoticeState.WAITING)
    reason = models.CharField(max_length=40, blank=True, default="")
    told = models.UUIDField(null=True)
    handed_over = models.BooleanField(default=False)
    by_hand = models.BooleanField(default=False)
    attempts = models.IntegerField(default=0)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "services_supplier_notice"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "agreement_id", "supplier"], name="services_supplier_notice_once"
            ),
            models.UniqueConstraint(fields=["subject_id", "reference"], name="services_supplier_notice_reference"),
            models.CheckConstraint(
                condition=Q(settled_at__isnull=False, notice_state__in=["confirmed", "dropped", "ended"])
                | Q(settled_at__isnull=True, notice_state__in=["waiting", "refused", "ending"]),
                name="services_supplier_notice_settled",
            ),
        ]
        indexes = [
            models.Index(
                fields=["controller_id", "due_at"],
                condition=Q(settled_at__isnull=True),
                name="services_supplier_notice_open",
            )
        ]
