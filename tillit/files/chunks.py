"""What readers hand over: rows as text in columns, with the line each came from, and the lines that are no rows."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import polars as pl

LINE = "line"


@dataclass(frozen=True)
class Reject:
    """A row that cannot be used. `values`: its fields by column, or the bare text under `""`; None where not kept.

    Only sealing may look at `values`: it is left out of representations.
    """

    line: int
    field: str
    code: str
    values: dict[str, str | None] | None = dataclasses.field(default=None, repr=False)


@dataclass
class Chunk:
    """Rows of a file: `line` (Int64) and the file's columns as text, null where empty.

    `plain`: nothing invisible is in the text, and no blank but the common one; `trimmed`: no field starts or ends with
    a blank. `position`: bytes of the file taken so far (rows for Parquet), for showing progress. `checked`: what became
    of the rows, where their domain checked them before.
    """

    position: int
    frame: pl.DataFrame = dataclasses.field(default_factory=pl.DataFrame)
    plain: bool = False
    trimmed: bool = False
    rejects: list[Reject] = dataclasses.field(default_factory=list)
    checked: Any = None
