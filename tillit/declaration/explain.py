"""The keys of a declaration as tables, generated from the schema and `explained.yaml` (docs/declaration.md)."""

from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tillit.declaration.parts import Country, Key, Localised, Part, PeriodText
from tillit.declaration.schema import Declaration
from tillit.kernel.documents import read_yaml

SOURCE = Path(__file__).with_name("explained.yaml")
_NAMED: list[tuple[Any, str]] = [(Key, "key"), (Localised, "texts"), (Country, "country"), (PeriodText, "period")]
_MARKS = ("<!-- keys -->", "<!-- /keys -->")
_SIMPLE = {str: "text", int: "number", bool: "true or false", date: "date"}


@cache
def explained() -> dict[str, dict[str, str]]:
    """Part → key → what it means."""
    data: dict[str, dict[str, str]] = read_yaml(SOURCE)
    return data


def parts() -> list[type[Part]]:
    """Every part of the schema, in the order one meets them reading a declaration."""
    found: list[type[Part]] = []
    waiting: list[type[Part]] = [Declaration]
    while waiting:
        part = waiting.pop(0)
        if part not in found:
            found.append(part)
            inner = [kind for field in part.model_fields.values() for kind in _inner(field.annotation)]
            waiting = inner + waiting if part is not Declaration else inner
    return found


def tables() -> str:
    """One Markdown table a part: key, what is written there, required or its default, meaning."""
    return "\n".join(line for part in parts() for line in _table(part)) + "\n"


def placed(document: str) -> str:
    """`document` with the tables between its two marks; `ValueError` when a mark is missing."""
    before, rest = document.split(_MARKS[0], 1)
    _, after = rest.split(_MARKS[1], 1)
    return f"{before}{_MARKS[0]}\n{tables()}{_MARKS[1]}{after}"


def _table(part: type[Part]) -> Iterator[str]:
    yield f"### {part.__name__}"
    yield ""
    summary = (part.__doc__ or "").strip().splitlines()
    if summary and part is not Declaration:
        yield summary[0]
        yield ""
    yield "| key | value | default | meaning |"
    yield "|---|---|---|---|"
    hints = get_type_hints(part, include_extras=True)
    for name, field in part.model_fields.items():
        key = field.alias or name
        meaning = explained()[part.__name__][key]
        yield f"| `{key}` | {_type(hints[name])} | {_default(field)} | {meaning} |"
    yield ""


def _type(annotation: Any) -> str:  # noqa: PLR0911 (one return a form)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return next((name for known, name in _NAMED if known == annotation), "") or _type(arguments[0])
    if origin in {Union, UnionType}:
        return " or ".join(_type(one) for one in arguments if one is not NoneType)
    if origin is Literal:
        return "one of a fixed set" if len(arguments) > 1 else f"`{arguments[0]}`"
    if origin is tuple:
        return f"list of {_plural(_type(arguments[0]))}"
    if origin is dict:
        return "texts" if arguments == (str, str) else f"{_type(arguments[0])} → {_type(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return _SIMPLE[annotation]


def _plural(name: str) -> str:
    return {"key": "keys", "text": "texts", "one of a fixed set": "words of a fixed set"}.get(name, name)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.default
    if default is PydanticUndefined or default is None or default in ((), {}):
        return "none"
    if isinstance(default, Part):
        return "see there"
    if isinstance(default, bool):
        return str(default).lower()
    return f"`{', '.join(default)}`" if isinstance(default, tuple) else f"`{default}`"


def _inner(annotation: Any) -> list[type[Part]]:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return [annotation]
    return [kind for argument in get_args(annotation) for kind in _inner(argument)]
