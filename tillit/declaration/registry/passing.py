"""What holds personal data only on its way through: tables emptied by themselves, folders of passing files."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.db import models

from tillit.declaration.errors import UnregisteredTableError
from tillit.declaration.registry.tables import NOT_BACKED_UP, PERSONAL, PersonalTable


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
