"""Rows for any personal table, made from the database catalog alone: no table needs a factory of its own.

In a clone of the tests' own, `loosen` takes every constraint but the primary keys off the personal tables, so that
row security is the only thing left that can refuse a statement.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from tillit.declaration.registry import PersonalTable

_COLUMNS = """
SELECT a.attname, coalesce(nullif(t.typname, ''), ''), t.typcategory
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum
"""


@dataclass(frozen=True)
class Cell:
    """Whose row it is: what row security looks at. `category` is the stored number."""

    table: str
    category: int
    controller: int
    subject: int
    state: int


def loosen(owner: psycopg.Connection[Any], tables: list[str]) -> None:
    """Drop every foreign key, check, exclusion and unique rule of the tables; their primary keys and policies stay."""
    found = owner.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint"
        " WHERE contype IN ('f', 'c', 'u', 'x') AND conrelid = ANY (%s::regclass[])",
        [tables],
    ).fetchall()
    for table, name in found:
        owner.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.Identifier(table), sql.Identifier(name)))
    found = owner.execute(
        "SELECT indexrelid::regclass::text FROM pg_index"
        " WHERE indisunique AND NOT indisprimary AND indrelid = ANY (%s::regclass[])",
        [tables],
    ).fetchall()
    for (index,) in found:
        owner.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(index)))


def _value(kind: str, number: int, place: int) -> Any:
    """A value of the type `kind` for column `place` of row `number`."""
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=place, minutes=number)
    made: dict[str, Any] = {
        "int2": (number + place) % 20_000,
        "int4": number + place,
        "int8": number + place,
        "numeric": number + place,
        "float8": float(number),
        "bool": False,
        "uuid": UUID(int=number * 100 + place),
        "date": date(2026, 1, 1) + timedelta(days=place),
        "timestamptz": moment,
        "timestamp": moment.replace(tzinfo=None),
        "jsonb": Jsonb({}),
        "json": Jsonb({}),
        "bytea": bytes([1]) * 32,
        "interval": timedelta(days=1),
        "xid8": "1",
        "inet": "192.0.2.1",
    }
    if kind in {"varchar", "text", "bpchar"}:
        return "x"
    if kind.startswith("_"):
        return []
    return made[kind]


class Maker:
    """Makes rows of one table: every column filled, the key and what row security looks at as asked."""

    def __init__(self, owner: psycopg.Connection[Any], table: PersonalTable) -> None:
        self.table = table
        self.columns = [(name, kind) for name, kind, _ in owner.execute(_COLUMNS, [table.table]).fetchall()]

    def row(self, cell: Cell, number: int) -> dict[str, Any]:
        """column → value. `number` is unique in the table and becomes the id."""
        row = {name: _value(kind, number, place) for place, (name, kind) in enumerate(self.columns)}
        uuid = dict(self.columns)["id"] == "uuid"
        row |= {"subject_id": cell.subject, "controller_id": cell.controller, "state": cell.state}
        row["id"] = UUID(int=number) if uuid else number
        if self.table.category_column:
            row[self.table.category_column] = cell.category
        return row

    def insert(self, row: dict[str, Any]) -> sql.Composed:
        """The statement that inserts `row`, its values written in as literals."""
        return sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(self.table.table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(map(sql.Literal, row.values())),
        )

    def fill(self, owner: psycopg.Connection[Any], cells: Iterator[Cell]) -> dict[str, Cell]:
        """Insert one row a cell; id (as text) → cell."""
        made: dict[str, Cell] = {}
        for number, cell in enumerate(cells, 1):
            row = self.row(cell, number)
            owner.execute(self.insert(row))
            made[str(row["id"])] = cell
        return made
