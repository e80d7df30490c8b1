"""Opening a purchase file: what it is, its digest, and the promise that it did not change while it was read."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from tillit.purchases.errors import FileRefusedError
from tillit.purchases.reading import dialect
from tillit.purchases.reading.chunks import Chunk
from tillit.purchases.reading.csv_rows import BLOCK, CsvRows
from tillit.purchases.reading.parquet_rows import ParquetRows

HEAD = 2 * dialect.LONGEST_LINE
_HASHED_AT_ONCE = 1 << 20


class PurchaseFile(AbstractContextManager["PurchaseFile"]):
    """A file of purchases, opened once and read in chunks.

    Raises `FileRefusedError` on opening (no-file, empty, compressed, header-…, columns-…) and `changed` when it is
    not, to its end, the file whose `digest` was taken.
    """

    def __init__(self, path: Path, *, encoding: str | None = None) -> None:
        self.path = path
        self._encoding = encoding
        self._file: BinaryIO
        self._rows: CsvRows | ParquetRows
        self.size = 0

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
        if not isinstance(self._rows, ParquetRows):  # those start anew by themselves
            self._open_rows()
        yield from self._rows
        if self._fingerprint() != self._opened or self._rows.digest() not in {None, self._digest}:
            raise FileRefusedError("changed", "the file changed while it was read")

    def _open_rows(self) -> None:
        self._file.seek(0)
        head = self._file.read(HEAD)
        if head.startswith(dialect.PARQUET):
            self._rows = ParquetRows(self._file)
            return
        found = dialect.sniff(head, whole=len(head) == self.size, encoding=self._encoding)
        self._rows = CsvRows(self._file, found, head=head, block=BLOCK)

    def _fingerprint(self) -> tuple[int, int, int]:
        now = os.fstat(self._file.fileno())
        return now.st_size, now.st_mtime_ns, now.st_ino
