"""Applications for work, and their files (H16)."""

from django.db import models
from django.db.models import Q

from tillit.declaration.personal import PersonalModel, SubjectForeignKey


class Stage(models.TextChoices):
    """Where an application stands. The last three are decisions."""

    RECEIVED = "received"
    INTERVIEW = "interview"
    DECLINED = "declined"
    HIRED = "hired"
    WITHDRAWN = "withdrawn"


DECIDED = (Stage.DECLINED, Stage.HIRED, Stage.WITHDRAWN)


class Application(PersonalModel):
    """Somebody's application. assessment: what recruiters noted; decided_at: from when its period runs."""

    position = models.CharField(max_length=120)
    letter = models.TextField()
    assessment = models.TextField(blank=True, default="")
    stage = models.CharField(max_length=9, choices=Stage.choices, default=Stage.RECEIVED)
    language = models.CharField(max_length=5)
    received_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "recruitment_application"
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=("received", "interview"), decided_at__isnull=True)
                | Q(stage__in=("declined", "hired", "withdrawn"), decided_at__isnull=False),
                name="recruitment_application_decided",
            )
        ]
        indexes = [models.Index(fields=["controller_id", "received_at"], name="recruitment_received")]


class ApplicationFile(PersonalModel):
    """A file of an application, sealed. Its name is not kept. decided_at: as of the application."""

    application_id = models.BigIntegerField()
    application = SubjectForeignKey(Application, "application_id", cascade=True)
    media_type = models.CharField(max_length=60)
    bytes = models.IntegerField()
    sealed = models.BinaryField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "recruitment_file"
        constraints = [
            models.CheckConstraint(condition=Q(bytes__gt=0, bytes__lte=12_000_000), name="recruitment_file_bounded")
        ]
        indexes = [models.Index(fields=["subject_id", "application_id"], name="recruitment_file_of")]
