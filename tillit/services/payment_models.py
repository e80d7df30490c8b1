"""What people owe, order and pay (D8): invoices, one-off orders, payments; and the series and terms they follow."""

from django.db import models
from django.db.models import F, Q

from tillit.declaration.models import Controller
from tillit.declaration.personal import PersonalModel


class PaymentTerms(models.Model):
    """When a controller's invoices are due and how they are followed up, from a day on. Days count from the due day.

    reminder_days: how long after the due day each reminder goes, one after the other; fee: minor units each of them
    adds. give_up: ISO 8601 period after the due day when what is left is written off (limitation). account: where
    invoices are paid to. cash_most: the largest sum of emergency cash, minor units. vat: basis points that prices hold.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    starts = models.DateField()
    account = models.CharField(max_length=11)
    due_days = models.PositiveSmallIntegerField(default=14)
    reminder_days = models.JSONField(default=list)
    fee = models.BigIntegerField(default=0)
    give_up = models.CharField(max_length=10, default="P3Y")
    cash_most = models.BigIntegerField(default=500_000)
    vat = models.PositiveIntegerField(default=2500)

    class Meta:
        db_table = "services_payment_terms"
        constraints = [
            models.UniqueConstraint(fields=["controller", "starts"], name="services_payment_terms_once"),
            models.CheckConstraint(
                condition=Q(fee__gte=0, cash_most__gte=0, due_days__gte=1), name="services_payment_terms_sums"
            ),
        ]


class Series(models.Model):
    """The next number of a series of a controller (`invoice`, `order`): one after the other, without gaps."""

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=20)
    last = models.BigIntegerField(default=0)

    class Meta:
        db_table = "services_series"
        constraints = [models.UniqueConstraint(fields=["controller", "key"], name="services_series_once")]


class InvoiceState(models.TextChoices):
    """open until nothing is left; what was left may have been credited or written off."""

    OPEN = "open"
    PAID = "paid"
    CREDITED = "credited"
    WRITTEN_OFF = "written_off"


class Invoice(PersonalModel):
    """What a person was asked to pay. Amounts are minor units; `amount` with VAT, of which `vat` basis points.

    lines: what for, [{"text", "amount"}]. kid: what it is paid with. agreement_id and period: what of a subscription it
    bills; order_id: the order it bills. fee: of reminders. paid, credited, lost: of amount and fee together.
    settled_at: when nothing was left, from which it lapses. buyer: name and address as they were, sealed.
    """

    category = models.SmallIntegerField()
    number = models.BigIntegerField()
    kid = models.CharField(max_length=25)
    agreement_id = models.BigIntegerField(null=True)
    order_id = models.BigIntegerField(null=True)
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True)
    lines = models.JSONField()
    amount = models.BigIntegerField()
    vat = models.IntegerField(default=0)
    fee = models.BigIntegerField(default=0)
    paid = models.BigIntegerField(default=0)
    credited = models.BigIntegerField(default=0)
    lost = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    account = models.CharField(max_length=11)
    buyer = models.BinaryField()
    issued_at = models.DateTimeField()
    due_on = models.DateField()
    reminders = models.PositiveSmallIntegerField(default=0)
    remind_on = models.DateField(null=True)
    invoice_state = models.CharField(max_length=12, choices=InvoiceState.choices, default=InvoiceState.OPEN)
    settled_at = models.DateTimeField(null=True)
    language = models.CharField(max_length=5, default="nb")

    class Meta:
        db_table = "services_invoice"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "number"], name="services_invoice_number"),
            models.UniqueConstraint(
                fields=["subject_id", "agreement_id", "period_start"], name="services_invoice_period"
            ),
            models.UniqueConstraint(fields=["subject_id", "order_id"], name="services_invoice_order"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, fee__gte=0, paid__gte=0, credited__gte=0, lost__gte=0),
                name="services_invoice_sums",
            ),
            models.CheckConstraint(
                condition=Q(invoice_state="open", settled_at__isnull=True)
                & Q(paid__lt=F("amount") + F("fee") - F("credited") - F("lost"))
                | ~Q(invoice_state="open")
                & Q(settled_at__isnull=False, remind_on__isnull=True)
                & Q(paid=F("amount") + F("fee") - F("credited") - F("lost")),
                name="services_invoice_settled",
            ),
        ]
        indexes = [
            models.Index(fields=["controller_id", "kid"], name="services_invoice_kid"),
            models.Index(
                fields=["controller_id", "due_on"], condition=Q(settled_at__isnull=True), name="services_invoice_open"
            ),
        ]

    @property
    def left(self) -> int:
        """What is still owed of it, minor units."""
        return self.amount + self.fee - self.paid - self.credited - self.lost


class OneOffKind(models.TextChoices):
    """What is ordered."""

    TICKETS = "tickets"
    EMERGENCY_CASH = "emergency_cash"
    OTHER = "other"


class OneOffState(models.TextChoices):
    """placed → paid → delivered; or cancelled before it is paid, refunded after; lost when its invoice was written
    off.
    """

    PLACED = "placed"
    PAID = "paid"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    LOST = "lost"


class OneOffOrder(PersonalModel):
    """A single purchase. title, event_on, quantity: what and when; amount: minor units, all of it; cash: the part that
    is handed out (emergency cash). settled_at: when it was paid, refunded, cancelled or lost, from which it
    lapses. paid_out_at: when cash was handed out; to_account: where to, sealed.
    """

    number = models.BigIntegerField()
    kind = models.CharField(max_length=16, choices=OneOffKind.choices)
    title = models.CharField(max_length=200)
    event_on = models.DateField(null=True)
    quantity = models.PositiveSmallIntegerField(default=1)
    amount = models.BigIntegerField()
    cash = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    order_state = models.CharField(max_length=10, choices=OneOffState.choices, default=OneOffState.PLACED)
    ordered_at = models.DateTimeField()
    paid_out_at = models.DateTimeField(null=True)
    to_account = models.BinaryField(null=True)
    delivered_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "services_one_off_order"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "number"], name="services_one_off_number"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, cash__gte=0, cash__lte=F("amount"), quantity__gte=1),
                name="services_one_off_sums",
            ),
            models.CheckConstraint(
                condition=Q(order_state="placed", settled_at__isnull=True)
                | ~Q(order_state="placed") & Q(settled_at__isnull=False),
                name="services_one_off_settled",
            ),
            models.CheckConstraint(condition=Q(cash=0) | Q(kind="emergency_cash"), name="services_one_off_cash"),
        ]
        indexes = [models.Index(fields=["controller_id", "order_state"], name="services_one_off_open")]


class Method(models.TextChoices):
    """How it was paid."""

    BANK = "bank"
    CARD_BY_PHONE = "card_by_phone"
    CARD_ON_WEB = "card_on_web"


class PaymentState(models.TextChoices):
    """under way (sent, its outcome not known), waiting (the person pays at the provider), done, failed."""

    UNDER_WAY = "under_way"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class Payment(PersonalModel):
    """Money in (or, `amount` below zero, back): of an invoice or an order. Of a card only its last four are kept.

    reference: ours, by which the acquirer knows it; the_acquirers: the acquirer's. entry: which movement of the bank.
    of_id: the payment a refund gives back. page: where the person pays, while open. reason: code why it failed.
    ended_at: when its outcome was known, from which it lapses. to_account: where a refund by bank goes, sealed.
    """

    category = models.SmallIntegerField()
    reference = models.UUIDField()
    invoice_id = models.BigIntegerField(null=True)
    order_id = models.BigIntegerField(null=True)
    of_id = models.BigIntegerField(null=True)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=14, choices=Method.choices)
    masked = models.CharField(max_length=4, blank=True, default="")
    the_acquirers = models.CharField(max_length=60, blank=True, default="")
    page = models.CharField(max_length=500, blank=True, default="")
    entry = models.CharField(max_length=42, blank=True, default="")
    to_account = models.BinaryField(null=True)
    payment_state = models.CharField(max_length=10, choices=PaymentState.choices)
    reason = models.CharField(max_length=40, blank=True, default="")
    begun_at = models.DateTimeField()
    ask_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "services_payment"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "reference"], name="services_payment_reference"),
            models.CheckConstraint(condition=~Q(amount=0), name="services_payment_amount"),
            models.CheckConstraint(
                condition=Q(payment_state__in=["done", "failed"], ended_at__isnull=False, ask_at__isnull=True)
                | Q(payment_state__in=["under_way", "waiting"], ended_at__isnull=True),
                name="services_payment_ended",
            ),
        ]
        indexes = [
            models.Index(fields=["controller_id", "reference"], name="services_payment_ours"),
            models.Index(
                fields=["controller_id", "ask_at"], condition=Q(ended_at__isnull=True), name="services_payment_open"
            ),
        ]


class BankLine(models.Model):
    """A movement of a bank's file, once, however many files tell of it: figures only. What was paid with an invoice's
    KID is a payment of it, and no reference to it stays here; `loose`: of no invoice, or (out) of a payout
    that was not to be sent, for a colleague to look at.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    entry = models.CharField(max_length=32)
    part = models.CharField(max_length=8, blank=True, default="")
    booked_on = models.DateField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    loose = models.BooleanField()
    seen_to = models.CharField(max_length=200, blank=True, default="")
    read_at = models.DateTimeField()

    class Meta:
        db_table = "services_bank_line"
        constraints = [models.UniqueConstraint(fields=["controller", "entry", "part"], name="services_bank_line_once")]
