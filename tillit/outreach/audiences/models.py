"""Audiences, whose hashed addresses are in them, and what their runs did (B10)."""

from django.db import models
from django.db.models import Q

from tillit.declaration.models import Controller
from tillit.declaration.personal import PersonalModel

_DIGEST = r"^([0-9a-f]{64})?$"


class Audience(models.Model):
    """An audience at a network. network: key of the processor; outside: what the network calls it, '' until it knows.

    held: how many the network said it holds. acknowledged: a digest over the very set it said it holds, '' while it is
    not known. failure, tries, next_try: how the last run ended, if badly.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    network = models.CharField(max_length=60)
    name = models.CharField(max_length=80)
    outside = models.CharField(max_length=80, blank=True, default="")
    held = models.BigIntegerField(default=0)
    acknowledged = models.CharField(max_length=64, blank=True, default="")
    made_at = models.DateTimeField()
    run_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=40, blank=True, default="")
    tries = models.SmallIntegerField(default=0)
    next_try = models.DateTimeField(null=True)

    class Meta:
        db_table = "audiences_audience"
        constraints = [
            models.UniqueConstraint(
                fields=["controller", "network", "name"],
                condition=Q(ended_at__isnull=True),
                name="audiences_audience_once",
            )
        ]


class AudienceRun(models.Model):
    """What a run did to an audience. Counts only."""

    audience = models.ForeignKey(Audience, on_delete=models.PROTECT, related_name="runs")
    at = models.DateTimeField()
    added = models.IntegerField(default=0)
    removed = models.IntegerField(default=0)
    replaced = models.BooleanField(default=False)
    held = models.BigIntegerField(default=0)

    class Meta:
        db_table = "audiences_run"


class AudienceMember(PersonalModel):
    """A person in an audience: SHA-256 of the e-mail address and of the phone number, '' for one that is not known.

    sent_at: when the network had it; until then it is on its way.
    """

    audience_id = models.BigIntegerField()
    email = models.CharField(max_length=64, blank=True, default="")
    phone = models.CharField(max_length=64, blank=True, default="")
    added_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "audiences_member"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "audience_id"], name="audiences_member_once"),
            models.CheckConstraint(
                condition=Q(email__regex=_DIGEST) & Q(phone__regex=_DIGEST) & ~Q(email="", phone=""),
                name="audiences_member_hashed",
            ),
        ]
        indexes = [models.Index(fields=["audience_id"], name="audiences_member_of")]
