"""Archives: the same rows in another state, with named readers (D10, B7): entered by the clock, left by joining."""

from collections.abc import Iterator
from datetime import date

from django.db import connection

from tillit.declaration.models import Controller
from tillit.declaration.queries import current, holder_of
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.errors import UnknownSubjectError
from tillit.parties.models import Subject
from tillit.parties.operations import lock_subject
from tillit.privacy.compiler import Party, archive_plans

REJOINING = "rejoining"


def enter(registers: dict[int, list[Party]], on: date, *, dry_run: bool) -> Iterator[tuple[int, str, str, int]]:
    """Move what is due there into the archives that the declarations promise, or count it; (controller, table,
    category, rows) of each that moved any.
    """
    for members in registers.values():
        actor = system("retention", [party.controller_id for party in members])
        for party in members:
            others = [m for m in members if m is not party] if party.controller_id == party.holder_id else []
            for plan in archive_plans(party, others):
                table, params = plan.table.table, {**plan.params, "on": on}
                # `-infinity`: nobody's clock concerns the person
                due = f"t.state IN (0, 1) AND {plan.due} <= %(on)s AND {plan.due} > '-infinity'"
                with Scope(actor, "retention"), connection.cursor() as cursor:
                    if dry_run:
                        cursor.execute(f"SELECT count(*) {plan.source()} AND {due}", params)
                        rows = int(cursor.fetchone()[0])
                    else:
                        cursor.execute(
                            f"UPDATE {table} u SET state = u.state + 2 FROM (SELECT t.subject_id, t.id {plan.source()}"
                            f" AND {due}) d WHERE u.subject_id = d.subject_id AND u.id = d.id AND u.state IN (0, 1)",
                            params,
                        )
                        rows = cursor.rowcount
                if rows:
                    yield party.controller_id, table, plan.category, rows


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
