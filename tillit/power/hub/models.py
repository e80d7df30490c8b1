"""Requests to the market hub, how far its messages were read, and those that wait (E1)."""

from django.db import models
from django.db.models import Q

from tillit.declaration.models import Controller
from tillit.declaration.personal import PersonalModel, SubjectForeignKey
from tillit.power.models import MeteringPoint


class Status(models.TextChoices):
    """Where a process stands; see the package."""

    QUEUED = "queued"
    SENT = "sent"
    ACCEPTED = "accepted"
    DONE = "done"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    STUCK = "stuck"


OPEN = (Status.QUEUED, Status.SENT, Status.ACCEPTED)
DUE = (Status.QUEUED, Status.SENT)


class HubProcess(PersonalModel):
    """A request to the hub. switch_id: what it carries out or takes back, None for a change of the customer's name.

    process: a code of `codes.PROCESSES`. reference: its identification in every message, random. identity, final_wh:
    what the switch is carried out with when the hub says so. reason: the hub's code for a rejection, or ours.
    """

    point_id = models.BigIntegerField()
    point = SubjectForeignKey(MeteringPoint, "point_id", cascade=True)
    switch_id = models.BigIntegerField(null=True)
    process = models.CharField(max_length=10)
    reference = models.UUIDField()
    day = models.DateField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.QUEUED)
    reason = models.CharField(max_length=40, blank=True, default="")
    identity = models.CharField(max_length=20, blank=True, default="")
    final_wh = models.BigIntegerField(null=True)
    tries = models.SmallIntegerField(default=0)
    queued_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "power_hub_process"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "point_id", "process"],
                condition=Q(status__in=OPEN),
                name="power_hub_process_open",
            ),
            models.CheckConstraint(
                condition=Q(status__in=(*OPEN, Status.STUCK), settled_at__isnull=True)
                | ~Q(status__in=(*OPEN, Status.STUCK)) & Q(settled_at__isnull=False),
                name="power_hub_process_settled",
            ),
        ]
        indexes = [
            models.Index(fields=["controller_id", "reference"], name="power_hub_reference"),
            models.Index(fields=["controller_id", "due_at"], condition=Q(status__in=DUE), name="power_hub_due"),
        ]


class HubFeed(models.Model):
    """How far a controller has read the hub's messages, and how the last run went. Nothing of anybody.

    sequence: of the last message taken in; read: how many so far. failure: why the last run ended early, "" where it
    did not; next_try: not before.
    """

    controller = models.OneToOneField(Controller, on_delete=models.PROTECT, related_name="+")
    sequence = models.BigIntegerField(default=0)
    read = models.BigIntegerField(default=0)
    run_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=40, blank=True, default="")
    tries = models.SmallIntegerField(default=0)
    next_try = models.DateTimeField(null=True)

    class Meta:
        db_table = "power_hub_feed"


class WaitingNotice(models.Model):
    """A message of the hub that could not be carried out yet, sealed: tried again with each run, at most 90 days.

    resolution: `done`, or `dismissed` by a colleague.
    """

    feed = models.ForeignKey(HubFeed, on_delete=models.PROTECT, related_name="waiting")
    sequence = models.BigIntegerField()
    message = models.CharField(max_length=40)
    reason = models.CharField(max_length=40)
    sealed = models.BinaryField(null=True)
    received_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolution = models.CharField(max_length=10, blank=True, default="")

    class Meta:
        db_table = "power_hub_waiting"
        constraints = [models.UniqueConstraint(fields=["feed", "sequence"], name="power_hub_waiting_once")]
