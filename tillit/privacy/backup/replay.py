"""The journal done again in a restored database, before anything may read it (H11). Works as the database's owner.

Order: who was handed over since, within the installation, is at the giver again, whatever was done there; copied rows
take the place of what the dump holds (the last copy of each counts, and none of a row that is gone); then people are
merged and parted as they were; then rows that were gone go, through the same disposal as they went; then what people
leave behind, the ways in that an erasure closed, digests that were given up or moved, the row states that follow a
restriction, staff who left, people on their way between installations. Doing it twice changes nothing more.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from tillit.audit.operations import append
from tillit.consent.models import Restriction
from tillit.consent.operations import follow_restriction
from tillit.declaration import registry
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.kernel.sql import load
from tillit.parties import journal
from tillit.parties.journal_models import JournalEntry, JournalKind
from tillit.parties.models import Login, StaffMember, StaffRole, Subject
from tillit.privacy import events, sweep
from tillit.privacy.erasure import close_ways_in
from tillit.privacy.handover import restoring
from tillit.privacy.retention import children_first, dispose_rows

Progress = Callable[[str], None]
_CHUNK = 500
_DIGEST_CALLS = {
    "claimed": "SELECT count(*) FROM directory_claim(%s, %s::smallint, ARRAY[%s::uuid], ARRAY[%s::bigint])",
    "unclaimed": "SELECT directory_unclaim(%s, %s::smallint, %s::uuid, %s)",
}


@dataclass
class Replayed:
    """What was done: rows put right, rows gone again, erasures, digests, people restricted or freed, staff ended,
    merges made and undone, and rows `lost`: corrected since the dump, but what they were corrected to can no longer be
    opened, so nothing stands in their place (relation and kind → how many). `handed`: of people who were handed over.
    """

    rows: int = 0
    gone: int = 0
    erasures: int = 0
    digests: int = 0
    states: int = 0
    staff: int = 0
    merges: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    handed: restoring.Put = field(default_factory=restoring.Put)

    @property
    def total(self) -> int:
        """Everything that was done."""
        return self.rows + self.gone + self.erasures + self.digests + self.states + self.staff + self.merges


def replay(*, progress: Progress = lambda _: None) -> Replayed:
    """Do every entry of the journal again. The open connection is the owner's, on a database closed to others."""
    done = Replayed()
    everyone = system("restore", Controller.objects.values_list("id", flat=True))
    back = restoring.forget_what_hinges(everyone)
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "replay", "buried"))
        cursor.execute("CREATE INDEX ON privacy_buried (relation, digest)")
        cursor.execute("ANALYZE privacy_buried")
        cursor.execute(load(__file__, "replay", "last_copies"))
    for name, step in (
        ("what was withdrawn, restricted and corrected", _rows),
        ("merges of people", _merges),
        ("what was disposed of", _gone),
        ("erasures", _erasures),
        ("identifiers given up", _digests),
        ("restrictions", _states),
        ("staff who left", _staff),
    ):
        progress(f"replaying {name}")
        step(done, everyone)
    done.handed = restoring.put_back(back)
    with Scope(everyone, "retention"), connection.cursor() as cursor:
        for statement in registry.AFTER_RESTORE:
            cursor.execute(load(*statement), {"now": clock.now()})
        cursor.execute("DROP TABLE privacy_buried, privacy_copy")
    return done


def _rows(done: Replayed, everyone: Actor) -> None:
    after, full = -1, True
    while full:
        with Scope(everyone, "retention") as scope, connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, relation, subject_id, row, details::text, sealed FROM privacy_copy WHERE id > %s"
                " ORDER BY id LIMIT %s",
                [after, _CHUNK],
            )
            chunk = cursor.fetchall()
            for _, relation, subject, row, plain, sealed in chunk:
                if _put(relation, subject, row, plain, sealed):
                    done.rows += 1
                else:
                    done.lost[_flagged(scope, relation, subject, plain)] += 1
        full = len(chunk) == _CHUNK
        after = chunk[-1][0] if chunk else after


def _put(relation: str, subject: int, row: str, plain: str, sealed: memoryview | None) -> bool:
    """Put one copy in the place of the row as the dump holds it, or of none; whether it could stand."""
    table = registry.PERSONAL[relation]
    assert table.journaled is not None  # noqa: S101 (only such rows are copied)
    clear = None if sealed is None else journal.opened(subject_id=subject, sealed=sealed)
    fields = [str(f.column) for f in table.model._meta.concrete_fields if f.column not in {"subject_id", "id"}]
    columns = [connection.ops.quote_name(column) for column in fields]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT FROM {relation} WHERE subject_id = %s AND id::text = %s", [subject, row])
        unsaid = sealed is not None and clear is None and cursor.fetchone() is None
        if unsaid and None in table.journaled.values():
            return False
        fill = dict(table.journaled) if unsaid else {}
        statement = load(__file__, "replay", "put").format(
            relation=relation,
            columns=", ".join(columns),
            excluded=", ".join(f"EXCLUDED.{column}" for column in columns),
        )
        params: dict[str, int | str] = {
            "subject": subject,
            "row": row,
            "fill": json.dumps(fill),
            "plain": plain,
            "clear": clear or "{}",
        }
        try:
            with transaction.atomic():
                cursor.execute(statement, params)
        except IntegrityError:
            return False
    return True


def _flagged(scope: Scope, relation: str, subject: int, plain: str) -> str:
    """Put it on record that a row could not be put back, for whoever asks the person again; which kind."""
    said = json.loads(plain)
    kind = str(said.get("kind") or "row")
    append(
        type=events.LOST_IN_RESTORE,
        scope=scope,
        controller=said["controller_id"],
        subject=subject,
        details={"table": relation, "kind": kind},
    )
    return f"{relation}: {kind}"


def _merges(done: Replayed, everyone: Actor) -> None:
    """Merges and partings made since, one after the other. A person whom the dump does not hold is nobody's other name.

    Before what was disposed of and erased: an erasure reaches every subject of the person, as it did.
    """
    for entry in _entries(JournalKind.MERGED, JournalKind.PARTED):
        into = entry.details["into"] if entry.kind == JournalKind.MERGED else None
        if into is not None and not Subject.objects.filter(pk=into, alias_of__isnull=True).exists():
            continue
        with Scope(everyone, "rights_requests"):
            done.merges += Subject.objects.filter(pk=entry.subject_id).update(alias_of_id=into)


def _gone(done: Replayed, everyone: Actor) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT relation, anonymise FROM privacy_buried")
        wanted = set(cursor.fetchall())
    for relation in children_first():
        for anonymise in (False, True):
            rows = 1 if (relation, anonymise) in wanted else 0
            while rows:
                rows = _dispose(everyone, relation, anonymise=anonymise)
                done.gone += rows
    sweep.loose_ends()


def _dispose(everyone: Actor, relation: str, *, anonymise: bool) -> int:
    """Dispose of some rows once more; how many. The journal knows them already."""
    with Scope(everyone, "retention"), connection.cursor() as cursor:
        cursor.execute(
            load(__file__, "replay", "due").format(relation=relation), {"relation": relation, "anonymise": anonymise}
        )
        rows = int(cursor.rowcount)
        if rows:
            dispose_rows(registry.PERSONAL[relation], anonymise=anonymise, known=True)
        return rows


def _erasures(done: Replayed, everyone: Actor) -> None:
    for entry in _entries(JournalKind.ERASURE):
        if Subject.objects.filter(pk=entry.subject_id).exists():
            wanted = entry.details["categories"]
            chosen = {owned.category for owned in registry.OWNED.values()} if wanted is None else set(wanted)
            gone = frozenset(chosen - set(entry.details.get("kept", ())))
            with Scope(everyone, "rights_requests", frozenset({entry.subject_id})):
                close_ways_in(subject_id=entry.subject_id, categories=gone)
            done.erasures += 1


def _digests(done: Replayed, everyone: Actor) -> None:
    for entry in _entries(JournalKind.CLAIMED, JournalKind.UNCLAIMED):
        said = entry.details
        if Subject.objects.filter(pk=entry.subject_id).exists():
            with Scope(everyone, "rights_requests"), connection.cursor() as cursor:
                call = _DIGEST_CALLS[entry.kind]
                cursor.execute(call, [said["register"], said["kind"], said["digest"], entry.subject_id])
            done.digests += 1


def _states(done: Replayed, everyone: Actor) -> None:
    copied = _entries(JournalKind.ROW).filter(relation=Restriction._meta.db_table)
    people = set(copied.values_list("subject_id", flat=True))
    for subject in Subject.objects.filter(pk__in=people).values_list("pk", flat=True):
        with Scope(everyone, "rights_requests") as scope:
            follow_restriction(scope=scope, subject_id=subject)
        done.states += 1


def _staff(done: Replayed, everyone: Actor) -> None:
    for entry in _entries(JournalKind.STAFF_LEFT):
        staff, on = entry.details["staff"], clock.local_date(entry.at)
        if StaffMember.objects.filter(pk=staff).update(left=on):
            StaffRole.objects.filter(staff=staff, ended__isnull=True, granted__lte=on).update(ended=on)
            Login.objects.filter(staffmember=staff).update(is_active=False)
            done.staff += 1


def _entries(*kinds: JournalKind) -> QuerySet[JournalEntry]:
    return JournalEntry.objects.filter(kind__in=kinds).order_by("id")
