"""Seminars and sign-ups (F10)."""

from django.db import models
from django.db.models import F, Q

from tillit.declaration.models import Controller
from tillit.declaration.personal import PersonalModel


class Stage(models.TextChoices):
    """Where a seminar stands. It has been held once it has ended and was not cancelled."""

    DRAFT = "draft"
    OPEN = "open"
    CANCELLED = "cancelled"


class Seminar(models.Model):
    """A seminar. texts: language → title, about. place: '' where it is digital only; link: where it is shown, told to
    those who have a place. material: where its material is, told to who signed up. capacity: places, 0 for no limit.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    texts = models.JSONField()
    place = models.CharField(max_length=200, blank=True, default="")
    link = models.URLField(max_length=500, blank=True, default="")
    material = models.URLField(max_length=500, blank=True, default="")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    signup_until = models.DateTimeField()
    capacity = models.IntegerField(default=0)
    stage = models.CharField(max_length=9, choices=Stage.choices, default=Stage.DRAFT)
    revision = models.IntegerField(default=0)

    class Meta:
        db_table = "seminars_seminar"
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at")) & Q(signup_until__lte=F("ends_at")),
                name="seminars_seminar_times",
            ),
            models.CheckConstraint(condition=~Q(place="", link=""), name="seminars_seminar_somewhere"),
            models.CheckConstraint(condition=Q(capacity__gte=0), name="seminars_seminar_capacity"),
        ]


class Standing(models.TextChoices):
    """Where a sign-up stands."""

    PLACE = "place"
    WAITING = "waiting"
    LEFT = "left"


class Signup(PersonalModel):
    """A person's sign-up. held_at: when the seminar ends, as it stands now. attended: None until somebody says. turn:
    how many times the person has signed up for it, so that each is told anew.
    """

    seminar_id = models.BigIntegerField()
    standing = models.CharField(max_length=7, choices=Standing.choices)
    digital = models.BooleanField(default=False)
    language = models.CharField(max_length=5)
    signed_at = models.DateTimeField()
    held_at = models.DateTimeField()
    attended = models.BooleanField(null=True)
    turn = models.IntegerField(default=1, db_default=1)

    class Meta:
        db_table = "seminars_signup"
        constraints = [
            models.UniqueConstraint(fields=["subject_id", "seminar_id"], name="seminars_signup_once"),
            models.CheckConstraint(
                condition=Q(standing__in=["place", "waiting", "left"]), name="seminars_signup_standing"
            ),
        ]
        indexes = [models.Index(fields=["seminar_id", "standing", "signed_at"], name="seminars_signup_queue")]
