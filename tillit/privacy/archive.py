"""Archives: the same rows in another state, with named readers (D10, B7): entered by the clock, left by joining."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db import connection, models

from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties.errors import UnknownSubjectError
from tillit.parties.models import Subject
from tillit.parties.operations import lock_subject
from tillit.privacy.compiler import Party, Plan
from tillit.privacy.errors import CannotKeepError
from tillit.privacy.records import Recorder
from tillit.privacy.stages import archive_plans, pseudonymise_plans

REJOINING = "rejoining"


_ENTER = "UPDATE {table} u SET state = u.state + 2 FROM privacy_entering d WHERE {same} AND u.state IN (0, 1)"


def enter(
    registers: dict[int, list[Party]], on: date, *, recorder: Recorder, progress: Callable[[], None] = lambda: None
) -> None:
    """Move what is due there into the archives that the declarations promise, and empty what says whose a row is where
    they promise that; a rehearsal counts. A hold keeps rows as they are, but not out of the archive.
    """
    for members in registers.values():
        actor = system("retention", [party.controller_id for party in members])
        for party in members:
            others = [m for m in members if m is not party] if party.controller_id == party.holder_id else []
            for plan in archive_plans(party, others):
                _carry_out(actor, plan, "t.state IN (0, 1)", _ENTER, "archive", on, recorder)
            for plan in pseudonymise_plans(party, others):
                empty, known = _emptied(plan)
                text = f"UPDATE {{table}} u SET {empty} FROM privacy_entering d WHERE {{same}}"
                _carry_out(actor, plan, f"({known}) AND NOT {plan.held()}", text, "pseudonymise", on, recorder)
            progress()


def _carry_out(actor: Actor, plan: Plan, wanted: str, text: str, how: str, on: date, recorder: Recorder) -> None:
    """Do what `text` says with the rows whose time has come, in one transaction with its event; or count them."""
    table, params, dry_run = plan.table.table, {**plan.params, "on": on}, recorder.run.dry_run
    # `-infinity`: nobody's clock concerns the person
    due = f"{wanted} AND {plan.due} <= %(on)s AND {plan.due} > '-infinity'"
    with Scope(actor, "retention") as scope, connection.cursor() as cursor:
        if dry_run:
            cursor.execute(f"SELECT count(*) {plan.source()} AND {due}", params)
            rows = int(cursor.fetchone()[0])
        else:
            cursor.execute("DROP TABLE IF EXISTS privacy_entering")
            cursor.execute(
                "CREATE TEMP TABLE privacy_entering ON COMMIT DROP AS"
                f" SELECT t.subject_id, t.id {plan.source()} AND {due}",
                params,
            )
            cursor.execute(text.format(table=table, same="u.subject_id = d.subject_id AND u.id = d.id"))
            rows = cursor.rowcount
        if rows:
            recorder.note(
                scope=None if dry_run else scope,
                controller_id=plan.controller_id,
                table=table,
                category=plan.category,
                disposal=how,
                rows=rows,
            )


def _emptied(plan: Plan) -> tuple[str, str]:
    """(assignments that empty the columns that say who it is, the condition that one of them is not empty yet)."""
    sets, known = [], []
    for column in plan.table.pseudonymise:
        field = next(f for f in plan.table.model._meta.concrete_fields if f.column == column)
        sets.append(f"{column} = {'NULL' if field.null else _empty(field)}")
        known.append(f"t.{column} IS NOT NULL" if field.null else f"t.{column} <> ''")
    return ", ".join(sets), " OR ".join(known)


def _empty(field: "models.Field[Any, Any]") -> str:
    """The empty value of a column that may not be NULL: a text and bytes have one."""
    if not isinstance(field, models.CharField | models.TextField | models.BinaryField):
        raise CannotKeepError("cannot-pseudonymise", f"{field.column} can be neither NULL nor empty")
    return "''"


def restore(*, subject_id: int, controller_id: int, mistaken: bool = False) -> int:
    """Bring a person's rows back from the archives that joining again opens (B7), once the relationship runs again;
    how many came back. `mistaken`: the ending is undone, so every archive it filled gives back (D10).

    Rows come back whose archive's clock no longer says that they belong there; those held jointly, too. Raises
    `UnknownSubjectError`.
    """
    register = Subject.objects.filter(pk=subject_id).values_list("register_id", flat=True).first()
    if register is None:
        raise UnknownSubjectError("unknown-subject", "there is no such person")
    on, holder = clock.today(), holder_of(controller_id=controller_id)
    controllers = list(Controller.objects.filter(register_id=register).order_by("id").values_list("id", flat=True))
    members = [Party(c, holder_of(controller_id=c), current(controller_id=c, on=on)) for c in controllers]
    actor, rows = system(REJOINING, controllers), 0
    with Scope(actor, "retention", frozenset({subject_id})) as scope, connection.cursor() as cursor:
        lock_subject(scope=scope, subject_id=subject_id)
        for party in members:
            if party.controller_id not in {controller_id, holder}:
                continue
            opened = {a.key for a in party.declaration.archives if mistaken or REJOINING in a.readers}
            others = [m for m in members if m is not party] if party.controller_id == party.holder_id else []
            for plan in archive_plans(party, others, only=opened):
                cursor.execute(
                    f"UPDATE {plan.table.table} u SET state = u.state - 2 FROM (SELECT t.subject_id, t.id"
                    f" {plan.source(some=True)} AND t.state IN (2, 3) AND {plan.due} > %(on)s) d"
                    " WHERE u.subject_id = d.subject_id AND u.id = d.id",
                    {**plan.params, "on": on, "subjects": [subject_id]},
                )
                rows += cursor.rowcount
    return rows
