"""Times of purchases: ISO 8601 with an offset. Without one, an hour in autumn would be ambiguous."""

import re

import polars as pl

# No second 60: it would be taken for the next minute, which at New Year is another year of bonus.
_BODY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-5][0-9]"
_TAIL = re.compile(r"(\.[0-9]{1,6})?(?:(Z)|([+-])([0-9]{2}):?([0-9]{2})?)?")
_LARGEST_OFFSET = 14 * 60
_NAIVE, _UNREADABLE = "naive", "unreadable"


def read(times: pl.Series) -> tuple[pl.Series, pl.Series, pl.Series]:
    """(microseconds since 1970 in UTC, naive?, unreadable?) of ISO 8601 texts; null where null or not usable."""
    body = times.str.slice(0, 19)
    if body.str.contains(" ", literal=True).any():
        body = body.str.replace(" ", "T", literal=True)
    local = body.str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False, time_unit="us").to_physical()
    tails = times.str.slice(19)
    distinct = tails.unique().drop_nulls()
    known = [_tail(text) for text in distinct.to_list()]
    if len(distinct) == 1:
        shift, fault = (
            pl.repeat(value, len(times), eager=True, dtype=kind)
            for value, kind in zip(known[0], (pl.Int64, pl.String), strict=True)
        )
    else:
        table = pl.DataFrame(
            {"tail": distinct, "shift": [k[0] for k in known], "fault": [k[1] for k in known]},
            schema={"tail": pl.String, "shift": pl.Int64, "fault": pl.String},
        )
        joined = tails.alias("tail").to_frame().join(table, on="tail", how="left", maintain_order="left")
        shift, fault = joined["shift"], joined["fault"]
    readable = times.str.contains(_BODY) & local.is_not_null()
    naive = (readable & (fault == _NAIVE)).fill_null(value=False)
    unreadable = (~readable | (fault == _UNREADABLE).fill_null(value=False)).fill_null(value=False)
    return local + shift, naive, unreadable


def _tail(text: str) -> tuple[int | None, str | None]:
    """(microseconds to add to reach UTC, None), or (None, fault), for what follows the seconds."""
    found = _TAIL.fullmatch(text)
    if found is None:
        return None, _UNREADABLE
    fraction, zulu, sign, hours, minutes = found.groups()
    micro = int((fraction or ".0")[1:].ljust(6, "0"))
    if zulu:
        return micro, None
    if sign is None:
        return None, _NAIVE
    offset = int(hours) * 60 + int(minutes or 0)
    if offset > _LARGEST_OFFSET or int(minutes or 0) > 59:
        return None, _UNREADABLE
    return micro + (-offset if sign == "+" else offset) * 60_000_000, None
