"""What the engine remembers: holds on people's data, the runs it made, the backups that were taken."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from tillit.cases.models import Matter
from tillit.declaration.personal import PersonalModel


class HoldReason(models.TextChoices):
    """Why rows are kept past their time: a claim made within limitation, a dispute, an order of court or authority."""

    CLAIM = "claim"
    DISPUTE = "dispute"
    LEGAL_ORDER = "legal_order"


class Hold(PersonalModel):
    """A claim, dispute or legal order that keeps the person's rows of some categories (none named: every) until it is
    released (D11). `reference`: the matter's number, no words. `told`: false where the order forbids telling of it.
    `until`: a day on which somebody is to look at it again (it ends nothing by itself). `case_id`: the case it is for,
    whose closing releases it.
    """

    categories = ArrayField(models.SmallIntegerField(), default=list, db_default=[])
    reason = models.CharField(max_length=40, choices=HoldReason.choices)
    reference = models.CharField(max_length=60, blank=True, default="")
    told = models.BooleanField(db_default=True, default=True)
    since = models.DateTimeField()
    until = models.DateField(null=True)
    case_id = models.BigIntegerField(null=True)
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


class _Stated:
    """A field of the matter's kind, read from what was stated; a `moment` as one."""

    def __init__(self, key: str, default: Any = "", *, moment: bool = False) -> None:
        self.key, self.default, self.moment = key, default, moment

    def __get__(self, matter: Any, owner: type | None = None) -> Any:
        if matter is None:
            return self
        value = matter.fields.get(self.key)
        if value is None:
            return self.default
        return datetime.fromisoformat(value) if self.moment else value


def _moment(key: str) -> _Stated:
    return _Stated(key, None, moment=True)


class Breaches(models.Manager["Breach"]):
    """The matters that are breaches."""

    def get_queryset(self) -> models.QuerySet["Breach"]:
        """Of the kind alone."""
        return super().get_queryset().filter(kind="breach_matter")


class Breach(Matter):
    """A breach of personal data security, or a suspicion of one (H12, GDPR 33(5)): a matter of the case engine, read by
    the names its form uses. Whom it concerns stands in a case of kind `breach` for each of them.

    known_at: when we had reason to be sure; the clock to the authority runs from it (None while it is a suspicion).
    nature: of confidentiality, integrity, availability. risk: '' until assessed, none, risk, high.
    """

    objects: ClassVar[Breaches] = Breaches()

    what = _Stated("what")
    nature = _Stated("nature", ())
    categories = _Stated("categories", ())
    persons = _Stated("persons", None)
    records = _Stated("records", None)
    crime = _Stated("crime", default=False)
    business = _Stated("business", default=False)
    happened_from = _moment("happened_from")
    happened_until = _moment("happened_until")
    consequences = _Stated("consequences")
    measures = _Stated("measures")
    risk = _Stated("risk")
    assessed_at = _moment("assessed_at")
    authority_reference = _Stated("authority_reference")
    people_at = _moment("people_at")
    people_not_because = _Stated("people_not_because")
    business_at = _moment("business_at")
    police_at = _moment("police_at")
    police_reference = _Stated("police_reference")
    supplier_at = _moment("supplier_at")
    intrusion = _Stated("intrusion")
    supplier_said = _Stated("supplier_said")
    lessons = _Stated("lessons")

    class Meta:
        proxy = True

    @property
    def authority_at(self) -> datetime | None:
        """When the authority was told."""
        return self.answered_at

    @property
    def closed_as(self) -> str:
        """handled or unfounded."""
        return self.outcome


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


class Handover(models.Model):
    """A controller's people and their data go to another controller on a day (A10): what was planned, told and done.

    material: whether the receiver's declaration differs materially, so that everybody is told beforehand. consents:
    whether the wording of the consents covers the receiver; else no yes goes along. moved, stayed: people. counts:
    table → [rows that left, rows that arrived]; no names and no ids of people. chains: the giver's chain → the
    receiver's that its bonus goes to, '' where it stays. address: where the receiver's other installation takes people
    in, '' where it is this one; then letter: its invitation, whose key both sides have confirmed.
    """

    giver = models.ForeignKey("declaration.Controller", on_delete=models.PROTECT, related_name="+")
    receiver = models.ForeignKey("declaration.Controller", on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    planned_at = models.DateTimeField()
    giver_version = models.PositiveIntegerField()
    receiver_version = models.PositiveIntegerField()
    material = models.BooleanField()
    consents = models.BooleanField(default=False)
    announced_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    moved = models.PositiveIntegerField(default=0)
    stayed = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    chains = models.JSONField(default=dict)
    address = models.TextField(blank=True, default="")
    letter = models.JSONField(null=True)

    class Meta:
        db_table = "privacy_handover"
        constraints = [
            models.CheckConstraint(condition=~Q(giver=models.F("receiver")), name="privacy_handover_to_another"),
            models.UniqueConstraint(
                fields=["giver"],
                condition=Q(done_at__isnull=True, cancelled_at__isnull=True),
                name="privacy_handover_one_at_a_time",
            ),
        ]


class HandoverMoved(models.Model):
    """That somebody went over within the installation: a random number that leads to nobody, on which what was done at
    the giver hinges. A dump that does not hold it holds the person at the giver, and a restore leaves them there.
    """

    handover = models.ForeignKey(Handover, on_delete=models.PROTECT, related_name="+")
    token = models.UUIDField(unique=True)

    class Meta:
        db_table = "privacy_handover_moved"


class HandoverSent(models.Model):
    """One person who has left for another installation (A10). reference: a keyed digest that says nobody's id.

    message: what arrives, sealed for the receiver so that nobody here opens it; None as soon as the receiver has
    confirmed that a backup of its own holds the person. left: table or `table:unit` → what left. arrived_at: when its
    first receipt was here; confirmed_at: when the message was let go.
    """

    handover = models.ForeignKey(Handover, on_delete=models.PROTECT, related_name="sent")
    reference = models.CharField(max_length=64)
    message = models.BinaryField(null=True)
    left = models.JSONField()
    left_at = models.DateTimeField()
    arrived_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "privacy_handover_sent"
        constraints = [
            models.UniqueConstraint(fields=["handover", "reference"], name="privacy_handover_sent_once"),
            models.CheckConstraint(
                condition=Q(message__isnull=True, confirmed_at__isnull=False)
                | Q(message__isnull=False, confirmed_at__isnull=True),
                name="privacy_handover_sent_held_until_confirmed",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at__isnull=True) | Q(arrived_at__isnull=False),
                name="privacy_handover_sent_arrived_first",
            ),
        ]


class HandoverExpected(models.Model):
    """People of another installation's controller are to come (A10): who may send them, as staff have confirmed it.

    fingerprint: of the key the giver signs with. arrived: people.
    """

    receiver = models.ForeignKey("declaration.Controller", on_delete=models.PROTECT, related_name="+")
    giver = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=32)
    expected_at = models.DateTimeField()
    until = models.DateField()
    closed_at = models.DateTimeField(null=True)
    arrived = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "privacy_handover_expected"


class HandoverArrived(models.Model):
    """One person who came: the giver's reference, so that nobody comes twice. No id of anybody's here.

    digest: SHA-256 of what was taken in; counts: table or `table:unit` → what arrived. lost_at: when a dump was
    restored that is older than the arrival, so that the person is not here; None again once the giver has sent anew.
    """

    expected = models.ForeignKey(HandoverExpected, on_delete=models.PROTECT, related_name="people")
    reference = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    counts = models.JSONField()
    arrived_at = models.DateTimeField()
    lost_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "privacy_handover_arrived"
        constraints = [models.UniqueConstraint(fields=["expected", "reference"], name="privacy_handover_arrived_once")]
