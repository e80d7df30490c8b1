"""Parquet as the same rows of text: typed columns are written out the way CSV has them, and checked by the same rules.

Only exact types are taken: a float is no amount, and a timestamp without a zone is no time. What unpacks to far more
than it takes is refused before it is read.
"""

from collections.abc import Iterator
from typing import Any, BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tillit.purchases.errors import FileRefusedError
from tillit.purchases.reading.chunks import LINE, Chunk
from tillit.purchases.reading.dialect import check_columns

ROWS = 40_000
LARGEST_COLUMN = 256 * 1024 * 1024  # of one row group, unpacked
LARGEST_RATIO = 200
MOST_ROW_GROUPS = 100_000
MOST_COLUMNS = 100


class ParquetRows:
    """The rows of a Parquet file in chunks; `line` is the row's number, from 1."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._file = pq.ParquetFile(file, memory_map=False, pre_buffer=False, page_checksum_verification=True)
        except (pa.ArrowException, OSError, ValueError):
            raise FileRefusedError("parquet-unreadable", "the Parquet file is cut off or damaged") from None
        self._bounded()
        self.total = self._file.metadata.num_rows
        self._columns = [name.lower() for name in self._file.schema_arrow.names]
        check_columns(self._columns, "the Parquet schema")
        for name, field in zip(self._columns, self._file.schema_arrow, strict=True):
            _check_type(name, field.type)

    def describe(self) -> str:
        """For the person who imports."""
        facts = self._file.metadata
        return f"Parquet, {facts.num_row_groups} row groups, {facts.num_rows} rows, {len(self._columns)} columns"

    def digest(self) -> None:
        """Not known: Parquet is not read from one end to the other."""
        return

    def __iter__(self) -> Iterator[Chunk]:
        line = 1
        try:
            for batch in self._file.iter_batches(batch_size=ROWS, use_threads=False):
                frame = pl.DataFrame(pa.Table.from_batches([batch]).rename_columns(self._columns))
                frame = frame.select(_as_text(name, frame.schema[name]) for name in self._columns)
                frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
                lines = pl.int_range(line, line + len(frame), dtype=pl.Int64, eager=True).alias(LINE)
                line += len(frame)
                yield Chunk(line - 1, frame.insert_column(0, lines))
        except (pa.ArrowException, OSError):
            raise FileRefusedError("parquet-unreadable", f"the Parquet file is damaged after row {line - 1}") from None

    def _bounded(self) -> None:
        facts = self._file.metadata
        if facts.num_columns > MOST_COLUMNS or facts.num_row_groups > MOST_ROW_GROUPS:
            raise FileRefusedError("parquet-too-large", "the Parquet file has too many columns or row groups")
        for group in range(facts.num_row_groups):
            row_group = facts.row_group(group)
            for column in range(facts.num_columns):
                one = row_group.column(column)
                if one.total_uncompressed_size > LARGEST_COLUMN:
                    raise FileRefusedError(
                        "parquet-too-large", f"row group {group + 1} unpacks to more than 256 MB a column"
                    )


def _check_type(name: str, kind: pa.DataType) -> None:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
    if name == "amount":
        fits = text or pa.types.is_decimal(kind)
        hint = "an amount is a decimal or a text, never a float"
    elif name == "time":
        fits = text or (pa.types.is_timestamp(kind) and kind.tz is not None)
        hint = "a time is a timestamp with a zone, or a text"
    else:
        fits = text or pa.types.is_integer(kind)
        hint = "a text or a whole number"
    if not fits:
        raise FileRefusedError("column-type", f"column {name}: {hint}")


def _as_text(name: str, kind: Any) -> pl.Expr:
    column = pl.col(name)
    if isinstance(kind, pl.Datetime):
        return column.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S.%6fZ")
    return column.cast(pl.String)
