"""What a personal table is made of: the composite key, the links between a person's rows, the row state (DESIGN).

`PersonalModel` gives subject_id, id, controller_id and state with the primary key (subject_id, id). Links between
personal tables are `SubjectForeignKey`: both columns take part, so a row cannot point at another person's row.
"""

from typing import Any

from django.db import models
from django.db.models import ForeignObject


class RowState(models.IntegerChoices):
    """State of a personal row: set on insert under the subject's lock, changed for all of a person's rows at once."""

    LIVE = 0
    RESTRICTED = 1
    ARCHIVED = 2
    RESTRICTED_ARCHIVED = 3


class RandomId(models.Func):
    """Database default for ids: random, 62 bits, never a sequence: an erased id is not issued again."""

    function = "tillit_random_id"
    template = "%(function)s()"
    output_field = models.BigIntegerField()
    arity = 0


class RecordTime(models.Func):
    """Database default for the record time: the clock's time when a scope travels, else the transaction's."""

    function = "tillit_now"
    template = "%(function)s()"
    output_field = models.DateTimeField()
    arity = 0


class PersonalModel(models.Model):
    """Abstract base of every personal table. Register each with `registry.personal(...)`."""

    pk = models.CompositePrimaryKey("subject_id", "id")
    subject_id = models.BigIntegerField()
    id = models.BigIntegerField(db_default=RandomId())
    controller_id = models.IntegerField()
    state = models.SmallIntegerField(db_default=RowState.LIVE)
    recorded_at = models.DateTimeField(db_default=RecordTime())

    class Meta:
        abstract = True


class SubjectForeignKey(ForeignObject):  # type: ignore[type-arg]  # not subscriptable at run time
    """A link to another personal table over (subject_id, <name>_id). `enforce` makes the composite foreign key itself.

    on_delete is carried out by the database (`cascade`) or refused (`restrict`); declare the local column yourself.
    """

    requires_unique_target = False

    def __init__(self, to: Any, local: str, *, cascade: bool = False, **kwargs: Any) -> None:
        self.local, self.cascade = local, cascade
        kwargs.pop("from_fields", None), kwargs.pop("to_fields", None), kwargs.pop("on_delete", None)
        kwargs.setdefault("related_name", "+")
        super().__init__(
            to,
            on_delete=models.DO_NOTHING,
            from_fields=["subject_id", local],
            to_fields=["subject_id", "id"],
            **kwargs,
        )

    def deconstruct(self) -> Any:
        """Migrations see the plain pair of columns."""
        name, path, args, kwargs = super().deconstruct()
        for key in ("from_fields", "to_fields", "on_delete"):
            kwargs.pop(key, None)
        kwargs |= {"local": self.local, "cascade": self.cascade}
        return name, path, args, kwargs
