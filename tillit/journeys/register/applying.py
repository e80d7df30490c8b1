"""Applying a difference: some ten thousand people a transaction, endings last. Nothing is done twice.

New people of a large file are taken in on two connections side by side: nobody else's rows are in their way.
"""

from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import polars as pl
from django.db import connection

from tillit.audit import events
from tillit.audit.operations import append
from tillit.files.stopping import in_chunk
from tillit.journeys.register.comparing import ACTIVITY, Difference, homeless
from tillit.journeys.register.sqls import sql
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope
from tillit.membership.models import Cover, Membership, RegisterFile
from tillit.membership.reading.references import References
from tillit.parties import directories, journal, sealing
from tillit.parties.digests import Kind, digest
from tillit.parties.errors import AlreadyClaimedError
from tillit.parties.models import Fact, Relationship, SealedFact
from tillit.parties.operations import many_at_once, open_fact
from tillit.privacy import archive
from tillit.purchases import lanes

PAGES = 512  # of register_row: some 20 000 rows
BESIDE = 2048  # pages from which on new people are taken in side by side
ENDINGS = 10_000
_SEALED = {"table": SealedFact._meta.db_table, "column": "sealed"}
Tell = Callable[[int], None]
Range = dict[str, str]


@dataclass(frozen=True)
class _Job:
    actor: Actor
    known: References
    file: RegisterFile
    numbers: pl.DataFrame
    at: datetime

    @property
    def union(self) -> dict[str, Any]:
        """Parameters of every statement."""
        return {
            "controller": self.known.controller_id,
            "register": self.known.register_id,
            "at": self.at,
            "on": self.known.today,
        }


def apply(
    *,
    actor: Actor,
    known: References,
    file: RegisterFile,
    difference: Difference,
    numbers: pl.DataFrame,
    ends_too: bool,
    at: datetime,
    tell: Tell = lambda done: None,
) -> None:
    """Do what `register_row` says, then end whom a full file leaves out (`ends_too`). Outside every transaction."""
    job = _Job(actor, known, file, numbers.sort("line") if len(numbers) else numbers, at)
    with connection.cursor() as cursor:
        cursor.execute(sql("compare", "pages"))
        pages = cursor.fetchone()[0]
    with lanes.beside() if pages >= BESIDE else nullcontext(()) as side_by_side:
        under_way: deque[Future[None]] = deque()
        for turn, page in enumerate(range(0, pages, PAGES)):
            part = {"from": f"({page},0)", "until": f"({page + PAGES},0)"}
            place = (turn + 1, -(-pages // PAGES))
            if side_by_side and _all_new(part):
                work = partial(_chunk, job, _taken_out(part), place)
                under_way.append(side_by_side[turn % len(side_by_side)].submit(work))
                if len(under_way) > len(side_by_side):
                    under_way.popleft().result()
            else:
                _chunk(job, part, place)
            tell(min(page + PAGES, pages))
        lanes.all_of(list(under_way))
    if ends_too:
        for start in range(0, len(difference.gone), ENDINGS):
            _leave(job, difference.gone[start : start + ENDINGS].tolist())


def finish(*, actor: Actor, known: References, file: RegisterFile) -> None:
    """The file is finished, and what became of it is on record: both, or neither."""
    file.refresh_from_db(fields=["counts"])
    with Scope(actor, ACTIVITY) as scope:
        append(
            type=events.IMPORT_BATCH,
            scope=scope,
            controller=known.controller_id,
            batch=file.pk,
            details={
                "kind": "members",
                "rows": file.counts.get("rows", 0),
                "accepted": file.counts.get("rows", 0) - file.quarantined,
                "quarantined": file.quarantined,
                "digest": file.digest,
            },
        )
        file.state, file.finished_at = "finished", clock.now()
        file.save(update_fields=["state", "finished_at", "settled"])


def _all_new(part: Range) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql("apply", "all_new"), part)
        return bool(cursor.fetchone()[0])


def _taken_out(part: Range) -> bytes:
    with connection.cursor() as cursor, cursor.copy(sql("apply", "taken_out"), part) as copy:
        return b"".join(copy)


def _chunk(job: _Job, rows: Range | bytes, place: tuple[int, int]) -> None:
    """A chunk in one transaction: a range of `register_row`, or rows taken out of it on another connection."""
    with in_chunk(*place), Scope(job.actor, ACTIVITY) as scope, connection.cursor() as cursor:
        many_at_once(register_id=job.known.register_id)
        _lay_out(cursor, rows)
        cursor.execute(sql("apply", "counts"))
        joins, returns, keeps, ends, numbered, count, moved_in, moved_out = cursor.fetchone()
        if not count:
            return
        homeless(cursor, job.known.register_id)
        if joins:
            cursor.execute(sql("apply", "subjects"), job.union)
        if joins or returns:
            cursor.execute(sql("apply", "ties"), job.union)
        if returns:
            _bring_back(scope, cursor, job)
        _claim(scope, cursor, job)
        if joins:
            for name in ("first_facts", "first_covers"):
                cursor.execute(sql("apply", name), job.union)
        changed = _changed(scope, cursor, job) if keeps or returns else 0
        if numbered:
            _seal(scope, cursor, job)
        if keeps:
            _correct(scope, cursor, job)
        cursor.execute(sql("apply", "begin"), job.union)
        if keeps or returns:
            _cover(scope, cursor, job)
        if ends:
            _no_endings(cursor)
            cursor.execute(sql("apply", "ending_rows"))
            _end(scope, cursor, job)
        _add(job.file, joins=joins, returns=returns, ends=ends, moved_in=moved_in, moved_out=moved_out, values=changed)


def _lay_out(cursor: Any, rows: Range | bytes) -> None:
    cursor.execute("DROP TABLE IF EXISTS register_chunk")
    if not isinstance(rows, bytes):
        cursor.execute(sql("apply", "chunk"), rows)
        return
    cursor.execute(sql("apply", "chunk_table"))
    with cursor.copy("COPY register_chunk FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(rows)


def _bring_back(scope: Scope, cursor: Any, job: _Job) -> None:
    """What was archived for joining again is theirs again, now that they are members (B7); what was left open ends."""
    cursor.execute("SELECT subject_id FROM register_chunk WHERE act = 'return' ORDER BY subject_id")
    for (subject,) in cursor.fetchall():
        archive.restore(subject_id=subject, controller_id=job.known.controller_id)
    for name, model in (("left_open", Membership), ("left_covered", Cover)):
        cursor.execute(sql("apply", name), job.union)
        _remember(scope, cursor, model, job.at)
    cursor.execute(sql("apply", "returned_facts"), job.union)


def _claim(scope: Scope, cursor: Any, job: _Job) -> None:
    """Numbers that are new lead to their people; those that they replace lead to nobody."""
    cursor.execute(
        "SELECT subject_id, number, new_number, new_national FROM register_chunk"
        " WHERE act IN ('keep', 'return') AND (new_number OR new_national) ORDER BY subject_id"
    )
    for subject, _, new_number, new_national in cursor.fetchall():
        mine = {"subject_id": subject, "controller_id": job.known.controller_id, "superseded_at__isnull": True}
        if new_number and (old := Fact.objects.filter(**mine, kind="member_number").first()):
            _unclaim(job, Kind.MEMBER_NUMBER, old.value, subject)
        if new_national and (sealed := SealedFact.objects.filter(**mine, kind="national_number").first()):
            _unclaim(job, Kind.NATIONAL_NUMBER, open_fact(scope=scope, fact=sealed), subject)
    for name in ("claim_members", "claim_nationals"):
        cursor.execute(sql("apply", name), job.union)
        if cursor.fetchone()[0]:
            raise AlreadyClaimedError("already-claimed", "somebody became a member meanwhile: give the file again")


def _unclaim(job: _Job, kind: Kind, value: str, subject: int) -> None:
    register = job.known.register_id
    directories.unclaim(register_id=register, kind=kind, digest=digest(register, kind, value), subject_id=subject)


def _changed(scope: Scope, cursor: Any, job: _Job) -> int:
    """Replace what the union says otherwise; how many values."""
    cursor.execute(sql("apply", "keep_homeless"))
    cursor.execute(sql("apply", "replace_facts"), job.union)
    replaced = cursor.fetchall()
    cursor.execute(sql("apply", "changed_facts"), job.union)
    made = cursor.fetchall()
    rows = [Fact(subject_id=subject, id=one) for subject, one, *_ in (*replaced, *made)]
    if replaced:
        journal.remember(scope=scope, rows=rows, at=job.at)
    return len(made)


def _seal(scope: Scope, cursor: Any, job: _Job) -> None:
    """National numbers that are new, sealed under each person's own key."""
    cursor.execute(sql("apply", "numbers"))
    wanted = cursor.fetchall()
    at = job.numbers["line"].search_sorted(pl.Series([line for line, _, _ in wanted], dtype=pl.Int64))
    values = list(zip([subject for _, subject, _ in wanted], job.numbers["number"].gather(at).to_list(), strict=True))
    sealed = sealing.seal_many(values=values, controller_id=job.known.controller_id, **_SEALED)
    cursor.execute("DROP TABLE IF EXISTS register_sealed")
    cursor.execute(sql("apply", "sealed_table"))
    with cursor.copy("COPY register_sealed FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["int8", "bytea"])
        for (subject, _), body in zip(values, sealed, strict=True):
            copy.write_row((subject, body))
    if any(known for _, _, known in wanted):
        cursor.execute(sql("apply", "replace_sealed"), job.union)
        _remember(scope, cursor, SealedFact, job.at)
    cursor.execute(sql("apply", "keep_sealed"), job.union)


def _correct(scope: Scope, cursor: Any, job: _Job) -> None:
    """Memberships that go on: another stretch of days where they became something else, else the row as it is now."""
    cursor.execute(sql("apply", "end_changed"), job.union)
    _remember(scope, cursor, Membership, job.at)
    cursor.execute(sql("apply", "correct"), job.union)
    told = [Membership(subject_id=one, id=row) for one, row, otherwise in cursor.fetchall() if otherwise]
    journal.remember(scope=scope, rows=told, at=job.at)


def _cover(scope: Scope, cursor: Any, job: _Job) -> None:
    """Agreements of those who stay or come back."""
    cursor.execute(sql("apply", "uncover"), job.union)
    _remember(scope, cursor, Cover, job.at)
    cursor.execute(sql("apply", "cover"), job.union)


def _leave(job: _Job, subjects: list[int]) -> None:
    """End the memberships of those whom a full file does not hold."""
    with Scope(job.actor, ACTIVITY) as scope, connection.cursor() as cursor:
        many_at_once(register_id=job.known.register_id)
        _no_endings(cursor)
        cursor.execute(sql("apply", "not_listed"), job.union | {"subjects": subjects})
        _end(scope, cursor, job)
        _add(job.file, ends=len(subjects))


def _no_endings(cursor: Any) -> None:
    cursor.execute("DROP TABLE IF EXISTS register_ending")
    cursor.execute(sql("apply", "ending_table"))


def _end(scope: Scope, cursor: Any, job: _Job) -> None:
    for name, model in (("end_memberships", Membership), ("end_covers", Cover), ("end_ties", Relationship)):
        cursor.execute(sql("apply", name), job.union)
        _remember(scope, cursor, model, job.at)


def _remember(scope: Scope, cursor: Any, model: Any, at: datetime) -> None:
    """What a restore must do again: the rows that the last statement changed."""
    journal.remember(scope=scope, rows=[model(subject_id=s, id=i) for s, i, *_ in cursor.fetchall()], at=at)


def _add(file: RegisterFile, **done: int) -> None:
    """Add to the file's counts, in the transaction that did it."""
    now = RegisterFile.objects.select_for_update().get(pk=file.pk)
    now.counts = dict(Counter(now.counts) + Counter(done))
    now.save(update_fields=["counts"])
