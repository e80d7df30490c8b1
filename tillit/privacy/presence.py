"""In which tables something of a person stands, asked of all tables in one statement."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from django.db import connection

from tillit.declaration import registry
from tillit.declaration.vocabulary import category_key
from tillit.privacy.planned import Planned, planned

_MANY = 100
"""People, from which on it is asked first which tables hold anything."""
Row = tuple[int, int, int, int]
"""Place of the table, subject, controller, category where the table carries it."""


@dataclass(frozen=True)
class Held:
    """That a table holds rows of a person for a controller in a category; how many is not said."""

    table: str
    subject_id: int
    controller_id: int
    category: str


def held(subjects: Collection[int], asking: Planned | None = None) -> list[Held]:
    """Every (table, person, controller, category) with rows of `subjects` that the open scope may see; in the order of
    registration, then by controller and category. `asking`: what the caller asks with already.
    """
    if not subjects:
        return []
    tables = list(registry.PERSONAL.values())
    found = _of_few(tables, subjects, asking) if len(subjects) < _MANY else _of_many(tables, subjects)
    return [
        Held(tables[place].table, subject, controller, tables[place].category or category_key(number))
        for place, subject, controller, number in found
    ]


def _union(tables: Sequence[registry.PersonalTable], places: Iterable[int], subjects: str) -> str:
    selects = [
        f"SELECT {place}, subject_id, controller_id, {tables[place].category_column or 'NULL::smallint'}"
        f" FROM {tables[place].table} WHERE subject_id = ANY ({subjects}) GROUP BY 2, 3, 4"
        for place in places
    ]
    return " UNION ALL ".join(selects) + " ORDER BY 1, 3, 4, 2"


def _of_few(tables: Sequence[registry.PersonalTable], subjects: Collection[int], asking: Planned | None) -> list[Row]:
    """Every table at once: to plan a look into a hundred tables takes longer than the look."""
    with nullcontext(asking) if asking is not None else planned() as one:
        return one.ask(_union(tables, range(len(tables)), "%(subjects)s::bigint[]"), {"subjects": list(subjects)})


def _of_many(tables: Sequence[registry.PersonalTable], subjects: Collection[int]) -> list[Row]:
    """Only the tables in which anything stands."""
    asked = _filled(tables)
    if not asked:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_union(tables, asked, "%(subjects)s"), {"subjects": list(subjects)})
        found: list[Row] = cursor.fetchall()
    return found


def _filled(tables: Sequence[registry.PersonalTable]) -> list[int]:
    """The places of the tables in which the open scope sees anything at all: the others need not be searched for each
    of many people.
    """
    asked = " UNION ALL ".join(
        f"SELECT {place} WHERE EXISTS (SELECT FROM {table.table})" for place, table in enumerate(tables)
    )
    with connection.cursor() as cursor:
        cursor.execute(asked + " ORDER BY 1")
        return [row[0] for row in cursor.fetchall()]


def owned(subjects: Collection[int], tables: Collection[registry.OwnedTable]) -> list[registry.OwnedTable]:
    """Those of the tables reached through a person (logins, sessions) in which something of `subjects` stands."""
    if not tables:
        return []
    asked = " UNION ALL ".join(
        f"SELECT {place} WHERE EXISTS (SELECT FROM {table.table} WHERE {table.where})"
        for place, table in enumerate(tables)
    )
    with connection.cursor() as cursor:
        cursor.execute(asked, {"subjects": list(subjects)})
        places = {row[0] for row in cursor.fetchall()}
    return [table for place, table in enumerate(tables) if place in places]
