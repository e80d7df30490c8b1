"""Meter values as ebIX XML: `NotifyValidatedDataForBillingEnergy`, as the market hub sends them (E2).

A series says its point, its period `[Start, End)`, the length of its intervals, when it was registered, and up to 9 999
observations numbered from 1: `Metered`, `Stipulated` (estimated, with a code of quality) or `Withdrawn`. It is read
series by series in bounded memory; a document type declaration is refused, and so is every entity.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, ParseError

import polars as pl
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from tillit.files.chunks import LINE, Chunk, Reject
from tillit.files.errors import FileRefusedError
from tillit.power.reading.columns import COLUMNS

ROOT = "NotifyValidatedDataForBillingEnergy"
SERIES = "PayloadEnergyTimeSeries"
MOST = 9999
_AT_ONCE = 20_000
_LENGTHS = {"PT1H": 60, "PT60M": 60, "PT15M": 15}
_QUALITY = {"Metered": "127", "Stipulated": "56", "Withdrawn": "58"}
_DEEPEST = 20
_MOST_ELEMENTS, _MOST_BYTES = 12 * MOST, 16 << 20


class EbixSeries:
    """The series of a file as rows under our column names. `line`: the number of the series."""

    again = True

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self.total = file, size

    def describe(self) -> str:
        """For the person who imports."""
        return "ebIX XML"

    def digest(self) -> None:
        """Not known: the parser reads ahead."""

    def __iter__(self) -> Iterator[Chunk]:
        self._file.seek(0)
        rows: list[dict[str, Any]] = []
        rejects: list[Reject] = []
        for number, (series, created) in enumerate(self._series(), 1):
            try:
                rows += [{LINE: number} | row for row in _rows(series, created)]
            except _SeriesError as error:
                rejects.append(Reject(number, error.args[0], error.args[1]))
            except (OverflowError, ValueError):  # a moment beyond any calendar
                rejects.append(Reject(number, "start", "series"))
            if len(rows) >= _AT_ONCE:
                yield Chunk(self._file.tell(), _frame(rows), rejects=rejects)
                rows, rejects = [], []
        yield Chunk(self._file.tell(), _frame(rows), rejects=rejects)

    def _series(self) -> Iterator[tuple[Element, str]]:
        """Each series with when its document was made; what was read is forgotten."""
        created, found, path = "", False, list[Element]()
        elements = inside = 0
        source = _Bounded(self._file)
        try:
            for event, element in iterparse(source, events=("start", "end"), forbid_dtd=True):
                name = _local(element)
                if event == "start":
                    found = found or name == ROOT
                    path.append(element)
                    inside += name == SERIES
                    elements += 1
                    if len(path) > _DEEPEST or elements > _MOST_ELEMENTS:
                        raise FileRefusedError("xml-refused", "the file is no such document")
                    continue
                path.pop()
                inside -= name == SERIES
                if name == "Creation":
                    created = (element.text or "").strip()
                if name == SERIES and not inside:
                    yield element, created
                if not inside:
                    element.clear()
                    elements, source.since = 0, 0
                    if path:
                        path[-1].remove(element)
        except (ParseError, DefusedXmlException, ValueError):
            raise FileRefusedError("xml-refused", "the file is no XML that is safe to read") from None
        if not found:
            raise FileRefusedError("xml-kind", f"the file is no {ROOT}")


class _Bounded:
    """The file, as far as it is read between two elements that are whole: no more than fits in memory."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.since = file, 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.since += len(data)
        if self.since > _MOST_BYTES:
            raise FileRefusedError("xml-refused", "an element of the file is larger than any series")
        return data


class _SeriesError(Exception):
    """A series that cannot be used: field and reason."""


def _rows(series: Element, created: str) -> Iterator[dict[str, str | None]]:
    period = _find(series, "ObservationPeriodTimeSeriesPeriod")
    minutes = _LENGTHS.get(_text(period, "ResolutionDuration"))
    if minutes is None:
        raise _SeriesError("end", "interval")
    try:
        first = datetime.fromisoformat(_text(period, "Start"))
    except ValueError:
        raise _SeriesError("start", "time") from None
    if first.tzinfo is None:
        raise _SeriesError("start", "naive")
    made = _text(series, "RegistrationDateTime") or _text(series, "InsertDateTime") or created
    shared = {
        "point": _text(_find(series, "MeteringPointUsedDomainLocation"), "Identification") or None,
        "direction": _direction(series),
        "unit": _unit(series),
        "registered": made or None,
    }
    observations = [one for one in series if _local(one) == "Observation"]
    if len(observations) > MOST:
        raise _SeriesError("volume", "too-many")
    step = timedelta(minutes=minutes)
    for observation in observations:
        place = _attribute(observation, "Sequence") or _text(observation, "Sequence")
        if not (place.isascii() and place.isdigit() and len(place) < 6 and 1 <= int(place) <= MOST):
            raise _SeriesError("start", "series")
        start = first + (int(place) - 1) * step
        volume, quality = _observed(observation)
        yield shared | {
            "start": start.isoformat(), "end": (start + step).isoformat(), "volume": volume, "quality": quality,
        }  # fmt: skip


def _observed(observation: Element) -> tuple[str | None, str]:
    """The volume as text, and the code of its quality."""
    for one in observation:
        if (name := _local(one)) in _QUALITY:
            said = next((value for key, value in one.attrib.items() if "quality" in key.lower()), "")
            volume = (one.text or "").strip() or _text(one, "Quantity")
            return volume or None, said or _text(one, "Quality") or _QUALITY[name]
    return _text(observation, "Quantity") or None, _text(observation, "Quality") or "127"


def _direction(series: Element) -> str | None:
    """What the series says: a direction, else the type of its point (E17 consumption, E18 production)."""
    for name in ("Direction", "MeteringPointType"):
        found = next((one for one in series.iter() if _local(one) == name and (one.text or "").strip()), None)
        if found is not None:
            return (found.text or "").strip()
    return None


def _unit(series: Element) -> str | None:
    found = next((one for one in series.iter() if _local(one) == "UnitType"), None)
    return None if found is None else (found.text or "").strip() or None


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _find(source: Element | None, name: str) -> Element | None:
    return None if source is None else next((one for one in source if _local(one) == name), None)


def _text(source: Element | None, name: str) -> str:
    found = _find(source, name)
    return "" if found is None else (found.text or "").strip()


def _attribute(source: Element, name: str) -> str:
    return next((value for key, value in source.attrib.items() if key.lower() == name.lower()), "")


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={LINE: pl.Int64} | dict.fromkeys(COLUMNS, pl.String))
