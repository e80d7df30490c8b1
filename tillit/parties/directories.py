"""Directories: claim, resolve, unclaim. The only door to what must be unique across people (DESIGN, "Scale path")."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection

from tillit.parties import journal
from tillit.parties.digests import KEY_VERSION, Kind
from tillit.parties.errors import AlreadyClaimedError
from tillit.parties.journal_models import JournalKind


def claim(*, register_id: int, kind: Kind, digest: UUID, subject_id: int, since: datetime | None = None) -> None:
    """Claim `digest` for the subject, from now or `since`; idempotent. `AlreadyClaimedError` when another holds it."""
    moments = {subject_id: since} if since else None
    holder = claim_set(register_id=register_id, kind=kind, claims={digest: subject_id}, since=moments)[digest]
    if holder != subject_id:
        raise AlreadyClaimedError(
            "already-claimed", f"that {kind.name.lower().replace('_', ' ')} belongs to another person"
        )


def claim_set(
    *,
    register_id: int,
    kind: Kind,
    claims: Mapping[UUID, int],
    since: Mapping[int, datetime] | None = None,
    version: int = KEY_VERSION,
) -> dict[UUID, int]:
    """Claim many at once; returns digest → the subject that holds it now (another's earlier claim wins).

    `since`: subject → from when what happens with the identifier is the subject's; default now. `version`: the keys
    that made the digests, where they came along from another register (`carried`).
    """
    moments = [since[subject] for subject in claims.values()] if since else None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT digest, subject_id FROM"
            " directory_claim(%s, %s::smallint, %s::uuid[], %s::bigint[], %s::smallint, %s::timestamptz[])",
            [register_id, int(kind), list(claims), list(claims.values()), version, moments],
        )
        return dict(cursor.fetchall())


def resolve_set(*, register_id: int, kind: Kind, digests: Sequence[UUID]) -> dict[UUID, int]:
    """digest → subject for those that are known."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT digest, subject_id FROM directory_resolve(%s, %s::smallint, %s::uuid[])",
            [register_id, int(kind), list(digests)],
        )
        return dict(cursor.fetchall())


def resolve(*, register_id: int, kind: Kind, digest: UUID) -> int | None:
    """The subject that holds `digest`, or None."""
    return resolve_set(register_id=register_id, kind=kind, digests=[digest]).get(digest)


def version(*, register_id: int, kind: Kind, digest: UUID) -> int:
    """By which key version a digest of the directory was made; the first where it is not known."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT directory_version(%s, %s::smallint, %s)", [register_id, int(kind), digest])
        return int(cursor.fetchone()[0] or KEY_VERSION)


def unclaim(*, register_id: int, kind: Kind, digest: UUID, subject_id: int) -> bool:
    """Release one digest of the subject; whether it was held."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT directory_unclaim(%s, %s::smallint, %s, %s)", [register_id, int(kind), digest, subject_id]
        )
        held = bool(cursor.fetchone()[0])
    if held:
        journal.note_digest(
            kind=JournalKind.UNCLAIMED,
            register_id=register_id,
            directory=int(kind),
            digest=digest,
            subject_id=subject_id,
        )
    return held


def move(*, register_id: int, kind: Kind, before: UUID, after: UUID, subject_id: int) -> None:
    """Give `before` up for `after`, which the person holds already: a restore must do both again."""
    if unclaim(register_id=register_id, kind=kind, digest=before, subject_id=subject_id):
        journal.note_digest(
            kind=JournalKind.CLAIMED, register_id=register_id, directory=int(kind), digest=after, subject_id=subject_id
        )
