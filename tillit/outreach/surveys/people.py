"""Who was asked, and what they answered where it is not anonymous (F7)."""

from django.db import models

from tillit.declaration.personal import PersonalModel


class Told(models.IntegerChoices):
    """The messages to who was drawn, in their order."""

    NOTHING = 0
    INVITATION = 1
    REMINDER = 2


class Invitation(PersonalModel):
    """Somebody was drawn, and is asked. Deleted when the survey closes; `until` is the day it does at the latest. told:
    which message is put out to them already (`Told`).
    """

    survey_id = models.BigIntegerField()
    invited_at = models.DateTimeField()
    until = models.DateField()
    told = models.SmallIntegerField(default=Told.NOTHING, db_default=Told.NOTHING)

    class Meta:
        db_table = "surveys_invitation"
        constraints = [models.UniqueConstraint(fields=["subject_id", "survey_id"], name="surveys_invitation_once")]
        indexes = [models.Index(fields=["survey_id", "told", "subject_id"], name="surveys_invitation_waits")]


class Response(PersonalModel):
    """Answers of a person to a survey that is not anonymous. answers: question's id → value (`sheets`)."""

    survey_id = models.BigIntegerField()
    answers = models.JSONField()
    answered_at = models.DateTimeField()

    class Meta:
        db_table = "surveys_response"
        constraints = [models.UniqueConstraint(fields=["subject_id", "survey_id"], name="surveys_response_once")]
        indexes = [models.Index(fields=["survey_id"], name="surveys_response_to")]
