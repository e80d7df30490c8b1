"""What is settled with the chains: bills and movements on the account. Between companies: no person stands here."""

from django.db import models
from django.db.models import Q

from tillit.purchases.models import Chain


class SettlementBill(models.Model):
    """What a chain's month comes to. `kind` `billed`: bonus given, which the chain pays; `payable`: bonus used, which
    the chain is paid. `reference`: the KID it is paid with.
    """

    KINDS = ("billed", "payable")

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="bills")
    month = models.DateField()
    kind = models.CharField(max_length=8)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=25, unique=True)
    billed_at = models.DateTimeField()

    class Meta:
        db_table = "bonus_settlement_bill"
        constraints = [
            models.UniqueConstraint(fields=["chain", "month", "kind"], name="bonus_settlement_bill_once"),
            models.CheckConstraint(condition=Q(kind__in=["billed", "payable"]), name="bonus_settlement_bill_kind"),
        ]


class BankMovement(models.Model):
    """A movement on the controller's account, once, however many files tell of it. `amount`: above zero on a credit.

    Only its figures and the reference it was paid with; what cannot be a settlement is left out by whoever reads.
    `entry` and `part`: which movement it is, as in `camt.Movement`; each controller has its own, whoever reads first.
    """

    id = models.CharField(max_length=32, primary_key=True)
    controller_id = models.IntegerField()
    entry = models.CharField(max_length=32)
    part = models.CharField(max_length=8, blank=True, default="")
    bill = models.ForeignKey(SettlementBill, on_delete=models.PROTECT, null=True, related_name="movements")
    booked_on = models.DateField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reference = models.CharField(max_length=60, blank=True, default="")
    read_at = models.DateTimeField()

    class Meta:
        db_table = "bonus_bank_movement"
        constraints = [
            models.CheckConstraint(condition=~Q(amount=0), name="bonus_bank_movement_amount"),
            models.UniqueConstraint(fields=["controller_id", "entry", "part"], name="bonus_bank_movement_once"),
        ]
