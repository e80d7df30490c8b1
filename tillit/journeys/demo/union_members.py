"""A made-up union's register as a file: names and numbers that are nobody's (synthetic national numbers)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tillit.membership import structure
from tillit.membership.models import UnitKind

GIVEN = ("Aud", "Birk", "Eirin", "Falk", "Gyda", "Håkon", "Iben", "Jostein", "Kaia", "Leif", "Målfrid", "Njål")
FAMILY = ("Bråtane", "Dyrløkken", "Fagervik", "Granåsen", "Heggøy", "Kvernmo", "Lundås", "Nesøy", "Rønnevik", "Sætre")
STREETS = ("Bjørkeveien", "Elvestien", "Furuåsen", "Havnegata", "Lyngbakken", "Skoleveien")
PLACES = (("0170", "Oslo"), ("5003", "Bergen"), ("7013", "Trondheim"), ("9008", "Tromsø"), ("4006", "Stavanger"))
TYPES = (("A", "Yrkesaktiv"), ("L", "Lærling"), ("P", "Pensjonist"))
SECTIONS, WORKPLACES = 12, 40
AGREEMENTS = (("KH", "Kollektiv hjemforsikring"), ("KG", "Kollektiv grunnforsikring"))
PAYERS = ("123456785", "974760673")
_K1 = np.array((3, 7, 6, 1, 8, 9, 4, 5, 2))
_K2 = np.array((5, 4, 3, 2, 7, 6, 5, 4, 3, 2))
_FIRST, _DAYS = np.datetime64("1945-01-01"), 20_000  # before 2000: series 0 to 499
_GROUPS, _TRIES = 50, 10  # of a day's series
MOST = _DAYS * _GROUPS
"""So many members have a number each."""
_BLOCK = 100_000


@dataclass(frozen=True)
class Change:
    """How a later file differs: one member in `one_in` has moved house."""

    one_in: int


def found(*, controller_id: int) -> None:
    """What the union consists of: its types, sections, workplaces and agreements."""
    for key, name in TYPES:
        structure.keep_type(controller_id=controller_id, key=key, name=name, pays=key != "P")
    for number in range(1, SECTIONS + 1):
        key = f"S{number:02}"
        structure.keep_unit(controller_id=controller_id, kind=UnitKind.SECTION, key=key, name=f"Avdeling {number}")
    for number in range(1, WORKPLACES + 1):
        section = f"S{number % SECTIONS + 1:02}"
        structure.keep_unit(
            controller_id=controller_id,
            kind=UnitKind.WORKPLACE,
            key=f"W{number:03}",
            name=f"Arbeidsplass {number}",
            part_of=section,
        )
    for key, name in AGREEMENTS:
        structure.keep_agreement(controller_id=controller_id, key=key, name=name, insurer="varselhorn_forsikring")


def write(path: Path, *, members: int, first: int = 1, change: Change | None = None) -> Path:
    """Write members `first` … as a union sends them: CSV, semicolons, dates with full stops. The same ones each time.

    `ValueError` for a member past `MOST`: the number would be another member's.
    """
    if first + members - 1 > MOST:
        raise ValueError(f"there are numbers for {MOST} members")
    with path.open("wb") as file:
        start = first
        while start < first + members:
            count = min(_BLOCK, first + members - start)
            frame = _frame(np.arange(start, start + count), change)
            file.write(frame.write_csv(separator=";", include_header=start == first, quote_style="never").encode())
            start += count
    return path


def _frame(who: NDArray[Any], change: Change | None) -> pl.DataFrame:
    numbers, born, gender = national_numbers(who)
    place = np.array([code for code, _ in PLACES])[who % len(PLACES)]
    city = np.array([name for _, name in PLACES])[who % len(PLACES)]
    house = who % 97 + 1
    if change is not None:
        house = np.where(who % change.one_in == 0, house + 100, house)
    joined = np.maximum(born + np.timedelta64(20 * 365, "D"), np.datetime64("1990-01-01")) + (who % 700)
    return pl.DataFrame(
        {
            "Medlemsnummer": (10_000_000 + who).astype(str),
            "Fødselsnummer": numbers,
            "Fornavn": np.array(GIVEN)[who % len(GIVEN)],
            "Etternavn": np.array(FAMILY)[who // 7 % len(FAMILY)],
            "Adresse": np.char.add(np.char.add(np.array(STREETS)[who % len(STREETS)], " "), house.astype(str)),
            "Postnummer": place,
            "Poststed": city,
            "Kjønn": np.where(gender == 1, "M", "K"),
            "Medlemskapstype": np.array([key for key, _ in TYPES])[np.minimum(who % 20 // 9, 2)],
            "Innmeldt": _dotted(joined),
            "Avdeling": np.char.add("S", np.char.zfill((who % SECTIONS + 1).astype(str), 2)),
            "Arbeidsplass": np.char.add("W", np.char.zfill((who % WORKPLACES + 1).astype(str), 3)),
            "Avtaler": np.where(who % 4 == 0, "KH,KG", "KH"),
            "Betaler": np.where(who % 3 == 0, "", np.array(PAYERS)[who % len(PAYERS)]),
        }
    )


def national_numbers(who: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """(synthetic national numbers, dates of birth, 1 for men) of members, each another number."""
    turn = who.astype(np.int64)
    digits = np.zeros((len(who), 11), dtype=np.int64)
    todo = np.arange(len(who))
    born = np.empty(len(who), dtype="datetime64[D]")
    # Each member has a day and ten of its series: the first of them that has check digits.
    series = turn // _DAYS % _GROUPS * _TRIES
    for _ in range(_TRIES):
        born[todo] = _FIRST + turn[todo] % _DAYS
        digits[todo, :9] = _nine(born[todo], series[todo])
        k1 = -(digits[todo, :9] @ _K1) % 11
        digits[todo, 9] = np.where(k1 == 10, 0, k1)
        k2 = -(digits[todo, :10] @ _K2) % 11
        digits[todo, 10] = np.where(k2 == 10, 0, k2)
        todo = todo[(k1 == 10) | (k2 == 10)]
        if not len(todo):
            break
        series[todo] += 1
    else:
        raise ValueError("a member without a number")
    numbers = (digits + ord("0")).astype(np.uint8).tobytes().decode()
    texts = np.array([numbers[at : at + 11] for at in range(0, len(numbers), 11)])
    return texts, born, digits[:, 8] % 2


def _nine(born: NDArray[Any], series: NDArray[Any]) -> NDArray[Any]:
    year, month, day = _parts(born)
    month = month + 80
    short = year % 100
    parts = [day // 10, day % 10, month // 10, month % 10, short // 10, short % 10]
    parts += [series // 100, series // 10 % 10, series % 10]
    return np.stack(parts, axis=1)


def _parts(days: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    months = days.astype("datetime64[M]")
    year = months.astype("datetime64[Y]").astype(np.int64) + 1970
    month = months.astype(np.int64) % 12 + 1
    day = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    return year, month, day


def _dotted(days: NDArray[Any]) -> NDArray[Any]:
    year, month, day = (part.astype(str) for part in _parts(days))
    two = np.char.add(np.char.add(np.char.zfill(day, 2), "."), np.char.zfill(month, 2))
    return np.char.add(np.char.add(two, "."), year)
