"""What the engine remembers: holds on people's data, the runs it made, the backups that were taken."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from tillit.declaration.personal import PersonalModel


class HoldReason(models.TextChoices):
    """Why rows are kept past their time: a claim made within limitation, a dispute, an order of court or authority."""

    CLAIM = "claim"
    DISPUTE = "dispute"
    LEGAL_ORDER = "legal_order"


class Hold(PersonalModel):
    """A claim, dispute or legal order that keeps the person's rows of some categories (none named: every) until it is
    released (D11). `reference`: the matter's number, no words. `told`: false where the order forbids telling of it.
    """

    categories = ArrayField(models.SmallIntegerField(), default=list, db_default=[])
    reason = models.CharField(max_length=40, choices=HoldReason.choices)
    reference = models.CharField(max_length=60, blank=True, default="")
    told = models.BooleanField(db_default=True, default=True)
    since = models.DateTimeField()
    released = models.DateTimeField(null=True)

    class Meta:
        db_table = "privacy_hold"
        constraints = [
            models.CheckConstraint(condition=Q(reason__in=HoldReason.values), name="privacy_hold_reason"),
            models.CheckConstraint(
                condition=Q(reference__regex=r"^[A-Za-z0-9_.:/-]*$"), name="privacy_hold_reference_no_words"
            ),
            models.CheckConstraint(condition=Q(told=True) | Q(reason="legal_order"), name="privacy_hold_told"),
            models.CheckConstraint(
                condition=Q(released__isnull=True) | Q(released__gte=models.F("since")), name="privacy_hold_order"
            ),
        ]


class RetentionRun(models.Model):
    """One run of the disposal of everything due, or of its rehearsal. `resumes`: the run that died before this one,
    whose remaining work it does.
    """

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    as_of = models.DateField()
    dry_run = models.BooleanField(default=False)
    resumes = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        db_table = "privacy_retention_run"


class RetentionResult(models.Model):
    """What one run has done in one table for one controller and category so far: counts only."""

    run = models.ForeignKey(RetentionRun, on_delete=models.CASCADE, related_name="results")
    controller_id = models.IntegerField()
    table = models.CharField(max_length=63)
    category = models.CharField(max_length=60)
    disposal = models.CharField(max_length=12)
    rows = models.BigIntegerField()

    class Meta:
        db_table = "privacy_retention_result"
        constraints = [
            models.UniqueConstraint(
                fields=["run", "controller_id", "table", "category", "disposal"], name="privacy_retention_result_once"
            )
        ]


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


class Breach(models.Model):
    """A breach of personal data security, or a suspicion of one (H12, GDPR 33(5)). Names nobody: whom it concerns
    stands in a case of kind `breach` for each of them.

    known_at: when we had reason to be sure; the clock to the authority runs from it (None while it is a suspicion).
    nature: of confidentiality, integrity, availability. risk: '' until assessed, none, risk, high. due_at: when the
    authority must have been told; late_because: why it was told late. key: what makes a suspicion raised by the system
    one of a kind. drill: practice; counts for nothing else.
    """

    controller_id = models.IntegerField()
    reference = models.CharField(max_length=20)
    key = models.CharField(max_length=60, null=True)  # noqa: DJ001 (unique where there is one)
    source = models.CharField(max_length=20)
    drill = models.BooleanField(default=False)
    suspected_at = models.DateTimeField()
    known_at = models.DateTimeField(null=True)
    happened_from = models.DateTimeField(null=True)
    happened_until = models.DateTimeField(null=True)
    nature = models.JSONField(default=list)
    categories = models.JSONField(default=list)
    persons = models.PositiveIntegerField(null=True)
    records = models.PositiveIntegerField(null=True)
    crime = models.BooleanField(default=False)
    what = models.TextField()
    consequences = models.TextField(blank=True, default="")
    measures = models.TextField(blank=True, default="")
    risk = models.CharField(max_length=10, blank=True, default="")
    assessed_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    authority_at = models.DateTimeField(null=True)
    authority_reference = models.CharField(max_length=40, blank=True, default="")
    late_because = models.TextField(blank=True, default="")
    people_at = models.DateTimeField(null=True)
    people_not_because = models.CharField(max_length=30, blank=True, default="")
    business_at = models.DateTimeField(null=True)
    police_at = models.DateTimeField(null=True)
    police_reference = models.CharField(max_length=40, blank=True, default="")
    supplier_at = models.DateTimeField(null=True)
    intrusion = models.CharField(max_length=30, blank=True, default="")
    supplier_said = models.TextField(blank=True, default="")
    lessons = models.TextField(blank=True, default="")
    closed_at = models.DateTimeField(null=True)
    closed_as = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        db_table = "privacy_breach"
        constraints = [
            models.UniqueConstraint(fields=["controller_id", "reference"], name="privacy_breach_reference"),
            models.UniqueConstraint(fields=["controller_id", "key"], name="privacy_breach_key"),
            models.CheckConstraint(
                condition=models.Q(risk__in=["", "none", "risk", "high"]), name="privacy_breach_risk"
            ),
            models.CheckConstraint(
                condition=models.Q(known_at__isnull=True) | models.Q(due_at__isnull=False), name="privacy_breach_due"
            ),
        ]


class BreachStep(models.Model):
    """What was done about a breach, when and by whom (`staff:17`), in order. Never changed."""

    breach = models.ForeignKey(Breach, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveIntegerField()
    step = models.CharField(max_length=30)
    at = models.DateTimeField()
    actor = models.CharField(max_length=60)
    text = models.TextField(blank=True, default="")

    class Meta:
        db_table = "privacy_breach_step"
        constraints = [models.UniqueConstraint(fields=["breach", "number"], name="privacy_breach_step_number")]


class ProofRun(models.Model):
    """One proof of every promise of one controller, with its sums. What it found stands in `ProofResult`."""

    controller_id = models.IntegerField(db_index=True)
    at = models.DateTimeField()
    kept = models.IntegerField()
    broken = models.IntegerField()
    not_provable = models.IntegerField()

    class Meta:
        db_table = "privacy_proof_run"


class ProofResult(models.Model):
    """What a proof found of one promise: counts and codes, nobody's data. Only the last run's are kept."""

    run = models.ForeignKey(ProofRun, on_delete=models.CASCADE, related_name="results")
    place = models.IntegerField()
    path = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    status = models.CharField(max_length=12)
    said = models.JSONField()
    why = models.TextField(blank=True, default="")
    evidence = models.JSONField()
    faults = models.JSONField()
    faulty = models.IntegerField(default=0)

    class Meta:
        db_table = "privacy_proof_result"
