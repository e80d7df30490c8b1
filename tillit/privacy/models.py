"""What the engine remembers: holds on people's data, the runs it made, and the journal that outlives a restore."""

from django.db import models

from tillit.declaration.personal import PersonalModel


class Hold(PersonalModel):
    """A claim, dispute or legal order that keeps the person's rows of one category (0 = every) until released (D11)."""

    category = models.SmallIntegerField()
    reason = models.CharField(max_length=40)
    reference = models.CharField(max_length=60, blank=True, default="")
    since = models.DateTimeField()
    released = models.DateTimeField(null=True)

    class Meta:
        db_table = "privacy_hold"


class RetentionRun(models.Model):
    """One run of the disposal of everything due, or of its rehearsal."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    as_of = models.DateField()
    dry_run = models.BooleanField(default=False)

    class Meta:
        db_table = "privacy_retention_run"


class RetentionResult(models.Model):
    """What one run did in one table for one controller and category: counts only."""

    run = models.ForeignKey(RetentionRun, on_delete=models.CASCADE, related_name="results")
    controller_id = models.IntegerField()
    table = models.CharField(max_length=63)
    category = models.CharField(max_length=60)
    disposal = models.CharField(max_length=12)
    rows = models.BigIntegerField()

    class Meta:
        db_table = "privacy_retention_result"


class Journal(models.Model):
    """Erasures, withdrawals, objections, restrictions: what a restore must do again before anything may read (H11).

    Holds random subject ids and codes, never facts; kept apart from dumps for as long as a dump may be restored.
    """

    at = models.DateTimeField(db_index=True)
    kind = models.CharField(max_length=20)
    subject_id = models.BigIntegerField()
    details = models.JSONField(default=dict)

    class Meta:
        db_table = "privacy_journal"


class LooseEnd(models.Model):
    """Somebody whose rows were just disposed of, until digests, keys, login and the empty subject are looked after."""

    subject_id = models.BigIntegerField(primary_key=True)

    class Meta:
        db_table = "privacy_loose_end"
