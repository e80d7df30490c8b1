"""A draw (F7, F8)."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from tillit.declaration.models import Controller

_HEX = r"^([0-9a-f]{64})?$"


class Draw(models.Model):
    """A draw: committed to, its list closed, drawn.

    names: what it is for, by language. secret: what its seed is made of, together with a key outside the database.
    announced: the public number that will be mixed in ('' for none), announced_at: the moment before which nobody knows
    it, mixed_in: the number, once it is known. tickets: the list, 16 bytes a ticket, sorted. seed: '' until it is
    drawn. drawn: the tickets, the first one first. repeats: whether it gave the same when it was repeated at once.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    names = models.JSONField()
    secret = models.BinaryField()
    commitment = models.CharField(max_length=64)
    committed_at = models.DateTimeField()
    announced = models.CharField(max_length=120, blank=True, default="")
    announced_at = models.DateTimeField(null=True)
    tickets = models.BinaryField(null=True)
    entrants = models.IntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, default="")
    closed_at = models.DateTimeField(null=True)
    mixed_in = models.CharField(max_length=120, blank=True, default="")
    seed = models.CharField(max_length=64, blank=True, default="")
    drawn = ArrayField(models.CharField(max_length=32), default=list)
    drawn_at = models.DateTimeField(null=True)
    repeats = models.BooleanField(null=True)

    class Meta:
        db_table = "draws_draw"
        constraints = [
            models.CheckConstraint(
                condition=Q(commitment__regex=r"^[0-9a-f]{64}$") & Q(digest__regex=_HEX) & Q(seed__regex=_HEX),
                name="draws_draw_hex",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=models.F("committed_at"), tickets__isnull=False),
                name="draws_draw_closed",
            ),
            models.CheckConstraint(
                condition=Q(drawn_at__isnull=True, seed="") | (Q(closed_at__isnull=False) & ~Q(seed="")),
                name="draws_draw_drawn",
            ),
            models.CheckConstraint(
                condition=Q(announced_at__isnull=True) | Q(announced_at__gt=models.F("committed_at"), announced__gt=""),
                name="draws_draw_announced",
            ),
        ]
