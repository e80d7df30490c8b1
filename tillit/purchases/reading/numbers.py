"""Card and account numbers of many rows: check digits in vectors, digests of the distinct ones. No number leaves here.

A number of eleven digits is an account number wherever it stands, since a pure debit card's number is its account's.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tillit.kernel.identifiers.card import ACCOUNT_LENGTH, LONGEST, SHORTEST
from tillit.parties.digests import Kind, digest_many

_SEPARATORS = r"[ \t\x{a0}\x{202f}\x{2007}\x{2009}.\-\x{2010}\x{2011}\x{2012}\x{2013}\x{2212}]"
_DIGITS = r"^[0-9]{1,30}$"
_ACCOUNT_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)

MOST_REMEMBERED = 250_000

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


class Digester:
    """Digests numbers under one register's key, and remembers some while a file is read: most cards come again."""

    def __init__(self, register_id: int) -> None:
        self.register_id = register_id
        self._known: dict[int, bytes] = {}

    def digests(self, numbers: Ints) -> tuple[Ints, Ints, Ints]:
        """(kind int16, digest bytes (n, 16), last four as digits (n, 4)) of sound numbers (uint64, n)."""
        distinct, inverse = np.unique(numbers, return_inverse=True)
        first_card = int(np.searchsorted(distinct, np.uint64(10**ACCOUNT_LENGTH)))
        values = distinct.tolist()
        found = self._of(Kind.ACCOUNT, values[:first_card]) + self._of(Kind.CARD, values[first_card:])
        table = np.frombuffer(b"".join(found), dtype=np.uint8).reshape(-1, 16)
        kinds = np.full(len(values), int(Kind.CARD), dtype=np.int16)
        kinds[:first_card] = int(Kind.ACCOUNT)
        last = distinct % 10_000
        four = np.stack([last // 1000, last // 100 % 10, last // 10 % 10, last % 10], axis=1).astype(np.uint8)
        return kinds[inverse], table[inverse], four[inverse] + ord("0")

    def _of(self, kind: Kind, values: list[int]) -> list[bytes]:
        known = self._known
        fresh = [value for value in values if value not in known]
        if len(known) + len(fresh) > MOST_REMEMBERED:
            known.clear()
            fresh = values
        made = digest_many(self.register_id, kind, (b"%011d" % value for value in fresh))
        known.update(zip(fresh, made, strict=True))
        return [known[value] for value in values]


def _luhn(numbers: Ints) -> NDArray[np.bool_]:
    rest, total = numbers.copy(), np.zeros(len(numbers), dtype=np.int64)
    for place in range(LONGEST):
        rest, digit = np.divmod(rest, np.uint64(10))
        digit = digit.astype(np.int64)
        if place % 2:
            digit = digit * 2
            digit -= 9 * (digit > 9)
        total += digit
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
