"""Opening a file of purchases: CSV or Parquet."""

from pathlib import Path
from typing import BinaryIO

from tillit.files.opening import RowFile
from tillit.purchases.reading.columns import LAYOUT
from tillit.purchases.reading.parquet_rows import ParquetRows

PARQUET = b"PAR1"


class PurchaseFile(RowFile):
    """A file of purchases, opened once and read in chunks."""

    def __init__(self, path: Path, *, encoding: str | None = None) -> None:
        super().__init__(path, LAYOUT, encoding=encoding, others={PARQUET: _parquet})


def _parquet(file: BinaryIO, size: int) -> ParquetRows:
    return ParquetRows(file)
