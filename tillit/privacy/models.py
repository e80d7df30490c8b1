"""What the engine remembers: holds on people's data, the runs it made, the backups that were taken."""

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


class BackupRun(models.Model):
    """One dump or copy of the key store: when it was made, when its whole content was last read back, when it went."""

    kind = models.CharField(max_length=10, choices=[("dump", "dump"), ("keys", "keys")])
    file = models.CharField(max_length=120)
    made_at = models.DateTimeField()
    bytes = models.BigIntegerField()
    rows = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    verified_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "privacy_backup_run"
        indexes = [models.Index(fields=["kind", "made_at"], name="privacy_backup_latest")]


class LooseEnd(models.Model):
    """Somebody whose rows were just disposed of, until digests, keys, login and the empty subject are looked after."""

    subject_id = models.BigIntegerField(primary_key=True)

    class Meta:
        db_table = "privacy_loose_end"
