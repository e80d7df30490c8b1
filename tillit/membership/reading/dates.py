"""How a file writes its dates: found from its first rows and shown. A row that writes another way is told, not guessed.

05.06.2014 and 05/06/2014 are days before months, as they are written in Norway.
"""

import polars as pl

STYLES = {
    "iso": (r"^\d{4}-\d{2}-\d{2}$", "%Y-%m-%d", "2026-03-01"),
    "dotted": (r"^\d{1,2}\.\d{1,2}\.\d{4}$", "%d.%m.%Y", "01.03.2026"),
    "slashed": (r"^\d{1,2}/\d{1,2}/\d{4}$", "%d/%m/%Y", "01/03/2026"),
    "bare": (r"^\d{8}$", "%Y%m%d", "20260301"),
}
"""Style → its form, how it is read, and an example to show."""


def sniff(columns: list[pl.Series]) -> str:
    """The style that most of the dates have; ISO 8601 where there are none."""
    texts = pl.concat([column.drop_nulls().str.strip_chars() for column in columns]) if columns else pl.Series([""])
    found = {name: int(texts.cast(pl.String).str.contains(form).sum()) for name, (form, _, _) in STYLES.items()}
    best = max(found, key=lambda name: found[name])
    return best if found[best] else "iso"


def read(column: pl.Series, style: str) -> tuple[pl.Series, pl.Series]:
    """(dates, reason code of each that is none in the style: `date-style` in another, `date-unreadable`)."""
    _, written, _ = STYLES[style]
    dates = column.str.to_date(written, strict=False, exact=True)
    form = column.str.contains(STYLES[style][0])
    dates = pl.select(pl.when(form).then(dates)).to_series()
    elsewhere = pl.any_horizontal(
        [column.str.contains(other) for name, (other, _, _) in STYLES.items() if name != style]
    )
    faults = pl.select(
        pl.when(column.is_null() | dates.is_not_null())
        .then(None)
        .when(elsewhere)
        .then(pl.lit("date-style"))
        .otherwise(pl.lit("date-unreadable"))
    ).to_series()
    return dates, faults
