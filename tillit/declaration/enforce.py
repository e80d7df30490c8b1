"""From registry and declarations to PostgreSQL: row-security policies, composite foreign keys, privileges, grants.

One compiler for every personal table, so purpose limitation, controller isolation, own-rows-only and restriction are
the same three conditions everywhere (DESIGN, "Scope and row security"; the look-ups are init plans, evaluated once a
statement). Run by `tillit migrate` as the owner; `enforce_grants` also when a declaration is published.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from django.db import connection, models, transaction
from psycopg import sql

from tillit.declaration import registry
from tillit.declaration.models import Controller
from tillit.declaration.personal import SubjectForeignKey
from tillit.declaration.queries import all_current
from tillit.declaration.registry import PersonalTable
from tillit.declaration.schema import Declaration
from tillit.declaration.vocabulary import category_id, vocabulary
from tillit.kernel import clock
from tillit.kernel.sql import load
from tillit.kernel.sql import statements as named

READ, WRITE, DELETE, RESTRICTED, ARCHIVED, NAMED, NOT_STAFF = 1, 2, 4, 8, 16, 32, 64
APP, BACKUP, PROOF = "tillit_app", "tillit_backup", "tillit_proof"

FUNCTIONS = ("random_id", "keys", "reached", "reach", "any_subject", "subjects", "now")
_VERBS = (("select", READ), ("insert", WRITE), ("update", WRITE), ("delete", DELETE))
_TEXT_LIKE = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.UUIDField)


class Granted(NamedTuple):
    """A grant as compiled: the columns of `Grant`."""

    controller_id: int
    row_controller_id: int
    activity: str
    category: int
    rights: int


_NAMED_PEOPLE = "CASE WHEN current_setting('tillit.subjects', true) = '*' THEN NULL ELSE tillit_subjects() END"
"""Every subject of the people the scope names (a merged person has several, C3), NULL when it names nobody in
particular; nobody without a scope.
"""


def condition(table: PersonalTable, need: int, *, writing: bool = False) -> str:
    """The policy expression of `table` for the right `need`. Only constants of ours are written into it.

    Two look-ups, each made once a statement. The planner counts on nearly every row passing a test for NULL, as it does
    where a statement is about many; of the bare conditions on one in twenty and one in two. `writing`: of a row that is
    being written, where asking for the people with each row is less than planning another look-up.
    """
    category = table.category_column or str(category_id(table.categories[0]))
    reach = f"SELECT tillit_reach('{table.reach.place}_{need}', '{table.reach.categories}'::smallint[], {need})"
    people = f"({_NAMED_PEOPLE})" if writing else f"(SELECT {_NAMED_PEOPLE})"
    seen = f"(controller_id * 4 + state) * 256 + {category} = ANY (({reach})::integer[])"
    theirs = f"subject_id = ANY ({people}::bigint[])"
    return " AND ".join(f"nullif(coalesce({one}, true), false) IS NOT NULL" for one in (seen, theirs))


def policies(table: PersonalTable) -> Iterator[tuple[str, str]]:
    """(policy name, statement) for every policy of `table`."""
    name = table.table
    for verb, need in _VERBS:
        if table.writer and verb in {"insert", "delete"}:
            continue
        using = "" if verb == "insert" else f" USING ({condition(table, need)})"
        wanted = [condition(table, need, writing=True)]
        if verb in {"insert", "update"}:
            said = registry.ONLY_WHEN.get(name, {})
            wanted += [f"({one})" for one, kept in said.items() if kept or verb == "insert"]
        check = f" WITH CHECK ({' AND '.join(wanted)})" if verb in {"insert", "update"} else ""
        yield (
            f"tillit_{verb}",
            f"CREATE POLICY tillit_{verb} ON {name} FOR {verb.upper()} TO {APP}{using}{check}",
        )
    yield "tillit_backup", f"CREATE POLICY tillit_backup ON {name} FOR SELECT TO {BACKUP} USING (true)"
    yield "tillit_proof", f"CREATE POLICY tillit_proof ON {name} FOR SELECT TO {PROOF} USING (true)"
    if table.writer:
        yield (
            "tillit_writer",
            f"CREATE POLICY tillit_writer ON {name} TO {table.writer} USING (true) WITH CHECK (true)",
        )


def _privileges(table: PersonalTable) -> Iterator[str]:
    name = table.table
    yield f"REVOKE ALL ON {name} FROM {APP}, {BACKUP}"
    if table.writer:
        yield f"GRANT SELECT, UPDATE (state) ON {name} TO {APP}"
        yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {table.writer}"
    else:
        yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {APP}"
    yield f"GRANT SELECT ON {name} TO {BACKUP}, {PROOF}"


def links(table: PersonalTable) -> Iterator[tuple[str, str]]:
    """(constraint name, definition) of the links of `table`: to the subject, and over both columns to other tables."""
    if table.subject_link:
        yield "subject_link", "FOREIGN KEY (subject_id) REFERENCES parties_subject (id)"
    for field in table.model._meta.get_fields():
        if isinstance(field, SubjectForeignKey):
            action = "ON DELETE CASCADE" if field.cascade else "ON DELETE RESTRICT"
            target = field.related_model._meta.db_table
            yield (
                f"{field.name}_link",
                f"FOREIGN KEY (subject_id, {field.local}) REFERENCES {target} (subject_id, id) {action} DEFERRABLE",
            )


def shape(table: PersonalTable) -> Iterator[str]:
    """What a personal table has beyond its model: links, the categories it may hold, statistics of codes alone."""
    for link, definition in links(table):
        full = f"{table.table}_{link}"[:63]
        yield f"ALTER TABLE {table.table} DROP CONSTRAINT IF EXISTS {full}"
        yield f"ALTER TABLE {table.table} ADD CONSTRAINT {full} {definition}"
    if table.category_column:
        numbers = ", ".join(str(category_id(key)) for key in table.categories)
        yield f"ALTER TABLE {table.table} DROP CONSTRAINT IF EXISTS {table.table}_categories"
        yield (
            f"ALTER TABLE {table.table} ADD CONSTRAINT {table.table}_categories"
            f" CHECK ({table.category_column} IN ({numbers}))"
        )
    for field in table.model._meta.concrete_fields:
        if isinstance(field, _TEXT_LIKE):
            target = -1 if field.column in table.counted else 0
            yield f"ALTER TABLE {table.table} ALTER COLUMN {field.column} SET STATISTICS {target}"


def functions() -> Iterator[str]:
    """Every function the rules need: those the policies call, and those that alone write what they guard."""
    for name in FUNCTIONS:
        yield load(__file__, "functions", name)
    files = [(one.module_file, one.file) for one in registry.DEFINERS]
    files += [(one.module_file, one.file) for one in registry.ROUTINES]
    for module_file, file in files:
        yield from named(Path(module_file).parent, file).values()


def _definers() -> Iterator[str]:
    """Functions owned by roles that cannot log in, with the only right to write what they guard."""
    for entry in registry.DEFINERS:
        for table in entry.reads:
            yield f"GRANT SELECT ON {table} TO {entry.role}"
        yield f"GRANT CREATE ON SCHEMA public TO {entry.role}"
        for name, text in named(Path(entry.module_file).parent, entry.file).items():
            yield f"DROP FUNCTION IF EXISTS {name}"
            yield text
            yield f"ALTER FUNCTION {name} OWNER TO {entry.role}"
            yield f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC"
            yield f"GRANT EXECUTE ON FUNCTION {name} TO {APP}"
        yield f"REVOKE CREATE ON SCHEMA public FROM {entry.role}"


def _routines() -> Iterator[str]:
    """Functions that run with their caller's rights; the owner's, and the application's to call."""
    for entry in registry.ROUTINES:
        for name, text in named(Path(entry.module_file).parent, entry.file).items():
            yield f"DROP FUNCTION IF EXISTS {name}"
            yield text
            yield f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC"
            yield f"GRANT EXECUTE ON FUNCTION {name} TO {APP}"


def statements() -> Iterator[str]:
    """Every statement that brings the database to what the registry says, in order. Idempotent."""
    for name in FUNCTIONS:
        yield load(__file__, "functions", name)
    for table in registry.PERSONAL.values():
        yield f"ALTER TABLE {table.table} ENABLE ROW LEVEL SECURITY"
        yield from _privileges(table)
        for policy, text in policies(table):
            yield f"DROP POLICY IF EXISTS {policy} ON {table.table}"
            yield text
        yield from shape(table)
    for owned in registry.OWNED.values():
        yield f"REVOKE ALL ON {owned.table} FROM {APP}, {BACKUP}"
        yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {owned.table} TO {owned.writer or APP}"
        if owned.backed_up:
            yield f"GRANT SELECT ON {owned.table} TO {BACKUP}"
    for name in sorted({*registry.NOT_PERSONAL, *registry.TRANSIENT}):
        yield f"REVOKE ALL ON {name} FROM {APP}, {BACKUP}"
        yield f"GRANT SELECT ON {name} TO {APP}"
        yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON {name} TO {registry.WRITERS.get(name, APP)}"
        if name not in registry.NOT_BACKED_UP:
            yield f"GRANT SELECT ON {name} TO {BACKUP}"
    yield from _definers()
    yield from _routines()
    for name in sorted(registry.ONLY_ADDED):
        yield f"REVOKE UPDATE, DELETE ON {name} FROM {APP}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP}"
    yield f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {BACKUP}"


def enforce_all() -> None:
    """Bring the database to what the registry says. As the owner, in one transaction, after `migrate`."""
    registry.load()
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements():
            cursor.execute(sql.SQL(statement))


def cells(declaration: Declaration) -> dict[tuple[str, str], int]:
    """(activity, category) → rights bits that `declaration` gives."""
    words, found = vocabulary(), {}
    for activity in declaration.activities:
        word = words.activities[activity.key]
        states = (RESTRICTED if "restricted" in word.sees else 0) | (
            ARCHIVED if "archived" in word.sees or activity.reads_archive else 0
        )
        # What disposes reaches every category there is: nothing held may be out of the reach of an erasure.
        recorded = declaration.named(activity, only_recorded=True)
        used = words.categories.keys() if word.disposes and "*" in activity.uses else declaration.named(activity)
        for category in {*used, *recorded}:
            right = READ | (WRITE if category in recorded else 0)
            if word.disposes:
                right |= WRITE | DELETE
            closed = words.categories[category].staff_under
            if closed and activity.key not in closed:
                right |= NOT_STAFF
            found[activity.key, category] = right | states
    return found


def compiled_grants(*, on: date | None = None) -> list[Granted]:
    """Every grant the declarations in effect on a day (today) compile to.

    A version takes effect on its day (A4), so this runs daily, too. Before a controller's first effective day its first
    version counts.
    In a joint register each other controller also gets the holder's rows, but only for named subjects (`NAMED`), whose
    relationship to it the caller has established (A1).
    """
    declarations = all_current(on=on or clock.today())
    holders = {c.register_id: c.id for c in Controller.objects.filter(holder=True)}
    grants = []
    for controller in Controller.objects.order_by("id"):
        if controller.id not in declarations:
            continue
        holder = holders.get(controller.register_id, controller.id)
        for (activity, category), rights in cells(declarations[controller.id][1]).items():
            number = category_id(category)
            grants.append(Granted(controller.id, controller.id, activity, number, rights))
            if holder != controller.id:
                grants.append(Granted(controller.id, holder, activity, number, rights | NAMED))
    return grants


def enforce_grants(*, on: date | None = None) -> int:
    """Make the grants what the declarations in effect on a day (today) compile to; returns how many there are."""
    with transaction.atomic():
        grants = compiled_grants(on=on)
        columns = zip(*grants, strict=True) if grants else ((),) * len(Granted._fields)
        with connection.cursor() as cursor:
            cursor.execute(
                load(__file__, "grants", "store"), dict(zip(Granted._fields, map(list, columns), strict=True))
            )
    return len(grants)
