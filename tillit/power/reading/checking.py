"""From rows of text to values, in vectors: every row becomes a value or a reason why not. Pure."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tillit.files.chunks import LINE, Reject
from tillit.power import gsrn, slots
from tillit.power.days import Values
from tillit.power.models import Direction
from tillit.power.packing import MOST_WH, TOLD
from tillit.power.reading.columns import COLUMNS, DIRECTIONS, LONGEST, QUALITIES, UNITS
from tillit.purchases.reading import moments

_FIRST, _LAST = slots.number(slots.FIRST), slots.number(slots.LAST) - 1
DRIFT = 600
"""Seconds that the clock of whoever registered may be ahead: what says it is newer still would count for ever."""
_VOLUME = r"^[+]?[0-9]{1,12}([.,][0-9]{1,9})?$"
_NEGATIVE = r"^-[0-9]"


@dataclass(frozen=True)
class Rules:
    """What a file is read by. point: whose values they are, where its rows do not say. swapped: in and out are seen
    from the customer. registered: microseconds since 1970, where rows do not say; 0: nobody knows. now: seconds.
    arrival: what orders values of which nobody knows: the number of the file (see `packing.TOLD`).
    """

    now: int
    point: str = ""
    swapped: bool = False
    registered: int = 0
    arrival: int = 0


@dataclass(frozen=True)
class Checked:
    """The values that can be used, with the points their numbers stand for, and the rows that cannot."""

    points: list[str]
    values: Values
    rejects: list[Reject]


def check(frame: pl.DataFrame, rules: Rules) -> Checked:
    """frame: `line` (Int64) and some of `COLUMNS` as text, null where empty."""
    frame = frame.with_columns(
        pl.lit(None, dtype=pl.String).alias(name) for name in COLUMNS if name not in frame.columns
    )
    frame = _told(frame, rules)
    faults = _Faults(frame.height)
    for name in COLUMNS:
        faults.mark(frame[name].str.len_chars() > LONGEST[name], name, "too-long")
    points, point = _points(frame["point"], faults)
    start = _moments(frame["start"], "start", faults)
    end = _moments(frame["end"], "end", faults)
    minutes = _minutes(start, end, rules, faults)
    wh = _wh(frame["volume"], frame["unit"], faults)
    direction = _words(frame["direction"], DIRECTIONS, int(Direction.CONSUMPTION), "direction", "direction", faults)
    quality = _words(frame["quality"], QUALITIES | {"58": -1}, int(QUALITIES["metered"]), "quality", "quality", faults)
    faults.mark(pl.Series(quality == -1), "quality", "withdrawn")
    registered = _moments(frame["registered"], "registered", faults, missing=0)
    faults.mark(registered > (rules.now + DRIFT) * 1_000_000, "registered", "registered-later")
    faults.mark((registered != 0) & (registered < TOLD), "registered", "out-of-range")
    registered = np.where(registered == 0, rules.arrival, registered)
    good = faults.none()
    values = Values(
        point=point, direction=direction, start=start // 1_000_000, minutes=minutes, wh=wh,
        quality=quality.astype(np.uint8), registered=registered, line=frame[LINE].to_numpy(),
    )  # fmt: skip
    return Checked(points, values if good.all() else values.take(good), faults.rejects(frame))


def _told(frame: pl.DataFrame, rules: Rules) -> pl.DataFrame:
    """The rows with what the file as a whole says, so that one that is put aside still says it."""
    if rules.point:
        frame = frame.with_columns(pl.col("point").fill_null(rules.point))
    if rules.swapped:
        seen = {"in": "consumption", "inn": "consumption", "out": "production", "ut": "production"}
        way = pl.col("direction").str.strip_chars().str.to_lowercase().replace_strict(seen, default=None)
        frame = frame.with_columns(pl.coalesce(way, "direction").alias("direction"))
    if rules.registered:
        frame = frame.with_columns(pl.col("registered").fill_null(slots.stamp(rules.registered)))
    return frame


class _Faults:
    """The first fault of each row."""

    def __init__(self, rows: int) -> None:
        self._found = np.zeros(rows, dtype=np.int32)
        self._kinds: list[tuple[str, str]] = [("", "")]

    def mark(self, which: Any, field: str, code: str) -> None:
        """The rows where `which` is true have the fault."""
        if isinstance(which, pl.Series):
            if not which.any():
                return
            which = which.fill_null(value=False).to_numpy()
        elif not which.any():
            return
        self._kinds.append((field, code))
        self._found[which & (self._found == 0)] = len(self._kinds) - 1

    def none(self) -> Any:
        """Where there is none."""
        return self._found == 0

    def rejects(self, frame: pl.DataFrame) -> list[Reject]:
        """The rows with a fault, with their text."""
        bad = np.flatnonzero(self._found)
        rows = frame[bad].rows(named=True) if len(bad) else []
        kinds = [self._kinds[at] for at in self._found[bad].tolist()]
        return [
            Reject(row[LINE], field, code, {name: row[name] for name in COLUMNS if row[name]})
            for (field, code), row in zip(kinds, rows, strict=True)
        ]


def _points(text: pl.Series, faults: _Faults) -> tuple[list[str], Any]:
    """The distinct points, and each row's place among them."""
    distinct = text.unique(maintain_order=True).drop_nulls().to_list()
    known: dict[str, int] = {}
    at: dict[str, int] = {}
    for one in distinct:
        number = "".join(one.split())
        at[one] = known.setdefault(number, len(known)) if gsrn.is_valid(number) else -1
    faults.mark(text.is_null(), "point", "missing")
    if len(distinct) == 1 and not text.null_count():
        places = np.full(len(text), at[distinct[0]], dtype=np.int64)
    else:
        places = text.replace_strict(at, default=-1, return_dtype=pl.Int64).to_numpy()
    faults.mark(places == -1, "point", "gsrn")
    return list(known), places


def _moments(text: pl.Series, field: str, faults: _Faults, *, missing: int | None = None) -> Any:
    """Microseconds since 1970; 0 where the row has a fault."""
    if missing is not None and text.null_count() == len(text):
        return np.full(len(text), missing, dtype=np.int64)
    found, naive, unreadable = moments.read(text)
    if missing is None:
        faults.mark(text.is_null(), field, "missing")
    faults.mark(unreadable & text.is_not_null(), field, "time")
    faults.mark(naive, field, "naive")
    return found.fill_null(missing or 0).to_numpy()


def _minutes(start: Any, end: Any, rules: Rules, faults: _Faults) -> Any:
    length = end - start
    minutes = length // 60_000_000
    usual = ((minutes == 60) | (minutes == 15)) & (length % 60_000_000 == 0)
    whole = start % np.where(usual, length, 1) == 0
    faults.mark(~usual | ~whole, "end", "interval")
    seconds = start // 1_000_000
    days = slots.days_of(seconds)
    faults.mark((days < _FIRST) | (days > _LAST), "start", "out-of-range")
    faults.mark(end // 1_000_000 > rules.now, "end", "future")
    return minutes


def _wh(text: pl.Series, units: pl.Series, faults: _Faults) -> Any:
    """Whole watt-hours: the number as it is written, never through a fraction of two."""
    factor = _words(units, UNITS, 1000, "unit", "unit", faults)
    faults.mark(text.is_null(), "volume", "missing")
    number = text.str.strip_chars(" \u00a0\u202f")
    faults.mark(number.str.contains(_NEGATIVE), "volume", "negative")
    readable = number.str.contains(_VOLUME).fill_null(value=False)
    faults.mark(~readable & text.is_not_null(), "volume", "volume")
    number = pl.select(pl.when(readable).then(number).otherwise(pl.lit("0"))).to_series()
    parts = number.str.replace(",", ".", literal=True).str.splitn(".", 2).struct
    whole = parts.field("field_0").cast(pl.Int64).to_numpy()
    fraction = parts.field("field_1").fill_null("").str.pad_end(9, "0").cast(pl.Int64).to_numpy()
    faults.mark(whole > MOST_WH, "volume", "too-large")
    nano = fraction * factor
    wh = np.minimum(whole, MOST_WH) * factor + nano // 1_000_000_000
    faults.mark(nano % 1_000_000_000 != 0, "volume", "precision")
    faults.mark(wh > MOST_WH, "volume", "too-large")
    return wh


def _words(text: pl.Series, words: Any, default: int, field: str, code: str, faults: _Faults) -> Any:
    """The number each word stands for; the default where there is none."""
    distinct = text.unique().drop_nulls().to_list()
    known = {one: int(words.get(one.strip().casefold(), -2)) for one in distinct}
    if not distinct:
        return np.full(len(text), default, dtype=np.int64)
    if len(distinct) == 1 and not text.null_count():
        found = np.full(len(text), known[distinct[0]], dtype=np.int64)
    else:
        found = text.replace_strict(known, default=default, return_dtype=pl.Int64).fill_null(default).to_numpy()
    faults.mark(found == -2, field, code)
    return found
