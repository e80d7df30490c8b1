"""The life of a union's file: read → (waiting →) applying → finished; and the rows of it that could not be used.

Files of one union are taken in one at a time. A row that could not be used is kept sealed (it may hold a national
number) until it is repaired, dismissed or 90 days old.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from django.db import connection

from tillit.files import sealing
from tillit.files.chunks import Reject
from tillit.files.errors import FileRefusedError
from tillit.kernel import clock
from tillit.membership.errors import MembershipError
from tillit.membership.models import QuarantinedMember, RegisterFile
from tillit.membership.reading.columns import COLUMNS

_LOCK = 0x7265_6773  # advisory lock space ("regs"); the second key is the union
_TABLE = "membership_quarantine"
_COPY = "COPY membership_quarantine (file_id, line, field, reason, sealed, quarantined_at, resolution) FROM STDIN"


@contextmanager
def union_locked(*, controller_id: int) -> Iterator[None]:
    """Hold the union, so that two of its files are never taken in at once. Ends with the connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, controller_id])
        if not cursor.fetchone()[0]:
            raise FileRefusedError("source-busy", "another file of this union is being taken in")
    try:
        yield
    finally:
        if not connection.needs_rollback and connection.is_usable():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK, controller_id])


def begin(*, controller_id: int, digest: str, name: str, full: bool, described: str) -> RegisterFile:
    """The union's latest file where it is this one, whatever became of it; else a new one in state `read`."""
    latest = RegisterFile.objects.filter(controller_id=controller_id).order_by("-id").first()
    if latest is not None and (latest.digest, latest.full) == (digest, full):
        return latest
    return RegisterFile.objects.create(
        controller_id=controller_id,
        digest=digest,
        name=name[:200],
        full=full,
        described=described[:200],
        received_at=clock.now(),
    )


def put(*, file: RegisterFile, rejects: Sequence[Reject]) -> int:
    """Quarantine rows of the file that are not there yet; how many."""
    known = set(file.quarantine.filter(line__in=[one.line for one in rejects]).values_list("line", flat=True))
    new = [one for one in rejects if one.line not in known]
    if not new:
        return 0
    now = clock.now()
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for one in new:
            sealed = None if one.values is None else seal(file=file, line=one.line, values=one.values)
            copy.write_row((file.pk, one.line, one.field, one.code, sealed, now, ""))
    return len(new)


def seal(*, file: RegisterFile, line: int, values: Mapping[str, str | None]) -> bytes:
    """The row's fields, sealed for one line of one file."""
    return sealing.seal(table=_TABLE, batch_id=file.pk, line=line, values=values)


def open_row(row: QuarantinedMember) -> dict[str, str | None]:
    """The row's fields as they were read. `SealedRowError` when they were not kept or do not open."""
    return sealing.open_sealed(table=_TABLE, batch_id=row.file_id, line=row.line, sealed=row.sealed)


def waiting(*, controller_id: int, ids: Sequence[int] = ()) -> list[QuarantinedMember]:
    """The union's rows that wait for repair, oldest first."""
    rows = QuarantinedMember.objects.filter(file__controller_id=controller_id, resolved_at=None)
    return list((rows.filter(pk__in=ids) if ids else rows).select_related("file").order_by("pk"))


def repair(*, row: QuarantinedMember, values: Mapping[str, str | None]) -> None:
    """Replace fields of a row that waits, or give a line that was no row its fields; None empties a field.

    Raises `MembershipError` (`unknown-column`, `row-resolved`), and `SealedRowError` for one that does not open.
    """
    if unknown := sorted(set(values) - set(COLUMNS)):
        raise MembershipError("unknown-column", f"no such column: {', '.join(unknown)}")
    if row.resolved_at is not None:
        raise MembershipError("row-resolved", "that row is resolved")
    before = open_row(row) if row.sealed is not None else {}
    before.pop("", None)
    merged = {name: value for name, value in (before | dict(values)).items() if value}
    row.sealed = seal(file=row.file, line=row.line, values=merged)
    row.save(update_fields=["sealed"])


def resolve(*, rows: Sequence[QuarantinedMember], how: str) -> int:
    """Rows that wait no more (`taken in`, `dismissed`); their content is dropped at once. How many."""
    waiting_ones = QuarantinedMember.objects.filter(pk__in=[row.pk for row in rows], resolved_at=None)
    return waiting_ones.update(resolved_at=clock.now(), resolution=how, sealed=None)
