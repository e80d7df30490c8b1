"""What left about whom, to whom, on which ground; and the notices that follow (H13, GDPR 19)."""

from uuid import uuid4

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL  # a condition that the ORM cannot say

from tillit.declaration.models import Controller
from tillit.declaration.personal import PersonalModel, SubjectForeignKey

_CODE = r"^[a-z0-9][a-z0-9_.-]*$"
# An object of lists of codes: {"identity": ["name"]}. Free text has nowhere to stand.
_CODES = """jsonb_typeof(fields) = 'object' AND NOT jsonb_path_exists(
  fields, '$.** ? (@.type() == "string" && !(@ like_regex "^[a-z0-9][a-z0-9_.-]{0,59}$"))')"""


class Disclosure(PersonalModel):
    """One transfer about one person. `fields`: category → fields, as codes; what they said is not kept.

    recipient: key in the declaration; party: which of them where the key names a kind (a code: organisation number or
    supplier key). ground: GDPR 6; transfer_ground: where the country is outside the EEA. batch: the set it was part of.
    reference: random, kept by the recipient; a later notice names the disclosure by it and nobody by name.
    asked_at, route, wording: the person's own yes to it, where the recipient's ground is consent.
    """

    reference = models.UUIDField(default=uuid4)
    recipient = models.CharField(max_length=60)
    recipient_kind = models.CharField(max_length=20)
    party = models.CharField(max_length=60, blank=True, default="")
    activity = models.CharField(max_length=60)
    ground = models.CharField(max_length=30)
    fields = models.JSONField()
    country = models.CharField(max_length=2)
    transfer_ground = models.CharField(max_length=30, blank=True, default="")
    declaration_version = models.PositiveIntegerField()
    disclosed_at = models.DateTimeField()
    batch = models.BigIntegerField(null=True)
    case_id = models.BigIntegerField(null=True)
    asked_at = models.DateTimeField(null=True)
    route = models.CharField(max_length=20, blank=True, default="")
    wording = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        db_table = "disclosure_disclosure"
        constraints = [
            models.CheckConstraint(condition=RawSQL(_CODES, (), models.BooleanField()), name="disclosure_codes"),  # noqa: S611 (a constant)
            models.CheckConstraint(
                condition=Q(recipient__regex=_CODE) & (Q(party="") | Q(party__regex=_CODE)), name="disclosure_names"
            ),
        ]


class What(models.TextChoices):
    """What a recipient must be told about data it received earlier (GDPR 19)."""

    RECTIFIED = "rectified"
    ERASED = "erased"
    RESTRICTED = "restricted"
    UNRESTRICTED = "unrestricted"


class Notice(PersonalModel):
    """A recipient must be told; `told_at` when it was. `how`: email, post, phone, portal, or why not: `impossible`,
    `disproportionate` (GDPR 19). categories: which of what it received the change is about.
    """

    disclosure_id = models.BigIntegerField()
    disclosure = SubjectForeignKey(Disclosure, "disclosure_id", cascade=True)
    what = models.CharField(max_length=20, choices=What.choices)
    categories = models.JSONField()
    owed_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    how = models.CharField(max_length=20, blank=True, default="")
    case_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "disclosure_notice"
        constraints = [
            models.CheckConstraint(condition=Q(told_at__isnull=True) | ~Q(how=""), name="disclosure_notice_how"),
            models.UniqueConstraint(
                fields=["subject_id", "disclosure_id", "what"],
                condition=Q(told_at__isnull=True),
                name="disclosure_notice_owed_once",
            ),
        ]


class Release(models.Model):
    """Figures without persons that left (H14): one measure, one breakdown, the days from `start` to before `end`.

    least: the minimum group that each of its cells covered. Never changed; no two of a measure share a day.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    measure = models.CharField(max_length=60)
    breakdown = models.JSONField()
    start = models.DateField()
    end = models.DateField()
    least = models.SmallIntegerField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "disclosure_release"
        constraints = [
            models.CheckConstraint(
                condition=Q(end__gt=models.F("start")) & Q(least__gte=5), name="disclosure_release_sane"
            ),
            ExclusionConstraint(
                name="disclosure_release_once",
                expressions=[
                    ("controller", RangeOperators.EQUAL),
                    ("measure", RangeOperators.EQUAL),
                    (
                        models.Func("start", "end", function="daterange", output_field=DateRangeField()),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]


class ReleaseCell(models.Model):
    """One released figure. labels: one for each name in the breakdown, `*` for several together. people: at least so
    many, rounded down; amount in minor units.
    """

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="cells")
    labels = models.JSONField()
    people = models.IntegerField()
    lines = models.BigIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        db_table = "disclosure_release_cell"
        constraints = [models.CheckConstraint(condition=Q(people__gte=5), name="disclosure_release_cell_people")]
