"""Norwegian national identity numbers: eleven digits, two of them check digits.

Kinds: birth number (fødselsnummer), D-number (day + 40), H-number (month + 40), FH-number (first digit 8 or
9, no date), each of the first two also as a synthetic test number (month + 80).

**Two rules hold at once.** A number issued before 2032 has a weighted sum of remainder 0 and tells gender and
century. One issued from 2032-01-01 has remainder 0, 1, 2 or 3 and tells neither. So remainder 1 to 3 always
means the new rule, and remainder 0 means the old rule only for a number that was known before 2032.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from tillit.kernel import clock
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.kernel.identifiers.reading import digits, weighted

NEW_RULE_FROM = date(2032, 1, 1)
_K1 = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_K2 = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_NEW_RULE_REMAINDERS = (0, 1, 2, 3)
_DATE = re.compile(r"[0-9]{6}")


class NationalNumberKind(StrEnum):
    """What sort of number it is; the value is what files and logs may hold."""

    BIRTH = "birth_number"
    D = "d_number"
    H = "h_number"  # also the test numbers some public bodies make with month + 40: the two look alike
    FH = "fh_number"


class Gender(StrEnum):
    """What the ninth digit tells under the old rule."""

    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True, slots=True)
class NationalNumberFacts:
    """What a number tells, without the number. `birth_date` and `gender` are None where it does not tell."""

    kind: NationalNumberKind
    synthetic: bool
    birth_date: date | None
    gender: Gender | None


def normalise(text: str) -> str:
    """Eleven digits, valid under either rule.

    Raises IdentifierError `national-number-not-digits`, `-length`, `-checksum` or `-date`.
    """
    number = digits(text, "national-number")
    if len(number) != 11:
        raise IdentifierError("national-number-length", "A national identity number has eleven digits.")
    kind = _kind(number)
    remainders = (0,) if kind is NationalNumberKind.FH else _NEW_RULE_REMAINDERS
    if weighted(number, _K1) % 11 not in remainders or weighted(number, _K2) % 11:
        raise IdentifierError("national-number-checksum", "The check digits do not agree.")
    if kind is not NationalNumberKind.FH and not any(_dates(number)):
        raise IdentifierError("national-number-date", "The number holds a date that does not exist.")
    return number


def is_valid(text: str) -> bool:
    """True when `normalise` accepts the text."""
    try:
        normalise(text)
    except IdentifierError:
        return False
    return True


def facts(text: str, *, known_since: date | None = None) -> NationalNumberFacts:
    """Kind, and birth date and gender where the number tells them; raises as `normalise`.

    `known_since`: a day on which the number was already in use (the day the row was made); today by the
    clock when not given. From 2032 on an unknown number could be issued under either rule, and tells nothing.
    """
    number = normalise(text)
    kind = _kind(number)
    known = known_since or clock.today()
    tells = kind is not NationalNumberKind.FH and weighted(number, _K1) % 11 == 0 and known < NEW_RULE_FROM
    birth_date = _old_rule_birth_date(number) if tells else None
    if birth_date is None or birth_date > known:
        return NationalNumberFacts(kind, _synthetic(number), None, None)
    gender = Gender.MALE if int(number[8]) % 2 else Gender.FEMALE
    return NationalNumberFacts(kind, _synthetic(number), birth_date, gender)


def check_digits(first_nine: str, remainder: int = 0) -> str | None:
    """The two check digits for nine digits, or None where the scheme has none.

    `remainder`: 0 for a number of the old rule; 0 to 3 for one of the new.
    """
    k1 = (remainder - weighted(first_nine, _K1[:9])) % 11
    if k1 == 10:
        return None
    k2 = -weighted(f"{first_nine}{k1}", _K2[:10]) % 11
    return None if k2 == 10 else f"{k1}{k2}"


def _kind(number: str) -> NationalNumberKind:
    if number[0] in "89":
        return NationalNumberKind.FH
    if number[2] in "45":
        return NationalNumberKind.H
    return NationalNumberKind.D if number[0] in "4567" else NationalNumberKind.BIRTH


def _synthetic(number: str) -> bool:
    return number[0] not in "89" and number[2] in "89"


def _dates(number: str) -> list[date | None]:
    """The date in the number read in each century from 1800 to 2000; None where it does not exist there."""
    day, month, year = int(number[:2]), int(number[2:4]), int(number[4:6])
    day -= 40 if number[0] in "4567" else 0
    month -= {"4": 40, "5": 40, "8": 80, "9": 80}.get(number[2], 0)
    dates: list[date | None] = []
    for century in (1800, 1900, 2000):
        try:
            dates.append(date(century + year, month, day))
        except ValueError:
            dates.append(None)
    return dates


def _old_rule_birth_date(number: str) -> date | None:
    """The birth date by the series of individual digits (regulation on population registration § 2-2)."""
    in_1800s, in_1900s, in_2000s = _dates(number)
    year, individual = int(number[4:6]), int(number[6:9])
    if individual <= 499:
        return in_1900s
    if year <= 39:
        return in_2000s
    if individual <= 749 and year >= 54:
        return in_1800s
    return in_1900s if individual >= 900 else None
