"""What a rule is given: the declaration, its marks, its siblings and the words, with a way to point at a line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel

from tillit.declaration.errors import Problem
from tillit.declaration.loader import Source, Step
from tillit.declaration.schema import Activity, Declaration, Processor, Recipient, Retention
from tillit.declaration.vocabulary import Vocabulary, vocabulary

Path = tuple[Step, ...]


@dataclass(frozen=True)
class Context:
    """One declaration under check. `siblings`: the other controllers of the installation."""

    declaration: Declaration
    source: Source
    siblings: Sequence[Declaration] = ()

    @property
    def words(self) -> Vocabulary:
        """The vocabulary."""
        return vocabulary()

    def problem(self, path: Path, code: str, message: str) -> Problem:
        """A fault at `path` of the file (keys and list positions as written there)."""
        file, line = self.source.mark(path)
        return Problem(file, line, code, message)

    @cached_property
    def activities(self) -> dict[str, Activity]:
        """Declared activities by key; the first one where a key stands twice."""
        return {item.key: item for item in reversed(self.declaration.activities)}

    @cached_property
    def recipients(self) -> dict[str, Recipient]:
        """Declared recipients by key."""
        return {item.key: item for item in self.declaration.recipients}

    @cached_property
    def processors(self) -> dict[str, Processor]:
        """Declared processors by key."""
        return {item.key: item for item in self.declaration.processors}

    @cached_property
    def rules(self) -> dict[str, Retention]:
        """Declared retention rules by key."""
        return {item.key: item for item in self.declaration.retention}

    @cached_property
    def categories(self) -> frozenset[str]:
        """Declared categories."""
        return self.declaration.category_keys()

    def touches(self, activity: Activity) -> frozenset[str]:
        """The categories `activity` reads or writes; `"*"` is every declared one."""
        return self.declaration.named(activity)


def walk(part: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value below `part` with its path as written in the file (aliases, not Python names), depth first."""
    yield path, part
    if isinstance(part, BaseModel):
        for name, field in type(part).model_fields.items():
            yield from walk(getattr(part, name), (*path, field.alias or name))
    elif isinstance(part, dict):
        for key, value in part.items():
            yield from walk(value, (*path, key))
    elif isinstance(part, tuple):
        for index, value in enumerate(part):
            yield from walk(value, (*path, index))


def localised(declaration: Declaration) -> Iterator[tuple[Path, dict[str, str]]]:
    """Every text a person reads: (path, language → text)."""
    for path, value in walk(declaration):
        if isinstance(value, dict) and path != ("cookies", "purposes"):
            yield path, value
