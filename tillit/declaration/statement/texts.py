"""The fixed wording: `texts.<language>.yaml` for the statement, `labels.<language>.yaml` for comparisons (A3).

A further language is two further files of nested mappings; `text("nb", "children.years", number="15")` fills one in.
Vocabulary words come from the vocabulary itself, or from the file's `vocabulary` where it lacks the language.
"""

from functools import cache
from pathlib import Path
from typing import Any

from tillit.declaration.vocabulary import vocabulary
from tillit.kernel.documents import read_yaml
from tillit.kernel.errors import TillitError

FOLDER = Path(__file__).parent
REFERENCE = "en"
"""The language whose file says which keys there are."""


class MissingTextError(TillitError, KeyError):
    """A language lacks a text."""


def languages() -> tuple[str, ...]:
    """The languages a statement can be rendered in, in order of their codes."""
    return tuple(sorted(path.name.split(".")[1] for path in FOLDER.glob("texts.*.yaml")))


@cache
def texts(language: str) -> dict[str, str]:
    """Every text of `language` by its dotted key; raises `MissingTextError` when there is no such language."""
    if language not in languages():
        raise MissingTextError("no-language", f"there are no statement texts in '{language}'")
    paths = sorted(FOLDER.glob(f"*.{language}.yaml"))
    return dict(pair for path in paths for pair in _flat(read_yaml(path), ""))


def text(language: str, key: str, /, **values: str) -> str:
    """The text `key` in `language` with `{name}` filled in; raises `MissingTextError`."""
    found = texts(language).get(key)
    if found is None:
        raise MissingTextError("no-text", f"'{key}' has no text in '{language}'")
    return found.format_map(values) if values else found


def word(language: str, kind: str, key: str) -> str:
    """The vocabulary word `key` of `kind` (`categories`, `activities` …) in `language`."""
    own = texts(language).get(f"vocabulary.{kind}.{key}")
    return own if own is not None else str(getattr(vocabulary(), kind)[key].name(language))


def _flat(node: Any, prefix: str) -> list[tuple[str, str]]:
    if not isinstance(node, dict):
        return [(prefix, str(node))]
    return [pair for key, value in node.items() for pair in _flat(value, f"{prefix}.{key}" if prefix else str(key))]
