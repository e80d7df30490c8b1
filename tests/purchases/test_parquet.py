"""Parquet: the same rows by the same rules; what is inexact, damaged or would unpack without bound is refused."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.purchases.reading import CARD, references
from tillit.purchases.errors import FileRefusedError
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
        return [check(chunk, references()) for chunk in file.chunks()]


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
