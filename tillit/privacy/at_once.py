"""What a declaration lets end with something a person does, ends when they do it (E7), not with the night's run.

A rule whose clock is such an event names the categories (and kinds of row) that go; the registry names the tables that
carry the clock. So nobody lists what is derived for an app: a table that registers the clock follows by itself.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.operations import lock_subjects
from tillit.privacy import sweep
from tillit.privacy.compiler import Plan, register_plans
from tillit.privacy.errors import CannotKeepError
from tillit.privacy.retention import children_first, dispose_due, parties


def happened(
    *, controller: Controller, subject_ids: Collection[int], event: str, activity: str, at: datetime
) -> dict[str, int]:
    """The event happened to the people: their rows under its rules are marked, and what is due goes, all or nothing.

    event: a clock event. activity: the declared one that may write the categories concerned. Returns table → rows that
    went. A hold and a statutory minimum keep what they keep. Raises `CannotKeepError` `not-marked` where the activity
    may not write a row that the event ends: then nothing is done.
    """
    people, on = sorted(set(subject_ids)), clock.local_date(at)
    members = parties(on).get(controller.register_id, [])
    order = {table: place for place, table in enumerate(children_first())}
    concerned = [plan for plan in register_plans(members) if plan.controller_id == controller.pk and _ends(plan, event)]
    concerned.sort(key=lambda plan: order[plan.table.table])
    own = frozenset(people)
    everyone = {party.controller_id for party in members} | {controller.pk}
    gone: dict[str, int] = {}
    with transaction.atomic():
        with Scope(system("at_once", {controller.pk}), activity, own) as scope:
            lock_subjects(scope=scope, subject_ids=people)  # before any row, as every other that writes about them
            for plan in concerned:
                _mark(plan, event, people, at)
        with Scope(system("retention", everyone), "retention", own) as scope:
            for plan in concerned:
                _all_marked(plan, event, people)
                rows = dispose_due(plan, people, on)
                gone[plan.table.table] = gone.get(plan.table.table, 0) + rows
            sweep.tie_up(scope=scope, subjects=people)
    return gone


def tables(*, controller: Controller, event: str, at: datetime) -> list[str]:
    """The tables whose rows, or some of them, go when the event happens."""
    members = parties(clock.local_date(at)).get(controller.register_id, [])
    plans = register_plans(members)
    return sorted({one.table.table for one in plans if one.controller_id == controller.pk and _ends(one, event)})


def _ends(plan: Plan, event: str) -> bool:
    return event in plan.table.clocks and any(rule.clock == event and rule.rule == "ceiling" for rule in plan.rules)


def _where(plan: Plan, event: str) -> str:
    """The rows of the plan that the event ends and that do not say so yet."""
    kinds = [rule.only_kinds for rule in plan.rules if rule.clock == event and rule.rule == "ceiling"]
    some = "" if not all(kinds) else f" AND t.{plan.table.kind_column} = ANY (%(kinds)s)"
    category = f" AND t.{plan.table.category_column} = %(category)s" if plan.table.category_column else ""
    return (
        f"t.controller_id = %(row_controller)s AND t.subject_id = ANY (%(subjects)s)"
        f" AND t.{plan.table.clocks[event]} IS NULL{category}{some}"
    )


def _params(plan: Plan, event: str, people: list[int]) -> dict[str, Any]:
    kinds = [kind for rule in plan.rules if rule.clock == event for kind in rule.only_kinds]
    return {**plan.params, "subjects": people, "kinds": kinds}


def _mark(plan: Plan, event: str, people: list[int], at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {plan.table.table} t SET {plan.table.clocks[event]} = %(at)s WHERE {_where(plan, event)}",
            _params(plan, event, people) | {"at": at},
        )


def _all_marked(plan: Plan, event: str, people: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {plan.table.table} t WHERE {_where(plan, event)}", _params(plan, event, people)
        )
        if cursor.fetchone()[0]:
            raise CannotKeepError("not-marked", f"{plan.table.table}: rows that end with '{event}' cannot be marked")
