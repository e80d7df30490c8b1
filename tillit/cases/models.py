"""Cases: one matter of one person with one controller; what was done in it; documents that belong to it. And matters
that name nobody, of kinds whose people have cases of their own (a breach).
"""

from django.db import models
from django.db.models import F, Q

from tillit.declaration.personal import PersonalModel, SubjectForeignKey


class Case(PersonalModel):
    """A matter. `stage` is where it stands (`state` is the row's, as everywhere).

    due_at: the first moment at which an answer is late (ends are exclusive); None: no deadline. answered_at: the answer
    was given; settled_at: the decision was taken; closed_at: nothing is left to do, from which it lapses. fields: what
    was stated, as the kind types it. handler: the member of staff who has it, by number.
    """

    category = models.SmallIntegerField()
    kind = models.CharField(max_length=40)
    channel = models.CharField(max_length=20)
    language = models.CharField(max_length=5, default="nb")
    received_at = models.DateTimeField()
    stage = models.CharField(max_length=30)
    outcome = models.CharField(max_length=30, blank=True, default="")
    verified_at = models.DateTimeField(null=True)
    verified_how = models.CharField(max_length=30, blank=True, default="")
    due_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    fields = models.JSONField(default=dict)
    handler = models.IntegerField(null=True)

    class Meta:
        db_table = "cases_case"
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=F("received_at")), name="cases_case_order"
            ),
            models.CheckConstraint(
                condition=Q(due_at__isnull=True) | Q(due_at__gt=F("received_at")), name="cases_case_due"
            ),
            models.CheckConstraint(
                condition=Q(verified_at__isnull=True, verified_how="")
                | (Q(verified_at__isnull=False) & ~Q(verified_how="")),
                name="cases_case_verified",
            ),
        ]
        indexes = [
            models.Index(
                fields=["controller_id", "kind", "due_at"],
                condition=Q(closed_at__isnull=True),
                name="cases_case_queue",
            )
        ]


class Entry(PersonalModel):
    """One step taken: what, when, by whom (`staff:17`), in which words. `number`: its place in the case, from 1;
    `shown`: the person sees it. Never changed.
    """

    category = models.SmallIntegerField()
    case_id = models.BigIntegerField()
    case = SubjectForeignKey(Case, "case_id", cascade=True)
    number = models.IntegerField()
    step = models.CharField(max_length=40)
    at = models.DateTimeField()
    actor = models.CharField(max_length=60)
    shown = models.BooleanField(default=False)
    text = models.TextField(blank=True, default="")
    details = models.JSONField(default=dict)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "cases_entry"
        constraints = [models.UniqueConstraint(fields=["subject_id", "case_id", "number"], name="cases_entry_number")]


class Document(PersonalModel):
    """A file of a case, sealed with the person's own key (base64 of deflated bytes): shredded when the key goes.

    attached_by: who attached it (`member:…`, `staff:17`), '' for what the engine made (an answer); bytes: its size.
    The name a file came with is not kept.
    """

    category = models.SmallIntegerField()
    case_id = models.BigIntegerField()
    case = SubjectForeignKey(Case, "case_id", cascade=True)
    name = models.CharField(max_length=40)
    media_type = models.CharField(max_length=60)
    made_at = models.DateTimeField()
    attached_by = models.CharField(max_length=60, blank=True, default="", db_default="")
    bytes = models.IntegerField(default=0, db_default=0)
    sealed = models.BinaryField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "cases_document"
        indexes = [models.Index(fields=["subject_id", "case_id"], name="cases_document_case")]


class Matter(models.Model):
    """A matter that names nobody: what happened, with its own steps and clock. Whom it concerns have cases.

    reference: year and number, one after the other; key: what makes one raised by the system one of a kind.
    suspected_at: when it came in; known_at: from when its clock runs (None: it does not yet); due_at: the first moment
    at which an answer is late; answered_at: when it was given, and late_because why it was late. fields: what was
    stated, as the kind types it. drill: practice; counts for nothing else.
    """

    controller_id = models.IntegerField()
    kind = models.CharField(max_length=40)
    reference = models.CharField(max_length=20)
    key = models.CharField(max_length=60, null=True)  # noqa: DJ001 (unique where there is one)
    source = models.CharField(max_length=20)
    drill = models.BooleanField(default=False)
    stage = models.CharField(max_length=30)
    outcome = models.CharField(max_length=30, blank=True, default="")
    suspected_at = models.DateTimeField()
    known_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    late_because = models.TextField(blank=True, default="")
    closed_at = models.DateTimeField(null=True)
    fields = models.JSONField(default=dict)

    class Meta:
        db_table = "cases_matter"
        constraints = [
            models.UniqueConstraint(fields=["controller_id", "kind", "reference"], name="cases_matter_reference"),
            models.UniqueConstraint(fields=["controller_id", "kind", "key"], name="cases_matter_key"),
            models.CheckConstraint(
                condition=Q(known_at__isnull=True) | Q(due_at__isnull=False), name="cases_matter_due"
            ),
        ]


class MatterEntry(models.Model):
    """A step taken in a matter: what, when, by whom (`staff:17`), in which words. Never changed."""

    matter = models.ForeignKey(Matter, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveIntegerField()
    step = models.CharField(max_length=40)
    at = models.DateTimeField()
    actor = models.CharField(max_length=60)
    text = models.TextField(blank=True, default="")

    class Meta:
        db_table = "cases_matter_entry"
        constraints = [models.UniqueConstraint(fields=["matter", "number"], name="cases_matter_entry_number")]
