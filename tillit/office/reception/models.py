"""Visits, and the desk they are registered at (H17)."""

from django.db import models
from django.db.models import F, Q

from tillit.declaration.models import Controller
from tillit.declaration.personal import PersonalModel


class Desk(models.Model):
    """A controller's reception. screen: how often its screen has got a new address; the present one has this number."""

    controller = models.OneToOneField(Controller, on_delete=models.PROTECT, related_name="+")
    screen = models.IntegerField(default=0)

    class Meta:
        db_table = "reception_desk"


class Visit(PersonalModel):
    """Somebody's visit. name: the full name, as they wrote it. left_at: None while they are in the house."""

    name = models.CharField(max_length=200)
    badge = models.IntegerField()
    arrived_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "reception_visit"
        constraints = [
            models.CheckConstraint(condition=Q(badge__gt=0), name="reception_visit_badge"),
            models.CheckConstraint(condition=~Q(name=""), name="reception_visit_named"),
            models.CheckConstraint(
                condition=Q(left_at__isnull=True) | Q(left_at__gte=F("arrived_at")), name="reception_visit_times"
            ),
        ]
        indexes = [models.Index(fields=["controller_id", "arrived_at"], name="reception_visit_days")]
