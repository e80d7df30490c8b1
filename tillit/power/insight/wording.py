"""The values of an alert in the reader's language: kept as they are, put in words when they are sent or read (E6)."""

from collections.abc import Mapping
from datetime import date

from babel.dates import format_date
from babel.numbers import format_decimal

Values = dict[str, str | int | float]
_DATES = {"day": "long", "month": "LLLL"}


def worded(values: Mapping[str, str | int | float], language: str) -> dict[str, str]:
    """Each value as it is written in the language: days and months are kept in ISO 8601, numbers as numbers, and what
    is words already stays.
    """
    return {name: _word(name, value, language) for name, value in values.items()}


def _word(name: str, value: str | float, language: str) -> str:
    if not isinstance(value, str):
        return format_decimal(value, locale=language, decimal_quantization=False)
    try:
        return format_date(date.fromisoformat(value), _DATES[name], locale=language)
    except (KeyError, ValueError):
        return value
