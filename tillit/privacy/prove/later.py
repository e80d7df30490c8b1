"""Promises nothing in the running system can show yet, each with what is missing. This list may only shrink."""

from collections.abc import Iterator
from typing import Any

from tillit.declaration.schema import Declaration
from tillit.declaration.statement.wording import Words
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.kinds import Finding, Kind, Said, not_provable, texts
from tillit.privacy.prove.measures import ANSWERED

WHY = {
    "forms": "no page of ours asks with this form yet",
    "device_permissions": "what a device answers stays on it: nothing of it reaches the system",
    "security": "a measure of the organisation, not of the system",
    "line": "the web server in front encrypts the line: nothing of it is seen from here",
}
_OF_THE_LINE = {"in_transit", "encryption_in_transit", "encryption", "certificates"}


def _promised(declaration: Declaration) -> Iterator[Said]:
    lists: dict[str, tuple[Any, ...]] = {
        "device_permissions": declaration.device_permissions,
        "security": tuple(m for m in declaration.security if m.key not in ANSWERED),
    }
    for part, items in lists.items():
        for item in items:
            of_the_line = part == "security" and item.key in _OF_THE_LINE
            yield Said(f"{part}.{item.key}", _text(declaration, item), "line" if of_the_line else part)


def _text(declaration: Declaration, item: Any) -> dict[str, str]:
    """The item's own words: a name with what it is for."""

    def said(words: Words) -> str:
        for name in ("text", "notice", "why"):
            if isinstance(value := getattr(item, name, None), dict):
                named = getattr(item, "name", "")
                return ": ".join(part for part in (named, words.of(value)) if part)
        return str(item.key)

    return texts(declaration, "own_words", words=said)


def _check(context: Context, said: Said) -> Finding:
    part: str = said.item
    return not_provable(WHY[part])


KIND = Kind("later", _promised, _check)
