"""Books, transfers, balances, closings. Read through `queries`; written by `operations` through functions only."""

from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL

from tillit.declaration.models import Controller
from tillit.declaration.personal import RecordTime, RowState

_ACCOUNT_ID = "id = ledger_account(book_id, kind, expires_on)"
_ACCOUNTS_DIFFER = "(debit_kind, debit_expires) IS DISTINCT FROM (credit_kind, credit_expires)"
_EXPIRY_WHERE_PERSONAL = (
    "(debit_kind < 100) = (debit_expires IS NULL) AND (credit_kind < 100) = (credit_expires IS NULL)"
)


def _raw(text: str) -> RawSQL:
    return RawSQL(text, (), output_field=models.BooleanField())  # noqa: S611 (constants of ours)


class AccountKind(models.Model):
    """A kind of account, as registered in `kinds`. Its number range says what it may hold."""

    id = models.SmallIntegerField(primary_key=True)
    key = models.CharField(max_length=40, unique=True)
    personal = models.BooleanField()
    floor_zero = models.BooleanField()

    class Meta:
        db_table = "ledger_account_kind"
        constraints = [
            models.CheckConstraint(
                condition=_raw("personal = (id >= 100) AND floor_zero = (id BETWEEN 100 AND 199)"),
                name="ledger_account_kind_range",
            )
        ]


class Book(models.Model):
    """What accounts are kept in. `category` is the category of personal data its rows are; months close in `zone`."""

    id = models.AutoField(primary_key=True)
    controller = models.ForeignKey(Controller, on_delete=models.PROTECT)
    key = models.CharField(max_length=60)
    currency = models.CharField(max_length=3)
    category = models.SmallIntegerField()
    zone = models.CharField(max_length=40, default="Europe/Oslo")

    class Meta:
        db_table = "ledger_book"
        constraints = [
            models.UniqueConstraint(fields=["controller", "key"], name="ledger_book_key"),
            models.CheckConstraint(condition=Q(id__gt=0, id__lt=1 << 22), name="ledger_book_id"),
        ]


class Transfer(models.Model):
    """One transfer: `amount` (minor units, above zero) out of the debit account into the credit account. Never changed.

    `id` is derived from the natural key. An account is (book, kind, expires), without expiry for system accounts.
    `reference` is the key of the operation it is a part of (a draw over several lots) or the transfer it reverses.
    `category`: its book's, by which rows are seen and lapse.
    """

    pk = models.CompositePrimaryKey("subject_id", "id")
    subject_id = models.BigIntegerField()
    id = models.UUIDField(db_default=RawSQL("gen_random_uuid()", ()))
    event_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=RecordTime())
    amount = models.BigIntegerField()
    batch_id = models.BigIntegerField(null=True)
    controller_id = models.IntegerField()
    book_id = models.IntegerField()
    debit_expires = models.DateField(null=True)
    credit_expires = models.DateField(null=True)
    debit_kind = models.SmallIntegerField()
    credit_kind = models.SmallIntegerField()
    state = models.SmallIntegerField(choices=RowState.choices, db_default=RowState.LIVE)
    currency = models.CharField(max_length=3)
    reference = models.UUIDField(null=True)
    category = models.SmallIntegerField()

    class Meta:
        db_table = "ledger_transfer"
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_transfer_amount"),
            models.CheckConstraint(condition=_raw(_ACCOUNTS_DIFFER), name="ledger_transfer_accounts"),
            models.CheckConstraint(condition=_raw(_EXPIRY_WHERE_PERSONAL), name="ledger_transfer_expiry"),
            models.CheckConstraint(
                condition=Q(debit_kind__gte=100) | Q(credit_kind__gte=100), name="ledger_transfer_personal"
            ),
        ]


class Balance(models.Model):
    """What a person's account holds (minor units). `id` is made of book, kind and expiry, so the key is the only index.

    `expires_on` is the first day on which the value is gone (9999-12-31: never). `carried` is the part of the balance
    whose transfers were disposed of; `version` counts the changes.
    """

    pk = models.CompositePrimaryKey("subject_id", "id")
    subject_id = models.BigIntegerField()
    id = models.BigIntegerField(db_default=0)
    balance = models.BigIntegerField()
    carried = models.BigIntegerField(default=0)
    recorded_at = models.DateTimeField(db_default=RecordTime())
    version = models.IntegerField()
    controller_id = models.IntegerField()
    book_id = models.IntegerField()
    expires_on = models.DateField()
    kind = models.SmallIntegerField()
    state = models.SmallIntegerField(choices=RowState.choices, db_default=RowState.LIVE)
    currency = models.CharField(max_length=3)
    category = models.SmallIntegerField()

    class Meta:
        db_table = "ledger_balance"
        indexes = [
            # Few rows, found without a look at each person. Its columns never change: no balance's change touches it.
            models.Index(fields=["subject_id", "book_id"], condition=Q(kind__gte=200), name="ledger_balance_owings")
        ]
        constraints = [
            models.CheckConstraint(condition=_raw(_ACCOUNT_ID), name="ledger_balance_id"),
            models.CheckConstraint(condition=Q(kind__gte=100, kind__lt=300), name="ledger_balance_personal"),
            models.CheckConstraint(condition=Q(balance__gte=0) | Q(kind__gte=200), name="ledger_balance_holding"),
            models.CheckConstraint(condition=Q(balance__lte=0) | Q(kind__lt=200), name="ledger_balance_owing"),
        ]


class Closing(models.Model):
    """Sums of one account kind of a book over the transfers recorded in one month; names nobody, so it is kept.

    While `closed_at` is NULL it holds only what was disposed of early. `period` is the month's first day.
    """

    pk = models.CompositePrimaryKey("book_id", "period", "kind")
    book_id = models.IntegerField()
    period = models.DateField()
    kind = models.SmallIntegerField()
    debit = models.DecimalField(max_digits=30, decimal_places=0)
    credit = models.DecimalField(max_digits=30, decimal_places=0)
    transfers = models.BigIntegerField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "ledger_closing"
        constraints = [
            models.CheckConstraint(condition=Q(debit__gte=0, credit__gte=0), name="ledger_closing_sums"),
        ]
