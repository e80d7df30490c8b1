"""The registry: what every table holds. Each app's `personal_data.py` answers for each of its models, or nothing loads.

    personal(Fact, category_column="category", clocks={"collected": "collected_at", "superseded": "superseded_at"})
    personal(Purchase, category="purchase", clocks={"purchased": "event_at"}, columns={...})
    not_personal(Chain, because="reference data about shops")
    owned(Session, path="…", category="login", …)      # a library's table, reached login → subject

From it are generated: row-security policies, composite foreign keys, exports, erasure, retention, the data map, proofs.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from django.apps import apps
from django.db import models

from tillit.declaration.errors import UnregisteredTableError
from tillit.declaration.vocabulary import category_id, vocabulary
from tillit.kernel.scope import Reach, guard


@dataclass(frozen=True)
class PersonalTable:
    """A registered personal table.

    category: vocabulary key, or None where `category_column` (smallint) carries it row by row, one of `categories`.
    clocks: clock event → column of this table (date or timestamptz; NULL means the clock has not started: keep).
    kind_column: column a retention rule's `only_kinds` selects on. sealed: columns holding sealed bytes.
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
    books or proofs of the controller's own does not.
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

    @property
    def table(self) -> str:
        """Table name in the database."""
        return self.model._meta.db_table

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
    named = {*clocks.values(), *sealed, *(not_exported or {}), *pseudonymise, *(journaled or {})}
    named |= {c for c in (category_column, kind_column) if c}
    faults += [f"no column {column}" for column in named if column not in columns]
    faults += [f"lacks {c}" for c in ("subject_id", "id", "controller_id", "state") if c not in columns]
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
    )
    guard.protect(table, lambda: PERSONAL[table].reach if table in PERSONAL else None)


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


@dataclass(frozen=True)
class TransientTable:
    """A table that holds personal data only on its way in (staging, quarantine): no subject yet, a short declared
    life.
    """

    model: type[models.Model]
    because: str
    kept: str
    clock_column: str


TRANSIENT: dict[str, TransientTable] = {}


def transient(
    model: type[models.Model],
    *,
    because: str,
    kept: str,
    clock_column: str,
    not_backed_up: str | None = None,
) -> None:
    """Register a table that is emptied by itself: rows lapse `kept` (ISO period) after `clock_column` (a column, or an
    SQL expression over the row; NULL: not yet), which says when the row came in, never when what it tells of happened.
    """
    if not_backed_up:
        NOT_BACKED_UP[model._meta.db_table] = not_backed_up
    TRANSIENT[model._meta.db_table] = TransientTable(model, because, kept, clock_column)


@dataclass(frozen=True)
class Folder:
    """A folder of files that personal data passes through (`platform.passing_files`), each with its own last moment.

    kept: the longest any of them lives (ISO period). table, column, kinds: the person's own values of those kinds mark
    the files that go with the person.
    """

    key: str
    folder: Callable[[], Path]
    because: str
    kept: str
    table: PersonalTable
    column: str
    kinds: tuple[str, ...]


FOLDERS: dict[str, Folder] = {}


def passing_files(
    key: str,
    *,
    folder: Callable[[], Path],
    because: str,
    kept: str,
    found_by: tuple[type[models.Model], str],
    kinds: tuple[str, ...],
) -> None:
    """Register a folder of passing files, found by a column of a personal table in rows of those kinds.

    Raises `UnregisteredTableError` when there is no such column, or the table tells no kinds apart.
    """
    model, column = found_by
    table = PERSONAL.get(model._meta.db_table)
    if table is None or table.kind_column is None or column not in {f.column for f in model._meta.concrete_fields}:
        raise UnregisteredTableError("registration", f"folder {key}: no personal column holds what it is found by")
    FOLDERS[key] = Folder(key, folder, because, kept, table, column, kinds)


@dataclass(frozen=True)
class Definer:
    """A file of security-definer functions owned by a NOLOGIN role; the app may execute and no more.

    reads: tables that the role may select from, besides those it writes.
    """

    role: str
    module_file: str
    file: str
    reads: tuple[str, ...] = ()


DEFINERS: list[Definer] = []


def definer(role: str, module_file: str, file: str, *, reads: tuple[str, ...] = ()) -> None:
    """Register `sql/<file>.sql` beside `module_file` (pass `__file__`): each statement makes the function it names."""
    entry = Definer(role, module_file, file, reads)
    if entry not in DEFINERS:
        DEFINERS.append(entry)


AFTER_RESTORE: list[tuple[str, str, str]] = []


def after_restore(module_file: str, file: str, name: str) -> None:
    """Register a named statement that sets aside what a dump holds of work that was under way: it was done long ago,
    or must not be done again. A restore runs it before anything may read (parameter: now).
    """
    if (module_file, file, name) not in AFTER_RESTORE:
        AFTER_RESTORE.append((module_file, file, name))


@dataclass(frozen=True)
class DerivedClock:
    """A clock no column carries: a named statement giving (subject_id, day), `infinity` while it has not started.

    A person it does not list is one the rule's activity does not concern: lapsed. Parameters it may use: controller,
    holders, applies_to, activity, zone.
    """

    module_file: str
    file: str
    name: str


DERIVED_CLOCKS: dict[str, DerivedClock] = {}
DIGEST_KINDS: dict[int, str] = {}


@dataclass(frozen=True)
class OutwardWay:
    """A way out of the installation. opens: the modules of ours that open it (dotted); carries: the channel whose
    messages run through it, '' when it carries no message; through: what leaves and why, in a sentence.
    """

    key: str
    opens: tuple[str, ...]
    through: str
    carries: str = ""


OUTWARD: dict[str, OutwardWay] = {}


def outward_way(key: str, *, opens: tuple[str, ...], through: str, carries: str = "") -> None:
    """Register a way out. No connection leaves the process by any other (A8, H13)."""
    made = OutwardWay(key, opens, through, carries)
    if OUTWARD.setdefault(key, made) != made:
        raise UnregisteredTableError("outward-twice", f"the way out '{key}' is registered twice, differently")


def derived_clock(event: str, module_file: str, file: str, name: str) -> None:
    """Register the statement that answers for a clock event in every table."""
    DERIVED_CLOCKS[event] = DerivedClock(module_file, file, name)


def digest_kind(kind: int, category: str) -> None:
    """Say which category a directory kind identifies by: its digests go when the person's last such row goes."""
    DIGEST_KINDS[kind] = category


def load() -> None:
    """Import every app's `personal_data` and refuse any model that answers to none of the three."""
    for config in apps.get_app_configs():
        name = f"{config.name}.personal_data"
        if config.name.startswith("tillit.") and find_spec(name):
            import_module(name)
    missing = [
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and model._meta.db_table not in {*PERSONAL, *OWNED, *NOT_PERSONAL, *TRANSIENT}
    ]
    if missing:
        raise UnregisteredTableError("unregistered", "no personal-data answer for: " + ", ".join(sorted(missing)))


def out_of_dumps() -> frozenset[str]:
    """The tables whose rows no dump holds: `tillit_backup` may not read them."""
    return frozenset({name for name, owned in OWNED.items() if not owned.backed_up} | {*NOT_BACKED_UP})


def holding(category: str) -> list[PersonalTable]:
    """The personal tables that can hold `category` (own category or a category column)."""
    return [t for t in PERSONAL.values() if category in t.categories]
