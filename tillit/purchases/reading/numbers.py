"""Card and account numbers of many rows: check digits in vectors, digests of the distinct ones. No number leaves here.

A number of eleven digits is an account number wherever it stands, since a pure debit card's number is its account's.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tillit.kernel.identifiers.card import ACCOUNT_LENGTH, LONGEST, SHORTEST
from tillit.parties import carried as keys
from tillit.parties.digests import Kind, digest_digits
from tillit.purchases.reading.references import Carried

_SEPARATORS = r"[ \t\x{a0}\x{202f}\x{2007}\x{2009}.\-\x{2010}\x{2011}\x{2012}\x{2013}\x{2212}]"
_DIGITS = r"^[0-9]{1,30}$"
_ACCOUNT_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)

_DOUBLED = np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9], dtype=np.uint8)  # twice a digit, its digits added
_POWERS = np.array([10**n for n in range(LONGEST)], dtype=np.uint64)

Ints = NDArray[Any]


@dataclass(frozen=True)
class Numbers:
    """Checked numbers: `value` as UInt64 (null where none or faulty), and the faults as masks."""

    value: pl.Series
    unreadable: pl.Series
    wrong_length: pl.Series
    wrong_checksum: pl.Series


def read(texts: pl.Series, *, accounts_only: bool) -> Numbers:
    """Check the numbers. Zero first digits of cards are refused, so the integer tells the number."""
    form = texts.str.contains(_DIGITS)
    if not form.all():
        texts = texts.str.replace_all(_SEPARATORS, "")
        form = texts.str.contains(_DIGITS)
    unreadable = ~form.fill_null(value=True)
    length = texts.str.len_bytes().cast(pl.Int64)
    right = (
        (length == ACCOUNT_LENGTH)
        if accounts_only
        else (length == ACCOUNT_LENGTH) | length.is_between(SHORTEST, LONGEST)
    )
    wrong_length = (~right & ~unreadable).fill_null(value=False)
    value = texts.cast(pl.UInt64, strict=False)
    ints = value.fill_null(0).to_numpy()
    lengths = length.fill_null(0).to_numpy()
    leading_zero = texts.str.starts_with("0").fill_null(value=True).to_numpy()
    sound = np.where(lengths == ACCOUNT_LENGTH, _mod11(ints), _luhn(ints) & ~leading_zero)
    faulty = unreadable | wrong_length
    wrong_checksum = texts.is_not_null() & ~faulty & ~pl.Series(sound)
    usable = texts.is_not_null() & ~faulty & ~wrong_checksum
    return Numbers(pl.select(pl.when(usable).then(value)).to_series(), unreadable, wrong_length, wrong_checksum)


def digests(register_id: int, numbers: Ints) -> tuple[Ints, Ints, Ints]:
    """(kind int16, digest bytes (n, 16), last four as digits (n, 4)) of sound numbers (uint64, n), under the key of one
    register.
    """
    digits = np.ascontiguousarray(_digits(numbers).T)
    account = numbers < np.uint64(10**ACCOUNT_LENGTH)
    lengths = np.where(account, ACCOUNT_LENGTH, np.searchsorted(_POWERS, numbers, side="right"))
    made = np.empty((len(numbers), 16), dtype=np.uint8)
    for kind, mask in ((Kind.ACCOUNT, account), (Kind.CARD, ~account)):
        if mask.any():
            made[mask] = digest_digits(register_id, kind, digits[mask], lengths[mask])
    kinds = np.where(account, np.int16(Kind.ACCOUNT), np.int16(Kind.CARD))
    return kinds, made, digits[:, -4:] + ord("0")


def carried(numbers: Ints, kinds: Ints, made: Ints, ways: tuple[Carried, ...], held: frozenset[bytes]) -> None:
    """Put into `made` the digest under which a number came along from another register, for those that did (A10).

    `held`: the register's own digests that somebody has: who had the number here before keeps it.
    """
    distinct, first, where = np.unique(numbers, return_index=True, return_inverse=True)
    free = np.array([one.tobytes() not in held for one in made[first]], dtype=bool)
    for way in ways:
        _, table, _ = digests(way.keys[0], distinct)
        found = [one.tobytes() for one in table]
        of_card = kinds[first] == int(Kind.CARD)
        for register_id in way.keys[1:]:
            for kind, mask in ((Kind.CARD, of_card), (Kind.ACCOUNT, ~of_card)):
                places = np.flatnonzero(mask).tolist()
                again = keys.again(register_id=register_id, kind=kind, before=[found[one] for one in places])
                for place, digest in zip(places, again, strict=True):
                    found[place] = digest
        ours = np.array([one in way.digests for one in found], dtype=bool) & free
        if ours.any():
            table = np.frombuffer(b"".join(found), dtype=np.uint8).reshape(-1, 16)
            rows = ours[where]
            made[rows] = table[where[rows]]


def _digits(numbers: Ints) -> Ints:
    """The digits of uint64 numbers, (LONGEST, n) uint8, the last of each number in the last row."""
    digits, rest, ten = np.empty((LONGEST, len(numbers)), dtype=np.uint8), numbers, np.uint64(10)
    for place in range(LONGEST - 1, -1, -1):
        tenth = rest // ten
        digits[place] = rest - tenth * ten
        rest = tenth
    return digits


def _luhn(numbers: Ints) -> NDArray[np.bool_]:
    digits = _digits(numbers)[::-1]
    total = digits[0::2].sum(axis=0, dtype=np.int64) + _DOUBLED[digits[1::2]].sum(axis=0, dtype=np.int64)
    sound: NDArray[np.bool_] = (total % 10 == 0) & (numbers > 0)
    return sound


def _mod11(numbers: Ints) -> NDArray[np.bool_]:
    """Account numbers' check digit; bank 0000 does not exist."""
    total = (numbers % np.uint64(10)).astype(np.int64)
    rest = numbers // np.uint64(10)
    for weight in reversed(_ACCOUNT_WEIGHTS):
        rest, digit = np.divmod(rest, np.uint64(10))
        total += digit.astype(np.int64) * weight
    sound: NDArray[np.bool_] = (total % 11 == 0) & (numbers >= 10**7)
    return sound
