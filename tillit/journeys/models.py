"""Files that were sent in the console, and what became of each. Their bytes are sealed, and go when they are used."""

from django.db import models
from django.db.models import Q

from tillit.declaration.models import Controller
from tillit.declaration.personal import RecordTime


class FileState(models.TextChoices):
    """Where a file is on its way. `stopped`: in the midst of it; somebody may let it go on. `discarded`: somebody
    decided against it after the dry run.
    """

    EXAMINED = "examined"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    DISCARDED = "discarded"


class SentFile(models.Model):
    """A file of a kind (`journeys.files.kinds`) for a target of it, with what its dry run and its run found.

    `found`, `result`: counts and codes by name, lines, fields; never a value of the file. `reference`: what the domain
    calls it (a batch). `again`: no file, but rows that were put aside, played again. `progress`: done of total.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=40)
    target = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    size = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, default="")
    staff_id = models.BigIntegerField()
    sent_at = models.DateTimeField(db_default=RecordTime())
    state = models.CharField(max_length=10, choices=FileState.choices, default=FileState.EXAMINED)
    again = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    found = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    reference = models.BigIntegerField(null=True)
    problem = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        db_table = "journeys_sent_file"
        indexes = [
            models.Index(fields=["controller", "-id"], name="journeys_sent_file_list"),
            models.Index(
                fields=["id"], condition=Q(state__in=["waiting", "running"]), name="journeys_sent_file_waiting"
            ),
        ]


class SentBody(models.Model):
    """The bytes of a file that waits, sealed (AES-256-GCM, bound to the file's number)."""

    file = models.OneToOneField(SentFile, on_delete=models.CASCADE, primary_key=True, related_name="body")
    sealed = models.BinaryField()
    sent_at = models.DateTimeField(db_default=RecordTime())

    class Meta:
        db_table = "journeys_sent_body"
