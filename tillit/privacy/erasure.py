"""Erasure on request (H3, GDPR 17): what may go goes now, what must stay is told item by item with its reason.

Generic over the registry: each personal table is split by controller and category; the plan of that cell says until
when law, evidence or a running contract keeps a row; a hold keeps it too; everything else goes, children before
parents, then digests, keys, logins. A cell no plan governs (the controller declares nothing about it) goes altogether.
The journal remembers the erasure so that a restore repeats it before anything may read.
"""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, Literal

from django.db import connection, transaction

from tillit.audit import events
from tillit.audit.operations import append
from tillit.declaration import registry
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties import journal
from tillit.parties.journal_models import JournalKind
from tillit.parties.merging import same_person
from tillit.parties.models import Relationship, Subject
from tillit.parties.operations import lock_subjects, wait_for_sets
from tillit.privacy import files, sweep
from tillit.privacy.compiler import Party, Plan, register_plans
from tillit.privacy.owned import OwnedPlan, delete, owned_plans
from tillit.privacy.presence import held, owned
from tillit.privacy.retention import children_first, dispose_rows, name_due, parties

Ground = Literal["no_longer_needed", "consent_withdrawn", "objection", "unlawful"]


@dataclass(frozen=True)
class Item:
    """What happened to the rows of one table, controller and category.

    outcome `kept`: `rule` is the declaration's retention rule that keeps them (or `hold`), `until` the day they go
    (None while a contract or a hold lasts). `hold`: reason and number of each hold (`law`: no more may be told).
    """

    controller_id: int
    table: str
    category: str
    rows: int
    outcome: Literal["erased", "kept"]
    rule: str = ""
    until: date | None = None
    hold: tuple[str, ...] = ()


def erase(
    *, actor: Actor, subject_id: int, ground: Ground, at: datetime, categories: frozenset[str] | None = None
) -> list[Item]:
    """Erase what may go of one person, in every table; `categories` limits it to a part. Returns the itemised outcome.

    `actor` may perform `rights_requests`: for every controller of the register where the person asked. Only rows of the
    actor's controllers are looked at, and what is the person's in the whole register (files, logins, sessions) only
    where nobody else of it keeps the person. Raises nothing for what must stay: that is an item. Idempotent: a second
    call finds nothing more, and nothing of who is gone altogether. Of a merged person every subject is erased, the one
    they are known by last.
    """
    with transaction.atomic():
        return [
            item
            for one in reversed(same_person(subject_id))
            for item in _erase(actor=actor, subject_id=one, ground=ground, at=at, categories=categories)
        ]


def _erase(
    *, actor: Actor, subject_id: int, ground: Ground, at: datetime, categories: frozenset[str] | None
) -> list[Item]:
    on = clock.local_date(at)
    register_id = Subject.objects.filter(pk=subject_id).values_list("register_id", flat=True).first()
    if register_id is None:
        return []  # nothing is left of the person, not even the id
    members = parties(on).get(register_id, [])
    cells = {(p.controller_id, p.table.table, p.category): p for p in register_plans(members)}
    items: list[Item] = []
    with Scope(actor, "rights_requests", subjects=frozenset({subject_id}), engine=True) as scope:
        wait_for_sets(subject_id=subject_id)
        lock_subjects(scope=scope, subject_ids=[subject_id])
        spared = _is_kept_elsewhere(scope, members, subject_id)
        if not spared:
            files.forget(subject_id=subject_id)
            items += _owned(register_id, members, subject_id, categories, on)
        # What a person was says how long the rest is kept: it is looked at last.
        order = {table: place for place, table in enumerate(children_first())}
        order[Relationship._meta.db_table] = len(order)
        found = [
            one
            for one in held([subject_id])
            if one.controller_id in scope.controllers and (categories is None or one.category in categories)
        ]
        for table, ones in groupby(sorted(found, key=lambda one: order[one.table]), key=lambda one: one.table):
            said = [(one.controller_id, table, one.category) for one in ones]
            rows = registry.PERSONAL[table]
            items += _erase_table([cells.get(one) or Plan(one[0], rows, one[2], ()) for one in said], subject_id, on)
        kept = {item.category for item in items if item.outcome == "kept"}
        append(
            type=events.PERSON_ERASED,
            scope=scope,
            controller=min(scope.controllers),
            subject=subject_id,
            details={
                "ground": ground,
                "tables": len({item.table for item in items}),
                "rows": sum(item.rows for item in items if item.outcome == "erased"),
                "kept": sorted(kept),
            },
        )
        journal.note(
            scope=scope,
            kind=JournalKind.ERASURE,
            at=at,
            subject_id=subject_id,
            ground=ground,
            categories=sorted(categories) if categories else None,
            kept=sorted(kept | ({one.category for one in registry.OWNED.values()} if spared else set())),
        )
        # Whether anything is left is asked of the whole register, whatever part of it the actor may see.
        everyone = system("retention", [party.controller_id for party in members])
        with Scope(everyone, "retention") as whole:
            sweep.tie_up(scope=whole, subjects=[subject_id])
    return items


def _is_kept_elsewhere(scope: Scope, members: list[Party], subject_id: int) -> bool:
    """Whether another controller of the register holds rows of the person, who still is something to somebody there."""
    others = {party.controller_id for party in members} - scope.controllers
    if not others:
        return False
    people = same_person(subject_id)
    with Scope(system("retention", others | scope.controllers), "retention", frozenset(people)):
        related = Relationship.objects.filter(subject_id__in=people, ended__isnull=True).exists()
        return related and any(one.controller_id in others for one in held(people))


def close_ways_in(*, subject_id: int, categories: frozenset[str] | None) -> None:
    """Delete what hangs on the person in library tables (sessions, codes, logins), of the categories or of all."""
    meant = [t for t in registry.erasable() if t.eraser is None and (categories is None or t.category in categories)]
    with connection.cursor() as cursor:
        for table in owned([subject_id], meant):
            cursor.execute(f"DELETE FROM {table.table} WHERE {table.where}", {"subjects": [subject_id]})


def _owned(
    register_id: int, members: list[Party], subject_id: int, categories: frozenset[str] | None, on: date
) -> list[Item]:
    """Library tables that hang on the person (logins, sessions, codes): gone unless a rule or a hold keeps them."""
    items, governed = [], set()
    for plan in owned_plans(register_id, members):
        governed.add(plan.category)
        if categories is None or plan.category in categories:
            items += _erase_owned(plan, subject_id, on)
    rest = {owned.category for owned in registry.erasable()} - governed
    close_ways_in(subject_id=subject_id, categories=frozenset(rest if categories is None else rest & categories))
    return items


def _erase_owned(plan: OwnedPlan, subject_id: int, on: date) -> list[Item]:
    until = _until(plan)
    params = {**plan.params, "subjects": [subject_id], "on": on}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {until} <= %(on)s AND NOT {plan.held()}, {plan.held()} {plan.source(some=True)}", params
        )
        found = cursor.fetchone()
    if found is None:
        return []
    gone_now, on_hold = found
    if not gone_now:
        return [_kept(plan, plan.source(some=True), params, 1, on_hold=on_hold)]
    gone = delete(plan, [subject_id])
    return [Item(plan.controller_id, plan.table.table, plan.category, gone, "erased")]


def _until(plan: Plan) -> str:
    """SQL for the day until which an erasure leaves a row of the plan."""
    return f"greatest({', '.join(term for _, term in plan.stays)})" if plan.stays else "'-infinity'::timestamp"


def _erase_table(plans: list[Plan], subject_id: int, on: date) -> list[Item]:
    """Erase the rows of one table's cells that nothing keeps; the items that tell of it. What law, contract and holds
    say is asked once for all cells; the rows that go are named to whatever disposes of them.
    """
    looks, items = [], []
    with connection.cursor() as cursor:
        for place, plan in enumerate(plans):
            params = {**plan.params, "subject": subject_id, "on": on, "place": place}
            look = (
                f"SELECT %(place)s AS place, t.id, {_until(plan)} <= %(on)s AS over, {plan.held()} AS on_hold"
                f" {plan.source()} AND t.subject_id = %(subject)s"
            )
            looks.append(cursor.mogrify(look, params))
        cursor.execute(
            "SELECT place, array_agg(id::text) FILTER (WHERE over AND NOT on_hold), count(*) FILTER (WHERE on_hold OR"
            f" NOT over), bool_or(on_hold) FROM ({' UNION ALL '.join(looks)}) r GROUP BY place ORDER BY place"
        )
        found = [(place, going or [], left, on_hold) for place, going, left, on_hold in cursor.fetchall()]
    for disposal in ("anonymise", "erase"):
        going = [row for place, rows, _, _ in found if plans[place].disposal == disposal for row in rows]
        if going:
            name_due(plans[0].table, subject_id, going)
            dispose_rows(plans[0].table, anonymise=disposal == "anonymise")
    for place, gone, left, on_hold in found:
        plan = plans[place]
        if gone:
            items.append(Item(plan.controller_id, plan.table.table, plan.category, len(gone), "erased"))
        if left:
            mine = f"{plan.source()} AND t.subject_id = %(subject)s"
            items.append(_kept(plan, mine, {**plan.params, "subject": subject_id}, left, on_hold=on_hold))
    return items


def _kept(plan: Plan, mine: str, params: dict[str, Any], rows: int, *, on_hold: bool) -> Item:
    """Which rule keeps the rows longest, and until when; or the hold: its reason, unless the law forbids telling."""
    where = (plan.controller_id, plan.table.table, plan.category, rows)
    if on_hold or not plan.stays:
        return Item(*where, "kept", "hold", hold=_holds(plan, params) if on_hold else ())
    terms = ", ".join(f"max({term})::text" for _, term in plan.stays)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {terms} {mine}", params)
        days = cursor.fetchone()
    found = [(day, rule) for (rule, _), day in zip(plan.stays, days, strict=True) if day not in {None, "-infinity"}]
    for day, rule in found:
        if day == "infinity":
            return Item(*where, "kept", rule)
    day, rule = max(found)
    return Item(*where, "kept", rule, date.fromisoformat(day[:10]))


def _holds(plan: Plan, params: dict[str, Any]) -> tuple[str, ...]:
    """Reason and number of each hold that keeps the person's rows; `law` alone for one that must not be told of."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT CASE WHEN h.told THEN concat_ws(' ', h.reason, nullif(h.reference, '')) ELSE 'law' END"
            f" FROM privacy_hold h WHERE h.subject_id = ANY (%(people)s) AND {plan.holds()} ORDER BY 1",
            {
                **params,
                "people": [s for one in params.get("subjects") or [params["subject"]] for s in same_person(one)],
            },
        )
        return tuple(row[0] for row in cursor.fetchall())
