"""What members are members of, as dated rows (B1), and which terms they accepted (C1).

Dated rows name types, units, agreements and payers without a foreign key: four look-ups a row were a third of what
taking a register in costs. The statements that write them find them by controller and key, and nothing deletes one.
"""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q

from tillit.declaration.models import Controller
from tillit.declaration.personal import PersonalModel, RecordTime


class MembershipType(models.Model):
    """A kind of membership that a union has (`key` is what its files call it). `pays`: whether dues are paid for it."""

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    pays = models.BooleanField(default=True)

    class Meta:
        db_table = "membership_type"
        constraints = [models.UniqueConstraint(fields=["controller", "key"], name="membership_type_key")]


class UnitKind(models.TextChoices):
    """What a part of a union is."""

    SECTION = "section"
    WORKPLACE = "workplace"


class Unit(models.Model):
    """A part of a union: a section, or a workplace that may belong to one. Half-open: `ends` is the first day after."""

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=UnitKind.choices)
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    part_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="parts")
    starts = models.DateField(null=True)
    ends = models.DateField(null=True)

    class Meta:
        db_table = "membership_unit"
        constraints = [
            models.UniqueConstraint(fields=["controller", "kind", "key"], name="membership_unit_key"),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(starts__isnull=True) | Q(ends__gte=F("starts")),
                name="membership_unit_order",
            ),
        ]


class CollectiveAgreement(models.Model):
    """An agreement that covers members as a group. `insurer`: key of the recipient in the declaration, where there is
    one; `terms`: address of the terms that apply.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=40)
    name = models.CharField(max_length=120)
    insurer = models.CharField(max_length=60, blank=True, default="")
    terms = models.URLField(blank=True, default="")
    starts = models.DateField(null=True)
    ends = models.DateField(null=True)

    class Meta:
        db_table = "membership_agreement"
        constraints = [models.UniqueConstraint(fields=["controller", "key"], name="membership_agreement_key")]


class AgreementTerms(models.Model):
    """The terms of a collective agreement from a day on, until the next: a PDF as it was given. Never changed once they
    hold.
    """

    agreement = models.ForeignKey(CollectiveAgreement, on_delete=models.PROTECT, related_name="versions")
    starts = models.DateField()
    document = models.BinaryField()
    digest = models.CharField(max_length=64)

    class Meta:
        db_table = "membership_agreement_terms"
        constraints = [models.UniqueConstraint(fields=["agreement", "starts"], name="membership_agreement_terms_once")]


class Payer(models.Model):
    """An organisation that pays dues for members; `number` is its organisation number. Nobody in particular: a member
    who pays for themselves has none.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    number = models.CharField(max_length=9)
    name = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        db_table = "membership_payer"
        constraints = [models.UniqueConstraint(fields=["controller", "number"], name="membership_payer_number")]


def _days() -> models.Func:
    return models.Func("starts", "ends", function="daterange", output_field=DateRangeField())


class EndReason(models.TextChoices):
    """Why a stretch of days of a membership ended. `changed`: the next row goes on from there."""

    CHANGED = "changed"
    RESIGNED = "resigned"
    TRANSFERRED = "transferred"
    UNPAID = "unpaid"
    EXCLUDED = "excluded"
    DIED = "died"
    NOT_LISTED = "not_listed"
    OTHER = "other"


class Membership(PersonalModel):
    """One stretch of days of a membership: [starts, ends), empty where it never came to be.

    `joined`: the day the union counts the membership from. `moved_from` and `moved_to`: the other union of a transfer,
    as this one calls it. `listed`, on the open one: keyed digest of the row of the union's latest file, by which what
    comes again unchanged is recognised.
    """

    type = models.ForeignKey(
        MembershipType, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    section = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    workplace = models.ForeignKey(
        Unit, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    payer = models.ForeignKey(
        Payer, on_delete=models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False
    )
    joined = models.DateField()
    starts = models.DateField()
    ends = models.DateField(null=True)
    end_reason = models.CharField(max_length=12, choices=EndReason.choices, blank=True, default="")
    moved_from = models.CharField(max_length=60, blank=True, default="")
    moved_to = models.CharField(max_length=60, blank=True, default="")
    source = models.CharField(max_length=30)
    collected_under = models.CharField(max_length=60)
    listed = models.UUIDField(null=True)

    class Meta:
        db_table = "membership_period"
        constraints = [
            ExclusionConstraint(
                name="membership_period_once",
                expressions=[
                    ("subject_id", RangeOperators.EQUAL),
                    ("controller_id", RangeOperators.EQUAL),
                    (_days(), RangeOperators.OVERLAPS),
                ],
            ),
            models.UniqueConstraint(
                fields=["subject_id", "controller_id"], condition=Q(ends__isnull=True), name="membership_period_open"
            ),
            models.CheckConstraint(
                condition=Q(ends__isnull=True, end_reason="") | Q(ends__gte=F("starts")) & ~Q(end_reason=""),
                name="membership_period_order",
            ),
        ]
        indexes = [
            models.Index(
                fields=["controller_id", "listed"], condition=Q(listed__isnull=False), name="membership_period_listed"
            )
        ]


class Cover(PersonalModel):
    """A collective agreement that covers the member: [starts, ends)."""

    agreement = models.ForeignKey(
        CollectiveAgreement, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    starts = models.DateField()
    ends = models.DateField(null=True)
    source = models.CharField(max_length=30)
    collected_under = models.CharField(max_length=60)

    class Meta:
        db_table = "membership_cover"
        constraints = [
            ExclusionConstraint(
                name="membership_cover_once",
                expressions=[
                    ("subject_id", RangeOperators.EQUAL),
                    ("controller_id", RangeOperators.EQUAL),
                    ("agreement_id", RangeOperators.EQUAL),
                    (_days(), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(ends__isnull=True) | Q(ends__gte=F("starts")), name="membership_cover_order"
            ),
        ]


class FileLayout(models.Model):
    """How a union's files are written, kept for the next one. `columns`: name in the file → ours, "" for one to leave.

    `dates`: style of its dates, "" where it is found from each file. `last_day`: its end dates are the last day, not
    the first after. `most_ends`: how many in a thousand memberships a full file may end before somebody approves it.
    """

    controller = models.OneToOneField(Controller, on_delete=models.PROTECT, related_name="+")
    columns = models.JSONField(default=dict)
    dates = models.CharField(max_length=10, blank=True, default="")
    last_day = models.BooleanField(default=True)
    most_ends = models.PositiveSmallIntegerField(default=50)

    class Meta:
        db_table = "membership_file_layout"
        constraints = [
            models.CheckConstraint(condition=Q(most_ends__lte=1000), name="membership_file_layout_share"),
        ]


class RegisterFile(models.Model):
    """One file of a union's members, with its counts. `digest`: SHA-256 of its bytes. `full`: who is not in it, left.

    state: read → waiting (its difference waits for approval) → applying → finished. `counts`: what was done, by kind;
    `fields`: field → how many changed. `approved`: what somebody approved: this very file, and how
    many it joins, ends and changes. `settled`: mark of the register in which every row of it stands as it was sent; ''
    where one does not.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, db_index=True)
    full = models.BooleanField()
    state = models.CharField(max_length=10, default="read")
    described = models.CharField(max_length=200, blank=True, default="")
    received_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    fields = models.JSONField(default=dict)
    quarantined = models.BigIntegerField(default=0)
    approved = models.JSONField(null=True)
    settled = models.CharField(max_length=64, blank=True, default="", db_default="")

    class Meta:
        db_table = "membership_file"


class QuarantinedMember(models.Model):
    """A row of a union's file that could not be used: where, which field, why. `sealed` holds the row for repair, and
    nothing else.
    """

    file = models.ForeignKey(RegisterFile, on_delete=models.PROTECT, related_name="quarantine")
    line = models.BigIntegerField()
    field = models.CharField(max_length=40)
    reason = models.CharField(max_length=40)
    sealed = models.BinaryField(null=True)
    quarantined_at = models.DateTimeField(db_default=RecordTime())
    resolved_at = models.DateTimeField(null=True)
    resolution = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        db_table = "membership_quarantine"


class TermsAcceptance(PersonalModel):
    """One acceptance: of the terms in version `version` of the controller's declaration, when, and by which route."""

    version = models.PositiveIntegerField()
    accepted_at = models.DateTimeField()
    route = models.CharField(max_length=20)

    class Meta:
        db_table = "membership_terms_acceptance"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "controller_id", "version"], name="membership_terms_once")
        ]


from tillit.membership.card_models import AppCount, Card, ShownCode  # noqa: E402, F401 (models of this app)
