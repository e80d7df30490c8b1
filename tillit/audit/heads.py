"""Heads published outside the database: one append-only file a controller, one JSON line a head, flushed to disk.

A line is {"controller", "seq", "hash", "key", "at", "mac"}: the last link's number and hash (hex), the version of the
key, and a keyed hash over the rest of the line. `"rewound": true` marks a head that the chain was put back to by a
restore; heads before it with a higher seq are then no longer owed. Operators copy the directory to a place that the
database's administrator cannot write; a copy there is what makes cutting both off impossible to hide.
"""

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tillit.audit import chain
from tillit.platform import paths
from tillit.platform.locks import exclusive

_TAIL = 4096  # bytes; far more than a line


class Head(NamedTuple):
    """A published head; `hash` in hex."""

    seq: int
    hash: str
    key_version: int
    rewound: bool = False


class Unreadable(NamedTuple):
    """A line of the file that is damaged, or that nobody with the key wrote. `line` is 1-based."""

    line: int


def folder() -> Path:
    """Where the heads are published; may not exist. ``TILLIT_AUDIT_HEADS`` names a place on another disk or machine."""
    elsewhere = os.environ.get("TILLIT_AUDIT_HEADS")
    return Path(elsewhere) if elsewhere else paths.var() / "audit" / "heads"


def publish(controller: int, head: Head, *, at: datetime, directory: Path | None = None) -> bool:
    """Append the head unless the file's last line already says it. Returns whether a line was written."""
    directory = directory or folder()
    paths.ensure_var()
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = directory / f"{controller}.jsonl"
    with exclusive(directory / ".lock"):
        _mend(path)
        last = _last(path, controller)
        if isinstance(last, Head) and not head.rewound and last.seq >= head.seq:
            return False
        fields = {"controller": controller, "seq": head.seq, "hash": head.hash, "key": head.key_version}
        fields |= {"at": at.astimezone(UTC).isoformat(), **({"rewound": True} if head.rewound else {})}
        fields["mac"] = chain.head_mac(chain.key(head.key_version), _text(fields))
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, _text(fields).encode() + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
    return True


def controllers() -> set[int]:
    """Every controller a head was ever published for: its chain is owed even if no row of it is left."""
    return {int(path.stem) for path in folder().glob("*.jsonl") if path.stem.isdecimal()}


def size(controller: int, *, directory: Path | None = None) -> int:
    """How many bytes are published by now; 0 when there is no file."""
    path = (directory or folder()) / f"{controller}.jsonl"
    return path.stat().st_size if path.is_file() else 0


def published(controller: int, *, upto: int, directory: Path | None = None) -> Iterator[Head | Unreadable]:
    """Every whole line within the first `upto` bytes, in order."""
    with suppress(FileNotFoundError), ((directory or folder()) / f"{controller}.jsonl").open("rb") as file:
        for number, line in enumerate(file, 1):
            upto -= len(line)
            if upto < 0:
                return
            if line.endswith(b"\n"):
                yield _read(line, controller) or Unreadable(number)


def owed(controller: int, *, upto: int, directory: Path | None = None) -> Iterator[Head | Unreadable]:
    """The heads that the chain must still show, rising by seq, and the lines that cannot be read, as they come.

    Reads the file twice and keeps only the rewinds, so that its length does not matter.
    """
    rewinds = [
        (place, entry.seq)
        for place, entry in enumerate(published(controller, upto=upto, directory=directory))
        if isinstance(entry, Head) and entry.rewound
    ]
    for place, entry in enumerate(published(controller, upto=upto, directory=directory)):
        while rewinds and rewinds[0][0] <= place:
            rewinds.pop(0)
        if isinstance(entry, Unreadable) or (entry.seq and all(entry.seq <= seq for _, seq in rewinds)):
            yield entry


def _text(fields: dict[str, object]) -> str:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"))


def _read(line: bytes, controller: int) -> Head | None:
    """The head of a line, or None when it is damaged, another controller's, or not vouched for by the key."""
    try:
        fields = json.loads(line)
        mac = fields.pop("mac")
        head = Head(fields["seq"], fields["hash"], fields["key"], fields.get("rewound", False))
        if fields["controller"] == controller and mac == chain.head_mac(chain.key(head.key_version), _text(fields)):
            return head
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return None


def _mend(path: Path) -> None:
    """Cut off a last line without its end, which a power cut can leave; the next head says more than it did."""
    with suppress(FileNotFoundError), path.open("r+b") as file:
        start = max(0, path.stat().st_size - _TAIL)
        file.seek(start)
        tail = file.read()
        if tail and not tail.endswith(b"\n"):
            file.truncate(start + tail.rfind(b"\n") + 1)


def _last(path: Path, controller: int) -> Head | None:
    with suppress(FileNotFoundError), path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL))
        lines = file.read().splitlines()
        return _read(lines[-1], controller) if lines else None
    return None
