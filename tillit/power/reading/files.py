"""A file of meter values, whatever its layout, as chunks under our column names."""

import re
from collections.abc import Iterator
from pathlib import Path

from tillit.files.chunks import Chunk
from tillit.files.opening import Opener, RowFile
from tillit.power.reading.csv_layouts import LAYOUT, Columns, point_in
from tillit.power.reading.ebix import EbixSeries
from tillit.power.reading.json_values import JsonValues

_NUMBERS = re.compile(r"(?<![0-9])(?:[0-9]{11}|[0-9]{15,})(?![0-9])")
_BOM = b"\xef\xbb\xbf"
_OTHERS: dict[bytes, Opener] = {
    mark + start: opener
    for mark in (b"", _BOM)
    for start, opener in ((b"{", JsonValues), (b"[", JsonValues), (b"<", EbixSeries))
}


class ReadingFile(RowFile):
    """Opened once, read in chunks. Raises `FileRefusedError` where the whole file cannot be used."""

    def __init__(self, path: Path, *, encoding: str | None = None) -> None:
        super().__init__(path, LAYOUT, encoding=encoding, others=_OTHERS)

    def rows(self) -> Iterator[Chunk]:
        """The rows, from the start. `digest` comes first."""
        chunks = self.chunks()
        return chunks if isinstance(self._rows, JsonValues | EbixSeries) else Columns().named(chunks)


def point_of(name: str) -> str:
    """The metering point that a file's name holds; "" for none."""
    return point_in(name)


def masked(name: str) -> str:
    """A file's name without numbers that are somebody's: of metering points, persons, accounts."""
    return _NUMBERS.sub("#", name)
