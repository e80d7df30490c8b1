"""Mandates, whom we turn to under them, and what went out and came in (D3, D4)."""

from django.db import models
from django.db.models import F, Q

from tillit.declaration.personal import PersonalModel, SubjectForeignKey

ID_PROTECTION, WEB_CLEANUP = "id_protection", "web_cleanup"
PURPOSES = (ID_PROTECTION, WEB_CLEANUP)
"""What a mandate is for: the kind of its case and the activity it is used under, too."""


class Mandate(PersonalModel):
    """What the person lets us do in one case. The row exists because it was signed.

    purpose: see `PURPOSES`; version, wording: of the text (its number, and the SHA-256 of what was shown); scope: codes
    of what it covers; signed_by: who signed, `member:<login>`; by_guardian: the parent of a child too young to sign
    (`personal_data`: PostgreSQL asks for the tie); expires_at: the first moment it counts no more.
    """

    case_id = models.BigIntegerField()
    case = SubjectForeignKey("cases.Case", "case_id", cascade=True)
    purpose = models.CharField(max_length=20)
    version = models.PositiveSmallIntegerField()
    language = models.CharField(max_length=5)
    wording = models.CharField(max_length=64)
    scope = models.JSONField()
    signed_at = models.DateTimeField()
    signed_by = models.CharField(max_length=60)
    by_guardian = models.BooleanField(default=False)
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "acting_mandate"
        constraints = [
            models.CheckConstraint(condition=Q(purpose__in=PURPOSES), name="acting_mandate_purpose"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("signed_at"))
                & (Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("signed_at"))),
                name="acting_mandate_order",
            ),
            models.CheckConstraint(condition=Q(signed_by__startswith="member:"), name="acting_mandate_own_hand"),
        ]


class Stage(models.TextChoices):
    """new → asked (→ reminded) → answered; done (claim dropped, content gone), refused, or not followed up."""

    NEW = "new"
    ASKED = "asked"
    REMINDED = "reminded"
    ANSWERED = "answered"
    DONE = "done"
    REFUSED = "refused"
    DROPPED = "dropped"


WAITING = (Stage.ASKED, Stage.REMINDED)
OPEN = (Stage.NEW, *WAITING, Stage.ANSWERED)


class Counterpart(PersonalModel):
    """A creditor or a site. address: where a letter goes, a line a line; country decides the ground of a transfer.

    matter: what it is about (a claim's number and amount, what is to go); url: where the content stands. next_on: the
    day it is reminded, or looked at again; None: nothing is awaited. reminders: how many went.
    """

    category = models.SmallIntegerField()
    case_id = models.BigIntegerField()
    case = SubjectForeignKey("cases.Case", "case_id", cascade=True)
    name = models.CharField(max_length=120)
    address = models.TextField(blank=True, default="")
    country = models.CharField(max_length=2, default="NO")
    url = models.TextField(blank=True, default="")
    matter = models.TextField(blank=True, default="")
    stage = models.CharField(max_length=10, choices=Stage.choices, default=Stage.NEW)
    next_on = models.DateField(null=True)
    reminders = models.PositiveSmallIntegerField(default=0)
    added_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "acting_counterpart"
        indexes = [
            models.Index(
                fields=["controller_id", "next_on"], condition=Q(next_on__isnull=False), name="acting_counterpart_next"
            )
        ]


class Letter(PersonalModel):
    """One letter to a counterpart or answer from it, under the mandate that stood then (`personal_data`: PostgreSQL
    refuses any other, and that one is posted under a mandate that is over). template: which of `letters.yaml`;
    reference: of its disclosure; posted_at: on its way.
    """

    category = models.SmallIntegerField()
    case_id = models.BigIntegerField()
    case = SubjectForeignKey("cases.Case", "case_id", cascade=True)
    counterpart_id = models.BigIntegerField()
    counterpart = SubjectForeignKey(Counterpart, "counterpart_id", cascade=True)
    mandate_id = models.BigIntegerField()
    mandate = SubjectForeignKey(Mandate, "mandate_id", cascade=True)
    document_id = models.BigIntegerField()
    document = SubjectForeignKey("cases.Document", "document_id", cascade=True)
    direction = models.CharField(max_length=3)
    template = models.CharField(max_length=30, blank=True, default="")
    reference = models.UUIDField(null=True)
    at = models.DateTimeField()
    posted_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "acting_letter"
        constraints = [
            models.CheckConstraint(
                condition=Q(direction="out", reference__isnull=False) | Q(direction="in", reference__isnull=True),
                name="acting_letter_on_record",
            ),
            models.UniqueConstraint(fields=["subject_id", "document_id"], name="acting_letter_document"),
        ]
