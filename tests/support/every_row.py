"""A database with a row of every kind in every personal table, what an oracle says of each, and a scope's settings as
the kernel makes them: for the tests of row security."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from tests.support.rights import NUMBER, Asked, Known, Oracle
from tests.support.rows import Cell, Maker, loosen
from tillit.declaration import enforce, registry
from tillit.platform import database

STATES = (0, 1, 2, 3)
SET = (
    "SELECT set_config('tillit.actor', %s, true), set_config('tillit.activity', %s, true),"
    " set_config('tillit.controllers', %s, true), set_config('tillit.subjects', %s, true),"
    " set_config('tillit.now', %s, true), set_config('tillit.closed', %s, true)"
)
ATTEMPT = """
CREATE FUNCTION pg_temp.attempt(statements text[]) RETURNS boolean[] LANGUAGE plpgsql AS $$
DECLARE result boolean[] := '{}'; one text; reached bigint;
BEGIN
  FOREACH one IN ARRAY statements LOOP
    BEGIN
      EXECUTE one;
      GET DIAGNOSTICS reached = ROW_COUNT;
      RAISE EXCEPTION USING ERRCODE = 'TT001', MESSAGE = reached::text;
    EXCEPTION
      WHEN insufficient_privilege THEN result := result || false;
      WHEN SQLSTATE 'TT001' THEN result := result || (SQLERRM::bigint > 0);
    END;
  END LOOP;
  RETURN result;
END $$
"""


@dataclass
class World:
    """The database under test. `rows`: table → id → cell. `members`: register → its two people."""

    app: psycopg.Connection[Any]
    oracle: Oracle
    makers: dict[str, Maker]
    rows: dict[str, dict[str, Cell]]
    members: dict[int, tuple[int, int]]
    controllers: dict[str, Known]
    cells: dict[Asked, dict[str, set[tuple[int, int, int]]]] = field(default_factory=dict)
    inserts: dict[Cell, str] = field(default_factory=dict)

    def insert(self, maker: Maker, cell: Cell, number: int) -> str:
        """The statement that inserts a row of the cell, made once."""
        if cell not in self.inserts:
            self.inserts[cell] = maker.insert(maker.row(cell, number)).as_string()
        return self.inserts[cell]

    def allowed(self, asked: Asked, verb: str) -> set[tuple[int, int, int]]:
        """The oracle's cells, computed once a scope."""
        known = self.cells.setdefault(asked, {})
        if verb not in known:
            known[verb] = self.oracle.allowed(asked, verb)
        return known[verb]

    def may(self, asked: Asked, verb: str, cell: Cell) -> bool:
        """Whether the oracle lets `verb` reach the cell."""
        if asked.subjects is not None and cell.subject not in asked.subjects:
            return False
        return (cell.controller, cell.category, cell.state) in self.allowed(asked, verb)

    def expected(self, asked: Asked, verb: str, table: str) -> set[str]:
        """The ids `verb` reaches in the table."""
        return {one for one, cell in self.rows[table].items() if self.may(asked, verb, cell)}


def _cells(table: registry.PersonalTable, world: list[Known], members: dict[int, tuple[int, int]]) -> Iterator[Cell]:
    for category in table.categories:
        for controller in world:
            for subject in members[controller.register]:
                for state in STATES:
                    yield Cell(table.table, NUMBER[category], controller.id, subject, state)


def every_row(name: str, owner: psycopg.Connection[Any], published: list[Any]) -> Iterator[World]:
    holders = {one.register_id: one.id for one in published if one.holder}
    known = [
        Known(one.id, one.register_id, holders.get(one.register_id, one.id), one.versions.get().document)
        for one in published
    ]
    members = {}
    for register in dict.fromkeys(one.register for one in known):
        ids = owner.execute(
            "INSERT INTO parties_subject (register_id) SELECT %s FROM generate_series(1, 2) RETURNING id", [register]
        ).fetchall()
        members[register] = (ids[0][0], ids[1][0])
    loosen(owner, list(registry.PERSONAL))
    _without_conditions(owner)
    for table in registry.PERSONAL:  # what publishing left behind (its own events) is not part of the plan
        owner.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
    makers = {table: Maker(owner, entry) for table, entry in registry.PERSONAL.items()}
    with owner.transaction():
        rows = {
            table: makers[table].fill(owner, _cells(entry, known, members))
            for table, entry in registry.PERSONAL.items()
        }
    owner.execute("ANALYZE")
    with database.connect("app", name=name, autocommit=True) as app:
        app.execute(ATTEMPT)
        yield World(
            app, Oracle(known), makers, rows, members, {one.document["controller"]["key"]: one for one in known}
        )


def _without_conditions(owner: psycopg.Connection[Any]) -> None:
    """Only what every personal table has may refuse a row here; what a domain asks beyond that has tests of its own."""
    conditions = dict(registry.ONLY_WHEN)
    assert "disclosure_disclosure" in conditions
    registry.ONLY_WHEN.clear()
    try:
        for table in conditions:
            for policy, text in enforce.policies(registry.PERSONAL[table]):
                owner.execute(f"DROP POLICY {policy} ON {table}")
                owner.execute(text)
    finally:
        registry.ONLY_WHEN.update(conditions)


def keep(app: psycopg.Connection[Any]) -> None:
    """Look up what the scope may touch and keep it, as the kernel does before a statement."""
    places = {entry.reach for entry in registry.PERSONAL.values()}
    kept = [
        f"set_config('{place.place}_{need}', tillit_reached('{place.categories}', {need}), true)"
        for place in places
        for need in (1, 2, 4)
    ]
    app.execute(f"SELECT {', '.join(kept)}")
