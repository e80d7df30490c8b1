"""The key store's own copies: the wrapped data keys alone, sealed with another key, replaced every hour.

Two are kept, the newest and the one before it, so that a key which was dropped is in no copy after two hours.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from tillit.declaration import registry
from tillit.parties import sealing
from tillit.platform import database, sealed_files
from tillit.platform.errors import SealedFileError
from tillit.privacy.backup import places
from tillit.privacy.errors import BackupError

COPIES = 2
_BATCH = 2000
_TABLE = "parties_data_key"


def stores() -> list[str]:
    """The tables of the key store."""
    return sorted(name for name, owned in registry.OWNED.items() if owned.key_store)


def copy(*, where: database.Place, at: datetime) -> tuple[Path, int]:
    """Copy the key store as it stands; the file and how many keys it holds. Copies before the newest two go."""
    path, keys = places.folder("keys") / places.name("keys", where.name, at), 0
    version, context = places.key_version(), places.CONTEXT["keys"]
    with (
        database.connect("owner", name=where.name) as owner,
        sealed_files.created(path, name=places.SECRETS["keys"], version=version, context=context) as sealed,
    ):
        owner.isolation_level, owner.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
        for table in stores():
            with owner.cursor(name="keys") as cursor:
                cursor.itersize = _BATCH
                cursor.execute(f"SELECT to_jsonb(t)::text FROM {table} t")
                for (row,) in cursor:
                    sealed.write(f"{table} {row}\n".encode())
                    keys += 1
    for old in [kept for kept in places.listed("keys") if kept.database == where.name][:-COPIES]:
        old.path.unlink()
    return path, keys


def load(*, owner: psycopg.Connection[Any], path: Path) -> int:
    """Put the keys of a copy into an empty key store; how many. Raises `BackupError` for a file that is not whole."""
    keys = 0
    with owner.cursor() as cursor:
        for table, rows in _batches(path):
            cursor.executemany(
                f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, %s::jsonb)",
                [(row,) for row in rows],
            )
            keys += len(rows)
    return keys


def check(path: Path) -> int:
    """Read a copy to its last byte; how many keys it holds. Raises `BackupError`: damaged, or `other-key` where the
    key-encryption key at hand does not open its first.
    """
    keys = 0
    for table, rows in _batches(path):
        if keys == 0 and table == _TABLE:
            _refuse_other_key(path, json.loads(rows[0]))
        keys += len(rows)
    return keys


def _refuse_other_key(path: Path, row: dict[str, Any]) -> None:
    wrapped = bytes.fromhex(row["wrapped"].removeprefix("\\x"))
    if not sealing.unwraps(row["subject_id"], row["controller_id"], wrapped):
        raise BackupError("other-key", f"{path}: its keys were wrapped with another key_encryption than the one here")


def _batches(path: Path) -> Iterator[tuple[str, list[str]]]:
    known, waiting, last = set(stores()), list[str](), ""
    for line in _lines(path):
        table, _, row = line.partition(" ")
        if table not in known or not isinstance(json.loads(row), dict):
            raise BackupError("damaged", f"{path}: it holds something other than keys")
        if waiting and (table != last or len(waiting) == _BATCH):
            yield last, waiting
            waiting = []
        waiting.append(row)
        last = table
    if waiting:
        yield last, waiting


def _lines(path: Path) -> Iterator[str]:
    rest = b""
    try:
        with path.open("rb") as file:
            for block in sealed_files.read(file, name=places.SECRETS["keys"], context=places.CONTEXT["keys"]):
                *lines, rest = (rest + block).split(b"\n")
                yield from (line.decode() for line in lines)
    except SealedFileError as error:
        raise BackupError("damaged", f"{path}: {error}") from None
