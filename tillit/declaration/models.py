"""Registers, controllers, published declarations and the grants compiled from them. Reference tables: shared, small."""

from django.db import models


class Register(models.Model):
    """One sole controller, or one joint arrangement: the boundary inside which a person is one subject (A1)."""

    key = models.CharField(max_length=60, unique=True)

    class Meta:
        db_table = "declaration_register"


class Controller(models.Model):
    """A controller. `holder` marks the one whose rows are held jointly in a joint register."""

    key = models.CharField(max_length=60, unique=True)
    register = models.ForeignKey(Register, on_delete=models.PROTECT, related_name="controllers")
    name = models.CharField(max_length=200)
    organisation_number = models.CharField(max_length=9)
    arrangement = models.CharField(max_length=20)
    holder = models.BooleanField(default=False)
    currency = models.CharField(max_length=3, default="NOK")

    class Meta:
        db_table = "declaration_controller"
        constraints = [
            models.UniqueConstraint(fields=["register"], condition=models.Q(holder=True), name="declaration_one_holder")
        ]


class DeclarationVersion(models.Model):
    """A published version: immutable, numbered per controller (A3, A4). `document` is the validated declaration.

    `source_text`: the file as it was published; `files`: the same with the files it extends, name → text.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    published_at = models.DateTimeField()
    effective = models.DateField()
    document = models.JSONField()
    source_text = models.TextField()
    files = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    material = models.BooleanField()

    class Meta:
        db_table = "declaration_version"
        constraints = [models.UniqueConstraint(fields=["controller", "number"], name="declaration_version_number")]


class Draft(models.Model):
    """A next version on its way, one open a controller. `revision`: the number of its latest text.

    `approved_revision`: which text `approved_by` has approved; a later text is not. `main`: the file that is published.
    """

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="drafts")
    based_on = models.ForeignKey(DeclarationVersion, on_delete=models.PROTECT, related_name="+")
    main = models.CharField(max_length=120)
    revision = models.PositiveIntegerField(default=1)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    published = models.ForeignKey(DeclarationVersion, on_delete=models.PROTECT, null=True, related_name="+")
    approved_revision = models.PositiveIntegerField(null=True)
    approved_by = models.BigIntegerField(null=True)

    class Meta:
        db_table = "declaration_draft"
        constraints = [
            models.UniqueConstraint(
                fields=["controller"], condition=models.Q(ended_at=None), name="declaration_one_open_draft"
            )
        ]


class DraftRevision(models.Model):
    """The texts of a draft as somebody saved them: added, never changed. `files`: name → text."""

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    files = models.JSONField()
    staff_id = models.BigIntegerField()
    saved_at = models.DateTimeField()

    class Meta:
        db_table = "declaration_draft_revision"
        constraints = [models.UniqueConstraint(fields=["draft", "number"], name="declaration_draft_revision_number")]


class Grant(models.Model):
    """What `controller` may do with rows of `row_controller` in a category for an activity: compiled, never edited.

    rights: 1 read, 2 write, 4 delete, 8 also restricted rows, 16 also archived rows, 32 only with named subjects.
    """

    controller = models.ForeignKey(Controller, on_delete=models.CASCADE, related_name="grants")
    row_controller = models.ForeignKey(Controller, on_delete=models.CASCADE, related_name="+")
    activity = models.CharField(max_length=60)
    category = models.SmallIntegerField()
    rights = models.SmallIntegerField()

    class Meta:
        db_table = "declaration_grant"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "category", "controller", "row_controller"], name="declaration_grant_once"
            )
        ]
