"""National identity numbers by the column: the rules of `national_number`, in vectors. Held against it in tests."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

_K1 = np.array((3, 7, 6, 1, 8, 9, 4, 5, 2, 1), dtype=np.int64)
_K2 = np.array((5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1), dtype=np.int64)
_DAYS = np.array((0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), dtype=np.int64)
NEW_RULE_YEAR = 2032
_BLANKS = r"[ \t\x{00a0}\x{202f}\x{2007}\x{2009}.\-\x{2010}-\x{2013}\x{2212}]"


@dataclass(frozen=True)
class Read:
    """What a column of numbers says, row by row. A row without a number has no fault and no value.

    `text`: eleven digits where valid, else null. `fault`: reason code or null. `born`: the date of birth where the
    number tells it. `gender`: `female` or `male` where it tells.
    """

    text: pl.Series
    fault: pl.Series
    born: pl.Series
    gender: pl.Series


def read(values: pl.Series, *, year: int) -> Read:
    """Read the numbers. `year`: the current one; from 2032 a new number tells neither date nor gender."""
    given = values.str.replace_all(_BLANKS, "")
    form = given.str.contains(r"^[0-9]+$")
    length = given.str.len_chars() == 11
    usable = (form & length).fill_null(value=False)
    digits = _digits(given, usable.to_numpy())
    k1 = digits[:, :10] @ _K1 % 11
    k2 = digits @ _K2 % 11
    fh = digits[:, 0] >= 8
    sums = np.where(fh, k1 == 0, k1 <= 3) & (k2 == 0)
    day = digits[:, 0] * 10 + digits[:, 1] - np.where((digits[:, 0] >= 4) & ~fh, 40, 0)
    shift = np.select([digits[:, 2] >= 8, (digits[:, 2] == 4) | (digits[:, 2] == 5)], [80, 40], 0)
    month = digits[:, 2] * 10 + digits[:, 3] - shift
    short = digits[:, 4] * 10 + digits[:, 5]
    exists = (month >= 1) & (month <= 12) & (day >= 1) & (day <= _DAYS[np.clip(month, 0, 12)])
    exists &= ~((day == 29) & (month == 2)) | (short % 4 == 0)  # 2000 was a leap year, so some century has the day
    dated = fh | exists
    fault = np.select([~sums, ~dated], ["national-number-checksum", "national-number-date"], "")
    faults = (
        pl.DataFrame({"given": values, "form": form, "length": length, "fault": pl.Series(fault)})
        .select(
            pl.when(pl.col("given").is_null())
            .then(None)
            .when(~pl.col("form"))
            .then(pl.lit("national-number-not-digits"))
            .when(~pl.col("length"))
            .then(pl.lit("national-number-length"))
            .when(pl.col("fault") != "")
            .then(pl.col("fault"))
        )
        .to_series()
    )
    good = usable & pl.Series(sums & dated)
    tells = good.to_numpy() & ~fh & (k1 == 0) & (year < NEW_RULE_YEAR)
    series = digits[:, 6] * 100 + digits[:, 7] * 10 + digits[:, 8]
    century = np.select(
        [series <= 499, short <= 39, (series <= 749) & (short >= 54), series >= 900], [1900, 2000, 1800, 1900], 0
    )
    tells &= (century > 0) & ~((day == 29) & (month == 2) & (century == 1900) & (short == 0))
    tells &= ~((day == 29) & (month == 2) & (century == 1800) & (short == 0))
    born = pl.DataFrame({"y": century + short, "m": month, "d": day, "tells": tells}).select(
        pl.when("tells").then(
            pl.date(
                pl.when("tells").then("y").otherwise(2000),
                pl.when("tells").then("m").otherwise(1),
                pl.when("tells").then("d").otherwise(1),
            )
        )
    )
    gender = pl.Series(np.where(digits[:, 8] % 2 == 1, "male", "female"))
    told = pl.Series(tells)
    return Read(
        pl.select(pl.when(good).then(given)).to_series(),
        faults,
        born.to_series(),
        pl.select(pl.when(told).then(gender)).to_series(),
    )


def _digits(given: pl.Series, usable: NDArray[Any]) -> NDArray[Any]:
    """(n, 11) digits; zeros where the text is not eleven digits."""
    texts = pl.select(pl.when(pl.Series(usable)).then(given).otherwise(pl.lit("0" * 11))).to_series()
    data = np.frombuffer(texts.str.join("").item().encode() if len(texts) else b"", dtype=np.uint8)
    return (data.reshape(-1, 11) - ord("0")).astype(np.int64)
