"""Backups are made, read back, let go in time, and never bring back what people undid (H11)."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import connection

from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.kernel.iso_period import IsoPeriod
from tillit.kernel.sql import load
from tillit.privacy.backup import places, segments
from tillit.privacy.errors import BackupError
from tillit.privacy.models import BackupRun
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, judged, length, not_provable, texts

LATE = timedelta(hours=12)
"""How long after its time a backup may still be under way."""
UNSHIPPED = timedelta(minutes=15)


def _dumps() -> list[places.Kept]:
    mine = connection.settings_dict["NAME"]
    return [one for one in places.listed("dump") if one.database == mine]


def _every(declaration: Declaration) -> Iterator[Said]:
    said = texts(declaration, "backup_made", period=length(declaration.backup.every))
    yield Said("backup.every", said, declaration.backup.every)


def _made(context: Context, said: Said) -> Finding:
    """A dump of lately that is the file it was, read back whole, and a copy of the keys with it."""
    now, newest = clock.now(), max(_dumps(), key=lambda one: one.made_at, default=None)
    limit = IsoPeriod.parse(said.item)
    if newest is None:
        return _none_yet(context, now, limit)
    faults = []
    if limit.add_to(newest.made_at) + LATE < now:
        faults.append(f"the newest dump was made on {clock.local_date(newest.made_at)}")
    run = BackupRun.objects.filter(file=newest.path.name).first()
    if run is None or run.verified_at is None:
        faults.append("the newest dump was never read back")
    elif run.sha256 != places.sha256(newest.path):
        faults.append("the newest dump is not the file that was made")
    keys = [one for one in places.listed("keys") if one.database == newest.database]
    if not keys or keys[-1].made_at < newest.made_at:
        faults.append("the keys were not copied with the newest dump")
    return judged(faults, dumps=len(_dumps()), newest=newest.made_at.isoformat(), key_copies=len(keys))


def _none_yet(context: Context, now: datetime, limit: IsoPeriod) -> Finding:
    """Nothing has been dumped: broken as soon as one was due."""
    with context.scope(), connection.cursor() as cursor:
        cursor.execute(load(__file__, "backup", "first_link"))
        (first,) = cursor.fetchone()
    if first is not None and limit.add_to(first) + LATE < now:
        return judged([f"no dump has been made since the first event on record, {clock.local_date(first)}"])
    return not_provable("no dump has been due yet")


def _kept(declaration: Declaration) -> Iterator[Said]:
    said = texts(declaration, "backup_kept", period=length(declaration.backup.kept))
    yield Said("backup.kept", said, declaration.backup.kept)


def _rotated(context: Context, said: Said) -> Finding:
    """No dump is older than promised, none that should be there is missing; of the keys only the last copies are."""
    now, limit, found = clock.now(), IsoPeriod.parse(said.item), _dumps()
    old = [one for one in found if limit.add_to(one.made_at) + timedelta(days=1) < now]
    faults = [f"{one.path.name} is older than {said.item}" for one in old]
    there = {one.path.name for one in found} | {one.path.name for one in places.listed("keys")}
    expected = BackupRun.objects.filter(removed_at=None).values_list("file", flat=True)
    faults += [f"{name} is missing" for name in expected if name not in there]
    newest = max((one.made_at for one in places.listed("keys")), default=now)
    faults += [
        f"{one.path.name} may hold keys that were dropped"
        for one in places.listed("keys")
        if one.made_at < newest - timedelta(days=2)
    ]
    if not found and not faults:
        return not_provable("no dump has been due yet")
    return judged(faults, dumps=len(found), oldest=min((one.made_at.isoformat() for one in found), default=""))


def _undone(declaration: Declaration) -> Iterator[Said]:
    yield Said("backup.used_for", texts(declaration, "backup_journal"), None)


def _journal(context: Context, said: Said) -> Finding:
    """Every no and every erasure since the oldest dump is in the journal, and the journal is in its files."""
    found = _dumps()
    if not found:
        return not_provable("there is no dump that anything could come back from")
    since, faults = found[0].made_at, []
    with context.scope(), connection.cursor() as cursor:
        cursor.execute(load(__file__, "backup", "unremembered"), {"controller": context.id, "since": since})
        missing = cursor.fetchall()
        cursor.execute(load(__file__, "backup", "remembered"), {"since": since})
        (entries,) = cursor.fetchone()
    faults += [f"{count} of {what} are not in the journal" for what, count in missing if count]
    waiting = segments.unshipped_since()
    if waiting is not None and waiting + UNSHIPPED < clock.now():
        faults.append(f"the journal has not been written to its files since {waiting.isoformat()}")
    try:
        files = segments.listed()
        if files and files[0][0] > 1 and segments.first_moment() > since:
            faults.append("the journal does not reach back to the oldest dump")
        if not files and entries:
            faults.append("the journal's files are gone")
    except BackupError as error:
        files = []
        faults.append(error.message)
    return judged(faults, entries=int(entries), files=len(files))


MADE = Kind("backup_made", _every, _made)
KEPT = Kind("backup_kept", _kept, _rotated)
JOURNAL = Kind("backup_journal", _undone, _journal)
