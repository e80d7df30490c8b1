"""Where dumps, key copies and journal segments are, what is in each, and the names they go by.

``TILLIT_BACKUPS``, ``TILLIT_KEY_BACKUPS`` and ``TILLIT_JOURNAL`` name places on other disks or machines; by default
they are three directories under ``var/``.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from tillit.platform import given, paths

Store = Literal["dump", "keys", "journal"]
_DEFAULT: dict[Store, str] = {"dump": "dumps", "keys": "keys", "journal": "journal"}
SECRETS: dict[Store, str] = {"dump": "backup", "keys": "backup_keys", "journal": "backup_journal"}
"""The secret each kind of file is sealed with."""
CONTEXT: dict[Store, str] = {"dump": "tillit dump 1", "keys": "tillit keys 1", "journal": "tillit journal 1"}
_NAME = re.compile(r"(?P<database>[a-z][a-z0-9_]*)-(?P<at>\d{8}T\d{6}Z)\.(?P<kind>dump|keys)\Z")
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Kept:
    """A dump or key copy that is there; `made_at` is its snapshot's moment, to the second."""

    path: Path
    kind: Store
    database: str
    made_at: datetime
    bytes: int


def folder(store: Store) -> Path:
    """The directory of a store; may not exist."""
    chosen = {
        "dump": os.environ.get("TILLIT_BACKUPS"),
        "keys": os.environ.get("TILLIT_KEY_BACKUPS"),
        "journal": os.environ.get("TILLIT_JOURNAL"),
    }
    elsewhere = chosen[store]
    return Path(elsewhere).expanduser() if elsewhere else paths.var() / "backup" / _DEFAULT[store]


def key_version() -> int:
    """The version of the keys that new files are sealed with (``TILLIT_BACKUP_KEY_VERSION``); files name theirs."""
    return given.number("TILLIT_BACKUP_KEY_VERSION", default=1, least=1)


def name(kind: Store, database: str, made_at: datetime) -> str:
    """The file name of a dump or key copy."""
    return f"{database}-{made_at.astimezone(UTC).strftime(_STAMP)}.{kind}"


def listed(kind: Store) -> list[Kept]:
    """The dumps or key copies that are there, the oldest first."""
    found = []
    for path in folder(kind).glob(f"*.{kind}") if folder(kind).is_dir() else ():
        if match := _NAME.match(path.name):
            made = datetime.strptime(match["at"], _STAMP).replace(tzinfo=UTC)
            found.append(Kept(path, kind, match["database"], made, path.stat().st_size))
    return sorted(found, key=lambda kept: (kept.made_at, kept.path.name))


def sha256(path: Path) -> str:
    """Digest of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
