"""Switches of supplier: a point comes to us, or goes from us (E1)."""

from django.db import models
from django.db.models import Q

from tillit.declaration.personal import PersonalModel, SubjectForeignKey
from tillit.power.models import ContractKind, MeteringPoint


class Way(models.TextChoices):
    """To us, or from us."""

    IN = "in"
    OUT = "out"


class SwitchReason(models.TextChoices):
    """Why: another supplier, or somebody moved."""

    SWITCH = "switch"
    MOVE = "move"


class SwitchState(models.TextChoices):
    """requested → confirmed, refused or cancelled. `undone`: confirmed by mistake, and taken back."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    UNDONE = "undone"


class Switch(PersonalModel):
    """A switch of supplier at a point. day: the first day that the new state of things holds.

    kind, product: of the contract that a switch to us leads to. final_wh: what the meter showed at the beginning of the
    day, where somebody read it. identity: how it was made sure who the customer is (`checked`, or what was shown).
    """

    point_id = models.BigIntegerField()
    point = SubjectForeignKey(MeteringPoint, "point_id", cascade=True)
    way = models.CharField(max_length=3, choices=Way.choices)
    reason = models.CharField(max_length=10, choices=SwitchReason.choices)
    day = models.DateField()
    kind = models.CharField(max_length=10, choices=ContractKind.choices, blank=True, default="")
    product = models.CharField(max_length=40, blank=True, default="")
    status = models.CharField(max_length=10, choices=SwitchState.choices, default=SwitchState.REQUESTED)
    identity = models.CharField(max_length=20, blank=True, default="")
    final_wh = models.BigIntegerField(null=True)
    requested_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    source = models.CharField(max_length=30)
    collected_under = models.CharField(max_length=60)

    class Meta:
        db_table = "power_switch"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "point_id", "way"], condition=Q(status="requested"), name="power_switch_open"
            ),
            models.CheckConstraint(
                condition=Q(status="requested", decided_at__isnull=True)
                | ~Q(status="requested") & Q(decided_at__isnull=False),
                name="power_switch_decided",
            ),
            models.CheckConstraint(
                condition=Q(final_wh__isnull=True) | Q(final_wh__gte=0), name="power_switch_final_reading"
            ),
        ]
