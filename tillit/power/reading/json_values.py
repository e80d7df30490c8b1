"""Meter values as JSON (E2): what the market hub's API answers, or an object a line.

The API's answer is one document: `data` lists metering points whose `attributes` hold lists of values (`startTime`,
`endTime`, `direction`, `quantityKwh`, `resolution`, and, where told, `quality` and `registrationTime`). It is held in
memory while it is read, so it may not be larger than `LARGEST`. Lines have no such limit: each is a value that names
its point (read in vectors), or a point with its values.
"""

import json
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any, BinaryIO

import polars as pl

from tillit.files.chunks import LINE, Chunk, Reject
from tillit.files.dialect import LONGEST_LINE
from tillit.files.errors import FileRefusedError
from tillit.files.json_rows import LARGEST
from tillit.power import gsrn
from tillit.power.reading.columns import COLUMNS

NAMES = {
    "start": ("startTime", "start"),
    "end": ("endTime", "end"),
    "direction": ("direction",),
    "volume": ("quantityKwh", "volume"),
    "unit": ("unit",),
    "quality": ("quality",),
    "registered": ("registrationTime", "registeredTime", "lastUpdatedTime", "registered"),
}
_POINT = ("meteringPointId", "meteringPoint", "gsrn", "point")
_ALL = (*_POINT, *(name for names in NAMES.values() for name in names))
_BLOCK = 4 << 20
_AT_ONCE = 50_000
_DEEPEST = 8


class JsonValues:
    """The values of a JSON file in chunks under our column names. `line`: of the file; in a document, the value's
    number.
    """

    again = True

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self.total = file, size
        self._lines = _has_lines(file)
        if not self._lines and size > LARGEST:
            raise FileRefusedError("json-too-large", "a document of so many values is sent as one object a line")

    def describe(self) -> str:
        """For the person who imports."""
        return f"JSON, {'lines' if self._lines else 'a document'}, utf-8"

    def digest(self) -> None:
        """Not known: objects are not read from one end to the other."""

    def __iter__(self) -> Iterator[Chunk]:
        self._file.seek(0)
        yield from (self._by_lines() if self._lines else self._document())

    def _document(self) -> Iterator[Chunk]:
        try:
            found = json.loads(self._file.read().decode("utf-8-sig"), parse_float=str, parse_int=str)
        except (ValueError, RecursionError):
            raise FileRefusedError("json-unreadable", "the file is no JSON in UTF-8") from None
        rows: list[dict[str, Any]] = []
        rejects: list[Reject] = []
        count = 0
        for count, (point, value) in enumerate(_values(found), 1):
            row = _row(point, value)
            if row is None:
                rejects.append(Reject(count, "", "json"))
            else:
                rows.append({LINE: count} | row)
            if len(rows) >= _AT_ONCE:
                yield Chunk(self.total, _frame(rows), rejects=rejects)
                rows, rejects = [], []
        if not count:
            raise FileRefusedError("empty", "the file holds no value")
        yield Chunk(self.total, _frame(rows), rejects=rejects)

    def _by_lines(self) -> Iterator[Chunk]:
        carry, number = b"", 1
        while data := self._file.read(_BLOCK):
            data = carry + (data if number > 1 or carry else data.removeprefix(BOM_UTF8))
            cut = data.rfind(b"\n") + 1
            block, carry = data[:cut], data[cut:]
            if len(carry) > LONGEST_LINE:
                raise FileRefusedError("line-too-long", "a line of the file is longer than 64 kB")
            if block:
                yield self._block(block, number)
                number += block.count(b"\n")
        if carry.strip():
            yield self._block(carry, number)

    def _block(self, block: bytes, first: int) -> Chunk:
        frame = _straight(block, first)
        return Chunk(self._file.tell(), frame) if frame is not None else self._careful(block, first)

    def _careful(self, block: bytes, first: int) -> Chunk:
        """Line by line, so that a bad one costs only itself."""
        rows: list[dict[str, Any]] = []
        rejects: list[Reject] = []
        for number, line in enumerate(block.split(b"\n"), first):
            if not line.strip():
                continue
            if len(line) > LONGEST_LINE:
                rejects.append(Reject(number, "", "row-too-long"))
                continue
            try:
                found = json.loads(line.decode("utf-8-sig"), parse_float=str, parse_int=str)
                given = [_row(point, value) for point, value in _values(found)]
            except UnicodeDecodeError:
                rejects.append(Reject(number, "", "encoding"))
                continue
            except (ValueError, RecursionError):
                rejects.append(Reject(number, "", "json"))
                continue
            rows += [{LINE: number} | row for row in given if row is not None]
            if not given or None in given:
                rejects.append(Reject(number, "", "json"))
        return Chunk(self._file.tell(), _frame(rows), rejects=rejects)


def _has_lines(file: BinaryIO) -> bool:
    """Whether it is an object a line: its first line is one by itself."""
    file.seek(0)
    first = file.readline(LONGEST_LINE + 1).removeprefix(BOM_UTF8).strip()
    if len(first) > LONGEST_LINE or not first.startswith(b"{") or not first.endswith(b"}"):
        return False
    try:
        found = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return bool(file.read(1)) or not isinstance(found.get("data"), list)


def _straight(block: bytes, first: int) -> pl.DataFrame | None:
    """Lines that are each one value, in vectors; None where some are not that plain."""
    names = [name for name in _ALL if f'"{name}"'.encode() in block]  # in any line: each may say another part
    if not {"startTime", "quantityKwh"} <= set(names) or not set(names) & set(_POINT):
        return None
    try:
        frame = pl.read_ndjson(block, schema=dict.fromkeys(names, pl.String))
    except (ValueError, RecursionError, pl.exceptions.PolarsError):
        return None
    if frame.height != block.count(b"\n") + (not block.endswith(b"\n")) or frame["startTime"].null_count():
        return None
    ours = {name: [one for one in known if one in names] for name, known in (NAMES | {"point": _POINT}).items()}
    frame = frame.select(pl.coalesce(theirs).alias(name) for name, theirs in ours.items() if theirs)
    if frame["point"].null_count():
        return None
    lines = pl.int_range(first, first + frame.height, dtype=pl.Int64, eager=True).alias(LINE)
    return frame.insert_column(0, lines)


def _values(found: Any, point: str = "", depth: int = 0) -> Iterator[tuple[str, dict[str, Any]]]:
    """(point, value) of everything below: a value is an object with a volume and a start."""
    if depth > _DEEPEST:
        raise ValueError("too deep")
    if isinstance(found, list):
        for one in found:
            yield from _values(one, point, depth + 1)
    elif isinstance(found, dict):
        named = next((str(found[name]) for name in (*_POINT, "id") if isinstance(found.get(name), str | int)), "")
        mine = named if gsrn.is_valid(named) or any(name in found for name in _POINT) else point
        if ("quantityKwh" in found or "volume" in found) and ("startTime" in found or "start" in found):
            yield mine, found
            return
        for one in found.values():
            if isinstance(one, list | dict):
                yield from _values(one, mine, depth + 1)


def _row(point: str, value: dict[str, Any]) -> dict[str, str | None] | None:
    """Our columns of a value; None where one of them is no plain text or number."""
    row: dict[str, str | None] = {"point": point or None}
    for name, known in NAMES.items():
        given = next((value[one] for one in known if value.get(one) is not None), None)
        if isinstance(given, bool | list | dict):
            return None
        row[name] = None if given is None or given == "" else str(given)
    return row


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={LINE: pl.Int64} | dict.fromkeys(COLUMNS, pl.String))
