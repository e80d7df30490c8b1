"""CSV as rows of text with their lines, in blocks, in bounded memory, whatever the bytes are.

Two ways through a block. *Straight*: no quotes, no NUL, valid encoding, and exactly the right number of delimiters: it
is split in vectors. *Careful*: anything else, line by line, so that one bad line costs only itself: an unclosed
quotation mark takes no other line with it, and a line of 64 MB is passed over without being held.
"""

import csv
import hashlib
import unicodedata
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import polars as pl

from tillit.files.chunks import LINE, Chunk, Reject
from tillit.files.dialect import LONGEST_LINE, Dialect

BLOCK = 2 * 1024 * 1024
LONGEST_RECORD_LINES = 50
_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\n"
_END_OF_FILE = b"\x1a"  # what some old systems put after the last line


class CsvRows:
    """The rows after the header, in chunks. `head`: the bytes already read from the file, header included."""

    total, again = 0, False

    def __init__(self, file: BinaryIO, dialect: Dialect, *, head: bytes, block: int = BLOCK) -> None:
        self._file, self._dialect, self._head, self._block = file, dialect, head, block
        self._hash = hashlib.sha256(head)
        self._delimiter = dialect.delimiter.encode()
        self._line = dialect.first_line
        self._position = len(head)

    def describe(self) -> str:
        """See `Dialect.describe`."""
        return self._dialect.describe()

    def digest(self) -> str:
        """SHA-256 of the bytes read so far."""
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[Chunk]:
        carry, at_end = self._head[self._dialect.start :], False
        while not at_end:
            data = self._read()
            at_end = not data
            data = carry + data
            cut = _after_last_line_end(data, at_end=at_end)
            block, tail = data[:cut], data[cut:]
            del data
            chunk, too_long = Chunk(self._position), len(tail) > LONGEST_LINE
            rest = self._take(block, chunk, final=at_end or too_long) if block else b""
            carry = rest + tail
            if too_long:
                chunk.rejects.append(Reject(self._line, "", "row-too-long"))
                carry = self._pass_over()
            elif at_end and carry.strip().strip(_END_OF_FILE):
                chunk.rejects.append(Reject(self._line, "", "no-line-end", self._values(carry)))
            if chunk.rejects or not chunk.frame.is_empty():
                yield chunk

    def _read(self) -> bytes:
        data = self._file.read(self._block)
        self._hash.update(data)
        self._position += len(data)
        return data

    def _pass_over(self) -> bytes:
        """Read on to the end of an over-long line; what follows it."""
        self._line += 1
        while data := self._read():
            ends = [at for at in (data.find(b"\n"), data.find(b"\r")) if at >= 0]
            if ends:
                end = min(ends)
                return data[end + (2 if data[end : end + 2] == b"\r\n" else 1) :]
        return b""

    def _take(self, block: bytes, chunk: Chunk, *, final: bool) -> bytes:
        """Put the rows of whole lines into the chunk; returns the bytes of a quoted record that goes on."""
        if b"\r" in block:
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return b"" if self._straight(block, chunk) else self._careful(block, chunk, final=final)

    def _straight(self, block: bytes, chunk: Chunk) -> bool:
        rows, width = block.count(b"\n"), len(self._dialect.columns)
        if (
            b'"' in block
            or b"\0" in block
            or b"\n\n" in block
            or block.startswith(b"\n")
            or block.count(self._delimiter) != rows * (width - 1)
        ):
            return False
        if not block.isascii():
            try:
                text = block.decode(self._dialect.encoding)
            except UnicodeDecodeError:
                return False
            if self._dialect.encoding != "utf-8":
                block = text.encode()
            del text
        try:
            # The total number of delimiters is right and no line has too many, so none has too few.
            frame = pl.read_csv(
                block,
                has_header=False,
                new_columns=list(self._dialect.columns),
                separator=self._dialect.delimiter,
                quote_char=None,
                infer_schema=False,
                truncate_ragged_lines=False,
            )
        except pl.exceptions.PolarsError:
            return False
        if frame.height != rows or frame.width != width:
            return False
        lines = pl.int_range(self._line, self._line + rows, dtype=pl.Int64, eager=True).alias(LINE)
        chunk.frame = frame.insert_column(0, lines)
        others = set(block.translate(None, _PRINTABLE + self._delimiter).decode())
        chunk.plain = not any(unicodedata.category(char)[0] == "C" or char.isspace() for char in others)
        chunk.trimmed = chunk.plain and not _blank_beside(block, self._delimiter)
        self._line += rows
        return True

    def _careful(self, block: bytes, chunk: Chunk, *, final: bool) -> bytes:
        lines = block.split(b"\n")[:-1]
        numbers: list[int] = []
        rows: list[list[str]] = []
        at = 0
        rest = b""
        while at < len(lines):
            end, goes_on = _record_end(lines, at)
            if goes_on and not final:
                rest = b"\n".join(lines[at:]) + b"\n"
                break
            record = b"\n".join(lines[at:end])
            if record.strip():
                code, fields = self._fields(record) if not goes_on else ("quotes", [])
                if code and end - at > 1:  # the quotation mark was never closed: only its own line is lost
                    code, record, end = "quotes", lines[at], at + 1
                if code:
                    values = _bare(record) if len(record) <= LONGEST_LINE else None
                    chunk.rejects.append(Reject(self._line + at, "", code, values))
                else:
                    numbers.append(self._line + at)
                    rows.append(fields)
            at = end
        self._line += at
        if rows:
            columns = zip(self._dialect.columns, zip(*rows, strict=True), strict=True)
            frame = pl.DataFrame({name: pl.Series(values, dtype=pl.String) for name, values in columns})
            frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
            chunk.frame = frame.insert_column(0, pl.Series(LINE, numbers, dtype=pl.Int64))
        return rest

    def _fields(self, record: bytes) -> tuple[str, list[str]]:
        """(reason code or "", fields) of one record."""
        if len(record) > LONGEST_LINE:
            return "row-too-long", []
        if b"\0" in record:
            return "nul", []
        try:
            text = record.decode(self._dialect.encoding)
        except UnicodeDecodeError:
            return "encoding", []
        try:
            fields = next(csv.reader((text,), delimiter=self._dialect.delimiter, strict=True))
        except csv.Error:
            return "quotes", []
        return ("", fields) if len(fields) == len(self._dialect.columns) else ("columns", [])

    def _values(self, record: bytes) -> dict[str, str | None]:
        _, fields = self._fields(record)
        if not fields:
            return _bare(record)
        return {name: value or None for name, value in zip(self._dialect.columns, fields, strict=True)}


def _bare(record: bytes) -> dict[str, str | None]:
    return {"": record.decode("utf-8", "backslashreplace")}


def _blank_beside(block: bytes, delimiter: bytes) -> bool:
    """Whether a blank starts or ends any field."""
    data = np.frombuffer(block, dtype=np.uint8)
    blanks = np.flatnonzero(data == ord(" "))
    if not len(blanks):
        return False
    ends = (delimiter[0], ord("\n"))
    beside = np.concatenate([data[np.minimum(blanks + 1, len(data) - 1)], data[np.maximum(blanks - 1, 0)]])
    return block[:1] == b" " or bool(np.isin(beside, ends).any())


def _record_end(lines: list[bytes], start: int) -> tuple[int, bool]:
    """(line after the record that starts at `start`, whether it may go on beyond the last): quotes come in pairs."""
    odd, size, end = lines[start].count(b'"') & 1, len(lines[start]), start + 1
    while odd and end < len(lines) and end - start < LONGEST_RECORD_LINES and size <= LONGEST_LINE:
        odd ^= lines[end].count(b'"') & 1
        size += len(lines[end]) + 1
        end += 1
    if odd and (end - start >= LONGEST_RECORD_LINES or size > LONGEST_LINE):
        return start + 1, False  # parsing the line alone finds the fault
    return end, bool(odd)


def _after_last_line_end(data: bytes, *, at_end: bool) -> int:
    """Index after the last line end; a carriage return at the very end may be half of one."""
    last = len(data) - (data.endswith(b"\r") and not at_end)
    return max(data.rfind(b"\n", 0, last), data.rfind(b"\r", 0, last)) + 1
