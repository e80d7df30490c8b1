"""The retention of what hangs on people in libraries' tables: logins with their sessions, devices and codes (H10).

A login is the register's, not one controller's: it goes when the rules of no controller of the register keep it. The
plan is about people; its rows are the people who have anything in the owned tables of the category.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from tillit.declaration import registry
from tillit.declaration.registry import OwnedTable, PersonalTable
from tillit.privacy.compiler import Builder, Party, Plan, set_due
from tillit.privacy.ways import Way


@dataclass
class OwnedPlan(Plan):
    """`t` is a person of the register with something in `tables`; only `subject_id` is there."""

    register_id: int = 0
    tables: list[OwnedTable] = field(default_factory=list)

    @property
    def people(self) -> bool:
        """It is about people."""
        return True

    def source(self, *, some: bool = False, joined: bool = True) -> str:
        """FROM and WHERE of the people (see `Plan.source`)."""
        only = " AND {}.subject_id = ANY (%(subjects)s::bigint[])" if some else ""
        joins = [f"LEFT JOIN ({text}) c{n} ON c{n}.subject_id = t.subject_id" for n, text in enumerate(self.joins)]
        joins = [text + only.format(f"c{n}") for n, text in enumerate(joins) if joined]
        people = " UNION ".join(
            f"SELECT subject_id FROM {one.table} WHERE subject_id IS NOT NULL"
            for one in self.tables
            if any(f.column == "subject_id" for f in one.model._meta.concrete_fields)
        )
        whose = "(SELECT s.id AS subject_id, 0 AS state FROM parties_subject s"
        whose += f" JOIN ({people}) p ON p.subject_id = s.id"
        whose += " WHERE s.register_id = %(register)s) t"
        return "\n".join([f"FROM {whose}", *joins, "WHERE true" + only.format("t")])

    def ways(self) -> list[Way]:
        """The due ones are looked for: there are few such rows."""
        return [Way()]


def owned_plans(register_id: int, members: Iterable[Party]) -> Iterator[OwnedPlan]:
    """One plan per category of owned tables that a controller of the register has rules for."""
    everyone = list(members)
    for category in sorted({table.category for table in registry.OWNED.values()}):
        tables = registry.owned_by_people(category)
        ruled = [(p, r) for p in everyone for r in p.declaration.retention if r.category == category]
        if not tables or not ruled or registry.holding(category):
            continue
        holder = next((p for p in everyone if p.controller_id == p.holder_id), everyone[0])
        # Rules about people count from clocks of people: no column is asked for.
        table = PersonalTable(tables[-1].model, category, None, {})
        rules = tuple(rule for _, rule in ruled)
        plan = OwnedPlan(holder.controller_id, table, category, rules, holder.controller_id)
        plan.register_id, plan.tables = register_id, tables
        plan.params["register"] = register_id
        builder = Builder(plan, holder.declaration.controller.time_zone)
        set_due(plan, builder, ruled)
        yield plan


def delete(plan: OwnedPlan, subjects: list[int]) -> int:
    """Delete what the people have in the plan's tables; how many rows."""
    rows = 0
    with connection.cursor() as cursor:
        for one in plan.tables:
            cursor.execute(f"DELETE FROM {one.table} WHERE {one.where}", {"subjects": subjects})
            rows += cursor.rowcount
    return rows


def due_among(plan: OwnedPlan, subjects: list[int], params: dict[str, Any]) -> list[int]:
    """Those of the (locked) people whose time has come."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT t.subject_id {plan.source(some=True)} AND {plan.due} <= %(on)s AND NOT {plan.held()} ORDER BY 1",
            {**plan.params, **params, "subjects": subjects},
        )
        return [row[0] for row in cursor.fetchall()]
