"""The wording of answers and letters about rights, in each language (`texts.yaml`: key → language → text)."""

from functools import cache
from pathlib import Path
from typing import Any

from tillit.kernel.documents import read_yaml
from tillit.kernel.errors import TillitError


@cache
def _texts() -> dict[str, dict[str, str]]:
    return dict(_flat(read_yaml(Path(__file__).with_name("texts.yaml")), ""))


def _flat(node: dict[str, Any], prefix: str) -> list[tuple[str, dict[str, str]]]:
    if "nb" in node:
        return [(prefix, node)]
    return [pair for key, value in node.items() for pair in _flat(value, f"{prefix}.{key}" if prefix else key)]


@cache
def languages() -> tuple[str, ...]:
    """The languages that every text has."""
    every = [set(text) for text in _texts().values()]
    return tuple(sorted(set.intersection(*every)))


def keys() -> list[str]:
    """Every key."""
    return sorted(_texts())


def say(language: str, key: str, /, **values: object) -> str:
    """The text, filled in. Raises `TillitError` `no-wording`."""
    try:
        return _texts()[key][language].strip().format_map(values)
    except KeyError:
        raise TillitError("no-wording", f"'{key}' has no text in '{language}', or lacks a value") from None


def say_or(language: str, key: str, otherwise: str) -> str:
    """The text, or `otherwise` where there is none."""
    return say(language, key) if key in _texts() else otherwise
