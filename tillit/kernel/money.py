"""Money: a whole number of minor units and an ISO 4217 code. Never a float, never two currencies in one sum.

Invariants: the minor amount fits PostgreSQL's `bigint`; there is no negative zero; two amounts are added or
ordered only in one currency (`==` between currencies is simply false, so that amounts may live in sets).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from babel import Locale
from babel.core import get_global
from babel.numbers import format_decimal, get_currency_precision, get_currency_symbol, parse_pattern

from tillit.kernel.errors import TillitError
from tillit.kernel.rounding import BASIS_POINTS, Rounding, RoundingError, allocate, divide, share

__all__ = [
    "BASIS_POINTS",
    "Money",
    "MoneyError",
    "Rounding",
    "RoundingError",
    "allocate",
    "divide",
    "exponent",
    "share",
]

LARGEST = 2**63 - 1
NO_BREAK_SPACE = "\u00a0"

# CLDR, which babel carries, gives the digits in everyday use; ISO 4217 still keeps minor units for these.
_ISO_EXPONENTS = dict.fromkeys(
    ["AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SLL", "SOS", "SYP", "YER"], 2
) | {"IQD": 3}


class MoneyError(TillitError, ValueError):
    """An amount or a currency that cannot be used; `code` says which rule it broke."""


@cache
def exponent(currency: str) -> int:
    """Decimals of a currency's minor unit by ISO 4217 (NOK 2, ISK 0); refuses an unknown code."""
    if currency not in get_global("all_currencies"):
        raise MoneyError("unknown-currency", "The currency is not an ISO 4217 code in capitals.")
    return _ISO_EXPONENTS.get(currency, get_currency_precision(currency))


@dataclass(frozen=True, slots=True)
class Money:
    """`minor` units (øre, cent) of `currency`."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise MoneyError("amount-not-whole", "An amount is a whole number of minor units.")
        if abs(self.minor) > LARGEST:
            raise MoneyError("amount-out-of-range", "The amount does not fit 64 bits.")
        exponent(self.currency)

    @classmethod
    def parse(cls, text: str, currency: str, *, locale: str | None = None) -> Money:
        """Read an amount as people and files write it: `1 234,50`, `kr 1.234,50`, `1,234.50`, `-99`, `100,-`.

        Without `locale` both Norwegian and English notation are read, and what the two would read
        differently (`1,234`) is refused rather than guessed; with it the locale's own decimal mark holds.
        Raises MoneyError with code `amount-unreadable`, `amount-ambiguous`, `too-many-decimals`,
        `negative-zero` or `amount-out-of-range`.
        """
        digits = exponent(currency)
        negative, body = _sign_and_body(text, currency)
        whole, decimals = _split(body, digits, None if locale is None else _decimal_mark(locale))
        if len(decimals) > digits:
            raise MoneyError("too-many-decimals", "The amount has more decimals than its currency.")
        minor = int(whole + decimals.ljust(digits, "0"))
        if negative and minor == 0:
            raise MoneyError("negative-zero", "Zero has no sign.")
        return cls(-minor if negative else minor, currency)

    @classmethod
    def total(cls, amounts: Iterable[Money], currency: str) -> Money:
        """Sum of amounts, all in `currency`; zero for none."""
        return sum(amounts, start=cls(0, currency))

    @property
    def decimal(self) -> Decimal:
        """The exact amount in major units."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    def format(self, locale: str = "nb") -> str:
        """The amount for a reader: `1 234,50 kr`, `NOK 1,234.50`; no-break spaces, all decimals."""
        language = Locale.parse(locale)
        pattern = parse_pattern(language.currency_formats["standard"].pattern)
        if get_currency_symbol(self.currency, locale=language)[-1].isalpha():
            # CLDR spaces a symbol made of letters from a digit that follows it; babel does not.
            plus, minus = pattern.prefix
            spaced = "¤" + NO_BREAK_SPACE
            pattern.prefix = (plus.replace("¤", spaced), minus.replace("¤", spaced))
        pattern.frac_prec = (exponent(self.currency),) * 2
        return str(pattern.apply(self.decimal, language, currency=self.currency, currency_digits=False))

    def format_number(self, locale: str = "nb") -> str:
        """The amount without its currency: `1 234,50`."""
        decimals = "0" * exponent(self.currency)
        return str(format_decimal(self.decimal, "#,##0" + ("." + decimals if decimals else ""), locale=locale))

    def share(self, basis_points: int, rounding: Rounding) -> Money:
        """See `tillit.kernel.rounding.share`."""
        return Money(share(self.minor, basis_points, rounding), self.currency)

    def allocate(self, weights: list[int]) -> list[Money]:
        """See `tillit.kernel.rounding.allocate`."""
        return [Money(part, self.currency) for part in allocate(self.minor, weights)]

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise MoneyError("mixed-currencies", "Amounts in two currencies are neither added nor compared.")

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __mul__(self, times: int) -> Money:
        if type(times) is not int:
            return NotImplemented
        return Money(self.minor * times, self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.minor), self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def __gt__(self, other: Money) -> bool:
        return other < self

    def __ge__(self, other: Money) -> bool:
        return other <= self


_LONGEST_TEXT = 60
_MINUS = "-\u2212\u2013"
_GROUPED = re.compile(r"[0-9]{1,3}(?:([ .,'])[0-9]{3})(?:\1[0-9]{3})*|[0-9]+")
_SPACES = re.compile(r"[ \u00a0\u202f\u2009]")


def _decimal_mark(locale: str) -> str:
    return str(Locale.parse(locale).number_symbols["latn"]["decimal"])


def _unreadable() -> MoneyError:
    return MoneyError("amount-unreadable", "The amount is not a number in Norwegian or English notation.")


def _sign_and_body(text: str, currency: str) -> tuple[bool, str]:
    """Take the sign and one currency mark (`kr`, the code) off an amount."""
    if len(text) > _LONGEST_TEXT:
        raise _unreadable()
    body = _SPACES.sub(" ", text).strip(" ")
    marks = [currency, "kr.", "kr"] if currency in {"NOK", "SEK", "DKK", "ISK"} else [currency]
    signs = 0
    negative = False
    for _ in range(2):  # the sign may stand before or after the leading mark
        if body[:1] and body[0] in _MINUS + "+":
            signs += 1
            negative = body[0] != "+"
            body = body[1:].lstrip(" ")
        before = body
        for mark in marks:
            if before is body and body.casefold().startswith(mark.casefold()):
                body = body[len(mark) :].lstrip(" ")
                marks = []
    for mark in marks:
        if body.casefold().endswith(mark.casefold()):
            body = body[: -len(mark)].rstrip(" ")
            break
    if signs > 1:
        raise _unreadable()
    return negative, re.sub(r",[-–]$", "", body)


def _split(body: str, digits: int, decimal_mark: str | None) -> tuple[str, str]:
    """Whole part and decimals as digits; see `Money.parse` for what is refused."""
    marks = {mark for mark in ".," if mark in body}
    if decimal_mark is not None:
        mark = decimal_mark if decimal_mark in marks else None
    elif len(marks) == 2:
        mark = max(marks, key=body.rindex)
    elif marks and body.count(only := marks.pop()) == 1:
        tail = len(body) - body.index(only) - 1
        if tail == 3 and " " not in body and "'" not in body and len(body.partition(only)[0]) <= 3:
            raise MoneyError("amount-ambiguous", "The mark may separate thousands or decimals.")
        mark = only
    else:
        mark = None
    whole, decimals = body, ""
    if mark is not None:
        whole, _, decimals = body.partition(mark)
        if not re.fullmatch(r"[0-9]+", decimals):
            raise _unreadable()
    if not _GROUPED.fullmatch(whole):
        raise _unreadable()
    return re.sub(r"[^0-9]", "", whole), decimals
