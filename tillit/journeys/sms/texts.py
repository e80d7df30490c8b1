"""The words of answers to SMS, from `texts.yaml`."""

from functools import cache
from pathlib import Path

from tillit.kernel.documents import read_yaml


@cache
def _texts() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = read_yaml(Path(__file__).with_name("texts.yaml"))
    return loaded


def say(language: str, key: str, **values: object) -> str:
    """The text in the language, in English where it lacks it."""
    forms = _texts()[key]
    return forms.get(language, forms["en"]).format(**values)
