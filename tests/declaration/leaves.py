"""Every leaf of a declaration, what its statement must say about it, and another lawful value for it."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

from tillit.declaration.checking.words import PLACES, place
from tillit.declaration.clocks import Clock
from tillit.declaration.schema import Declaration
from tillit.declaration.statement.parts.who import spaced
from tillit.declaration.statement.wording import Words
from tillit.declaration.vocabulary import vocabulary

Path = tuple[Any, ...]

IDENTITY = {"key", "schema", "register", "group", "topic", "retention"}
"""Names of leaves that identify or place a part and are not themselves published as a value."""

PARTIES = {"to", "under", "processor", "operator", "holder", "on_behalf_of", "parties", "recipients", "directory"}
PERIODS = {
    "period",
    "kept",
    "every",
    "at_most_every",
    "answer_within",
    "choice_lives",
    "notice",
    "individual",
    "aggregates",
    "warn_before_expiry",
}


def leaves(part: Any, path: Path = (), annotation: Any = None) -> Iterator[tuple[Path, Any, Any]]:
    """(path as written, value, annotation) of every value that is no container; texts once a language."""
    if isinstance(part, BaseModel):
        for name, field in type(part).model_fields.items():
            yield from leaves(getattr(part, name), (*path, field.alias or name), field.annotation)
    elif isinstance(part, dict):
        for key, value in part.items():
            yield from leaves(value, (*path, key), annotation)
    elif isinstance(part, tuple):
        for index, value in enumerate(part):
            yield from leaves(value, (*path, index), annotation)
    elif part is not None:
        yield path, part, annotation


def name_of(path: Path) -> str:
    """The field a leaf belongs to: the last step that is no list position."""
    return next(str(step) for step in reversed(path) if not isinstance(step, int))


def choices(annotation: Any) -> tuple[Any, ...]:
    """The values of the `Literal` inside an annotation, or nothing."""
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return tuple(value for inner in get_args(annotation) for value in choices(inner))


def localised_language(declaration: Declaration, path: Path) -> str | None:
    """The language of a text leaf, or None for other leaves."""
    last = path[-1]
    return last if isinstance(last, str) and last in declaration.controller.languages and len(path) > 1 else None


def said(words: Words, path: Path, value: Any, annotation: Any) -> str | None:  # noqa: PLR0911, PLR0912
    """What the statement must contain for this leaf; None where it shows in another way (enumerations, flags)."""
    name = name_of(path)
    kind = PLACES.get(place(path))
    if value == "*" or isinstance(value, bool):
        return None
    if kind == "grounds":
        return words.ground(value)
    if kind is not None:
        return words.word(kind, value)
    if (language := localised_language(words.declaration, path)) is not None:
        return value.strip() if language == words.language else None
    if name in PERIODS and isinstance(value, str) and value.startswith("P"):
        return words.period(value) if value != "P0D" else None
    if isinstance(value, date):
        return words.date(value)
    if name in PARTIES:
        return words.party(value)
    if name == "country":
        return words.country(value)
    if name == "clock":
        if value == "linked_data_gone":
            return None  # said through the categories it is kept with
        return words.word("clock_events", Clock.parse(value).event)
    if name == "organisation_number":
        return spaced(value)
    if name == "languages":
        return words.language_name(value)
    if name in IDENTITY or name == "contact" or choices(annotation):
        return None
    if name in {"end_month", "end_day"}:
        return str(value) if name == "end_day" else None
    return str(value)


def other(declaration: Declaration, path: Path, value: Any, annotation: Any) -> Any:  # noqa: PLR0911
    """Another value of the same kind, or None for a leaf that identifies rather than says."""
    name = name_of(path)
    kind = PLACES.get(place(path))
    if kind is not None:
        used = {found for _, found, _ in leaves(declaration) if isinstance(found, str)}
        return next(word for word in getattr(vocabulary(), kind) if word != value and word not in used)
    if isinstance(value, bool):
        return not value
    if name in IDENTITY or value == "*":
        return None
    if options := [option for option in choices(annotation) if option != value]:
        return options[0] if options[0] != "*" else options[-1]
    if isinstance(value, int):
        return value - 1 if name in {"end_month", "end_day"} else value + 1
    if isinstance(value, date):
        return value + timedelta(days=1)
    if name in PERIODS:
        return "P11D" if value != "P0D" else "P12D"
    return {
        "country": "CH",
        "clock": "year_end(booked)",
        "time_zone": "Europe/Paris",
        "currency": "DKK",
        "organisation_number": "310000027",
        "contact": "privacy_adviser",
        "languages": "da",
    }.get(name, f"{value}x")


def changed(data: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """A copy of plain data with the value at `path` replaced."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(data, list):
        return [changed(item, rest, value) if n == step else item for n, item in enumerate(data)]  # type: ignore[return-value]
    return {key: changed(item, rest, value) if key == step else item for key, item in data.items()}
