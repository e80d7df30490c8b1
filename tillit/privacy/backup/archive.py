"""What stands in a sealed dump: one line of JSON (the manifest), the definitions, and the rows, the last two as
PostgreSQL's own archives (`pg_dump --format=custom`). Read as a stream, each part in turn.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tillit.platform import programs, sealed_files
from tillit.platform.errors import SealedFileError
from tillit.privacy.backup import places
from tillit.privacy.errors import BackupError

FORMAT = 1
_LONGEST_MANIFEST = 4 << 20


@dataclass(frozen=True)
class Manifest:
    """What a dump says of itself. `tables`: rows of each table as the owner counted them in the dump's snapshot.

    `kept`: ISO period after which the dump is used no more. `migrations`: the last one of each app. `journal`: the last
    journal segment that was shipped when the dump was made. `secrets`: marks of the secrets that its rows depend on.
    """

    made_at: str
    database: str
    server: int
    kept: str
    migrations: dict[str, str]
    tables: dict[str, int]
    definitions: int
    journal: int
    secrets: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def moment(self) -> datetime:
        """When its snapshot was taken."""
        return datetime.fromisoformat(self.made_at)

    def line(self) -> bytes:
        """As it stands in the file."""
        return json.dumps(asdict(self), sort_keys=True).encode() + b"\n"


class Reading:
    """A sealed dump read once from its beginning: `manifest`, then `definitions`, then `rows`.

    Raises `BackupError` naming the file for a wrong key, a change, a cut, or a later format.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rest = b""
        self._blocks = self._clear()
        self.manifest = self._manifest()

    def definitions(self) -> bytes:
        """The archive of the definitions; a few hundred kilobytes."""
        while len(self._rest) < self.manifest.definitions:
            block = next(self._blocks, b"")
            if not block:
                raise BackupError("damaged", f"{self._path}: it ends before its definitions do")
            self._rest += block
        found, self._rest = self._rest[: self.manifest.definitions], self._rest[self.manifest.definitions :]
        return found

    def rows(self) -> Iterator[bytes]:
        """The archive of the rows, in blocks."""
        yield self._rest
        yield from self._blocks

    def _clear(self) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as file:
                yield from sealed_files.read(file, name=places.SECRETS["dump"], context=places.CONTEXT["dump"])
        except SealedFileError as error:
            raise BackupError("damaged", f"{self._path}: {error}") from None

    def _manifest(self) -> Manifest:
        while b"\n" not in self._rest and len(self._rest) < _LONGEST_MANIFEST and (block := next(self._blocks, b"")):
            self._rest += block
        line, _, self._rest = self._rest.partition(b"\n")
        try:
            said: dict[str, Any] = json.loads(line)
        except ValueError:
            raise BackupError("damaged", f"{self._path}: it holds no manifest") from None
        if said.get("format") != FORMAT:
            raise BackupError("format", f"{self._path}: it was made by a later Tillit; restore it with that one")
        return Manifest(**said)


def check(path: Path) -> Manifest:
    """Read a dump to its last byte: its key, every segment, its definitions, and every row, counted by table.

    Raises `BackupError`.
    """
    reading = Reading(path)
    definitions = b"".join(programs.output_of("pg_restore", ["--list"], [reading.definitions()]))
    if b"TABLE" not in definitions:
        raise BackupError("damaged", f"{path}: its definitions name no table")
    counted = _count(programs.output_of("pg_restore", ["--data-only", "--file=-"], reading.rows()))
    wrong = {t: n for t, n in reading.manifest.tables.items() if counted.get(t, 0) != n}
    if wrong or set(counted) - set(reading.manifest.tables):
        name = min({*wrong, *(set(counted) - set(reading.manifest.tables))})
        raise BackupError(
            "damaged",
            f"{path}: {name} should hold {reading.manifest.tables.get(name, 0)} rows, it holds {counted.get(name, 0)}",
        )
    return reading.manifest


def _count(blocks: Iterable[bytes]) -> Counter[str]:
    """Rows of each table in the text of COPY statements."""
    found: Counter[str] = Counter()
    table, rest = "", b""
    for block in blocks:
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        for line in lines:
            if table:
                if line == rb"\.":
                    table = ""
                else:
                    found[table] += 1
            elif line.startswith(b"COPY public."):
                table = line[len(b"COPY public.") :].partition(b" ")[0].decode().strip('"')
                found[table] += 0
    return found
