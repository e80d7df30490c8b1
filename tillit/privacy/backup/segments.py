"""The journal's files: every minute what is new, in a segment of its own; every day the segments become one.

A segment is ``<first>-<last>.journal``: the numbers of the shipments in it, without a gap from one file to the next, so
that a missing file is seen. Inside: one line of JSON with the same numbers, then one line an entry. The window in which
an act is in the database and not yet in a file is a minute; a database that is lost takes that minute's acts with it.
"""

import itertools
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from tillit.kernel import clock
from tillit.kernel.sql import load
from tillit.platform import sealed_files
from tillit.platform.errors import SealedFileError
from tillit.platform.locks import exclusive
from tillit.privacy.backup import places
from tillit.privacy.errors import BackupError

_NAME = re.compile(r"(\d{9})-(\d{9})\.journal\Z")
_MOST = 5_000
MARGIN = timedelta(days=7)
"""How much longer than any dump the journal is kept."""

Segment = tuple[int, int, Path]


def listed() -> list[Segment]:
    """The segments that are there: (first shipment, last shipment, file), in order.

    Raises `BackupError` when one is missing between two others.
    """
    directory = places.folder("journal")
    found = sorted(
        (int(match[1]), int(match[2]), path)
        for path in (directory.iterdir() if directory.is_dir() else ())
        if (match := _NAME.match(path.name))
    )
    # A merge that was cut short leaves the small files beside the large one that holds them.
    whole = [one for one in found if not any(o[0] <= one[0] and one[1] <= o[1] and o != one for o in found)]
    for before, after in itertools.pairwise(whole):
        if after[0] != before[1] + 1:
            raise BackupError("journal-gap", f"the journal lacks shipments {before[1] + 1} to {after[0] - 1}")
    return whole


def last() -> int:
    """The number of the last shipment; 0 when there is none."""
    found = listed()
    return found[-1][1] if found else 0


def ship() -> int:
    """Write what is new into segments; how many entries. Run every minute, and before and after each dump."""
    shipped = 0
    directory = places.folder("journal")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusive(directory / ".lock"):
        while True:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(load(__file__, "segments", "new"), {"most": _MOST})
                rows = cursor.fetchall()
                if not rows:
                    return shipped
                number = last() + 1
                _write(number, number, [text for _, text in rows])
                cursor.execute(load(__file__, "segments", "shipped"), {"ids": [key for key, _ in rows]})
            shipped += len(rows)


def merge() -> int:
    """Make one segment of all that were shipped since the last merge; how many files went."""
    directory = places.folder("journal")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusive(directory / ".lock"):
        small = [one for one in listed() if one[0] == one[1]]
        if len(small) > 1:
            _write(small[0][0], small[-1][1], (line for one in small for line in entries(one)))
        kept = {path for _, _, path in listed()}
        gone = [path for path in directory.iterdir() if _NAME.match(path.name) and path not in kept]
        for path in gone:
            path.unlink()
        return len(gone)


def prune(*, before: datetime) -> int:
    """Drop segments whose every entry is older, from the front, and the entries in the database; how many entries."""
    directory = places.folder("journal")
    if directory.is_dir():
        with exclusive(directory / ".lock"):
            for segment in listed()[:-1]:
                if any(datetime.fromisoformat(json.loads(line)["recorded_at"]) >= before for line in entries(segment)):
                    break
                segment[2].unlink()
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "segments", "prune"), {"before": before})
        return int(cursor.rowcount)


def entries(segment: Segment) -> Iterator[str]:
    """The entries of a segment as JSON texts. Raises `BackupError` for a damaged file or one under another's name."""
    first, final, path = segment
    rest, head = b"", None
    try:
        with path.open("rb") as file:
            for block in sealed_files.read(file, name=places.SECRETS["journal"], context=places.CONTEXT["journal"]):
                *lines, rest = (rest + block).split(b"\n")
                for line in lines:
                    if head is None:
                        head = json.loads(line)
                        if head != {"first": first, "last": final}:
                            raise BackupError("damaged", f"{path}: it is another segment than its name says")
                    else:
                        yield line.decode()
    except SealedFileError as error:
        raise BackupError("damaged", f"{path}: {error}") from None


def take_in(progress: Any = lambda _: None) -> int:
    """Fill the (empty) journal of a restored database from the segments; how many entries."""
    total = 0
    for segment in listed():
        batch = list(entries(segment))
        with connection.cursor() as cursor:
            cursor.executemany(load(__file__, "segments", "take_in"), [{"entry": entry} for entry in batch])
        total += len(batch)
        progress(f"journal: {total} entries")
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "segments", "continue"))
    return total


def unshipped_since() -> datetime | None:
    """When the oldest entry that is in no file yet was written."""
    with connection.cursor() as cursor:
        cursor.execute(load(__file__, "segments", "waiting"))
        row = cursor.fetchone()
        found: datetime | None = row[0] if row else None
        return found


def first_moment() -> datetime:
    """When the first entry of the first segment was written."""
    first = next(entries(listed()[0]))
    return datetime.fromisoformat(json.loads(first)["recorded_at"])


def horizon(kept_until: datetime) -> datetime:
    """Before which nothing need be remembered, given the oldest moment a usable dump may be from."""
    return min(kept_until, clock.now()) - MARGIN


def _write(first: int, final: int, lines: Any) -> None:
    path = places.folder("journal") / f"{first:09d}-{final:09d}.journal"
    version, context = places.key_version(), places.CONTEXT["journal"]
    with sealed_files.created(path, name=places.SECRETS["journal"], version=version, context=context) as sealed:
        sealed.write(json.dumps({"first": first, "last": final}).encode() + b"\n")
        for line in lines:
            sealed.write(line.encode() + b"\n")
