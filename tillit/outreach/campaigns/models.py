"""A campaign and whom it goes to (F3)."""

from django.db import models
from django.db.models import Q

from tillit.declaration.models import Controller
from tillit.declaration.personal import PersonalModel


class State(models.TextChoices):
    """draft → approved → sending ⇄ paused → sent; cancelled from any but sent."""

    DRAFT = "draft"
    APPROVED = "approved"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


class Campaign(models.Model):
    """One message to a set of people over one channel.

    segment: conditions as data (`segments`). subject, body, short: its words with `{fields}`; fallback: what stands
    for a field that is not known. per_hour: how many are put out at most. starts_at: not before. made_by, approved_by:
    numbers of members of staff. changed_by: who last changed what is sent. approved_digest: of exactly what was
    approved. left_out: reason → how many when it started. problem: why it was set aside, a code; '' where it was not.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    activity = models.CharField(max_length=60)
    channel = models.CharField(max_length=10)
    language = models.CharField(max_length=5)
    segment = models.JSONField(default=dict)
    subject = models.CharField(max_length=150, blank=True, default="")
    body = models.TextField(blank=True, default="")
    short = models.CharField(max_length=1000, blank=True, default="")
    fallback = models.CharField(max_length=60, blank=True, default="")
    per_hour = models.IntegerField(null=True)
    starts_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=60)
    changed_by = models.CharField(max_length=60, blank=True, default="")
    approved_at = models.DateTimeField(null=True)
    approved_by = models.CharField(max_length=60, blank=True, default="")
    approved_digest = models.CharField(max_length=64, blank=True, default="")
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    recipients = models.IntegerField(default=0)
    left_out = models.JSONField(default=dict)
    problem = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        db_table = "campaigns_campaign"
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["draft", "cancelled"]) | Q(approved_digest__gt=""), name="campaigns_approved"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["sending", "paused", "sent"]) | Q(started_at__isnull=False),
                name="campaigns_started",
            ),
            models.CheckConstraint(condition=Q(per_hour__isnull=True) | Q(per_hour__gt=0), name="campaigns_throttle"),
        ]
        indexes = [models.Index(fields=["controller", "-made_at"], name="campaigns_of")]


class Recipient(PersonalModel):
    """Somebody in the set when the campaign started. place: a random order. put_at: when it became a message, or was
    left out by the rules as they stood then; how that went is in the message. washed_at: when the reservation register
    was asked, where it must be; washed_as: a keyed digest of the address that it was asked about; reserved: whether
    they stand in it. left_out: why the register was not asked about them, where they cannot be reached anyway.
    """

    campaign_id = models.BigIntegerField()
    place = models.IntegerField()
    put_at = models.DateTimeField(null=True)
    washed_at = models.DateTimeField(null=True)
    washed_as = models.UUIDField(null=True)
    reserved = models.BooleanField(default=False, db_default=False)
    left_out = models.CharField(max_length=40, blank=True, default="", db_default="")

    class Meta:
        db_table = "campaigns_recipient"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "campaign_id"], name="campaigns_recipient_once"),
        ]
        indexes = [
            models.Index(
                fields=["campaign_id", "place"], condition=Q(put_at__isnull=True), name="campaigns_recipient_waiting"
            ),
        ]
