"""Running retention (H10): what is due goes, in sets, table by table; a rehearsal counts the same sets.

Order: archives first (a row may move before it goes), then disposal with children before parents, then what people
leave behind: digests whose category is gone, keys without sealed rows, logins, and the empty subject itself. Each
plan is one transaction, so a run that dies is simply run again: what was due and is gone is not due.
"""

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from django.db import connection

from tillit.declaration import registry
from tillit.declaration.models import Controller
from tillit.declaration.personal import SubjectForeignKey
from tillit.declaration.queries import current
from tillit.declaration.registry import PersonalTable
from tillit.declaration.vocabulary import category_id, vocabulary
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import Actor, Scope, system
from tillit.kernel.sql import load
from tillit.privacy import sweep
from tillit.privacy.compiler import Party, Plan, plans
from tillit.privacy.models import RetentionResult, RetentionRun

Progress = Callable[[str], None]
CHUNK = 50_000


def parties(on: date) -> dict[int, list[Party]]:
    """register id → its controllers with the declaration in effect, the holder first."""
    found: dict[int, list[Party]] = {}
    controllers = list(Controller.objects.order_by("-holder", "id"))
    holders = {c.register_id: c.pk for c in controllers if c.holder}
    for controller in controllers:
        if controller.versions.exists():
            party = Party(
                controller.pk,
                holders.get(controller.register_id, controller.pk),
                current(controller_id=controller.pk, on=on),
            )
            found.setdefault(controller.register_id, []).append(party)
    return found


def all_plans(on: date) -> Iterator[tuple[Actor, Plan]]:
    """Every plan of every controller with the actor that may carry it out, children before parents."""
    order = {table: place for place, table in enumerate(children_first())}
    for members in parties(on).values():
        actor = system("retention", [party.controller_id for party in members])
        for party in members:
            others = [m for m in members if m is not party] if party.controller_id == party.holder_id else []
            yield from ((actor, plan) for plan in sorted(plans(party, others), key=lambda p: order[p.table.table]))


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


def run(*, as_of: date | None = None, dry_run: bool = False, progress: Progress = lambda _: None) -> RetentionRun:
    """Dispose of everything due (or count it), everywhere; returns the run with a result per table and category."""
    on = as_of or clock.today()
    made = RetentionRun.objects.create(started_at=clock.now(), as_of=on, dry_run=dry_run)
    touched: set[int] = set()
    for actor, controller_id, moved in _archive(on, dry_run=dry_run):
        _result(made, controller_id, moved, actor)
    for actor, plan in all_plans(on):
        rows = due_count(actor, plan, on)
        if rows and not dry_run:
            progress(f"{plan.table.table} {plan.category}: {rows}")
            rows = 0
            for subjects, gone in _dispose(actor, plan, on):
                touched |= subjects
                rows += gone
        if rows:
            _result(made, plan.controller_id, (plan.table.table, plan.category, plan.disposal, rows), actor)
    if not dry_run:
        sweep.after_disposal(subjects=touched, on=on)
        sweep.lapsed_elsewhere(on=on)
    made.finished_at = clock.now()
    made.save(update_fields=["finished_at"])
    return made


def _result(run: RetentionRun, controller_id: int, row: tuple[str, str, str, int], actor: Actor) -> None:
    table, category, disposal, rows = row
    RetentionResult.objects.create(
        run=run, controller_id=controller_id, table=table, category=category, disposal=disposal, rows=rows
    )


def _dispose(actor: Actor, plan: Plan, on: date) -> Iterator[tuple[set[int], int]]:
    """Dispose of one plan's due rows chunk by chunk; yields the people touched and how many rows went."""
    while True:
        with Scope(actor, "retention"), connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS privacy_due")
            cursor.execute(
                f"CREATE TEMP TABLE privacy_due ON COMMIT DROP AS SELECT t.subject_id, t.id {plan.source()}"
                f" AND {plan.due} <= %(on)s AND NOT {plan.held()} LIMIT {CHUNK}",
                {**plan.params, "on": on},
            )
            count = cursor.rowcount
            if count:
                dispose_rows(plan.table, anonymise=plan.disposal == "anonymise")
                cursor.execute("SELECT DISTINCT subject_id FROM privacy_due")
                yield {row[0] for row in cursor.fetchall()}, count
        if count < CHUNK:
            return


def dispose_rows(table: PersonalTable, *, anonymise: bool) -> None:
    """Remove the rows named in the temporary table `privacy_due` (subject_id, id), keeping figures if so promised."""
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


def _archive(on: date, *, dry_run: bool) -> Iterator[tuple[Actor, int, tuple[str, str, str, int]]]:
    """Move rows into the archives the declarations promise: same table, another state, named readers (D10, B7)."""
    for members in parties(on).values():
        actor = system("retention", [party.controller_id for party in members])
        for party in members:
            for archive in party.declaration.archives:
                for category in archive.categories:
                    for table in registry.holding(category):
                        rows = _move(actor, party, archive.clock, archive.period, category, table, on, dry_run=dry_run)
                        if rows:
                            yield actor, party.controller_id, (table.table, category, "archive", rows)


def _move(
    actor: Actor, party: Party, event: str, period: str, category: str, table: PersonalTable, on: date, *, dry_run: bool
) -> int:
    params: dict[str, Any] = {
        "controller": party.controller_id,
        "holders": party.holders,
        "applies_to": list(vocabulary().relationships),
        "activity": "",
        "zone": party.declaration.controller.time_zone,
        "on": on,
        "category": category_id(category),
        "length": f"{IsoPeriod.parse(period).months} months {IsoPeriod.parse(period).days} days",
    }
    match = f"AND t.{table.category_column} = %(category)s" if table.category_column else ""
    column = table.clocks.get(event)
    if column:
        since = f"SELECT subject_id, id FROM {table.table} WHERE ({column})::date + %(length)s::interval <= %(on)s"
        which = f"(t.subject_id, t.id) IN ({since})"
    else:
        known = registry.DERIVED_CLOCKS[event]
        body = load(known.module_file, known.file, known.name)
        which = f"t.subject_id IN (SELECT subject_id FROM ({body}) c WHERE c.day + %(length)s::interval <= %(on)s)"
    where = f"t.controller_id = %(controller)s AND t.state IN (0, 1) {match} AND {which}"
    with Scope(actor, "retention"), connection.cursor() as cursor:
        if dry_run:
            cursor.execute(f"SELECT count(*) FROM {table.table} t WHERE {where}", params)
            return int(cursor.fetchone()[0])
        cursor.execute(f"UPDATE {table.table} t SET state = t.state + 2 WHERE {where}", params)
        return int(cursor.rowcount)
