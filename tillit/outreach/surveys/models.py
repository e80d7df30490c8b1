"""Surveys and their questions; what is kept of anonymous answers (F7). Personal rows are in `people`."""

from django.db import models
from django.db.models import F, Q

from tillit.declaration.models import Controller
from tillit.declaration.personal import RandomId
from tillit.outreach.draws.models import Draw


class Stage(models.TextChoices):
    """Where a survey stands."""

    DRAFT = "draft"
    DRAWING = "drawing"
    OPEN = "open"
    CLOSED = "closed"


class Survey(models.Model):
    """A survey. texts: language → title, purpose. sample: how many are drawn, 0 for everybody who may be asked.
    segment: the conditions that who is drawn meets (`campaigns.segments`), {} for none.

    closes_on: the first day on which it takes no answer. least: the minimum group, fixed when it opens. secret: what
    the keys of an anonymous survey are made of, with a key outside the database; gone when it closes. lock: what its
    answers are sealed to (`locks`), until it closes. answers: how many
    were counted, once it is closed; 0 for fewer than the minimum group. counted, counted_at: whom a draft may ask, and
    why not others, as the desk is told; None until it is counted. sending: messages to who was drawn are still to be
    put out. problem: why it went no further ('' for nothing): an error's code, or `restored`. prize: number of a
    competition that is offered afterwards, on a form that knows nothing of this one.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    texts = models.JSONField()
    anonymous = models.BooleanField()
    sample = models.IntegerField(default=0)
    segment = models.JSONField(default=dict, blank=True)
    closes_on = models.DateField()
    stage = models.CharField(max_length=7, choices=Stage.choices, default=Stage.DRAFT)
    draw = models.OneToOneField(Draw, on_delete=models.PROTECT, null=True, related_name="+")
    secret = models.BinaryField(null=True)
    lock = models.BinaryField(null=True)
    least = models.IntegerField(default=0)
    asked = models.IntegerField(default=0)
    answers = models.IntegerField(default=0)
    counted = models.JSONField(null=True)
    counted_at = models.DateTimeField(null=True)
    sending = models.BooleanField(default=False, db_default=False)
    problem = models.CharField(max_length=20, blank=True, default="", db_default="")
    prize = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "surveys_survey"
        constraints = [
            models.CheckConstraint(
                condition=Q(stage__in=["draft", "drawing"], opened_at__isnull=True, secret__isnull=True)
                | Q(stage="open", opened_at__isnull=False, secret__isnull=False)
                | Q(stage="closed", closed_at__isnull=False, secret__isnull=True),
                name="surveys_survey_stage",
            ),
            models.CheckConstraint(condition=Q(sample__gte=0), name="surveys_survey_sample"),
            models.CheckConstraint(
                condition=Q(anonymous=False, lock__isnull=True)
                | Q(anonymous=True)
                & (
                    Q(stage="draft")
                    | Q(stage__in=["drawing", "open"], lock__isnull=False)
                    | Q(stage="closed", lock__isnull=True)
                ),
                name="surveys_survey_lock",
            ),
        ]


class Kind(models.TextChoices):
    """Kinds of question."""

    SINGLE = "single"
    MULTIPLE = "multiple"
    SCALE = "scale"
    NUMBER = "number"
    TEXT = "text"


class Question(models.Model):
    """A question. texts: language → text, options (list). low, high: the ends of a scale, the bounds of a number."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="questions")
    position = models.IntegerField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    texts = models.JSONField()
    required = models.BooleanField(default=False)
    low = models.IntegerField(null=True)
    high = models.IntegerField(null=True)

    class Meta:
        db_table = "surveys_question"
        constraints = [
            models.CheckConstraint(
                condition=Q(low__isnull=True) | Q(high__isnull=True) | Q(low__lt=F("high")),
                name="surveys_question_range",
            ),
            models.CheckConstraint(
                condition=~Q(kind="scale") | Q(low__isnull=False, high__isnull=False), name="surveys_question_scale"
            ),
        ]


class Ballot(models.Model):
    """The right to answer an anonymous survey once: the digest of a link that was not used. Made all at once, in random
    order; destroyed when it is used. No row says whose it is.
    """

    digest = models.UUIDField(primary_key=True)
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="+")

    class Meta:
        db_table = "surveys_ballot"


class Urn(models.Model):
    """Answers to an anonymous survey that is open: sealed, in random order, mixed and sealed anew with each. held: how
    many.
    """

    id = models.BigIntegerField(primary_key=True, db_default=RandomId())
    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="+")
    held = models.IntegerField(default=0)
    sealed = models.BinaryField()

    class Meta:
        db_table = "surveys_urn"


class Figure(models.Model):
    """What is left of the answers to a question: how many said so, of how many who answered it.

    label: the number of an option, a value of a scale, a range of numbers (`…9`, `10…19`, `20…`: the first and the last
    are open, so nothing tells the least or the greatest), `mean` (hundredths in `people`; of a scale whose every
    value is told), or `*` for what is too little to stand alone. Each label's people are at least the minimum group.
    """

    id = models.BigIntegerField(primary_key=True, db_default=RandomId())
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="figures")
    position = models.IntegerField()
    label = models.CharField(max_length=40)
    people = models.IntegerField()
    answered = models.IntegerField()

    class Meta:
        db_table = "surveys_figure"
        constraints = [
            models.UniqueConstraint(fields=["question", "label"], name="surveys_figure_once"),
        ]


class Remark(models.Model):
    """What somebody wrote in an anonymous survey: a text by itself, written with all others in random order, at the one
    time the survey closed.
    """

    id = models.BigIntegerField(primary_key=True, db_default=RandomId())
    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="remarks")
    text = models.TextField()
    closed_at = models.DateTimeField()

    class Meta:
        db_table = "surveys_remark"
