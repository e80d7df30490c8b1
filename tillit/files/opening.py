"""Opening a file: what it is, its digest, and the promise that it did not change while it was read."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self

from tillit.files import dialect
from tillit.files.chunks import Chunk
from tillit.files.csv_rows import BLOCK, CsvRows
from tillit.files.dialect import Layout
from tillit.files.errors import FileRefusedError

HEAD = 2 * dialect.LONGEST_LINE
_HASHED_AT_ONCE = 1 << 20


class Rows(Protocol):
    """Rows of an open file, in chunks. `again`: whether they start anew by themselves each time they are read."""

    total: int
    again: bool

    def describe(self) -> str:
        """For the person who imports."""

    def digest(self) -> str | None:
        """SHA-256 of the bytes that were read; None where the file is not read from one end to the other."""

    def __iter__(self) -> Iterator[Chunk]: ...


Opener = Callable[[BinaryIO, int], Rows]
"""Reads an open file of so many bytes; for a kind of file that starts with some bytes of its own."""


class RowFile(AbstractContextManager["RowFile"]):
    """A file of rows, opened once and read in chunks. `others`: how to read a file that starts so, else it is CSV.

    Raises `FileRefusedError` on opening (no-file, empty, compressed, header-…, columns-…) and `changed` when it is
    not, to its end, the file whose `digest` was taken. `read_as`: the encoding that was named, where its first bytes
    tell of another: the same bytes say something else then.
    """

    def __init__(
        self, path: Path, layout: Layout, *, encoding: str | None = None, others: Mapping[bytes, Opener] | None = None
    ) -> None:
        self.path = path
        self._layout, self._encoding, self._others = layout, encoding, others or {}
        self._file: BinaryIO
        self._rows: Rows
        self.size = 0
        self.read_as = ""

    def __enter__(self) -> Self:
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise FileRefusedError("no-file", f"the file cannot be opened: {error.strerror}") from None
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise FileRefusedError("no-file", "that is no regular file")
        self._file = os.fdopen(handle, "rb")
        try:
            self._opened = self._fingerprint()
            self.size = self._opened[0]
            self._open_rows()
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def describe(self) -> str:
        """Format, encoding, delimiter and columns as found."""
        return self._rows.describe()

    @property
    def total(self) -> int:
        """What `Chunk.position` counts up to: bytes of a CSV file, rows of a Parquet file."""
        return self._rows.total or self.size

    def digest(self, progress: Callable[[int], None] | None = None) -> str:
        """SHA-256 of the whole file, in hexadecimal; leaves the file at its start."""
        found = hashlib.sha256()
        self._file.seek(0)
        done = 0
        while data := self._file.read(_HASHED_AT_ONCE):
            found.update(data)
            done += len(data)
            if progress:
                progress(done)
        self._file.seek(0)
        self._digest = found.hexdigest()
        return self._digest

    def chunks(self) -> Iterator[Chunk]:
        """The rows, from the start. `digest` comes first. Raises `changed` at the end if the file did."""
        if not self._rows.again:
            self._open_rows()
        yield from self._rows
        if self._fingerprint() != self._opened or self._rows.digest() not in {None, self._digest}:
            raise FileRefusedError("changed", "the file changed while it was read")

    def _open_rows(self) -> None:
        self._file.seek(0)
        head = self._file.read(HEAD)
        for magic, opener in self._others.items():
            if head.startswith(magic):
                self._rows = opener(self._file, self.size)
                return
        whole = len(head) == self.size
        found = dialect.sniff(head, self._layout, whole=whole, encoding=self._encoding)
        self.read_as = "" if found.encoding == dialect.encoding_of(head, whole=whole) else found.encoding
        self._rows = CsvRows(self._file, found, head=head, block=BLOCK)

    def _fingerprint(self) -> tuple[int, int, int]:
        now = os.fstat(self._file.fileno())
        return now.st_size, now.st_mtime_ns, now.st_ino
