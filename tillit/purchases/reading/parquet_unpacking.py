"""The process that unpacks a Parquet file, so that nothing in it can harm the one that takes purchases in.

`python -m …parquet_unpacking describe|rows FD MEMORY` (in bytes of address space). `describe` prints the columns and
the number of rows as JSON; `rows` streams the rows as text in Arrow's IPC format, with a column `FAULT` for cells that
are no text, too long or out of range (field:code, null for good rows). What is refused as a whole: exit status
`REFUSED` with [code, hint] as JSON.
"""

import json
import os
import resource
import sys
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROWS = 20_000
LARGEST_COLUMN = 256 << 20  # bytes of one row group, as its writer states them
LONGEST_VALUE = 4096  # bytes; the longest field has 254 characters
MOST_ROWS_A_BYTE = 20
MOST_ROW_GROUPS = 100_000
MOST_COLUMNS = 100
FAULT = "fault"
REFUSED = 3
_DAY = 86_400
_TICKS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_FIRST, _LAST = -62_135_596_800 + _DAY, 253_402_300_800 - _DAY  # the years 1 to 9999, in seconds
Faults = dict[int, str]


class _RefusedError(Exception):
    """The file is refused: code and hint."""


def main(what: str, descriptor: int, memory: int) -> None:
    """Describe the file or stream its rows."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    pa.set_cpu_count(1)
    try:
        file = _open(descriptor)
        if what == "describe":
            sys.stdout.write(json.dumps(_described(file)))
        else:
            _stream(file)
    except _RefusedError as refused:
        print(json.dumps(refused.args), file=sys.stdout if what == "describe" else sys.stderr)
        _end(REFUSED)
    except (pa.ArrowException, OSError, ValueError, MemoryError):
        _end(1)
    sys.stdout.flush()


def _open(descriptor: int) -> pq.ParquetFile:
    source = os.fdopen(descriptor, "rb")
    size = os.fstat(descriptor).st_size
    options: dict[str, Any] = {"memory_map": False, "pre_buffer": False, "page_checksum_verification": True}
    file = pq.ParquetFile(source, **options)
    facts = file.metadata
    if facts.num_columns > MOST_COLUMNS or facts.num_row_groups > MOST_ROW_GROUPS:
        raise _RefusedError("parquet-too-large", "the Parquet file has too many columns or row groups")
    if facts.num_rows > MOST_ROWS_A_BYTE * size:
        raise _RefusedError("parquet-too-large", "the Parquet file has more rows than its bytes can hold")
    for group in range(facts.num_row_groups):
        for column in range(facts.num_columns):
            if facts.row_group(group).column(column).total_uncompressed_size > LARGEST_COLUMN:
                raise _RefusedError("parquet-too-large", f"row group {group + 1} unpacks to more than 256 MB a column")
    for field in file.schema_arrow:
        _check_type(field.name.lower(), field.type)
    # A dictionary stays one: a value that stands in every row is held once.
    texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
    source.seek(0)
    return pq.ParquetFile(source, read_dictionary=texts, **options)


def _described(file: pq.ParquetFile) -> dict[str, Any]:
    facts = file.metadata
    columns = [name.lower() for name in file.schema_arrow.names]
    return {"columns": columns, "rows": facts.num_rows, "groups": facts.num_row_groups}


def _stream(file: pq.ParquetFile) -> None:
    names = [name.lower() for name in file.schema_arrow.names]
    schema = pa.schema([(name, pa.string()) for name in [*names, FAULT]])
    with pa.ipc.new_stream(sys.stdout.buffer, schema) as stream:
        for batch in file.iter_batches(batch_size=ROWS, use_threads=False):
            columns, faults = [], Faults()
            for name, column in zip(names, batch.columns, strict=True):
                texts, found = _texts(column)
                columns.append(texts)
                for row, code in found.items():
                    faults.setdefault(row, f"{name}:{code}")
            told = pa.array(map(faults.get, range(batch.num_rows)), pa.string())
            stream.write_batch(pa.record_batch([*columns, told], schema=schema))


def _texts(column: pa.Array) -> tuple[pa.Array, Faults]:
    """A column as text, null where empty or faulty, and the faults by row."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        values, bad = _texts(column.dictionary)
        indices = column.indices
        faults = Faults()
        if bad:
            faults = {row: bad[at] for row, at in enumerate(indices.to_pylist()) if at in bad}
        return values.take(indices), faults
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.string()), {}
    if pa.types.is_timestamp(kind):
        return _times(column)
    if _is_text(kind):
        return _plain(column)
    return column.cast(pa.string()), {}


def _plain(column: pa.Array) -> tuple[pa.Array, Faults]:
    """Texts without those that are too long or not UTF-8."""
    raw = column.cast(pa.large_binary())
    faults = dict.fromkeys(_rows(pc.greater(pc.binary_length(raw), LONGEST_VALUE)), "too-long")
    if faults:
        raw = pc.if_else(pc.greater(pc.binary_length(raw), LONGEST_VALUE), None, raw)
    try:
        return raw.cast(pa.string()), faults
    except pa.ArrowInvalid:
        texts: list[str | None] = []
        for row, value in enumerate(raw.to_pylist()):
            try:
                texts.append(None if value is None else value.decode())
            except UnicodeDecodeError:
                texts.append(None)
                faults[row] = "encoding"
        return pa.array(texts, pa.string()), faults


def _times(column: pa.Array) -> tuple[pa.Array, Faults]:
    """Moments as CSV has them, in UTC. Parquet keeps them in UTC: the zone it names is for showing alone."""
    ticks = _TICKS[column.type.unit]
    numbers = column.cast(pa.int64())
    outside = pc.or_(pc.less(numbers, _FIRST * ticks), pc.greater(numbers, _LAST * ticks))
    faults = dict.fromkeys(_rows(outside), "time-unreadable")
    usable = pc.fill_null(pc.if_else(outside, None, numbers), 0).to_numpy(zero_copy_only=False)
    micros = usable // (ticks // 1_000_000) if ticks > 1_000_000 else usable * (1_000_000 // ticks)
    texts = np.char.add(np.datetime_as_string(micros.astype("datetime64[us]")), "Z")
    known = pc.and_(column.is_valid(), pc.invert(pc.fill_null(outside, fill_value=True)))
    return pc.if_else(known, pa.array(texts.tolist(), pa.string()), None), faults


def _rows(mask: pa.Array) -> list[int]:
    found: list[int] = pc.indices_nonzero(pc.fill_null(mask, fill_value=False)).to_pylist()
    return found


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _check_type(name: str, kind: pa.DataType) -> None:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    text = _is_text(kind) or pa.types.is_null(kind)
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
        raise _RefusedError("column-type", f"column {name}: {hint}")


def _end(status: int) -> NoReturn:
    """Without the clean-up of a stream that was cut off."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
