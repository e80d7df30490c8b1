"""Competitions and entries (F8)."""

from django.db import models
from django.db.models import Q

from tillit.declaration.models import Controller
from tillit.declaration.personal import PersonalModel
from tillit.outreach.draws.models import Draw


class Stage(models.TextChoices):
    """Where a competition stands."""

    DRAFT = "draft"
    OPEN = "open"
    DRAWN = "drawn"


class Competition(models.Model):
    """A competition. texts: language → title, about (with the prizes), question ('' for none). correct: the answer that
    is drawn among, '' for all. closes_at: after it nobody enters, and a job closes the list. announced, announced_at:
    the public number that is mixed in, and the moment before which nobody knows it. winners: how many are drawn.
    members_only: whether only who is signed in may enter.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    texts = models.JSONField()
    correct = models.CharField(max_length=200, blank=True, default="")
    announced = models.CharField(max_length=120, blank=True, default="")
    announced_at = models.DateTimeField(null=True)
    winners = models.IntegerField()
    members_only = models.BooleanField(default=False)
    closes_at = models.DateTimeField()
    stage = models.CharField(max_length=5, choices=Stage.choices, default=Stage.DRAFT)
    draw = models.OneToOneField(Draw, on_delete=models.PROTECT, null=True, related_name="+")
    drawn_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "competitions_competition"
        constraints = [
            models.CheckConstraint(condition=Q(winners__gte=1), name="competitions_competition_winners"),
            models.CheckConstraint(
                condition=Q(stage="draft") | Q(draw__isnull=False), name="competitions_competition_committed"
            ),
            models.CheckConstraint(
                condition=Q(stage="drawn", drawn_at__isnull=False) | (~Q(stage="drawn") & Q(drawn_at__isnull=True)),
                name="competitions_competition_drawn",
            ),
        ]


class Entry(PersonalModel):
    """An entry. ticket: random, the person's in the draw. won: the place, from 1; None for who has not. sent_at: when
    the prize was sent. drawn_at: when the draw was made, from which the entry's period runs.
    """

    competition_id = models.BigIntegerField()
    name = models.TextField()
    email = models.TextField()
    phone = models.TextField(blank=True, default="")
    address = models.TextField(blank=True, default="")
    answer = models.TextField(blank=True, default="")
    ticket = models.CharField(max_length=32)
    entered_at = models.DateTimeField()
    drawn_at = models.DateTimeField(null=True)
    won = models.IntegerField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "competitions_entry"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "competition_id"], name="competitions_entry_once"),
            models.CheckConstraint(condition=Q(ticket__regex=r"^[0-9a-f]{32}$"), name="competitions_entry_ticket"),
            models.CheckConstraint(
                condition=Q(won__isnull=True) | Q(drawn_at__isnull=False), name="competitions_entry_won"
            ),
        ]
        indexes = [models.Index(fields=["competition_id"], name="competitions_entry_in")]
