"""The wording of the pages: one YAML file a face and language, `<face>.<language>.yaml`; a language is files (A3).

`say("nb", "sign_in.title", name="…")` fills in `{name}`. A text that depends on a number is a mapping `one`/`other`
(CLDR plural forms) chosen by the value called `count`.
"""

from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale

from tillit.kernel.documents import read_yaml
from tillit.kernel.errors import TillitError

FOLDER = Path(__file__).parent
REFERENCE = "en"
"""The language whose files say which keys there are."""


class MissingWordingError(TillitError, KeyError):
    """A page asks for a text that its language lacks."""


@cache
def languages() -> tuple[str, ...]:
    """Codes of the languages the pages speak, in order."""
    return tuple(sorted({path.name.split(".")[1] for path in FOLDER.glob("*.*.yaml")}))


@cache
def texts(language: str) -> dict[str, str]:
    """Every text of `language` by its dotted key."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob(f"*.{language}.yaml")):
        for key, value in _flat(read_yaml(path), ""):
            if key in found:
                raise MissingWordingError("wording-twice", f"{path.name}: {key} has a text already")
            found[key] = value
    return found


def say(language: str, key: str, /, **values: Any) -> str:
    """The text `key` in `language`, filled in; raises `MissingWordingError`."""
    known = texts(language)
    if "count" in values and f"{key}.other" in known:
        key = f"{key}.{Locale.parse(language).plural_form(values['count'])}"
    if key not in known:
        raise MissingWordingError("no-wording", f"'{key}' has no text in '{language}'")
    return known[key].format_map(values) if values else known[key]


def _flat(node: Any, prefix: str) -> list[tuple[str, str]]:
    if isinstance(node, str):
        return [(prefix, node.strip())]
    if not isinstance(node, dict):
        raise MissingWordingError("no-wording", f"{prefix}: {node} is no text (YAML reads Off as False)")
    return [pair for key, value in node.items() for pair in _flat(value, f"{prefix}.{key}" if prefix else str(key))]
