"""What people have said yes and no to. Events are never changed; `Choice` is the current state of each (F1)."""

from django.db import models
from django.db.models import Q

from tillit.declaration.personal import PersonalModel


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
