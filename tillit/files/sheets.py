"""Spreadsheets (XLSX) as the same rows of text, a row at a time. What is no plain value is told, not guessed.

A formula comes as its text, `=…`, never as a value that some program worked out before. Dates come as 2026-03-01,
whole numbers without decimals: leading zeros that a spreadsheet dropped are gone, and the reader's checks will say so.
"""

import datetime
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import polars as pl
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from tillit.files.chunks import LINE, Chunk, Reject
from tillit.files.dialect import LONGEST_LINE, Layout
from tillit.files.errors import FileRefusedError

MAGIC = b"PK\x03\x04"
AT_ONCE = 5000
UNPACKED = 1 << 30  # bytes of all parts: a row of a register is some 500 bytes of XML
_HEAD = 4096


class SheetRows:
    """The rows of the first sheet after its header, which is the first row with a value. `line`: the sheet's row."""

    again = True

    def __init__(self, file: BinaryIO, layout: Layout) -> None:
        self._file, self.total = file, 0
        _refuse_hostile(file)
        for number, cells in self._cells():
            names = [_text(cell).strip().lower() for cell in cells]
            while names and not names[-1]:
                names.pop()
            if names:
                self._header, self._names = number, names
                break
        else:
            raise FileRefusedError("empty", "the sheet is empty")
        layout.check(names, f"row {number}")

    def describe(self) -> str:
        """For the person who imports."""
        return f"XLSX, first of its sheets, {len(self._names)} columns"

    def digest(self) -> None:
        """Not known: the file is not read from one end to the other."""
        return

    def __iter__(self) -> Iterator[Chunk]:
        rows: list[list[str | None]] = []
        lines: list[int] = []
        rejects: list[Reject] = []
        number = self._header
        for number, cells in self._cells():
            if number <= self._header or not any(cell not in {None, ""} for cell in cells):
                continue
            texts = [_text(cell) or None for cell in cells]
            more = any(texts[len(self._names) :])
            texts = (texts + [None] * len(self._names))[: len(self._names)]
            if more or sum(len(text or "") for text in texts) > LONGEST_LINE:
                rejects.append(Reject(number, "", "columns" if more else "row-too-long"))
            else:
                rows.append(texts)
                lines.append(number)
            if len(rows) + len(rejects) >= AT_ONCE:
                yield self._chunk(number, lines, rows, rejects)
                rows, lines, rejects = [], [], []
        if rows or rejects:
            yield self._chunk(number, lines, rows, rejects)

    def _chunk(self, position: int, lines: list[int], rows: list[list[str | None]], rejects: list[Reject]) -> Chunk:
        return Chunk(position, frame_of(self._names, lines, rows), rejects=rejects)

    def _cells(self) -> Iterator[tuple[int, Sequence[Any]]]:
        self._file.seek(0)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of styles and extensions, which nobody asks for
                book = load_workbook(self._file, read_only=True, data_only=False, keep_links=False)
                yield from enumerate(book.worksheets[0].iter_rows(values_only=True), 1)
        except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, SyntaxError, IndexError, EOFError):
            raise FileRefusedError("sheet-unreadable", "the spreadsheet is cut off or damaged") from None


def frame_of(names: list[str], lines: list[int], rows: Sequence[Sequence[str | None]]) -> pl.DataFrame:
    """Rows of text with their lines, as readers hand them over."""
    if not rows:
        return pl.DataFrame()
    columns = zip(names, zip(*rows, strict=True), strict=True)
    frame = pl.DataFrame({name: pl.Series(values, dtype=pl.String) for name, values in columns})
    return frame.insert_column(0, pl.Series(LINE, lines, dtype=pl.Int64))


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat() if cell.time() == datetime.time() else cell.isoformat()
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _refuse_hostile(file: BinaryIO) -> None:
    """Refuse a file that unpacks to more than there is room for, or that declares entities of its own."""
    try:
        with zipfile.ZipFile(file) as packed:
            parts = packed.infolist()
            if sum(part.file_size for part in parts) > UNPACKED:
                raise FileRefusedError("compressed", "the spreadsheet unpacks to more than there is room for")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    with packed.open(part) as opened:
                        if b"<!DOCTYPE" in opened.read(_HEAD):
                            raise FileRefusedError("sheet-unreadable", "the spreadsheet declares entities of its own")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
        raise FileRefusedError("sheet-unreadable", "the file is no spreadsheet (XLSX)") from None
