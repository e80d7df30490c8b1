"""Parquet as the same rows of text: typed columns are written out the way CSV has them, and checked by the same rules.

Only exact types are taken: a float is no amount, and a timestamp without a zone is no time. A process of its own
unpacks the file, within a fixed amount of memory (`parquet_unpacking`): whatever a hostile file does there, this one
only sees that it ended.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any, BinaryIO

import polars as pl
import pyarrow as pa

from tillit.files.chunks import LINE, Chunk, Reject
from tillit.files.errors import FileRefusedError
from tillit.purchases.reading.columns import check_columns
from tillit.purchases.reading.parquet_unpacking import FAULT, REFUSED

MEMORY = 3 << 30  # bytes of address space for unpacking; the libraries take one of them
_WAIT = 60  # seconds for a process that has said everything to end
_MODULE = "tillit.purchases.reading.parquet_unpacking"


class ParquetRows:
    """The rows of a Parquet file in chunks; `line` is the row's number, from 1."""

    again = True

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        process = _start(file, "describe")
        told, _ = process.communicate()
        if process.returncode == REFUSED:
            raise FileRefusedError(*json.loads(told))
        if process.returncode:
            raise FileRefusedError("parquet-unreadable", "the Parquet file is cut off or damaged")
        facts: dict[str, Any] = json.loads(told)
        self.total: int = facts["rows"]
        self._groups: int = facts["groups"]
        self._columns: list[str] = facts["columns"]
        check_columns(self._columns, "the Parquet schema")

    def describe(self) -> str:
        """For the person who imports."""
        return f"Parquet, {self._groups} row groups, {self.total} rows, {len(self._columns)} columns"

    def digest(self) -> None:
        """Not known: Parquet is not read from one end to the other."""
        return

    def __iter__(self) -> Iterator[Chunk]:
        with closing(_Unpacking(self._file)) as unpacking:
            line = 1
            for batch in unpacking:
                chunk = _chunk(batch, line)
                line += batch.num_rows
                yield chunk
            if line - 1 != self.total:
                unpacking.refuse(line - 1)


class _Unpacking:
    """The other process and what it sends."""

    def __init__(self, file: BinaryIO) -> None:
        file.seek(0)
        self._process = _start(file, "rows")
        self._said = b""

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from pa.ipc.open_stream(self._process.stdout)
        except (pa.ArrowException, OSError, EOFError):
            return  # the rows that are missing are noticed

    def refuse(self, rows: int) -> None:
        """Raise what the process said it ended for."""
        self.close()
        if self._process.returncode == REFUSED:
            raise FileRefusedError(*json.loads(self._said))
        raise FileRefusedError(
            "parquet-unreadable", f"the Parquet file is damaged after row {rows}, or unpacks to more than there is room"
        )

    def close(self) -> None:
        """End the process, if it has not ended by itself."""
        if self._process.returncode is not None:
            return
        if self._process.stdout:
            self._process.stdout.close()
        try:
            _, self._said = self._process.communicate(timeout=_WAIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


def _start(file: BinaryIO, what: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 (ours)
        [sys.executable, "-m", _MODULE, what, str(file.fileno()), str(MEMORY)],
        pass_fds=[file.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if what == "rows" else subprocess.DEVNULL,
    )


def _chunk(batch: pa.RecordBatch, line: int) -> Chunk:
    frame = pl.DataFrame(pa.Table.from_batches([batch]))
    frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
    frame = frame.insert_column(0, pl.int_range(line, line + len(frame), dtype=pl.Int64, eager=True).alias(LINE))
    faulty = frame.filter(pl.col(FAULT).is_not_null())
    rejects = []
    for row in faulty.iter_rows(named=True):
        field, _, code = row.pop(FAULT).partition(":")
        number = row.pop(LINE)
        rejects.append(Reject(number, field, code, {name: text for name, text in row.items() if text is not None}))
    if rejects:
        frame = frame.filter(pl.col(FAULT).is_null())
    return Chunk(line + batch.num_rows - 1, frame.drop(FAULT), rejects=rejects)
