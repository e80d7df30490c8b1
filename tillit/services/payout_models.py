"""Money that goes out to a person's bank account (D7, D8): payouts, and the files in which the bank gets them."""

from django.db import models
from django.db.models import Q

from tillit.declaration.models import Controller
from tillit.declaration.personal import PersonalModel


class PayoutState(models.TextChoices):
    """waiting → proposed (in a file that a second approves) → sent → paid; refused by the bank or returned; or
    cancelled. What is refused is tried again as a payout of its own.
    """

    WAITING = "waiting"
    PROPOSED = "proposed"
    SENT = "sent"
    PAID = "paid"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class PayoutOf(models.TextChoices):
    """What is paid out: a payment given back, emergency cash, or an insurance claim."""

    REFUND = "refund"
    CASH = "cash"
    CLAIM = "claim"


class PayoutRun(models.Model):
    """A file of payouts: proposed by one, approved and made by another. `made_by`, `approved_by`: actors. Of a file its
    number, its sums and the digest (SHA-256) of its bytes stay; `dropped`: not approved, and its payouts wait again.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    number = models.BigIntegerField()
    state = models.CharField(
        max_length=8, choices=[(one, one) for one in ("proposed", "approved", "dropped")], default="proposed"
    )
    count = models.IntegerField(default=0)
    amount = models.BigIntegerField(default=0)
    made_by = models.CharField(max_length=60)
    made_at = models.DateTimeField()
    approved_by = models.CharField(max_length=60, blank=True, default="")
    approved_at = models.DateTimeField(null=True)
    digest = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        db_table = "services_payout_run"
        constraints = [
            models.UniqueConstraint(fields=["controller", "number"], name="services_payout_run_number"),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | Q(approved_at__isnull=False) & ~Q(approved_by="") & ~Q(approved_by=models.F("made_by")),
                name="services_payout_run_two",
            ),
        ]


class PayoutFile(models.Model):
    """The bytes of an approved file, sealed, so that it can be fetched again just as it was; for a while."""

    run = models.OneToOneField(PayoutRun, on_delete=models.CASCADE, related_name="file")
    sealed = models.BinaryField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "services_payout_file"


class Payout(PersonalModel):
    """Money that goes to a person's account. `of`, `of_id`: what it pays out. `reference`: ours (RF, ISO 11649), by
    which the bank's reports know it. `sealed`: name and account. `run_id`: the one file it is in. `reason`: the bank's
    code; `debited`: the bank paid what we held to be not sent, or refused. `after_id`: the refused one that it tries
    again; `account_by`: who gave it another account (an actor). `held_at`: when a backup was restored that may not
    know that it was sent; it is in no file until the bank's statements have told of all days to then, as they have of
    those before `told_until`, or two of the staff have seen at the bank that it was not (`released_by`: the first, an
    actor). `settled_at`: when it was paid, refused or cancelled. `debited_by`, `returned_by`: the
    movements of our account (digests) by which it left and came back.
    """

    category = models.SmallIntegerField()
    of = models.CharField(max_length=6, choices=PayoutOf.choices)
    of_id = models.BigIntegerField()
    reference = models.CharField(max_length=25)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    sealed = models.BinaryField()
    payout_state = models.CharField(max_length=9, choices=PayoutState.choices, default=PayoutState.WAITING)
    run_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=40, blank=True, default="")
    after_id = models.BigIntegerField(null=True)
    account_by = models.CharField(max_length=60, blank=True, default="", db_default="")
    held_at = models.DateTimeField(null=True)
    told_until = models.DateField(null=True)
    released_by = models.CharField(max_length=60, blank=True, default="", db_default="")
    debited_by = models.CharField(max_length=44, blank=True, default="", db_default="")
    returned_by = models.CharField(max_length=44, blank=True, default="", db_default="")
    made_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "services_payout"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="services_payout_amount"),
            models.UniqueConstraint(fields=["subject_id", "reference"], name="services_payout_reference"),
            models.UniqueConstraint(
                fields=["subject_id", "of", "of_id"],
                condition=Q(payout_state__in=["waiting", "proposed", "sent", "paid"]),
                name="services_payout_once",
            ),
            models.UniqueConstraint(fields=["subject_id", "after_id"], name="services_payout_after"),
            models.CheckConstraint(
                condition=Q(payout_state="waiting", run_id__isnull=True)
                | Q(payout_state__in=["proposed", "sent", "paid", "refused"], run_id__isnull=False)
                | Q(payout_state="paid", reason="debited")
                | Q(payout_state="cancelled"),
                name="services_payout_in_one_file",
            ),
            models.CheckConstraint(
                condition=Q(payout_state__in=["waiting", "proposed", "sent"], settled_at__isnull=True)
                | Q(payout_state__in=["paid", "refused", "cancelled"], settled_at__isnull=False),
                name="services_payout_settled",
            ),
        ]
        indexes = [
            models.Index(fields=["controller_id", "reference"], name="services_payout_ours"),
            models.Index(fields=["controller_id", "run_id"], name="services_payout_by_run"),
            models.Index(
                fields=["controller_id", "made_at"], condition=Q(settled_at__isnull=True), name="services_payout_open"
            ),
        ]
