"""Subjects and what is known of them. One fact a row, each with its category, source and activity (A5, A6, A7)."""

from uuid import uuid4

from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q

from tillit.declaration.models import Controller, Register
from tillit.declaration.personal import PersonalModel, RandomId, RecordTime, RowState


class Subject(models.Model):
    """A person in one register. Holds no facts. `alias_of` points at the subject this one was merged into."""

    id = models.BigIntegerField(primary_key=True, db_default=RandomId())
    register = models.ForeignKey(Register, on_delete=models.PROTECT)
    state = models.SmallIntegerField(db_default=RowState.LIVE)
    alias_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="aliases")

    class Meta:
        db_table = "parties_subject"
        constraints = [
            models.CheckConstraint(condition=~Q(alias_of=models.F("id")), name="parties_subject_no_self_alias")
        ]
        indexes = [
            # The few whose purchases are not simply theirs: merged, restricted, archived.
            models.Index(
                fields=["id"], condition=~Q(state=0) | Q(alias_of__isnull=False), name="parties_subject_unusual"
            )
        ]


class Relationship(PersonalModel):
    """What the person is to a controller, from when to when, and why it ended (A5). Half-open: `ended` is the first
    day after.
    """

    kind = models.CharField(max_length=30)
    started = models.DateField()
    ended = models.DateField(null=True)
    end_reason = models.CharField(max_length=60, blank=True, default="")

    class Meta:
        db_table = "parties_relationship"
        constraints = [
            models.CheckConstraint(
                condition=Q(ended__isnull=True) | Q(ended__gte=models.F("started")),
                name="parties_relationship_order",
            ),
            models.UniqueConstraint(
                fields=["subject_id", "controller_id", "kind"],
                condition=Q(ended__isnull=True),
                name="parties_relationship_open_once",
            ),
        ]
        indexes = [models.Index(fields=["controller_id", "kind"], name="parties_relationship_kinds")]


class RelationshipSum(models.Model):
    """What stays of relationships that were disposed of: how many ended in a month, of at least the minimum group.

    `period`: first day of the month, or of the year where a month's were too few. `days`: how long they lasted in all.
    The figures of fewer people than the minimum group are not kept.
    """

    pk = models.CompositePrimaryKey("controller_id", "kind", "grain", "period")
    controller_id = models.IntegerField()
    kind = models.CharField(max_length=30)
    grain = models.CharField(max_length=5, choices=[("month", "month"), ("year", "year")])
    period = models.DateField()
    ended = models.BigIntegerField()
    days = models.BigIntegerField()

    class Meta:
        db_table = "parties_relationship_sum"


class Fact(PersonalModel):
    """One thing known of a person: kind (`name.given`, `email`, `address.street` …), value, source, and the activity
    that collected it.
    """

    category = models.SmallIntegerField()
    kind = models.CharField(max_length=40)
    value = models.TextField()
    source = models.CharField(max_length=30)
    collected_under = models.CharField(max_length=60)
    collected_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "parties_fact"
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "controller_id", "kind"],
                condition=Q(superseded_at__isnull=True),
                name="parties_fact_current_once",
            )
        ]
        # What was replaced is few, and asked for by every run of retention.
        indexes = [
            models.Index(
                fields=["superseded_at"], condition=Q(superseded_at__isnull=False), name="parties_fact_replaced"
            ),
            models.Index(fields=["controller_id", "category"], name="parties_fact_cells"),
            # Who has died is asked before every message.
            models.Index(
                fields=["subject_id"],
                condition=Q(kind="deceased", superseded_at__isnull=True),
                name="parties_fact_deceased",
            ),
            # Whose address no file may give is asked before every set of addresses.
            models.Index(
                fields=["subject_id"],
                condition=Q(kind__in=["address.protection", "emigrated"], superseded_at__isnull=True),
                name="parties_fact_homeless",
            ),
            # New addresses of people who have lost their access: few, and asked for every quarter of an hour.
            models.Index(
                fields=["collected_at"],
                condition=Q(superseded_at__isnull=True)
                & Q(kind__in=["waiting.email", "waiting.phone", "waiting.stopped"]),
                name="parties_fact_waiting",
            ),
        ]


class SealedFact(PersonalModel):
    """A value that is sealed at rest (national number, account, card in the blocking service): opened only for its
    purpose (A6).
    """

    category = models.SmallIntegerField()
    kind = models.CharField(max_length=40)
    sealed = models.BinaryField()
    last_four = models.CharField(max_length=4, blank=True, default="")
    source = models.CharField(max_length=30)
    collected_under = models.CharField(max_length=60)
    collected_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "parties_sealed_fact"


class DirectoryEntry(models.Model):
    """(register, kind, digest) → subject: what must be unique across people. Written and read through functions only.

    Digests are keyed hashes of 128 bits (ADR 8), stored as uuid; `key_version` says which key made them. `since`: what
    happened with the identifier before is not the subject's (C5).
    """

    pk = models.CompositePrimaryKey("register_id", "kind", "digest")
    register_id = models.IntegerField()
    kind = models.SmallIntegerField()
    digest = models.UUIDField()
    key_version = models.SmallIntegerField(default=1)
    subject_id = models.BigIntegerField(db_index=True)
    since = models.DateTimeField(db_default=RecordTime())

    class Meta:
        db_table = "parties_directory"


class CarriedKey(models.Model):
    """A key version (2 and up) of a register's directory: digests made from another register's, which came along when
    people were handed over (A10, ADR 15). Names nobody.
    """

    pk = models.CompositePrimaryKey("register_id", "version")
    register_id = models.IntegerField()
    version = models.SmallIntegerField()
    from_register_id = models.IntegerField()
    from_version = models.SmallIntegerField()

    class Meta:
        db_table = "parties_carried_key"
        constraints = [
            models.UniqueConstraint(
                fields=["register_id", "from_register_id", "from_version"], name="parties_carried_key_once"
            ),
            models.CheckConstraint(condition=models.Q(version__gt=1), name="parties_carried_key_version"),
        ]


class DataKey(models.Model):
    """The wrapped data key of one (subject, controller). Its own store: excluded from dumps, dropped to shred."""

    pk = models.CompositePrimaryKey("subject_id", "controller_id")
    subject_id = models.BigIntegerField()
    controller_id = models.IntegerField()
    wrapped = models.BinaryField()

    class Meta:
        db_table = "parties_data_key"


class Login(AbstractBaseUser):
    """A way in: for a member of one register, or for a member of staff. The handle is random; it says nothing."""

    handle = models.UUIDField(unique=True, default=uuid4)

    register = models.ForeignKey(Register, on_delete=models.PROTECT, null=True)
    subject_id = models.BigIntegerField(null=True, db_index=True)
    created_at = models.DateTimeField()
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "handle"

    class Meta:
        db_table = "parties_login"


class Session(AbstractBaseSession):
    """A browser session. Names its login, so that a person's sessions go with the person, and how it was begun."""

    login = models.ForeignKey(Login, on_delete=models.CASCADE, null=True, related_name="+")
    method = models.CharField(max_length=30, db_default="")

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """Where `get_decoded` finds the way to read the data."""
        from tillit.parties.sessions import SessionStore  # noqa: PLC0415 (the store needs this model)

        return SessionStore

    class Meta:
        db_table = "parties_session"


class SignInCode(models.Model):
    """A one-time code that was asked for: its keyed digest, never the code. Nobody's when the address is unknown."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    register = models.ForeignKey(Register, on_delete=models.CASCADE, null=True)
    subject_id = models.BigIntegerField(null=True, db_index=True)
    login = models.ForeignKey(Login, on_delete=models.CASCADE, null=True, related_name="+")
    digest = models.BinaryField()
    purpose = models.CharField(max_length=30)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.SmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "parties_sign_in_code"
        constraints = [
            models.CheckConstraint(condition=Q(attempts__gte=0) & Q(attempts__lte=5), name="parties_code_attempts")
        ]


class Rate(models.Model):
    """How often something was tried in a window of time, by a keyed digest of who tried it."""

    pk = models.CompositePrimaryKey("digest", "window_start")
    digest = models.UUIDField()
    window_start = models.DateTimeField()
    count = models.IntegerField(default=0)

    class Meta:
        db_table = "parties_rate"


class RememberedDevice(models.Model):
    """A browser that may stay signed in: the digest of a random token it holds, never a password (G6)."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    login = models.ForeignKey(Login, on_delete=models.CASCADE, related_name="+")
    digest = models.BinaryField(unique=True)
    made_at = models.DateTimeField()
    last_used = models.DateTimeField()

    class Meta:
        db_table = "parties_remembered_device"


class StaffMember(models.Model):
    """A person who works with the data: sign-in name, duty of confidentiality on record (A9)."""

    login = models.OneToOneField(Login, on_delete=models.CASCADE)
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    confidentiality_signed = models.DateField(null=True)
    left = models.DateField(null=True)

    class Meta:
        db_table = "parties_staff_member"


class StaffRole(models.Model):
    """A role at one controller, from when to when. `assigned_only`: sees only people assigned to them."""

    staff = models.ForeignKey(StaffMember, on_delete=models.CASCADE, related_name="roles")
    controller = models.ForeignKey(Controller, on_delete=models.PROTECT)
    role = models.CharField(max_length=30)
    assigned_only = models.BooleanField(default=False)
    granted = models.DateField()
    ended = models.DateField(null=True)

    class Meta:
        db_table = "parties_staff_role"
        constraints = [
            models.UniqueConstraint(
                fields=["staff", "controller", "role"],
                condition=Q(ended__isnull=True),
                name="parties_staff_role_once",
            )
        ]


class Assignment(PersonalModel):
    """A person assigned to a member of staff, where the controller limits access that way (A9)."""

    staff = models.ForeignKey(StaffMember, on_delete=models.CASCADE, related_name="+")
    since = models.DateField()
    until = models.DateField(null=True)

    class Meta:
        db_table = "parties_assignment"


class FoundPerson(models.Model):
    """A person whom a colleague has found in a browser session: what the token in an address of the console means."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    login = models.ForeignKey(Login, on_delete=models.CASCADE, related_name="+")
    browser = models.UUIDField()
    controller = models.ForeignKey(Controller, on_delete=models.PROTECT, related_name="+")
    activity = models.CharField(max_length=60)
    subject_id = models.BigIntegerField(db_index=True)
    found_at = models.DateTimeField()

    class Meta:
        db_table = "parties_found_person"
        constraints = [
            models.UniqueConstraint(
                fields=["login", "browser", "controller", "activity", "subject_id"], name="parties_found_once"
            )
        ]


from tillit.parties import credential_models, journal_models  # noqa: E402, F401 (models of this app; some name `Login`)
