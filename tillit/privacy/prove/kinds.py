"""What a kind of check is, and the list of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tillit.declaration.schema import Declaration
from tillit.declaration.statement.texts import languages
from tillit.declaration.statement.wording import Words
from tillit.privacy.prove.context import Context
from tillit.privacy.prove.texts import say

Status = Literal["kept", "broken", "not_provable"]
Evidence = Mapping[str, int | str]
MOST_FAULTS = 20


@dataclass(frozen=True)
class Finding:
    """What a check found. `evidence`: counts and dates; `faults`: at most 20, `faulty` counts them all."""

    status: Status
    why: str = ""
    evidence: Evidence = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    faulty: int = 0


@dataclass(frozen=True)
class Said:
    """One place of a declaration that promises something; `item` is what stands there."""

    path: str
    text: Mapping[str, str]
    item: Any = None


@dataclass(frozen=True)
class Kind:
    """A kind of check: where a declaration promises it, and how to look."""

    key: str
    promised: Callable[[Declaration], Iterable[Said]]
    check: Callable[[Context, Said], Finding]


def judged(faults: Iterable[str], **evidence: int | str) -> Finding:
    """Kept without faults, else broken."""
    found = list(faults)
    status: Status = "broken" if found else "kept"
    return Finding(status, found[0] if found else "", evidence, tuple(found[:MOST_FAULTS]), len(found))


def not_provable(why: str, **evidence: int | str) -> Finding:
    """Nothing in the running system shows it."""
    return Finding("not_provable", why, evidence)


def texts(declaration: Declaration, key: str, **values: Callable[[Words], str] | str) -> dict[str, str]:
    """The promise `key` of `texts.yaml` in each language of the declaration; a value may depend on the language."""
    said = {}
    for language in declaration.controller.languages:
        if language in languages():
            words = Words(declaration, language)
            filled = {name: value if isinstance(value, str) else value(words) for name, value in values.items()}
            said[language] = say(language, key, controller=declaration.controller.name, **filled)
    return said


def word(kind: str, key: str) -> Callable[[Words], str]:
    """A vocabulary word as a value of `texts`."""
    return lambda words: words.word(kind, key)


def declared(text: Mapping[str, str]) -> Callable[[Words], str]:
    """A text of the declaration as a value of `texts`."""
    return lambda words: words.of(dict(text))


def length(period: str) -> Callable[[Words], str]:
    """A declared period as a value of `texts`."""
    return lambda words: words.period(period)


def once(key: str, path: str) -> Callable[[Declaration], Iterator[Said]]:
    """For a kind that every declaration promises once, at `path`."""

    def promised(declaration: Declaration) -> Iterator[Said]:
        yield Said(path, texts(declaration, key))

    return promised
