"""Which countries data may go to, read once from `countries.yaml`, and their names in a language."""

from functools import cache
from pathlib import Path

from babel import Locale, UnknownLocaleError

from tillit.kernel.documents import read_yaml

SOURCE = Path(__file__).with_name("countries.yaml")


@cache
def _lists() -> dict[str, frozenset[str]]:
    data = read_yaml(SOURCE)
    return {name: frozenset(codes) for name, codes in data.items()}


def in_eea(code: str) -> bool:
    """True for a country of the European Economic Area."""
    return code in _lists()["eea"]


def adequate(code: str) -> bool:
    """True where the European Commission has decided that the protection is adequate (GDPR art. 45)."""
    return code in _lists()["adequate"]


def known(code: str) -> bool:
    """True for an assigned ISO 3166-1 alpha-2 code."""
    return code in _names("en") and code not in {"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"}


def country_name(code: str, language: str) -> str:
    """The country's name in `language`, or its code where the language has no name for it."""
    return _names(language).get(code, code)


@cache
def _names(language: str) -> dict[str, str]:
    try:
        return dict(Locale.parse(language).territories)
    except (UnknownLocaleError, ValueError):
        return dict(Locale("en").territories)
