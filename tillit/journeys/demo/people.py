"""Invented people, one a household: the same household is always the same person. No name or number is anybody's."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from tillit.journeys.join import Applicant

_NAMES = {
    "given": "Ada Aksel Amund Anja Asta Birk Bodil Dagny Eilif Eira Embla Erle Falk Frøya Gaute Gro Halvor Hedda Idun"
    " Ingar Iver Jorunn Kaia Ketil Leik Liv Magnhild Mats Njål Nora Oddny Orm Pernille Ragna Roar Runa Selma Sindre"
    " Solveig Styrk Sunniva Syver Terje Tiril Tora Torbjørn Trym Tuva Ulrik Una Varg Vilde Yngvild Yrsa Åsa Åsmund",
    "first": "Bjørke Eike Furu Gran Gull Haug Hegg Kvern Lauv Lind Lyng Marke Myr Orre Rogne Selje Sol Sten Vier Ætt",
    "last": "bakken berget bråten dal eng haugen holmen li lia lund moen mo nes rud sletta stien tveit vang vik ås",
    "street": "Bjørkeveien Elvegata Fjordveien Granstien Havnegata Kirkebakken Lyngveien Skolegata Solbakken Torggata",
}
_WORDS = {key: words.split() for key, words in _NAMES.items()}
_PLACES = (("9008", "Tromsø"), ("8006", "Bodø"), ("7013", "Trondheim"), ("2609", "Lillehammer"), ("4006", "Stavanger"))


@dataclass(frozen=True)
class Person:
    """What stands for a household: who, and what they pay with (numbers that pass their check digits and no more)."""

    household: int
    applicant: Applicant
    cards: tuple[str, ...] = field(repr=False)


def person(household: int) -> Person:
    """The invented person of a household (its number, above zero)."""
    given = _word("given", household * 7)
    family = _word("first", household * 11) + _word("last", household * 13)
    postal_code, city = _PLACES[household % len(_PLACES)]
    return Person(
        household,
        Applicant(
            given=given,
            family=family,
            street=f"{_word('street', household * 3)} {household % 90 + 1}",
            postal_code=postal_code,
            city=city,
            email=f"{_plain(given)}.{_plain(family)}.{household}@post.example",
            mobile=f"+4740{household:06d}",
            birth_date=date(1944, 1, 1) + timedelta(days=household * 8161 % 22_000),
        ),
        tuple(_cards(household)),
    )


def stranger_card(number: int) -> str:
    """A card that nobody has registered."""
    return _card(f"4000009{number % 100_000_000:08d}")


def _cards(household: int) -> list[str]:
    first = _card(f"4000001{household:08d}")
    match household % 5:
        case 0 | 1:
            return [first, _card(f"5555552{household:08d}")]
        case 2:
            return [first, _account(household)]
    return [first]


def _card(body: str) -> str:
    """15 digits with their Luhn check digit."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 - place % 2)
        total += doubled - 9 * (doubled > 9)
    return body + str(-total % 10)


def _account(number: int) -> str:
    """An account number (mod 11) of the same household."""
    body = 9_710_000_000 + number * 10
    while True:
        weights = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
        rest = -sum(int(digit) * weight for digit, weight in zip(str(body), weights, strict=True)) % 11
        if rest < 10:
            return f"{body}{rest}"
        body += 1


def _word(kind: str, number: int) -> str:
    words = _WORDS[kind]
    return words[number % len(words)]


def _plain(name: str) -> str:
    return name.lower().replace("æ", "ae").replace("ø", "o").replace("å", "a")
