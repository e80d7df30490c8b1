"""Events, their chain, and the queue between the two. Written only through the functions of `sql/functions.sql`."""

from typing import Any

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL  # a condition that the ORM cannot say

_WORD = r"^[a-z][a-z0-9_.]*$"
_REFERENCE = r"^[A-Za-z0-9_.:-]+$"
# No string in the details, however deep, holds a blank or anything else that free text is made of.
_NO_TEXT = """jsonb_typeof(details) = 'object' AND octet_length(details::text) <= 4000 AND NOT jsonb_path_exists(
  details, '$.** ? (@.type() == "string" && !(@ like_regex "^[A-Za-z0-9_.:+-]{1,64}$"))')"""


class Xid8Field(models.BigIntegerField):  # type: ignore[type-arg]
    """PostgreSQL's `xid8`: a transaction's id that never wraps around."""

    def db_type(self, connection: Any) -> str:
        """The column type."""
        return "xid8"


class RandomId(models.Func):
    """A random 62-bit id from the database: 62 of the last 64 bits of a random UUID are random."""

    template = "(('x' || right(replace(gen_random_uuid()::text, '-', ''), 16))::bit(64)::bigint & 4611686018427387903)"
    output_field = models.BigIntegerField()
    arity = 0


class RandomSalt(models.Func):
    """Sixteen bytes, 122 bits of them random: keeps a leaf from being guessed once its event is disposed of."""

    template = "uuid_send(gen_random_uuid())"
    output_field = models.BinaryField()
    arity = 0


class TransactionNow(models.Func):
    """The id of the running transaction, its outermost."""

    template = "pg_current_xact_id()"
    output_field = Xid8Field()
    arity = 0


class Event(models.Model):
    """One thing that happened. `at`: the moment it is about; `recorded_at`: the database's clock; subject 0: nobody.

    `at` is what retention counts from; only the chain's own records of disposal lack it, and stay for good. `batch`
    names the set operation that one event stands for. Category `access_record` in the registry.
    """

    pk = models.CompositePrimaryKey("subject_id", "id")
    subject_id = models.BigIntegerField()
    id = models.BigIntegerField(db_default=RandomId())
    controller_id = models.IntegerField()
    xact = Xid8Field(db_default=TransactionNow())
    at = models.DateTimeField(null=True)
    recorded_at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10)
    actor_ref = models.CharField(max_length=64)
    activity = models.CharField(max_length=60)
    type = models.CharField(max_length=60)
    batch = models.BigIntegerField(null=True)
    details = models.JSONField()
    salt = models.BinaryField(db_default=RandomSalt())
    state = models.SmallIntegerField(db_default=0)

    class Meta:
        db_table = "audit_event"
        constraints = [
            models.CheckConstraint(
                condition=Q(type__regex=_WORD, activity__regex=_WORD, actor_kind__regex=_WORD),
                name="audit_event_words",
            ),
            models.CheckConstraint(condition=Q(actor_ref__regex=_REFERENCE), name="audit_event_actor"),
            models.CheckConstraint(condition=Q(subject_id__gte=0, controller_id__gte=0), name="audit_event_ids"),
            models.CheckConstraint(
                condition=RawSQL(_NO_TEXT, (), models.BooleanField()),  # noqa: S611 (a constant)
                name="audit_event_no_text",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="audit_event_by_id"),
            BrinIndex(fields=["recorded_at"], name="audit_event_by_time"),
            # What staff looked at, for the report on unusual reading: few among the events, however many there are.
            models.Index(
                fields=["controller_id", "at"],
                condition=models.Q(actor_kind="staff", type__in=["person.read", "person.searched"]),
                name="audit_event_looks",
            ),
        ]


class Link(models.Model):
    """One link of a controller's chain. Names no person: digests, and the random id of an event that may be gone.

    `leaf` is the keyed hash of the event, `hash` that of (controller, seq, linked_at, previous, leaf), both 32 bytes.
    `disposed_batch` names the disposal that removed the event; the `audit.disposed` event of that batch accounts for
    it.
    """

    pk = models.CompositePrimaryKey("controller_id", "seq")
    controller_id = models.IntegerField()
    seq = models.BigIntegerField()
    event_id = models.BigIntegerField()
    key_version = models.SmallIntegerField()
    linked_at = models.DateTimeField()
    leaf = models.BinaryField()
    previous = models.BinaryField()
    hash = models.BinaryField()
    disposed_batch = models.BigIntegerField(null=True)

    class Meta:
        db_table = "audit_link"
        constraints = [
            models.UniqueConstraint(fields=["event_id"], name="audit_link_once"),
            models.CheckConstraint(condition=Q(seq__gte=1), name="audit_link_from_one"),
        ]


class Queued(models.Model):
    """An event that no link holds yet, in the order in which the chainer takes them."""

    pk = models.CompositePrimaryKey("controller_id", "xact", "recorded_at", "event_id")
    controller_id = models.IntegerField()
    xact = Xid8Field()
    recorded_at = models.DateTimeField()
    event_id = models.BigIntegerField()

    class Meta:
        db_table = "audit_queue"
