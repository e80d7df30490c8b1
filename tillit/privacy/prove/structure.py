"""The tables are what code and registry say: nothing undeclared; every rule, key, link and index the very one (A2)."""

import re
from collections.abc import Iterator, Mapping

from django.db import models

from tillit.declaration import registry
from tillit.declaration.personal import SubjectForeignKey
from tillit.declaration.registry import PersonalTable
from tillit.privacy.prove import catalog, snapshot
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, once
from tillit.privacy.prove.snapshot import Key

NOT_COMPARED = "policy"
"""Compared with the rest of row security."""


def faults() -> Iterator[str]:
    """Every way in which the catalog differs from the registry, the models and what migrations make."""
    present, expected = snapshot.present().objects, snapshot.expected().objects
    yield from _coverage(present, expected)
    for kind, name in catalog.rows("outside"):
        yield f"{kind} {name} is not registered"
    yield from _keys()
    for personal in registry.PERSONAL.values():
        yield from _links(personal)
    for table, index in catalog.rows("expression_statistics", tables=[*registry.PERSONAL, *registry.OWNED]):
        yield f"{table}: the planner keeps statistics of what the index {index} is made of"
    tables = {table for _, table, _ in present}
    for key in sorted({*present, *expected}):
        if key[1] in tables and key[0] != NOT_COMPARED and (fault := _difference(key, present, expected)):
            yield fault


def _difference(key: Key, present: Mapping[Key, str], expected: Mapping[Key, str]) -> str | None:
    """What is wrong with one object, in words. `is another one`: it has its name and not its definition."""
    kind, table, name = key
    if _same(present.get(key), expected.get(key)):
        return None
    if kind in {"column", "statistics"}:
        if key not in present or key not in expected:
            return None  # said of the column as a whole
        return f"{table}.{name}" + (": the planner keeps statistics of its values" if kind != "column" else _ANOTHER)
    if key not in expected:
        return f"{table} has the {kind} {name}, which no migration makes"
    if key not in present:
        return f"{table}: the {kind} {name} is missing"
    off = any(word in present[key] for word in _OFF)
    return f"{table}: the {kind} {name}" + (" is not enforced" if off else _ANOTHER)


def _same(one: str | None, other: str | None) -> bool:
    """Whether two definitions say the same. PostgreSQL writes a list of words with its casts on the list or on each
    word, which changes when a dump is restored.
    """
    if one is None or other is None:
        return one is other
    return one == other or _plain(one) == _plain(other)


def _plain(definition: str) -> str:
    words = re.sub(r"\('([^']*)'::character varying\)::text", r"'\1'", definition)
    words = re.sub(r"'([^']*)'::character varying", r"'\1'", words)
    return re.sub(r"\(ARRAY\[([^\[\]()]*)\]\)::text\[\]", r"ARRAY[\1]", words)


_ANOTHER = " is another one"
_OFF = ("not enforced", "NOT VALID", "switched off", "not valid")


def _coverage(present: Mapping[Key, str], expected: Mapping[Key, str]) -> Iterator[str]:
    """Tables and columns that answer to nobody, and those that are missing."""
    registered = snapshot.tables()
    standing = {str(table) for (table,) in catalog.rows("tables")}
    for table in sorted(standing - {*registered}):
        yield f"table {table} is not registered"
    for table in sorted({*registered} - standing):
        yield f"table {table} is missing"
    for kind, table, column in sorted({*present} ^ {*expected}):
        if kind == "column" and table in standing:
            there = (kind, table, column) in present
            yield f"column {table}.{column} is {'not declared' if there else 'missing'}"


def _keys() -> Iterator[str]:
    """What personal tables are keyed by: person and row; and no rule spans people."""
    personal = [*registry.PERSONAL]
    for table, primary, name, columns in catalog.rows("unique_rules", tables=personal):
        if primary and columns != ["subject_id", "id"]:
            yield f"{table}: the primary key is not (subject_id, id)"
        if "subject_id" not in list(columns):
            yield f"{table}: the unique rule {name} leaves out the subject"


def _links(table: PersonalTable) -> Iterator[str]:
    """Links that the models themselves would get wrong."""
    for field in table.model._meta.get_fields():
        related = getattr(field, "related_model", None)
        if isinstance(field, models.ForeignKey) and related is not None and related._meta.db_table in registry.PERSONAL:
            yield f"{table.table}: {field.name} links one column only"
        if isinstance(field, SubjectForeignKey) and field.related_model._meta.db_table not in registry.PERSONAL:
            yield f"{table.table}: {field.name} links to a table without subjects"


def _check(context: Context, said: Said) -> Finding:
    if "structure" not in context.shared.faults:
        with context.scope():
            found = list(faults())
        counts: dict[str, int | str] = {"tables": len(snapshot.tables()), "personal": len(registry.PERSONAL)}
        context.shared.faults["structure"] = (found, counts)
    found, evidence = context.shared.faults["structure"]
    return judged(found, **evidence)


KIND = Kind("structure", once("structure", "categories"), _check)
