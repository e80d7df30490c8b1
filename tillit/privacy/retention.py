"""Running retention (H10): what is due goes, in sets, table by table; a rehearsal counts the same sets.

Order: archives first (a row may move before it goes), then disposal with children before parents, then what people
leave behind: digests whose category is gone, keys without sealed rows, logins, and the empty subject itself. Each
chunk is one transaction that also notes whom it touched, so a run that dies is simply run again: what was due and is
gone is not due, and whoever was touched is still to be looked after.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import count
from typing import Any, cast

from django.db import connection
from django.db.models import UUIDField

from tillit.declaration import registry
from tillit.declaration.models import Controller
from tillit.declaration.personal import SubjectForeignKey
from tillit.declaration.queries import all_current
from tillit.declaration.registry import PersonalTable
from tillit.kernel import clock
from tillit.kernel.errors import TillitError
from tillit.kernel.scope import Actor, Scope, system
from tillit.kernel.sql import load
from tillit.parties import journal
from tillit.parties.operations import lock_subjects
from tillit.privacy import archive, files, sweep
from tillit.privacy.compiler import Party, Plan, register_plans
from tillit.privacy.models import RetentionRun
from tillit.privacy.owned import OwnedPlan, delete, due_among, owned_plans
from tillit.privacy.records import Recorder
from tillit.privacy.ways import Way

Progress = Callable[[str, int, int], None]
CHUNK = 20_000
"""People whose rows go in one transaction."""


def parties(on: date) -> dict[int, list[Party]]:
    """register id → its controllers with the declaration in effect, the holder first."""
    found: dict[int, list[Party]] = {}
    controllers = list(Controller.objects.order_by("-holder", "id"))
    holders = {c.register_id: c.pk for c in controllers if c.holder}
    said = all_current(on=on)
    for controller in controllers:
        if controller.pk in said:
            digest, declaration = said[controller.pk]
            holder = holders.get(controller.register_id, controller.pk)
            found.setdefault(controller.register_id, []).append(Party(controller.pk, holder, declaration, digest))
    return found


def all_plans(on: date) -> Iterator[tuple[Actor, Plan]]:
    """Every plan of every controller with the actor that may carry it out, children before parents, and last what
    hangs on people themselves.
    """
    order = {table: place for place, table in enumerate(children_first())}
    for register_id, members in parties(on).items():
        actor = system("retention", [party.controller_id for party in members])
        compiled = register_plans(members)
        for party in members:
            own = [plan for plan in compiled if plan.controller_id == party.controller_id]
            yield from ((actor, plan) for plan in sorted(own, key=lambda p: order[p.table.table]))
        yield from ((actor, plan) for plan in owned_plans(register_id, members))


def children_first() -> list[str]:
    """Personal tables ordered so that a row is gone before the row it points at."""
    after: dict[str, set[str]] = {name: set() for name in registry.PERSONAL}
    for table in registry.PERSONAL.values():
        for field in table.model._meta.get_fields():
            if isinstance(field, SubjectForeignKey):
                after[field.related_model._meta.db_table].add(table.table)
    done: list[str] = []
    while after:
        free = sorted(name for name, before in after.items() if not before - set(done))
        done += free
        for name in free:
            del after[name]
    return done


def due_count(actor: Actor, plan: Plan, on: date) -> int:
    """How many rows of the plan are due and not held on a date: the rehearsal's figure, `prove`'s overdue."""
    with Scope(actor, "retention"), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) {plan.source()} AND {plan.due} <= %(on)s AND NOT {plan.held()}",
            {**plan.params, "on": on},
        )
        return int(cursor.fetchone()[0])


def run(
    *, as_of: date | None = None, dry_run: bool = False, progress: Progress = lambda phase, done, total: None
) -> RetentionRun:
    """Dispose of everything due (or count it), everywhere; returns the run with a result per table and category.

    progress: called with the phase (archive, dispose, tidy), how far it is and of how many. A run that dies is made up
    for by the next one, which says so (`resumes`). Raises `TillitError`: `not-yet` for a disposal as of a day that has
    not come (nothing goes before its day), `retention-running` when another run is at work.
    """
    on = as_of or clock.today()
    if on > clock.today() and not dry_run:
        raise TillitError("not-yet", "what is due on a later day may be counted, not disposed of")
    if dry_run:
        return _run(on, progress, dry_run=True)
    with _alone():
        return _run(on, progress, dry_run=False)


_ONE_AT_A_TIME = 0x7265_7461  # advisory lock ("reta")


@contextmanager
def _alone() -> Iterator[None]:
    """Keep every other run out until this one has ended, however it ends: the lock is the connection's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_ONE_AT_A_TIME])
        if not cursor.fetchone()[0]:
            since = RetentionRun.objects.filter(finished_at__isnull=True, dry_run=False).order_by("-started_at").first()
            started = f" (since {since.started_at:%Y-%m-%d %H:%M} UTC)" if since else ""
            raise TillitError("retention-running", f"another run of retention is at work{started}; wait for it")
    try:
        yield
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_ONE_AT_A_TIME])


def _run(on: date, progress: Progress, *, dry_run: bool) -> RetentionRun:
    made = RetentionRun.objects.create(
        started_at=clock.now(), as_of=on, dry_run=dry_run, resumes=None if dry_run else _died()
    )
    recorder, registers, entered = Recorder(made), parties(on), count(1)
    total = sum(map(len, registers.values()))
    archive.enter(registers, on, recorder=recorder, progress=lambda: progress("archive", next(entered), total))
    waiting, free, before = list(of_something(all_plans(on))), FreePeople(), [-1]
    while waiting:
        reached = []
        for place, (actor, plan) in enumerate(waiting, 1):
            rows = _count(actor, plan, on, recorder) if dry_run else _dispose(actor, plan, on, free, recorder)
            if rows:
                free.changed(plan.table.table)
            if plan.linked or rows:
                reached.append(rows)
            progress("dispose", place, len(waiting))
        # What was kept only with other data is due now that those rows are gone. Where the same as before went again,
        # it did not go at all: that is for `prove` to tell, not for trying without end.
        again = any(reached) and reached != before and not dry_run
        waiting, before = [(actor, plan) for actor, plan in waiting if plan.linked] if again else [], reached
    free.forget()
    if not dry_run:
        progress("tidy", 0, 2)
        sweep.loose_ends()
        progress("tidy", 1, 2)
        sweep.lapsed_elsewhere(on=on)
        files.lapse()
        progress("tidy", 2, 2)
    everyone = [party.controller_id for members in registers.values() for party in members]
    with Scope(system("retention", everyone), "retention") as scope:
        recorder.finished(scope=scope, controllers=everyone)
        made.finished_at = clock.now()
        made.save(update_fields=["finished_at"])
    return made


def _died() -> RetentionRun | None:
    """The last run, if it ended before it was through. Nobody else is at work."""
    last = RetentionRun.objects.filter(dry_run=False).order_by("-pk").first()
    return last if last is not None and last.finished_at is None else None


def _count(actor: Actor, plan: Plan, on: date, recorder: Recorder) -> int:
    rows = due_count(actor, plan, on)
    if rows:
        _note(recorder, None, plan, rows)
    return rows


def _note(recorder: Recorder, scope: Scope | None, plan: Plan, rows: int) -> None:
    recorder.note(
        scope=scope,
        controller_id=plan.controller_id,
        table=plan.table.table,
        category=plan.category,
        disposal=plan.disposal,
        rows=rows,
    )


def of_something(plans_of_all: Iterable[tuple[Actor, Plan]]) -> Iterator[tuple[Actor, Plan]]:
    """The plans whose cell holds a row now: one look at each table instead of one for each cell."""
    waiting = list(plans_of_all)
    everyone = system("retention", {controller for actor, _ in waiting for controller in actor.controllers})
    held = {table.table: _cells(everyone, table) for table in registry.PERSONAL.values()} if waiting else {}
    for actor, plan in waiting:
        category = plan.params["category"] if plan.table.category_column else 0
        if plan.people or (plan.controller_id, category) in held[plan.table.table]:
            yield actor, plan


def _cells(actor: Actor, table: PersonalTable) -> set[tuple[int, int]]:
    """The (controller, category) pairs of the rows of one table; the category 0 where the table has one only."""
    names = ["controller_id", *([table.category_column] if table.category_column else [])]
    pair, walk = ", ".join(names), f"SELECT {', '.join(names)} FROM {table.table} GROUP BY {', '.join(names)}"
    if any([*i.fields][: len(names)] == names and i.condition is None for i in table.model._meta.indexes):
        # From one pair to the next by the index, however many rows lie between.
        walk = (
            f"WITH RECURSIVE c AS ((SELECT {pair} FROM {table.table} ORDER BY {pair} LIMIT 1) UNION ALL"
            f" SELECT n.* FROM c CROSS JOIN LATERAL (SELECT {pair} FROM {table.table} WHERE ({pair}) >"
            f" ({', '.join(f'c.{name}' for name in names)}) ORDER BY {pair} LIMIT 1) n) SELECT {pair} FROM c"
        )
    with Scope(actor, "retention"), connection.cursor() as cursor:
        cursor.execute(walk)
        return {(row[0], row[1] if len(names) > 1 else 0) for row in cursor.fetchall()}


class FreePeople:
    """Tables of the people whose clocks let rows be due, looked for once for all plans that ask the same."""

    def __init__(self) -> None:
        self._known: dict[tuple[frozenset[int], str], str] = {}
        self._concern: dict[tuple[frozenset[int], str], bool] = {}
        self._made = 0

    def table(self, *, cursor: Any, controllers: frozenset[int], way: Way, params: dict[str, Any]) -> str:
        """The temporary table of the people whose own clocks let rows be due in this way, in the open scope for
        `controllers`; empty where there is nobody.
        """
        unknown = {one.days for one in way.free if not self._concerns(cursor, controllers, one.days, params)}
        conditions = way.asked(unknown)
        if conditions is None:
            return ""
        where = " AND ".join(sorted({cursor.mogrify(one, params) for one in conditions}))
        asked = controllers, f"SELECT s.id FROM parties_subject s WHERE {where}"
        if asked not in self._known:
            self._made += 1
            name = f"privacy_free_{self._made}"
            cursor.execute(f"DROP TABLE IF EXISTS {name}")  # of a run that died on this connection
            cursor.execute(f"CREATE TEMP TABLE {name} AS {asked[1]}")
            if cursor.rowcount:
                cursor.execute(f"ANALYZE {name}")  # few or many decides how the rows are looked for
            else:
                cursor.execute(f"DROP TABLE {name}")
                name = ""
            self._known[asked] = name
        return self._known[asked]

    def _concerns(self, cursor: Any, controllers: frozenset[int], days: str, params: dict[str, Any]) -> bool:
        """Whether a clock concerns anybody: many a kind of relationship has nobody, and is not asked of everybody."""
        asked = controllers, cursor.mogrify(days, params)
        if asked not in self._concern:
            cursor.execute(f"SELECT EXISTS (SELECT FROM ({days}) d)", params)
            self._concern[asked] = cursor.fetchone()[0]
        return self._concern[asked]

    def changed(self, table: str) -> None:
        """Rows of `table` are gone: what was asked of it is asked anew."""
        self._drop([asked for asked in self._known if table in asked[1]])

    def forget(self) -> None:
        """Leave nothing behind."""
        self._drop(list(self._known))

    def _drop(self, asked: list[tuple[frozenset[int], str]]) -> None:
        if names := [name for name in map(self._known.pop, asked) if name]:
            with connection.cursor() as cursor:
                cursor.execute(f"DROP TABLE {', '.join(names)}")


def _dispose(actor: Actor, plan: Plan, on: date, free: FreePeople, recorder: Recorder) -> int:
    """Dispose of one plan's due rows; how many went. One look at the whole table, then chunk by chunk, each in its own
    transaction: its people are locked and asked about once more, so whoever has joined again since keeps everything.
    """
    params = {**plan.params, "on": on}
    rows = 0
    for chunk in _candidates(actor, plan, free, params):
        with Scope(actor, "retention") as scope:
            lock_subjects(scope=scope, subject_ids=chunk)
            gone = _dispose_chunk(plan, chunk, params)
            if gone:
                _note(recorder, scope, plan, gone)
            rows += gone
    return rows


def _candidates(actor: Actor, plan: Plan, free: FreePeople, params: dict[str, Any]) -> Iterator[list[int]]:
    """Chunks of the people among whose rows are all that are due. Mostly one: then no table is made of them."""
    with Scope(actor, "retention"), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")  # the relationships of a million people, hashed at once
        looks = []
        for way in plan.ways():
            name = ""
            if way.free:
                name = free.table(cursor=cursor, controllers=actor.controllers, way=way, params=params)
            if name or not way.free:  # nobody is free: nothing is due in this way
                looks.append(f"SELECT t.subject_id {plan.candidates(way, name)}")
        if not looks:
            return
        look = f"SELECT DISTINCT subject_id FROM ({' UNION ALL '.join(looks)}) f"
        cursor.execute(f"{look} LIMIT {CHUNK + 1}", params)
        first = sorted(row[0] for row in cursor.fetchall())
        if len(first) > CHUNK:
            cursor.execute("DROP TABLE IF EXISTS privacy_candidate")
            cursor.execute(f"CREATE TEMP TABLE privacy_candidate AS {look}", params)
            cursor.execute("CREATE UNIQUE INDEX ON privacy_candidate (subject_id)")
    if len(first) <= CHUNK:
        if first:
            yield first
        return
    last = cast("int | None", -1)
    while last is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT subject_id FROM privacy_candidate WHERE subject_id > %s ORDER BY subject_id LIMIT %s",
                [last, CHUNK],
            )
            chunk = [row[0] for row in cursor.fetchall()]
        last = chunk[-1] if len(chunk) == CHUNK else None
        yield chunk
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE privacy_candidate")


def _dispose_chunk(plan: Plan, chunk: list[int], params: dict[str, Any]) -> int:
    """What is due of the locked people goes; how many rows (people, where the plan is about people)."""
    if isinstance(plan, OwnedPlan):
        due = due_among(plan, chunk, params)
        delete(plan, due)
        return len(due)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS privacy_due")
        cursor.execute(
            "CREATE TEMP TABLE privacy_due ON COMMIT DROP AS"
            f" SELECT t.subject_id, t.id {plan.source(some=True)} AND {plan.due} <= %(on)s AND NOT {plan.held()}",
            {**params, "subjects": chunk},
        )
        gone: int = cursor.rowcount
    if gone:
        dispose_rows(plan.table, anonymise=plan.disposal == "anonymise")
    return gone


def dispose_due(plan: Plan, subjects: list[int], on: date) -> int:
    """What is due of some people goes now; how many rows. In an open scope of retention, the people locked."""
    return _dispose_chunk(plan, subjects, {**plan.params, "on": on})


def name_due(table: PersonalTable, subject_id: int, rows: Sequence[str]) -> None:
    """Name rows of a person (ids as text) to `dispose_rows`."""
    kind = "uuid" if isinstance(table.model._meta.get_field("id"), UUIDField) else "bigint"
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS privacy_due")
        cursor.execute(
            "CREATE TEMP TABLE privacy_due ON COMMIT DROP AS"
            f" SELECT %s::bigint AS subject_id, id FROM unnest(%s::{kind}[]) AS id",
            [subject_id, list(rows)],
        )


def dispose_rows(table: PersonalTable, *, anonymise: bool, known: bool = False) -> None:
    """Remove the rows named in the temporary table `privacy_due` (subject_id, id), keeping figures if so promised.

    The journal remembers them, so that no restore brings them back; unless it is what tells of them (`known`).
    """
    if not known:
        journal.gone(relation=table.table, anonymise=anonymise)
    with connection.cursor() as cursor:
        if anonymise and table.anonymiser:
            cursor.execute(load(table.anonymiser[0], table.anonymiser[1], table.anonymiser[2]))
        for owned in registry.OWNED.values():
            if owned.follows and owned.follows[0] == table.table:
                cursor.execute(f"DELETE FROM {owned.table} t USING privacy_due d WHERE {owned.follows[1]}")
        if table.disposer:
            cursor.execute(f"SELECT {table.disposer}(array_agg(subject_id), array_agg(id::text)) FROM privacy_due")
        else:
            cursor.execute(
                f"DELETE FROM {table.table} t USING privacy_due d WHERE t.subject_id = d.subject_id AND t.id = d.id"
            )
        cursor.execute(
            "INSERT INTO privacy_loose_end (subject_id) SELECT DISTINCT subject_id FROM privacy_due"
            " ON CONFLICT DO NOTHING"
        )
