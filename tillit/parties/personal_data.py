"""What the parties layer answers for."""

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType

from tillit.declaration.registry import (
    definer,
    derived_clock,
    digest_kind,
    domain_check,
    not_personal,
    owned,
    personal,
    segment_fact,
    transient,
)
from tillit.parties import segments
from tillit.parties.credential_models import OutsideIdentity, Passkey, Password, RecoveryCode, TimeCode
from tillit.parties.digests import CATEGORY_OF_KIND
from tillit.parties.journal_models import JournalEntry
from tillit.parties.models import (
    Assignment,
    CarriedKey,
    DataKey,
    DirectoryEntry,
    Fact,
    FoundPerson,
    Login,
    Rate,
    Relationship,
    RelationshipSum,
    RememberedDevice,
    SealedFact,
    Session,
    SignInCode,
    StaffMember,
    StaffRole,
    Subject,
)

definer("tillit_directory", __file__, "directory", reads=("parties_subject",))
definer("tillit_keys", __file__, "keys")
derived_clock("relationship_ended", __file__, "clocks", "relationship_ended")
for kind, category in CATEGORY_OF_KIND.items():
    digest_kind(int(kind), category)

personal(
    Relationship,
    category="relationship",
    clocks={},
    codes=("kind", "end_reason"),
    journaled={},
    anonymiser=(__file__, "sums", "keep_sums"),
    moves=True,
    travels=True,
)
not_personal(RelationshipSum, because="sums over at least the minimum group, of relationships that were disposed of")
personal(
    Fact,
    category_column="category",
    categories=(
        "identity",
        "contact",
        "birth_date",
        "gender",
        "marketing_contact",
        "interest",
        "profile",
        "business_contact",
    ),
    clocks={
        "collected": "collected_at",
        "superseded": "superseded_at",
        "removed": "superseded_at",
        "address_failed": "failed_at",
    },
    kind_column="kind",
    journaled={"value": None},
    moves=True,
    travels=True,
)
personal(
    SealedFact,
    category_column="category",
    categories=("national_number", "bank_account", "contact"),
    clocks={"collected": "collected_at", "superseded": "superseded_at"},
    kind_column="kind",
    sealed=("sealed",),
    journaled={"sealed": None, "last_four": ""},
    moves=True,
    travels=True,
    not_exported={"sealed": "shown in clear in the answer, opened with your own key"},
)
personal(Assignment, category="relationship", clocks={}, figures="nobody counts who was assigned to whom")

domain_check(
    "protected_addresses",
    __file__,
    "promises",
    "protected_addresses",
    promised=lambda declaration: "staff_access.protected_for" if declaration.staff_access else "",
)
_BY_SUBJECT = "subject_id = ANY (%(subjects)s)"
not_personal(CarriedKey, because="by which keys digests were made that came along from another register")
not_personal(Subject, because="a random key without facts; everything known stands in rows that name it; erased last")
owned(
    DirectoryEntry,
    category="identity",
    because="keyed digests, reached through claim, resolve and release only",
    where=_BY_SUBJECT,
    writer="tillit_directory",
    eraser="directory_release",
)
owned(
    DataKey,
    category="login",
    because="wrapped keys; dropping one shreds what it sealed",
    where=_BY_SUBJECT,
    writer="tillit_keys",
    eraser="keys_drop",
    backed_up=False,
    key_store=True,
)
_KEEPS_YOU_SAFE = "would let whoever reads it sign in as you"
owned(
    Login,
    category="login",
    because="the way in",
    where=_BY_SUBJECT,
    not_exported={"password": _KEEPS_YOU_SAFE, "handle": "a random name for the login, which says nothing"},
)
owned(
    Session,
    category="login",
    because="a browser that is signed in",
    where="login_id IN (SELECT id FROM parties_login WHERE subject_id = ANY (%(subjects)s))",
    clock_column="expire_date",
    kept="P1D",
    backed_up=False,
    not_exported={"session_key": _KEEPS_YOU_SAFE, "session_data": "the login again, signed"},
)
_LOGIN_OF = "login_id IN (SELECT id FROM parties_login WHERE subject_id = ANY (%(subjects)s))"
owned(
    SignInCode,
    category="login",
    because="a code that was asked for; its digest",
    where=_BY_SUBJECT,
    clock_column="made_at",
    kept="P1D",
    backed_up=False,
    not_exported={"digest": _KEEPS_YOU_SAFE},
)
owned(
    RememberedDevice,
    category="login",
    because="a browser that stays signed in",
    where=_LOGIN_OF,
    clock_column="last_used",
    kept="P30D",
    backed_up=False,
    not_exported={"digest": _KEEPS_YOU_SAFE},
)
# No dump holds a way in: one that was removed because a phone was stolen does not come back with a restore.
owned(
    Passkey,
    category="login",
    because="a passkey: its public part and the device that made it",
    where=_LOGIN_OF,
    clock_column="last_used",
    kept="P2Y",
    backed_up=False,
    not_exported={"credential_id": "a random name of the passkey", "credential": "the public key, of use to us alone"},
)
owned(
    TimeCode,
    category="login",
    because="the sealed secret of an authenticator app",
    where=_LOGIN_OF,
    clock_column="last_used",
    kept="P2Y",
    backed_up=False,
    not_exported={"sealed": _KEEPS_YOU_SAFE},
)
owned(
    RecoveryCode,
    category="login",
    because="codes for when the phone is gone; their digests",
    where=_LOGIN_OF,
    clock_column="made_at",
    kept="P5Y",
    backed_up=False,
    not_exported={"digest": _KEEPS_YOU_SAFE},
)
owned(
    Password,
    category="login",
    because="that the person has chosen a password, and when; a hash from which nobody reads it",
    where=_LOGIN_OF,
    clock_column="last_used",
    kept="P2Y",
    backed_up=False,
    not_exported={"encoded": _KEEPS_YOU_SAFE},
)
owned(
    OutsideIdentity,
    category="login",
    because="that the person signs in through an outside service; a digest of its name for them",
    where=_LOGIN_OF,
    clock_column="last_used",
    kept="P2Y",
    backed_up=False,
    not_exported={"digest": "a keyed digest of a random name"},
)
_ANOTHERS = "of the colleague's session"
owned(
    FoundPerson,
    category="login",
    because="whom a colleague has found in a session: the token in the address of the page",
    where=_BY_SUBJECT,
    clock_column="found_at",
    kept="P1D",
    backed_up=False,
    not_exported={"id": _ANOTHERS, "login_id": _ANOTHERS, "browser": _ANOTHERS},
)
transient(
    Rate,
    because="how often a keyed digest of an address or a truncated network address tried to sign in",
    kept="P1D",
    clock_column="window_start",
)
not_personal(
    JournalEntry,
    because="codes under random ids, digests of rows that are gone, and values that open only with a person's own key",
    not_backed_up="it is kept apart, so that what was erased since a dump stays erased when the dump is restored",
)
not_personal(StaffMember, because="our own staff's accounts, kept under employment by the register of staff")
not_personal(StaffRole, because="which role a staff account has")

not_personal(ContentType, because="names of models")
not_personal(Permission, because="names of permissions; staff rights come from the vocabulary's roles")
not_personal(Group, because="unused: staff rights come from the vocabulary's roles")
not_personal(Group.permissions.through, because="unused: staff rights come from the vocabulary's roles")

_AT = (__file__, "segments")
segment_fact("relationship", "relationship", kind="choice", at=(*_AT, "relationship"), options=segments.relationships)
segment_fact("related_for", "relationship", kind="number", at=(*_AT, "related_for"))
segment_fact("interest", "interest", kind="choice", at=(*_AT, "interest"), options=segments.topics)
segment_fact("age_at_least", "birth_date", kind="number", at=(*_AT, "age_at_least"))
segment_fact("gender", "gender", kind="choice", at=(*_AT, "gender"), options=segments.genders)
segment_fact("postal_code", "contact", kind="text", at=(*_AT, "postal_code"))
