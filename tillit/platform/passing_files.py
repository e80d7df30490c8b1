"""Files that hold personal data for a short while: for their owner's eyes alone, and gone when their time is up.

A file's name begins with the moment it lapses (UTC, `20261122T061500Z`), so that any process can tell which are due
without opening one. A file without such a name in such a folder lapses at once: nobody answers for it.
"""

import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from zipfile import BadZipFile, ZipFile

_MOMENT = "%Y%m%dT%H%M%SZ"


def write(folder: Path, content: bytes, *, until: datetime, suffix: str) -> Path:
    """Write a file that its owner alone may read, and that lapses at `until`; its path. `suffix`: `.log` …"""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    path = folder / f"{until.astimezone(UTC):{_MOMENT}}-{secrets.token_hex(8)}{suffix}"
    made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(made, "wb") as file:
        file.write(content)
    return path


def lapse(folder: Path, *, now: datetime) -> int:
    """Delete the files whose moment has come; how many."""
    due = list(overdue(folder, now=now))
    for path in due:
        path.unlink(missing_ok=True)
    return len(due)


def overdue(folder: Path, *, now: datetime) -> Iterator[Path]:
    """The files whose moment has come."""
    for path in _files(folder):
        until = _until(path)
        if until is None or until <= now:
            yield path


def readable_by_others(folder: Path) -> bool:
    """Whether anybody but the owner may look into the folder."""
    return folder.is_dir() and bool(folder.stat().st_mode & 0o077)


def forget(folder: Path, *, naming: Collection[str]) -> int:
    """Delete the files that hold any of the texts, as they stand, in a mail's heading or in an archive; how many."""
    words = [word.casefold() for word in naming if word]
    gone = 0
    for path in _files(folder) if words else ():
        with suppress(FileNotFoundError):  # lapsed meanwhile
            if any(word in _text(path) for word in words):
                path.unlink()
                gone += 1
    return gone


def _text(path: Path) -> str:
    if path.suffix == ".zip":
        with suppress(BadZipFile), ZipFile(path) as archive:
            return "\n".join(archive.read(name).decode(errors="replace") for name in archive.namelist()).casefold()
    content = path.read_bytes()
    heads = message_from_bytes(content, policy=policy.default)
    to = ", ".join(str(heads.get(name, "")) for name in ("To", "Cc", "Reply-To"))
    return f"{to}\n{content.decode(errors='replace')}".casefold()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def _until(path: Path) -> datetime | None:
    try:
        return datetime.strptime(path.name.partition("-")[0], _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None
