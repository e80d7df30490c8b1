"""What people have said yes and no to. Events are never changed; `Choice` is the current state of each (F1)."""

from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from tillit.declaration.models import Controller
from tillit.declaration.personal import PersonalModel, SubjectForeignKey


class EventKind(models.TextChoices):
    """What a person (or the privacy adviser, for `objection_refused`) said."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    OBJECTED = "objected"
    OBJECTION_LIFTED = "objection_lifted"
    OBJECTION_REFUSED = "objection_refused"


class ConsentEvent(PersonalModel):
    """One act: what, over which channel ('' = all), when, by which route, in which wording (GDPR 7(1)).

    last_marketing_message: when the latest marketing was sent on it; the act itself until then, so that the proof of
    a consent nothing was ever sent on lapses too (F6). The only column that moves.
    """

    activity = models.CharField(max_length=60)
    channel = models.CharField(max_length=10, blank=True, default="")
    kind = models.CharField(max_length=20, choices=EventKind.choices)
    at = models.DateTimeField()
    route = models.CharField(max_length=20)
    wording = models.CharField(max_length=64)
    declaration_version = models.PositiveIntegerField()
    evidence = models.CharField(max_length=200, blank=True, default="")
    last_marketing_message = models.DateTimeField()

    class Meta:
        db_table = "consent_event"


class ProofFile(PersonalModel):
    """What somebody else sent as proof of a consent: a form, a picture, a recording, sealed with the person's own key.

    It goes with its act; `at`, `kind` and `last_marketing_message` are the act's, for the clocks.
    """

    event_id = models.BigIntegerField()
    event = SubjectForeignKey(ConsentEvent, "event_id", cascade=True)
    kind = models.CharField(max_length=20, choices=EventKind.choices)
    at = models.DateTimeField()
    last_marketing_message = models.DateTimeField()
    media_type = models.CharField(max_length=60)
    bytes = models.IntegerField()
    sealed = models.BinaryField()

    class Meta:
        db_table = "consent_proof_file"
        constraints = [models.UniqueConstraint(fields=["subject_id", "event_id"], name="consent_proof_file_once")]


class Wording(models.Model):
    """Words that people were shown or read as they chose, by their digest (SHA-256): what an act says as `wording`."""

    digest = models.CharField(max_length=64, primary_key=True)
    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    language = models.CharField(max_length=5)
    text = models.TextField()
    first_used = models.DateTimeField()

    class Meta:
        db_table = "consent_wording"


class Choice(PersonalModel):
    """The current state of one (activity, channel): consented? objected? Derived from the latest event."""

    activity = models.CharField(max_length=60)
    channel = models.CharField(max_length=10, blank=True, default="")
    consented = models.BooleanField(default=False)
    objected = models.BooleanField(default=False)
    since = models.DateTimeField()

    class Meta:
        db_table = "consent_choice"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "controller_id", "activity", "channel"], name="consent_choice_once"
            )
        ]


class Restriction(PersonalModel):
    """A restriction of all processing of a person's data, its ground (GDPR 18(1)(a)-(d)) when lifted (H4)."""

    ground = models.CharField(max_length=20)
    since = models.DateTimeField()
    lifted = models.DateTimeField(null=True)

    class Meta:
        db_table = "consent_restriction"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id"], condition=Q(lifted__isnull=True), name="consent_restriction_once"
            ),
            models.CheckConstraint(
                condition=Q(ground__in=["accuracy", "unlawful", "claims", "objection"]),
                name="consent_restriction_ground",
            ),
        ]


class CookieChoice(models.Model):
    """What somebody chose about cookies in one browser (G2): proof of the choice, under a random id that only the
    browser holds. No person, address or device.

    `purposes`: the optional ones said yes to; `offered`: all that were asked about; `version`: of the declaration that
    was shown. `ended_at`: when another choice took its place. `keep_until`: as long as declared.
    """

    id = models.UUIDField(primary_key=True, default=uuid4)
    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    version = models.IntegerField()
    offered = ArrayField(models.CharField(max_length=60))
    purposes = ArrayField(models.CharField(max_length=60))
    chosen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    keep_until = models.DateTimeField()

    class Meta:
        db_table = "consent_cookie_choice"
        indexes = [models.Index(fields=["keep_until"], name="consent_cookie_until")]
        constraints = [
            models.CheckConstraint(
                condition=Q(purposes__contained_by=models.F("offered")), name="consent_cookie_offered"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=models.F("chosen_at")),
                name="consent_cookie_order",
            ),
        ]
