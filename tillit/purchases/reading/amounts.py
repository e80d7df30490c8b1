"""Amounts: decimals in the major unit with point or comma, to whole minor units, exactly. No grouping, no exponents."""

import polars as pl

_FORM = r"^-?[0-9]{1,12}([.,][0-9]{1,4})?$"


def read(amounts: pl.Series, exponents: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series, pl.Series]:
    """(minor units, unreadable?, too many decimals?, negative zero?); minor units null where not usable.

    `exponents`: decimals of each row's currency. `1.234` has too many decimals for kroner: it is not taken for 1234.
    """
    unreadable = ~amounts.str.contains(_FORM).fill_null(value=True)
    pointed = amounts.str.replace(",", ".", literal=True)
    point = pointed.str.find(".", literal=True)
    decimals = (pointed.str.len_bytes() - point - 1).fill_null(0).cast(pl.Int64)
    lacking = exponents.cast(pl.Int64) - decimals
    too_many = ((lacking < 0) & ~unreadable).fill_null(value=False)
    whole = pointed.str.replace(".", "", literal=True).cast(pl.Int64, strict=False)
    constant = lacking.drop_nulls().unique()
    if len(constant) == 1 and constant[0] >= 0:
        minor = whole * 10 ** int(constant[0])
    else:
        powers = pl.Series([1, 10, 100, 1000, 10000], dtype=pl.Int64)
        places = pl.select(pl.when(lacking.is_between(0, 4)).then(lacking).cast(pl.UInt32)).to_series()
        minor = whole * powers.gather(places)
    negative_zero = ((minor == 0) & amounts.str.starts_with("-")).fill_null(value=False)
    minor = pl.select(pl.when(~unreadable).then(minor)).to_series()
    return minor, unreadable, too_many, negative_zero
