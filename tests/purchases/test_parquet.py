"""Parquet: the same rows by the same rules; what is inexact, damaged or would unpack without bound is refused."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.purchases.reading import CARD, references
from tillit.files.chunks import Chunk
from tillit.files.errors import FileRefusedError
from tillit.purchases.reading.checking import Checked, check
from tillit.purchases.reading.files import PurchaseFile

WHEN = datetime(2026, 3, 2, 12, 30, tzinfo=timezone(timedelta(hours=1)))
PLAIN: dict[str, Any] = {
    "id": ["T1", "T2"],
    "time": pa.array([WHEN, WHEN], pa.timestamp("us", "Europe/Oslo")),
    "chain": ["c1", "c1"],
    "store": pa.array([1, 2], pa.int32()),
    "amount": pa.array([Decimal("100.00"), Decimal("-4.50")], pa.decimal128(12, 2)),
    "card": [CARD, CARD],
    "product_group": [None, "g1"],
}


def write(path: Path, changes: dict[str, Any] | None = None, **options: Any) -> Path:
    pq.write_table(pa.table(PLAIN | (changes or {})), path, **options)
    return path


def read(path: Path) -> list[Checked]:
    with PurchaseFile(path) as file:
        file.digest()
        return [_whole(chunk) for chunk in file.chunks()]


def _whole(chunk: Chunk) -> Checked:
    """What was checked, with what was put aside before."""
    checked = check(chunk, references())
    return Checked(checked.purchases, [*chunk.rejects, *checked.rejects], checked.cash)


def test_typed_columns_say_the_same_as_text(tmp_path: Path) -> None:
    text = {
        "time": ["2026-03-02T12:30:00+01:00"] * 2,
        "store": ["1", "2"],
        "amount": ["100,00", "-4.5"],
        "card": pa.array([int(CARD)] * 2, pa.int64()),
    }
    (typed,), (plain,) = read(write(tmp_path / "a.parquet")), read(write(tmp_path / "b.parquet", text))
    for one in (typed, plain):
        assert not one.rejects
        assert one.purchases.line.tolist() == [1, 2]
        assert one.purchases.amount.tolist() == [10000, -450]
        assert one.purchases.store_id.tolist() == [101, 102]
        assert one.purchases.product_group_id.tolist() == [0, 7]
        assert one.purchases.event_at.tolist() == [int(WHEN.timestamp() * 1e6)] * 2
    assert (typed.purchases.instrument == plain.purchases.instrument).all()


def test_rows_are_put_aside_by_their_number(tmp_path: Path) -> None:
    (found,) = read(write(tmp_path / "a.parquet", {"card": [CARD, "4925"], "store": ["9", "2"]}))
    assert [(r.line, r.field, r.code) for r in found.rejects] == [
        (1, "store", "unknown-store"),
        (2, "card", "card-length"),
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount": pa.array([1.0, float("nan")], pa.float64())}, "column-type"),
        ({"time": pa.array([datetime(2026, 3, 2), datetime(2026, 3, 2)], pa.timestamp("us"))}, "column-type"),
        ({"card": pa.array([[1], [2]], pa.list_(pa.int64()))}, "column-type"),
        ({"name": ["Kari", "Ola"]}, "columns-unknown"),
    ],
)
def test_inexact_or_unknown_columns_are_refused(tmp_path: Path, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(FileRefusedError) as refused:
        read(write(tmp_path / "a.parquet", changes))
    assert refused.value.code == code


@pytest.mark.parametrize("kept", [0.2, 0.9, 0.99])
def test_a_truncated_file_is_refused(tmp_path: Path, kept: float) -> None:
    path = write(tmp_path / "a.parquet")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(FileRefusedError) as refused:
        read(path)
    assert refused.value.code == "parquet-unreadable"


def test_a_damaged_page_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", compression="zstd", write_page_checksum=True)
    data = bytearray(path.read_bytes())
    data[40] ^= 0xFF
    path.write_bytes(bytes(data))
    with pytest.raises(FileRefusedError):
        read(path)


def test_what_unpacks_without_bound_is_refused(tmp_path: Path) -> None:
    bomb = {"product": pa.array(["x" * 150_000_000] * 2)}
    path = write(tmp_path / "a.parquet", bomb, compression="zstd", use_dictionary=False)
    assert path.stat().st_size < 200_000
    with pytest.raises(FileRefusedError) as refused:
        read(path)
    assert refused.value.code == "parquet-too-large"


def test_a_value_that_stands_in_every_row_is_no_bomb(tmp_path: Path) -> None:
    """One dictionary value of 60 kB in 40 000 rows: 2.4 GB as text, 100 kB as a file."""
    rows = 40_000
    table = pa.table({
        "id": [f"T{n}" for n in range(rows)],
        "time": pa.array([WHEN] * rows, pa.timestamp("us", "UTC")),
        "chain": ["c1"] * rows,
        "store": ["1"] * rows,
        "amount": ["1,00"] * rows,
        "card": [CARD] * rows,
        "product": pa.DictionaryArray.from_arrays(pa.array([0] * (rows - 1) + [1], pa.int32()), ["x" * 60_000, "y"]),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet", compression="zstd")
    found = read(tmp_path / "a.parquet")
    rejects = [reject for one in found for reject in one.rejects]
    assert {(reject.field, reject.code) for reject in rejects} == {("product", "too-long")}
    assert ([line for one in found for line in one.purchases.line.tolist()], len(rejects)) == ([rows], rows - 1)


def test_prefixes_that_unpack_without_bound_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every value repeats the one before it but for its end: 8 MB each, of which some bytes are written."""
    monkeypatch.setattr("tillit.purchases.reading.parquet_rows.MEMORY", 3 << 29)
    rows = 120
    bomb = {
        "id": [f"T{n}" for n in range(rows)],
        "time": pa.array([WHEN] * rows, pa.timestamp("us", "UTC")),
        "chain": ["c1"] * rows,
        "store": ["1"] * rows,
        "amount": ["1,00"] * rows,
        "card": [CARD] * rows,
        "product": ["x" * 8_000_000 + str(n) for n in range(rows)],
    }
    encodings = {"product": "DELTA_BYTE_ARRAY"}
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(bomb), path, compression="zstd", use_dictionary=False, column_encoding=encodings)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(FileRefusedError) as refused:
        read(path)
    assert refused.value.code == "parquet-unreadable"


def test_more_rows_than_its_bytes_can_hold_are_refused(tmp_path: Path) -> None:
    rows = 2_000_000
    same = {name: pa.array([values[0]] * rows, getattr(values, "type", None)) for name, values in PLAIN.items()}
    pq.write_table(pa.table(same), tmp_path / "a.parquet", compression="zstd")
    with pytest.raises(FileRefusedError) as refused:
        read(tmp_path / "a.parquet")
    assert refused.value.code == "parquet-too-large"


def test_one_bad_cell_puts_its_row_aside_and_the_others_are_taken_in(tmp_path: Path) -> None:
    far = pa.array([2**63 - 1, int(WHEN.timestamp() * 1e6)], pa.timestamp("us", "UTC"))
    (found,) = read(write(tmp_path / "a.parquet", {"time": far}))
    assert [(r.line, r.field, r.code) for r in found.rejects] == [(1, "time", "time-unreadable")]
    assert found.purchases.line.tolist() == [2]
    raw = pa.array([b"ok", b"\xff\xfe"], pa.binary())
    broken = pa.Array.from_buffers(pa.string(), 2, raw.buffers())
    for options in ({}, {"use_dictionary": False}):
        (found,) = read(write(tmp_path / "b.parquet", {"product": broken}, **options))
        assert [(r.line, r.field, r.code) for r in found.rejects] == [(2, "product", "encoding")]
        assert found.purchases.line.tolist() == [1]


def test_wide_decimals_and_unknown_zones_are_read_for_what_they_say(tmp_path: Path) -> None:
    wide = pa.array([Decimal("100.00"), Decimal("-4.50")], pa.decimal256(60, 2))
    where = pa.array([int(WHEN.timestamp() * 1e6)] * 2, pa.timestamp("us", "Mars/Phobos"))
    (found,) = read(write(tmp_path / "a.parquet", {"amount": wide, "time": where}))
    assert not found.rejects
    assert found.purchases.amount.tolist() == [10000, -450]
    assert found.purchases.event_at.tolist() == [int(WHEN.timestamp() * 1e6)] * 2


def test_many_row_groups_are_one_file(tmp_path: Path) -> None:
    rows = 5000
    table = pa.table({
        "id": [f"T{n}" for n in range(rows)],
        "time": pa.array([datetime(2026, 3, 2, tzinfo=UTC)] * rows, pa.timestamp("ms", "UTC")),
        "chain": pa.array(["c1"] * rows).dictionary_encode(),
        "store": ["1"] * rows,
        "amount": ["1,00"] * rows,
        "card": [CARD] * rows,
    })  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=700)
    found = read(tmp_path / "a.parquet")
    assert sum(len(one.purchases) for one in found) == rows
    assert [line for one in found for line in one.purchases.line.tolist()] == list(range(1, rows + 1))
