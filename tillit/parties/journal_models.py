"""The table of the journal: what a restore must do again before anything may read (H11). See `journal`."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from tillit.declaration.personal import RecordTime


class JournalKind(models.TextChoices):
    """What a journal entry tells."""

    ROW = "row"
    GONE = "gone"
    ERASURE = "erasure"
    CLAIMED = "claimed"
    UNCLAIMED = "unclaimed"
    STAFF_LEFT = "staff_left"
    MERGED = "merged"
    PARTED = "parted"
    EXPECTED = "expected"
    ARRIVED = "arrived"


class HingesOn(models.Func):
    """Database default: what the acts of this transaction hinge on (`journal.hinging`), else nothing."""

    function = "current_setting"
    template = "nullif(%(function)s('tillit.hinges_on', true), '')::uuid"
    output_field = models.UUIDField()
    arity = 0


class JournalEntry(models.Model):
    """What a restore must do again before anything may read (H11): see `journal`. Kept apart from dumps.

    row: `details` is a row of `relation` as it stood after the act, without what it says in clear; that is in `sealed`,
    under the person's own journal key. gone: `digests` are those of rows that were disposed of, and name nobody;
    `details` says how. erasure: the ground and the categories. claimed, unclaimed: a directory's register, kind and
    digest. staff_left: the staff account's id. merged: into
    whom; parted: that it was undone. expected, arrived: whose people were to come from another installation, and by
    which word of the giver's somebody came; `details` names nobody.

    hinges_on: where given, it is done again only if what it names stands in the dump as well.
    """

    kind = models.CharField(max_length=10, choices=JournalKind.choices)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=RecordTime())
    relation = models.CharField(max_length=63, db_default="")
    subject_id = models.BigIntegerField(db_default=0)
    row = models.CharField(max_length=36, db_default="")
    details = models.JSONField(db_default={})
    sealed = models.BinaryField(null=True)
    digests = ArrayField(models.UUIDField(), db_default=[])
    shipped = models.BooleanField(db_default=False)
    hinges_on = models.UUIDField(null=True, db_default=HingesOn())

    class Meta:
        db_table = "parties_journal"
        indexes = [
            models.Index(fields=["id"], condition=Q(shipped=False), name="parties_journal_unshipped"),
            models.Index(fields=["subject_id"], condition=~Q(subject_id=0), name="parties_journal_person"),
            models.Index(fields=["recorded_at"], name="parties_journal_age"),
        ]
