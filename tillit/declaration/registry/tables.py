"""What each table holds: personal, personal through a path, or nothing about persons and why."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from django.db import models

from tillit.declaration.errors import UnregisteredTableError
from tillit.declaration.vocabulary import category_id, vocabulary
from tillit.kernel.scope import Reach, guard


@dataclass(frozen=True)
class PersonalTable:
    """A registered personal table.

    category: vocabulary key, or None where `category_column` (smallint) carries it row by row, one of `categories`.
    clocks: clock event → column of this table (date or timestamptz; NULL means the clock has not started: keep).
    kind_column: column a retention rule's `only_kinds` selects on. codes: further columns of words of ours that many
    people share, beside those whose field has choices; the planner may count them (`counted`), of other texts the
    database keeps no statistics.
    sealed: columns holding sealed bytes.
    anonymiser: (__file__, file, name) of the statement that keeps figures of the rows in `privacy_due` before they go.
    writer: NOLOGIN role whose functions alone may write (ledger, audit), or None when the app role writes itself;
    then disposer: its function `disposer(bigint[], text[]) RETURNS bigint` deleting rows by (subject_id, id) pairs.
    not_exported: columns an access request leaves out, with the reason (keys, digests: nothing readable).
    outlives: rows may be nobody's (subject 0) or stay when the person is gone.
    journaled: rows that say what a restore must not undo (a no, a correction) are copied to the journal by the act that
    writes them; column → its value where what it said can no longer be opened (None: the row cannot stand without it).
    The columns named are sealed there. None: the table's rows are never copied.
    pseudonymise: columns that say who it is, emptied where a rule says `pseudonymise`; subject id and facts stay.
    figures: where the figures of its rows stand already, or why there are none: then `anonymise` erases the rows.
    withheld: (SQL condition on the row `t`, reason): rows that an access request leaves out because the law forbids
    telling of them.
    moves: whether its rows go along when a controller hands its people over to another (A10). What hangs on digests,
    books or proofs of the controller's own does not. travels: whether they mean the same in another installation, too.
    """

    model: type[models.Model]
    category: str | None
    category_column: str | None
    clocks: Mapping[str, str]
    kind_column: str | None = None
    sealed: tuple[str, ...] = ()
    writer: str | None = None
    anonymiser: tuple[str, str, str] | None = None
    not_exported: Mapping[str, str] = field(default_factory=dict)
    pseudonymise: tuple[str, ...] = ()
    subject_link: bool = True
    outlives: bool = False
    disposer: str | None = None
    categories: tuple[str, ...] = ()
    journaled: Mapping[str, str | None] | None = None
    figures: str = ""
    withheld: tuple[str, str] | None = None
    moves: bool = False
    travels: bool = False
    codes: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """Table name in the database."""
        return self.model._meta.db_table

    @property
    def counted(self) -> frozenset[str]:
        """Columns of words of ours, of which the planner may keep statistics."""
        chosen = {field.column for field in self.model._meta.concrete_fields if field.choices}
        return frozenset({*chosen, *self.codes, *((self.kind_column,) if self.kind_column else ())})

    @property
    def reach(self) -> Reach:
        """Where a scope keeps what it may touch of these rows, and the numbers of their categories."""
        numbers = [category_id(key) for key in self.categories]
        place = self.table if self.category_column else str(numbers[0])
        return Reach(f"tillit.r_{place}", "{" + ",".join(map(str, numbers)) + "}")


@dataclass(frozen=True)
class OwnedTable:
    """A library's or key-less table that is personal through a path (sessions, logins, directories, keys).

    where: SQL condition on the table selecting the rows of `%(subjects)s` (bigint[]); erasure deletes those rows.
    kept: ISO period after `clock_column` when its rows lapse anyway. writer / eraser: NOLOGIN role whose functions
    alone write it, and the function `eraser(bigint[]) RETURNS bigint` that erases, where the app may not. follows:
    (personal table, SQL condition joining this table with the disposed rows `d`): its rows go with those and only then.
    not_exported: columns an access request leaves out, with the reason; a table with a writer is left out whole.
    backed_up: whether dumps hold its rows. key_store: they are in the key store's own, short-lived backups instead.
    """

    model: type[models.Model]
    category: str
    because: str
    where: str
    clock_column: str | None = None
    kept: str | None = None
    writer: str | None = None
    eraser: str | None = None
    backed_up: bool = True
    key_store: bool = False
    follows: tuple[str, str] | None = None
    not_exported: Mapping[str, str] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """Table name in the database."""
        return self.model._meta.db_table


PERSONAL: dict[str, PersonalTable] = {}
OWNED: dict[str, OwnedTable] = {}
NOT_PERSONAL: dict[str, str] = {}
WRITERS: dict[str, str] = {}
NOT_BACKED_UP: dict[str, str] = {}
"""Tables without personal data that dumps leave out, and why (owned tables say so themselves)."""
ONLY_ADDED: set[str] = set()
ONLY_WHEN: dict[str, dict[str, bool]] = {}
"""Table → SQL conditions a row must meet when it is inserted by the application → whether when it is changed, too."""
_NAME = re.compile(r"^[a-z][a-z0-9_]{0,62}$")


def personal(
    model: type[models.Model],
    *,
    category: str | None = None,
    category_column: str | None = None,
    clocks: Mapping[str, str],
    kind_column: str | None = None,
    sealed: tuple[str, ...] = (),
    writer: str | None = None,
    anonymiser: tuple[str, str, str] | None = None,
    not_exported: Mapping[str, str] | None = None,
    pseudonymise: tuple[str, ...] = (),
    subject_link: bool = True,
    outlives: bool = False,
    disposer: str | None = None,
    categories: tuple[str, ...] = (),
    journaled: Mapping[str, str | None] | None = None,
    figures: str = "",
    withheld: tuple[str, str] | None = None,
    moves: bool = False,
    travels: bool = False,
    codes: tuple[str, ...] = (),
) -> None:
    """Register a personal table; raises `UnregisteredTableError` when the registration does not fit the model."""
    table, columns = model._meta.db_table, {f.column for f in model._meta.concrete_fields}
    words = vocabulary()
    faults = []
    if (category is None) == (category_column is None):
        faults.append("name either a category or a category column")
    if (category_column is None) != (not categories):
        faults.append("a category column comes with the categories it may hold")
    held = categories or ((category,) if category else ())
    faults += [f"unknown category {one}" for one in held if one not in words.categories]
    faults += [f"unknown clock event {event}" for event in clocks if event not in words.clock_events]
    named = {*clocks.values(), *sealed, *(not_exported or {}), *pseudonymise, *codes, *(journaled or {})}
    named |= {c for c in (category_column, kind_column) if c}
    faults += [f"no column {column}" for column in named if column not in columns]
    faults += [f"lacks {c}" for c in ("subject_id", "id", "controller_id", "state") if c not in columns]
    if set(codes) & {*sealed, *pseudonymise}:
        faults.append("what says who it is is no code")
    if writer and pseudonymise:
        faults.append("only the application can pseudonymise, and it may not write here")
    if not _NAME.match(table):
        faults.append("the table name needs quoting")
    if faults:
        raise UnregisteredTableError("registration", f"{table}: " + "; ".join(faults))
    PERSONAL[table] = PersonalTable(
        model,
        category,
        category_column,
        dict(clocks),
        kind_column,
        sealed,
        writer,
        anonymiser,
        dict(not_exported or {}),
        pseudonymise,
        subject_link,
        outlives,
        disposer,
        held,
        journaled,
        figures,
        withheld,
        moves,
        travels,
        codes,
    )
    guard.protect(table, lambda: PERSONAL[table].reach if table in PERSONAL else None)


def only_when(model: type[models.Model], condition: str, *, kept: bool = False) -> None:
    """Have PostgreSQL refuse a new row of a personal table that does not meet the condition, whatever asks: said by the
    domain that knows (a constant of ours; columns of the row by their table's name). Part of its insert policy; `kept`:
    of its update policy, too, so that no row can be changed into one that does not meet it.
    """
    conditions = ONLY_WHEN.setdefault(model._meta.db_table, {})
    conditions[condition] = kept


def also_holds(model: type[models.Model], *, category: str) -> None:
    """A table with a category column may hold this category, too: said by the domain whose rows they are.

    Raises `UnregisteredTableError` for a table that carries no category row by row, or an unknown category.
    """
    table = PERSONAL.get(model._meta.db_table)
    if table is None or table.category_column is None or category not in vocabulary().categories:
        raise UnregisteredTableError("registration", f"{model._meta.db_table} cannot also hold {category}")
    if category not in table.categories:
        PERSONAL[table.table] = replace(table, categories=(*table.categories, category))


def owned(
    model: type[models.Model],
    *,
    category: str,
    because: str,
    where: str,
    clock_column: str | None = None,
    kept: str | None = None,
    writer: str | None = None,
    eraser: str | None = None,
    backed_up: bool = True,
    key_store: bool = False,
    follows: tuple[str, str] | None = None,
    not_exported: Mapping[str, str] | None = None,
) -> None:
    """Register a table that is personal through a path login → subject or digest → subject (see `OwnedTable`)."""
    OWNED[model._meta.db_table] = OwnedTable(
        model,
        category,
        because,
        where,
        clock_column,
        kept,
        writer,
        eraser,
        backed_up,
        key_store,
        follows,
        dict(not_exported or {}),
    )


def erasable() -> list[OwnedTable]:
    """Owned tables that go with the person (not with another table's rows), what depends on others first."""
    return [table for table in reversed(OWNED.values()) if table.follows is None]


def owned_by_people(category: str) -> list[OwnedTable]:
    """The owned tables of a category that its retention rules end (the application erases, by the person)."""
    return [table for table in erasable() if table.category == category and table.eraser is None]


def not_personal(
    model: type[models.Model],
    *,
    because: str,
    writer: str | None = None,
    not_backed_up: str | None = None,
    only_added: bool = False,
) -> None:
    """Say that a table holds nothing about persons, and why. `writer`: NOLOGIN role whose functions alone write it.

    `not_backed_up`: why dumps leave it out. `only_added`: the application may add rows, never change or remove one.
    """
    NOT_PERSONAL[model._meta.db_table] = because
    if not_backed_up:
        NOT_BACKED_UP[model._meta.db_table] = not_backed_up
    if only_added:
        ONLY_ADDED.add(model._meta.db_table)
    if writer:
        WRITERS[model._meta.db_table] = writer


def holding(category: str) -> list[PersonalTable]:
    """The personal tables that can hold `category` (own category or a category column)."""
    return [t for t in PERSONAL.values() if category in t.categories]
