"""Applying a difference: some ten thousand people a transaction, endings last. Nothing is done twice."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl
from django.db import connection

from tillit.audit import events
from tillit.audit.operations import append
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

PAGES = 512  # of register_row: some 20 000 rows
ENDINGS = 10_000
_SEALED = {"table": SealedFact._meta.db_table, "column": "sealed"}
Tell = Callable[[int], None]


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
    for page in range(0, pages, PAGES):
        _chunk(job, page)
        tell(min(page + PAGES, pages))
    if ends_too:
        for start in range(0, len(difference.gone), ENDINGS):
            _leave(job, difference.gone[start : start + ENDINGS].tolist())


def finish(*, actor: Actor, known: References, file: RegisterFile) -> None:
    """The file is finished, and what became of it is on record: both, or neither."""
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
        file.save(update_fields=["state", "finished_at"])


def _chunk(job: _Job, page: int) -> None:
    with Scope(job.actor, ACTIVITY) as scope, connection.cursor() as cursor:
        many_at_once(register_id=job.known.register_id)
        cursor.execute("DROP TABLE IF EXISTS register_chunk")
        cursor.execute(sql("apply", "chunk"), {"from": f"({page},0)", "until": f"({page + PAGES},0)"})
        cursor.execute(sql("apply", "counts"))
        joins, returns, keeps, ends, numbered, rows, moved_in, moved_out = cursor.fetchone()
        if not rows:
            return
        homeless(cursor, job.known.register_id)

        def run(name: str) -> None:
            cursor.execute(sql("apply", name), job.union)

        if joins:
            run("subjects")
        if joins or returns:
            run("ties")
        if returns:
            _bring_back(cursor, job)
            for name, model in (("left_open", Membership), ("left_covered", Cover)):
                run(name)
                _remember(scope, cursor, model, job.at)
            run("returned_facts")
        _claim(scope, cursor, job)
        if joins:
            run("first_facts")
        changed = 0
        if keeps or returns:
            changed = _changed(scope, cursor, job)
        if numbered:
            _seal(scope, cursor, job)
        if keeps:
            run("end_changed")
            _remember(scope, cursor, Membership, job.at)
        if keeps:
            run("correct")
            told = [Membership(subject_id=one, id=row) for one, row, otherwise in cursor.fetchall() if otherwise]
            journal.remember(scope=scope, rows=told, at=job.at)
        run("begin")
        if keeps:
            run("uncover")
            _remember(scope, cursor, Cover, job.at)
        run("cover")
        if ends:
            _no_endings(cursor)
            run("ending_rows")
            _end(scope, cursor, job)
        _add(job.file, joins=joins, returns=returns, ends=ends, moved_in=moved_in, moved_out=moved_out, values=changed)


def _bring_back(cursor: Any, job: _Job) -> None:
    """What was archived for joining again is theirs again, now that they are members (B7)."""
    cursor.execute("SELECT subject_id FROM register_chunk WHERE act = 'return' ORDER BY subject_id")
    for (subject,) in cursor.fetchall():
        archive.restore(subject_id=subject, controller_id=job.known.controller_id)


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
    lines = pl.DataFrame(wanted, schema=["line", "subject", "known"], orient="row")
    found = lines.join(job.numbers, on="line", how="left", maintain_order="left")
    values = dict(zip(found["subject"].to_list(), found["number"].to_list(), strict=True))
    sealed = sealing.seal_many(values=values, controller_id=job.known.controller_id, **_SEALED)
    cursor.execute("DROP TABLE IF EXISTS register_sealed")
    cursor.execute(sql("apply", "sealed_table"))
    with cursor.copy("COPY register_sealed FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(["int8", "bytea"])
        for row in sealed:
            copy.write_row(row)
    if any(known for _, _, known in wanted):
        cursor.execute(sql("apply", "replace_sealed"), job.union)
        _remember(scope, cursor, SealedFact, job.at)
    cursor.execute(sql("apply", "keep_sealed"), job.union)


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
    file.counts = now.counts
