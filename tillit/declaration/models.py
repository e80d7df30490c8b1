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
    """A published version: immutable, numbered per controller (A3, A4). `document` is the validated declaration."""

    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    published_at = models.DateTimeField()
    effective = models.DateField()
    document = models.JSONField()
    source_text = models.TextField()
    digest = models.CharField(max_length=64)
    material = models.BooleanField()

    class Meta:
        db_table = "declaration_version"
        constraints = [models.UniqueConstraint(fields=["controller", "number"], name="declaration_version_number")]


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
