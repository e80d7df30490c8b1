"""The journal (H11): what a restore must do again before anything may read. Written by the act, in its transaction.

A dump may be restored for a year. Meanwhile people withdraw, object, have their data restricted, corrected, erased; and
retention disposes. Each such act leaves an entry here, which no dump holds, and which is shipped to files of its own
every minute (`privacy.backup.segments`). An entry is one of three:

- a *row* as it stands after the act: a consent event, a choice, a restriction, a fact that was replaced and the one
  that replaced it. Codes and moments are in clear; what it says of the person (the columns the registry names) is
  sealed with a journal key of that person alone (controller 0 among the data keys). The key goes with the first of
  these values that is erased, so that shipped copies close at the same moment; what it still described is then flagged
  by a restore;
- rows that are *gone*: digests of table, subject and id, which name nobody;
- what hangs on no row: an erasure (logins), a directory's digest given up or moved, a member of staff who left, people
  who were merged or parted, people who came from another installation.

What is only right where something else stands as well (`hinging`) is not done again without it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import UUIDField

from tillit.declaration import registry
from tillit.declaration.personal import PersonalModel
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.kernel.sql import load
from tillit.parties import sealing
from tillit.parties.errors import NotRememberedError, SealedValueLostError
from tillit.parties.journal_models import JournalEntry, JournalKind

_seal = partial(sealing.seal_many, controller_id=0, table="parties_journal", column="sealed")
_open = partial(sealing.open_sealed, controller_id=0, table="parties_journal", column="sealed")


def remember(*, scope: Scope, rows: Iterable[PersonalModel], at: datetime) -> int:
    """Copy the rows (saved, visible to the open scope) as they stand now; how many. One table a call.

    Raises `NotRememberedError` when the scope does not see one of them: an act the journal cannot hold does not happen.
    """
    wanted = list(rows)
    if not wanted:
        return 0
    table = registry.PERSONAL[wanted[0]._meta.db_table]
    if table.journaled is None:
        raise LookupError(f"{table.table} is not registered as journaled")
    kind = "uuid" if isinstance(table.model._meta.get_field("id"), UUIDField) else "bigint"
    named: dict[str, Any] = {
        "subjects": [row.subject_id for row in wanted],
        "rows": [str(row.id) for row in wanted],
        "sealed": list(table.journaled),
        "at": at,
        "relation": table.table,
    }
    with connection.cursor() as cursor:
        if not table.journaled:
            cursor.execute(load(__file__, "journal", "plain").format(relation=table.table, id=kind), named)
            return _all_of(wanted, int(cursor.rowcount))
        cursor.execute(load(__file__, "journal", "rows").format(relation=table.table, id=kind), named)
        copies = cursor.fetchall()
        clear = [(subject, said) for subject, _, _, said in copies if said is not None]
        sealed = iter(_seal(values=clear) if clear else ())
        entries = [
            (at, table.table, subject, row, plain, None if said is None else next(sealed))
            for subject, row, plain, said in copies
        ]
        cursor.executemany(
            "INSERT INTO parties_journal (kind, at, relation, subject_id, row, details, sealed)"
            " VALUES ('row', %s, %s, %s, %s, %s::jsonb, %s)",
            entries,
        )
    return _all_of(wanted, len(entries))


@contextmanager
def hinging(on: UUID) -> Iterator[None]:
    """What is noted within is done again by a restore only where `on` stands in the dump. In an open transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('tillit.hinges_on', %s, true)", [str(on)])
        yield
        cursor.execute("SELECT set_config('tillit.hinges_on', '', true)")


def _all_of(wanted: list[PersonalModel], copied: int) -> int:
    if copied != len(wanted):
        raise NotRememberedError("not-remembered", "the scope does not see what it has just written")
    return copied


def opened(*, subject_id: int, sealed: bytes | memoryview) -> str | None:
    """The JSON text of a row's sealed columns; None when the key is gone."""
    try:
        return _open(subject_id=subject_id, sealed=sealed)
    except SealedValueLostError:
        return None


def gone(*, relation: str, anonymise: bool) -> None:
    """Note that the rows in the temporary table `privacy_due` are disposed of, and drop the copies of them."""
    _execute("gone", relation=relation, anonymise=anonymise, at=clock.now())
    if registry.PERSONAL[relation].journaled is None:
        return
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "journal", "forget_rows"), {"relation": relation})
        close = sorted({subject for subject, sealed in cursor.fetchall() if sealed})
        if close:
            cursor.execute("SELECT keys_drop_journal(%s)", [close])
    if close:
        _execute("blank", subjects=close)


def note(*, scope: Scope | None, kind: JournalKind, at: datetime, subject_id: int = 0, **details: Any) -> None:
    """Note what hangs on no row: an erasure, a member of staff who left."""
    JournalEntry.objects.create(kind=kind, at=at, subject_id=subject_id, details=details)


def note_digest(*, kind: JournalKind, register_id: int, directory: int, digest: UUID, subject_id: int) -> None:
    """Note that a digest was given up, or moved to the person."""
    JournalEntry.objects.create(
        kind=kind,
        at=clock.now(),
        subject_id=subject_id,
        details={"register": register_id, "kind": directory, "digest": str(digest)},
    )


def forget_digests(*, subjects: list[int], directories: list[int] | None = None) -> None:
    """Drop what was noted of the people's digests of some directory kinds (None: every)."""
    _execute("forget_digests", subjects=subjects, kinds=directories)


def _execute(name: str, **params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "journal", name), params)
