"""The daily backup: ship the journal, dump, copy the keys, read both back, let what is too old go (H11)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tillit.audit import events
from tillit.audit.operations import append
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.scope import system
from tillit.platform import database
from tillit.platform.locks import exclusive
from tillit.privacy.backup import archive, dump, key_store, places, segments
from tillit.privacy.errors import BackupError
from tillit.privacy.models import BackupRun

Progress = Callable[[str], None]
_ACTIVITY = "security_log"


@dataclass(frozen=True)
class Made:
    """What a backup made: the dump, the key copy, how many rows and keys, and the dumps that went."""

    dump: Path
    keys: Path
    rows: int
    held_keys: int
    removed: tuple[str, ...]


def backup(*, kept: IsoPeriod | None = None, progress: Progress = lambda _: None) -> Made:
    """Make, read back and record one backup, then rotate. `kept`: shorter than promised (a longer one is refused).

    Raises `BackupError` or `ProgramError`; nothing goes unless the new dump has been read back whole.
    """
    period = _shortest(kept)
    places.folder("dump").mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusive(places.folder("dump") / ".lock", timeout=5):
        segments.ship()
        path, manifest = dump.make(progress=progress)
        progress("reading the dump back")
        try:
            archive.check(path)
        except BackupError:
            path.unlink()
            raise
        keys, held = key_store.copy(where=database.place(manifest.database), at=manifest.moment)
        key_store.check(keys)
        segments.ship()
        rows = sum(manifest.tables.values())
        _record("dump", path, rows, manifest.moment, tables=len(manifest.tables))
        _record("keys", keys, held, manifest.moment, tables=len(key_store.stores()))
        removed = rotate(kept=period)
        segments.merge()
        segments.prune(before=segments.horizon(_earliest(period)))
    return Made(path, keys, rows, held, removed)


def copy_keys() -> Path:
    """Copy the key store alone; the copy before the last goes. Hourly, so that few new keys are in no copy, and a key
    that was dropped is in none for long.
    """
    places.folder("dump").mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusive(places.folder("dump") / ".lock", timeout=5):
        at = clock.now().replace(microsecond=0)
        path, held = key_store.copy(where=database.place(dump.working_on()), at=at)
        key_store.check(path)
        BackupRun.objects.filter(kind="keys", file=path.name).delete()  # one of the same second
        _record("keys", path, held, at, tables=len(key_store.stores()))
        _forget_gone_keys()
    return path


def _forget_gone_keys() -> None:
    there = [one.path.name for one in places.listed("keys")]
    BackupRun.objects.filter(removed_at=None, kind="keys").exclude(file__in=there).update(removed_at=clock.now())


def rotate(*, kept: IsoPeriod) -> tuple[str, ...]:
    """Remove every dump older than `kept`, of whatever database; the names of those that went."""
    today, gone = clock.now(), []
    for one in places.listed("dump"):
        if kept.add_to(one.made_at) < today:
            one.path.unlink()
            gone.append(one.path.name)
    BackupRun.objects.filter(removed_at=None, kind="dump", file__in=gone).update(removed_at=clock.now())
    _forget_gone_keys()
    return tuple(gone)


def verify(path: Path) -> archive.Manifest:
    """Read a dump to its last byte and note that it was whole. Raises `BackupError` when it is not."""
    manifest = archive.check(path)
    BackupRun.objects.filter(file=path.name).update(verified_at=clock.now())
    return manifest


def _record(kind: str, path: Path, rows: int, made_at: datetime, *, tables: int) -> None:
    digest, size = places.sha256(path), path.stat().st_size
    BackupRun.objects.create(
        kind=kind,
        file=path.name,
        made_at=made_at,
        bytes=size,
        rows=rows,
        sha256=digest,
        verified_at=clock.now(),
    )
    append(
        type=events.BACKUP_MADE,
        actor=system("backup", []),
        activity=_ACTIVITY,
        controller=0,
        details={"digest": digest, "bytes": size, "tables": tables, "keys": kind == "keys"},
    )


def _shortest(kept: IsoPeriod | None) -> IsoPeriod:
    promised, on = dump.longest_kept(), clock.today()
    if kept is not None and kept.add_to(on) > promised.add_to(on):
        raise BackupError("kept-too-long", f"the declarations promise that a dump is kept {promised} at most")
    return kept or promised


def _earliest(kept: IsoPeriod) -> datetime:
    """The moment of the oldest dump that may still be used."""
    now = clock.now()
    return now - (kept.add_to(now) - now)
