"""How far a register was read for a controller, and who is to be asked about there."""

from django.db import models
from django.db.models import Q

from tillit.declaration.models import Controller
from tillit.declaration.personal import PersonalModel


class Feed(models.Model):
    """How far a controller has read a register's events, and how the last runs went. Nothing of anybody.

    sequence: of the last event taken in. read, ours, unreadable: events so far, those about people of ours, and those
    whose identifier is none. failure: why the last run ended early; tries: how often in a row; next_try: not before.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    source = models.CharField(max_length=30)
    sequence = models.BigIntegerField(default=0)
    read = models.BigIntegerField(default=0)
    ours = models.BigIntegerField(default=0)
    unreadable = models.BigIntegerField(default=0)
    run_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    failure = models.CharField(max_length=40, blank=True, default="")
    tries = models.SmallIntegerField(default=0)
    next_try = models.DateTimeField(null=True)

    class Meta:
        db_table = "registers_feed"
        constraints = [
            models.UniqueConstraint(fields=["controller", "source"], name="registers_feed_once"),
            models.CheckConstraint(condition=Q(sequence__gte=0) & Q(tries__gte=0), name="registers_feed_sane"),
        ]


class Check(PersonalModel):
    """A person and a register: whether they are to be asked about, since when and why, and what came of the last time.

    reason: a code of `queries.REASONS`. outcome: a code of `queries.OUTCOMES`.
    """

    source = models.CharField(max_length=30)
    wanted_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=30, blank=True, default="")
    tries = models.SmallIntegerField(default=0)
    next_try = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=30, blank=True, default="")

    class Meta:
        db_table = "registers_check"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "controller_id", "source"], name="registers_check_once")
        ]
        indexes = [
            models.Index(fields=["wanted_at"], condition=Q(wanted_at__isnull=False), name="registers_check_wanted")
        ]
