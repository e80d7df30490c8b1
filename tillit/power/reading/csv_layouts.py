"""CSV of meter values: both layouts customers download, and the plain one with our own column names (E2).

- *offset*: `Fra;Til;Målenavn;Volum;Enhet;Kvalitet;Registreringstidspunkt`, times with their offset.
- *local*: `Fra,Til,KWH 60 Forbruk`, `dd.mm.yyyy HH:MM` as the clock on the wall showed. Where it was set back, an hour
  stands twice: the first is summer time. One that stands only once cannot be told, and is put aside.

Neither need say whose values they are: then the file's name does, or whoever sends it.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from tillit.files.chunks import LINE, Chunk, Reject
from tillit.files.dialect import Layout
from tillit.files.errors import FileRefusedError
from tillit.kernel.clock import DEFAULT_ZONE
from tillit.power import gsrn
from tillit.power.reading.columns import COLUMNS

CALLED = {
    "start": ("start", "fra", "starttime"),
    "end": ("end", "til", "endtime"),
    "point": ("point", "målepunkt", "målepunkt-id", "målepunktid", "meteringpointid", "gsrn"),
    "direction": ("direction", "retning"),
    "volume": ("volume", "volum", "quantitykwh"),
    "unit": ("unit", "enhet"),
    "quality": ("quality", "kvalitet"),
    "registered": ("registered", "registreringstidspunkt", "registrationtime"),
    "name": ("målenavn",),
}
_OURS = {name: ours for ours, names in CALLED.items() for name in names}
_SERIES = re.compile(r"kwh (60|15) (forbruk|produksjon)\Z")
_WAYS = {"forbruk": "consumption", "produksjon": "production"}
_WALL = "%d.%m.%Y %H:%M"
_SERIES_NAMES = tuple(f"kwh {minutes} {way}" for minutes in (60, 15) for way in _WAYS)


def _check(names: list[str], where: str) -> None:
    found = [_OURS.get(name) or ("series" if _SERIES.match(name) else "") for name in names]
    if not {"start", "end"} <= set(found) or not {"volume", "series"} & set(found):
        raise FileRefusedError("columns-missing", f"{where}: a file of meter values has from, to and volume")
    plain = [name for name in found if name and name != "series"]
    if len(plain) != len(set(plain)):
        raise FileRefusedError("columns-doubled", f"{where}: a column stands twice")


LAYOUT = Layout(frozenset({*_OURS, *_SERIES_NAMES}), _check)


class Columns:
    """The rows of a CSV file under our column names. One a file: it remembers the hours that came once so far."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, ...], dict[str, Any]] = {}
        self._told: set[tuple[str, ...]] = set()
        self._surplus: list[dict[str, Any]] = []

    def named(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """The chunks with frames of `columns.COLUMNS`."""
        position = 0
        for chunk in chunks:
            position = chunk.position
            series = [name for name in chunk.frame.columns if _SERIES.match(name)]
            if series:
                yield self._local(chunk, series)
            else:
                yield Chunk(position, _offset(chunk.frame), rejects=chunk.rejects)
        alone = [*self._waiting.values(), *self._surplus]
        if alone:
            yield Chunk(position, rejects=[Reject(row[LINE], "start", "ambiguous-hour", _kept(row)) for row in alone])

    def _local(self, chunk: Chunk, series: list[str]) -> Chunk:
        """Rows of times without offset; each of the series is a row of its own."""
        rejects, frames = list(chunk.rejects), []
        renamed = chunk.frame.rename({one: _OURS[one] for one in chunk.frame.columns if one in _OURS})
        for name in series:
            minutes, way = _SERIES.match(name).groups()  # type: ignore[union-attr]
            frame = renamed.with_columns(pl.col(name).alias("volume"), direction=pl.lit(_WAYS[way]), unit=pl.lit("kWh"))
            frame = frame.select(LINE, *(one for one in COLUMNS if one in frame.columns))
            if len(series) > 1:
                frame = frame.filter(pl.col("volume").is_not_null())
            frames.append(self._timed(frame, int(minutes), rejects))
        return Chunk(chunk.position, pl.concat(frames), rejects=rejects)

    def _timed(self, frame: pl.DataFrame, minutes: int, rejects: list[Reject]) -> pl.DataFrame:
        """The rows with their times told with an offset; what cannot be told goes to the rejects."""
        wall, until = (frame[name].str.to_datetime(_WALL, strict=False, time_unit="us") for name in ("start", "end"))
        first = wall.dt.replace_time_zone(DEFAULT_ZONE, ambiguous="earliest", non_existent="null")
        last = wall.dt.replace_time_zone(DEFAULT_ZONE, ambiguous="latest", non_existent="null")
        end = first.dt.offset_by(f"{minutes}m")
        ends = (end.dt.replace_time_zone(None), wall.dt.offset_by(f"{minutes}m"))
        twice = (first != last).fill_null(value=False)
        bad = pl.Series([False] * len(frame), dtype=pl.Boolean)
        for field, code, which in (
            ("start", "time", wall.is_null()),
            ("end", "time", until.is_null()),
            ("start", "no-such-hour", first.is_null()),
            ("end", "interval", (until != ends[0]) & (until != ends[1])),
        ):
            new = which.fill_null(value=False) & ~bad
            rejects += [Reject(row[LINE], field, code, _kept(row)) for row in frame.filter(new).rows(named=True)]
            bad |= new
        told = frame.with_columns(_utc(first).alias("start"), _utc(end).alias("end"))
        parts = [told.filter(~bad & ~twice)]
        pairs = [one for row in told.filter(~bad & twice).rows(named=True) for one in self._paired(row)]
        if pairs:
            parts.append(pl.DataFrame(pairs, schema=told.schema))
        return pl.concat(parts)

    def _paired(self, row: dict[str, Any]) -> list[dict[str, Any]]:
        """Both rows of an hour that the clock showed twice, once the second has come; the first is an hour earlier."""
        key = (row["start"], row["end"], row["direction"], row.get("point") or "")
        if key in self._told:
            self._surplus.append(row)
            return []
        if key not in self._waiting:
            self._waiting[key] = row
            return []
        self._told.add(key)
        later = {name: _later(row[name]) for name in ("start", "end")}
        return [self._waiting.pop(key), row | later]


def _offset(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows that say all by themselves; the name of the series may say whose they are and which way."""
    if frame.is_empty():
        return frame
    frame = frame.rename({one: _OURS[one] for one in frame.columns if one in _OURS})
    if "name" in frame.columns:
        names = frame["name"].unique().drop_nulls().to_list()
        for column, told in (("point", point_in), ("direction", _way)):
            if column not in frame.columns and (known := {one: told(one) for one in names if told(one)}):
                said = pl.col("name").replace_strict(known, default=None, return_dtype=pl.String)
                frame = frame.with_columns(said.alias(column))
    return frame.select(LINE, *(one for one in COLUMNS if one in frame.columns))


def point_in(name: str) -> str:
    """The metering point a name holds; "" for none."""
    return next((one for one in re.findall(r"(?<![0-9])[0-9]{18}(?![0-9])", name) if gsrn.is_valid(one)), "")


def _way(name: str) -> str:
    return "production" if "produksjon" in name.casefold() else ""


def _utc(moments: pl.Series) -> pl.Series:
    return moments.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def _later(text: str) -> str:
    """An hour after."""
    return (datetime.fromisoformat(text) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _kept(row: dict[str, Any]) -> dict[str, str | None]:
    return {name: value for name, value in row.items() if name != LINE and value is not None}
