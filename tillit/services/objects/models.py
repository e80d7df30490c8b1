"""Things people own, and pictures and receipts of them (D6)."""

from django.db import models
from django.db.models import F, Q

from tillit.declaration.personal import PersonalModel, SubjectForeignKey

KINDS = ("electronics", "bicycle", "jewellery", "clothing", "furniture", "sports", "tools", "art", "other")


class Thing(PersonalModel):
    """Something a person owns. price: minor units of what was paid; removed_at: taken away, to be brought back or gone.

    An insurance claim names it by `id`.
    """

    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20)
    maker = models.CharField(max_length=120, blank=True, default="")
    serial_number = models.CharField(max_length=60, blank=True, default="")
    bought_on = models.DateField(null=True)
    bought_at = models.CharField(max_length=120, blank=True, default="")
    price = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, default="NOK")
    note = models.TextField(blank=True, default="")
    added_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "objects_thing"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=KINDS) & (Q(price__isnull=True) | Q(price__gte=0)), name="objects_thing_sane"
            ),
            models.CheckConstraint(
                condition=Q(removed_at__isnull=True) | Q(removed_at__gte=F("added_at")), name="objects_thing_order"
            ),
        ]


class ThingFile(PersonalModel):
    """A picture or receipt of a thing, sealed with the person's own key. The name it came with is not kept."""

    thing_id = models.BigIntegerField()
    thing = SubjectForeignKey(Thing, "thing_id", cascade=True)
    what = models.CharField(max_length=10)
    media_type = models.CharField(max_length=60)
    bytes = models.IntegerField()
    sealed = models.BinaryField()
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "objects_file"
        constraints = [
            models.CheckConstraint(
                condition=Q(what__in=("photo", "receipt")) & Q(bytes__gt=0, bytes__lte=12_000_000),
                name="objects_file_bounded",
            )
        ]
        indexes = [models.Index(fields=["subject_id", "thing_id"], name="objects_file_thing")]
