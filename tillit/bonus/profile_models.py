"""The compiled profile (C16)."""

from django.db import models
from django.db.models import Q

from tillit.declaration.personal import PersonalModel


class ProfilePart(PersonalModel):
    """A part of what is compiled of a member's purchases at a controller: `stores`, `groups` or `frequency`.

    value: the words of it. origin: `compiled`; `edited` or `removed` by the member, and then left alone; `stopped` by
    an objection, empty until it is lifted.
    """

    part = models.CharField(max_length=20)
    value = models.JSONField(default=list)
    origin = models.CharField(max_length=10, default="compiled")
    compiled_at = models.DateTimeField()

    class Meta:
        db_table = "bonus_profile_part"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "controller_id", "part"], name="bonus_profile_part_once"),
            models.CheckConstraint(
                condition=Q(part__in=["stores", "groups", "frequency"]), name="bonus_profile_part_key"
            ),
            models.CheckConstraint(
                condition=Q(origin__in=["compiled", "edited"]) | Q(origin__in=["removed", "stopped"], value=[]),
                name="bonus_profile_part_origin",
            ),
        ]
