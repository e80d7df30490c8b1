"""References without a database, and short ways to read text."""

import io
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from tillit.files.chunks import Chunk, Reject
from tillit.files.csv_rows import CsvRows
from tillit.files.dialect import sniff
from tillit.purchases.reading.checking import Checked, check
from tillit.purchases.reading.columns import LAYOUT
from tillit.purchases.reading.references import References

HEADER = b"id;time;chain;store;amount;card;product\n"
TIME = "2026-03-02T12:30:00+01:00"
CARD = "4925000000000004"


def references(currency: str = "NOK", exponent: int = 2) -> References:
    """Chain `c1` with stores 1 and 2 and group g1; purchases of 2025 and 2026."""
    return References(
        source_id=1,
        register_id=1,
        stores=pl.DataFrame(
            [("c1", "1", 10, currency, 101, exponent), ("c1", "2", 10, currency, 102, exponent)],
            schema={
                "chain": pl.String,
                "store": pl.String,
                "chain_id": pl.Int32,
                "chain_currency": pl.String,
                "store_id": pl.Int32,
                "exponent": pl.Int8,
            },
            orient="row",
        ),
        groups=pl.DataFrame(
            [(10, "g1", 7)],
            schema={"chain_id": pl.Int32, "product_group": pl.String, "group_id": pl.Int32},
            orient="row",
        ),
        accept_from=datetime(2025, 1, 1, tzinfo=UTC),
        accept_until=datetime(2027, 1, 1, tzinfo=UTC),
    )


def chunks(data: bytes, *, block: int = 1 << 20) -> list[Chunk]:
    """The chunks of a CSV file given as bytes."""
    file = io.BytesIO(data)
    found = sniff(data[: 1 << 17], LAYOUT, whole=len(data) <= 1 << 17)
    return list(CsvRows(file, found, head=file.read(found.start + block), block=block))


def read(data: bytes, *, block: int = 1 << 20) -> tuple[list[Checked], list[Reject]]:
    """What becomes of a CSV file: checked chunks, and every reject in line order."""
    found = chunks(data, block=block)
    checked = [check(chunk, references()) for chunk in found if not chunk.frame.is_empty()]
    rejects = [r for chunk in found for r in chunk.rejects] + [r for c in checked for r in c.rejects]
    return checked, sorted(rejects, key=lambda reject: reject.line)


def lines(checked: list[Checked]) -> list[int]:
    """The lines that were accepted."""
    return [line for one in checked for line in one.purchases.line.tolist()]


def good(number: int, product: str = "Kaffe") -> bytes:
    """A line that is in order."""
    return f"T{number};{TIME};c1;1;100,00;{CARD};{product}".encode()


def file(path: Path, data: bytes) -> Path:
    """The bytes as a file."""
    path.write_bytes(data)
    return path
