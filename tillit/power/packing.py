"""The bytes of a day's values, and their meaning (E2). Little-endian, as every machine Tillit runs on.

Bytes because they are fetched thirteen times faster than an array of integers: values are never looked at in SQL.
"""

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

WH, QUALITY, STAMP = np.dtype("<u4"), np.dtype("u1"), np.dtype("<i8")
MOST_WH = 2**32 - 1
SPREAD = 16
"""Added to the quality of a quarter's value that is a part of an hour's."""

TOLD = 946_684_800_000_000
"""The year 2000 in microseconds. A `registered` below it is no time: nobody told when, and it is the number of the file
the value came with, so that of two such values the one of the later file counts, and any that was told before both.
"""


class Quality(IntEnum):
    """How a value came about, as Elhub tells it, the better the higher. MISSING: there is none (a gap)."""

    MISSING = 0
    TEMPORARY = 1
    ESTIMATED = 2
    CALCULATED = 3
    METERED = 4


def kind_of(quality: Any) -> Any:
    """The quality without the mark that the value is a part of an hour's."""
    return np.asarray(quality) & (SPREAD - 1)


def pack(values: NDArray[Any], dtype: np.dtype[Any]) -> bytes:
    """The values' bytes; once where all are the same (not for watt-hours)."""
    packed = values.astype(dtype, copy=False)
    return packed[:1].tobytes() if dtype is not WH and (packed == packed[0]).all() else packed.tobytes()


def unpack(data: bytes, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
    """`count` values from their bytes, which may stand once for all."""
    values = np.frombuffer(data, dtype=dtype)
    return np.broadcast_to(values, (count,)) if len(values) == 1 and count != 1 else values
