"""The tables are what the registry says: nothing undeclared, the composite keys, links and rules really there (A2)."""

from collections.abc import Iterator

from django.apps import apps
from django.db import connection, models

from tillit.declaration import registry
from tillit.declaration.enforce import links
from tillit.declaration.personal import SubjectForeignKey
from tillit.declaration.registry import PersonalTable
from tillit.kernel.sql import load
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once

BOOKKEEPING = {"django_migrations": ["id", "app", "name", "applied"]}
"""Django's own list of migrations is no model."""


def faults() -> Iterator[str]:
    """Every way in which the catalog differs from the registry and the models."""
    yield from _coverage()
    yield from _outside()
    for table in registry.PERSONAL.values():
        yield from _key(table)
        yield from _links(table)
        yield from _tamperable(table)
    yield from _rules()


def _rows(name: str, **params: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "catalog", name), params)
        return list(cursor.fetchall())


def _registered() -> dict[str, list[str]]:
    known = {*registry.PERSONAL, *registry.OWNED, *registry.NOT_PERSONAL, *registry.TRANSIENT}
    found = {
        model._meta.db_table: [f.column for f in model._meta.concrete_fields if f.column]
        for model in apps.get_models(include_auto_created=True)
        if model._meta.db_table in known
    }
    return {**found, **BOOKKEEPING}


def _coverage() -> Iterator[str]:
    """Tables and columns that answer to nobody, and those that are missing."""
    registered = _registered()
    present: dict[str, set[str]] = {}
    for table, column in _rows("columns"):
        present.setdefault(str(table), set()).add(str(column))
    for table, columns in present.items():
        if table not in registered:
            yield f"table {table} is not registered"
            continue
        for column in sorted(columns - set(registered[table])):
            yield f"column {table}.{column} is not declared"
        for column in sorted(set(registered[table]) - columns):
            yield f"column {table}.{column} is missing"
    for table in sorted(set(registered) - set(present)):
        yield f"table {table} is missing"


def _outside() -> Iterator[str]:
    """Views, foreign tables and schemas through which rows could be read past the policies."""
    for kind, name in _rows("outside"):
        yield f"{kind} {name} is not registered"


def _key(table: PersonalTable) -> Iterator[str]:
    columns = [row[0] for row in _rows("primary_key", table=table.table)]
    if columns != ["subject_id", "id"]:
        yield f"{table.table}: the primary key is not (subject_id, id)"
    for name, unique in _rows("unique_rules", table=table.table):
        if "subject_id" not in str(unique).split(","):
            yield f"{table.table}: the unique rule {name} leaves out the subject"


def _links(table: PersonalTable) -> Iterator[str]:
    present = {row[0]: row[1:] for row in _rows("links", table=table.table)}
    for name, definition in links(table):
        full = f"{table.table}_{name}"[:63]
        if full not in present:
            yield f"{table.table}: the link {full} is missing"
            continue
        text, validated, enforced, enabled = present[full]
        if _plain(str(text)) != _plain(definition):
            yield f"{table.table}: the link {full} is another one"
        if not (validated and enforced and enabled):
            yield f"{table.table}: the link {full} is not enforced"
    for field in table.model._meta.get_fields():
        related = getattr(field, "related_model", None)
        if isinstance(field, models.ForeignKey) and related is not None and related._meta.db_table in registry.PERSONAL:
            yield f"{table.table}: {field.name} links one column only"
        if isinstance(field, SubjectForeignKey) and field.related_model._meta.db_table not in registry.PERSONAL:
            yield f"{table.table}: {field.name} links to a table without subjects"


def _plain(definition: str) -> str:
    return definition.replace(" ", "").lower()


def _tamperable(table: PersonalTable) -> Iterator[str]:
    for kind, name in _rows("triggers_and_rules", table=table.table):
        yield f"{table.table} has the {kind} {name}"
    text_like = [column for column, target in _rows("statistics", table=table.table) if target != 0]
    for column in text_like:
        yield f"{table.table}.{column}: the planner keeps statistics of its values"


def _rules() -> Iterator[str]:
    """The rules the models state (checks, unique rules): present, validated, enforced."""
    present = {str(row[0]): row[1] for row in _rows("rules")}
    for model in apps.get_models():
        if model._meta.db_table in _registered():
            for rule in model._meta.constraints:
                if rule.name not in present:
                    yield f"{model._meta.db_table}: the rule {rule.name} is missing"
                elif not present[rule.name]:
                    yield f"{model._meta.db_table}: the rule {rule.name} is not enforced"
    for table in registry.PERSONAL.values():
        if table.category_column and not present.get(f"{table.table}_categories"):
            yield f"{table.table}: the rule {table.table}_categories is missing or not enforced"


def _check(context: Context, said: Said) -> Finding:
    if "structure" not in context.shared.faults:
        with context.scope():
            found = list(faults())
        context.shared.faults["structure"] = (found, {"tables": len(_registered()), "personal": len(registry.PERSONAL)})
    found, evidence = context.shared.faults["structure"]
    return judged(found, **evidence)


KIND = Kind("structure", once("structure", "categories"), _check)
