"""JSON as the same rows of text: an array of objects, or an object a line. The first object's names are the columns.

An array is held in memory while it is read, so it may not be larger than `LARGEST`; lines have no such limit.
"""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from tillit.files.chunks import Chunk, Reject
from tillit.files.dialect import LONGEST_LINE, Layout
from tillit.files.errors import FileRefusedError
from tillit.files.sheets import frame_of

LARGEST = 32 << 20
AT_ONCE = 5000


class JsonRows:
    """The objects in chunks. `line`: the line of the file, or the object's number in an array."""

    again = True

    def __init__(self, file: BinaryIO, size: int, layout: Layout) -> None:
        self._file, self.total = file, 0
        file.seek(0)
        self._array = file.read(1) == b"["
        if self._array and size > LARGEST:
            raise FileRefusedError("json-too-large", "an array of so many objects is sent as one object a line")
        first = next((value for _, value, _ in self._objects() if isinstance(value, dict)), None)
        if first is None:
            raise FileRefusedError("empty", "the file holds no object")
        self._names = [str(name).strip().lower() for name in first]
        layout.check(self._names, "the first object")

    def describe(self) -> str:
        """For the person who imports."""
        return f"JSON, {'an array' if self._array else 'lines'}, utf-8, {len(self._names)} columns"

    def digest(self) -> None:
        """Not known: objects are not read from one end to the other."""
        return

    def __iter__(self) -> Iterator[Chunk]:
        rows: list[list[str | None]] = []
        lines: list[int] = []
        rejects: list[Reject] = []
        number = 0
        for number, value, code in self._objects():
            cells = None if code or not isinstance(value, dict) else self._row(value)
            if cells is None:
                rejects.append(Reject(number, "", code or "columns"))
            else:
                rows.append(cells)
                lines.append(number)
            if len(rows) + len(rejects) >= AT_ONCE:
                yield Chunk(self._file.tell(), frame_of(self._names, lines, rows), rejects=rejects)
                rows, lines, rejects = [], [], []
        if rows or rejects:
            yield Chunk(self._file.tell(), frame_of(self._names, lines, rows), rejects=rejects)

    def _row(self, value: dict[str, Any]) -> list[str | None] | None:
        """The cells of an object; None where it has other names, or a value that is no plain one."""
        given = {str(name).strip().lower(): cell for name, cell in value.items()}
        if not given.keys() <= set(self._names):
            return None
        cells = [_text(given.get(name)) for name in self._names]
        return None if any(cell is _NONE for cell in cells) else cells

    def _objects(self) -> Iterator[tuple[int, Any, str]]:
        """(line, what stands there, reason code where it cannot be read)."""
        self._file.seek(0)
        if self._array:
            try:
                yield from ((number, value, "") for number, value in enumerate(json.load(self._file), 1))
            except (ValueError, RecursionError):
                raise FileRefusedError("json-unreadable", "the file is no JSON in UTF-8") from None
            return
        number = 0
        while line := self._file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                while line and not line.endswith(b"\n"):
                    line = self._file.readline(LONGEST_LINE + 1)
                yield number, None, "row-too-long"
            elif line.strip():
                try:
                    yield number, json.loads(line), ""
                except UnicodeDecodeError:
                    yield number, None, "encoding"
                except (ValueError, RecursionError):
                    yield number, None, "json"


_NONE = "\0"  # stands for a value that is no plain one


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool | dict):
        return _NONE
    if isinstance(value, list):
        return ",".join(map(str, value)) if all(isinstance(one, str | int) for one in value) else _NONE
    return str(value)
