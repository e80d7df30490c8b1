"""The vocabulary: the words a declaration may use, read once from `vocabulary.yaml` (PROMISES A2)."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tillit.kernel.documents import read_yaml

SOURCE = Path(__file__).with_name("vocabulary.yaml")

State = Literal["restricted", "archived"]


class Word(BaseModel):
    """A vocabulary word with its name in bokmål and English."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    nb: str
    en: str

    def name(self, language: str) -> str:
        """The word in `language`; English where the vocabulary lacks it."""
        return str(getattr(self, language, self.en))


class Category(Word):
    """A category of personal data; `id` is stored in rows and policies.

    open_to: the only activities that may have it, which `"*"` of any other does not include (F6); empty: any may.
    staff_under: the only activities under which staff reach it (D3); under others the person and the engine do.
    """

    id: int
    sealed: bool = False
    open_to: tuple[str, ...] = ()
    staff_under: tuple[str, ...] = ()


class Activity(Word):
    """A processing activity the engine knows.

    sees: row states beyond live; disposes: may delete rows; evidence: what it keeps proves that the law was followed
    or defends a claim, so it survives an erasure until its own time is up (GDPR 17(3)(b), (e)).
    """

    sees: tuple[State, ...] = ()
    disposes: bool = False
    marketing: bool = False
    evidence: bool = False
    required: bool = False


class Ground(Word):
    """A legal basis with its GDPR article."""

    article: str


class Role(Word):
    """A staff role and the activities it may perform (A9)."""

    may: tuple[str, ...]


class Field(Word):
    """A part of a category that a disclosure may be limited to (H13)."""

    category: str


class Vocabulary(BaseModel):
    """Every word, by kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    categories: dict[str, Category]
    activities: dict[str, Activity]
    relationships: dict[str, Word]
    clock_events: dict[str, Word]
    grounds: dict[str, Ground]
    channels: dict[str, Word]
    roles: dict[str, Role]
    sources: dict[str, Word]
    fields: dict[str, Field]

    def category_of(self, field: str) -> str:
        """The category a field belongs to; a category's own key stands for all of it. `KeyError` when unknown."""
        return field if field in self.categories else self.fields[field].category

    def open(self, category: str, activity: str) -> bool:
        """Whether the activity may have the category at all, whatever a declaration says."""
        word = self.categories.get(category)
        return word is None or not word.open_to or activity in word.open_to


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary, validated; raises `pydantic.ValidationError` when the file itself is wrong."""
    return Vocabulary.model_validate(read_yaml(SOURCE))


def category_id(key: str) -> int:
    """The stored id of category `key`; `KeyError` when unknown."""
    return vocabulary().categories[key].id


@cache
def category_key(number: int) -> str:
    """The key of the category stored as `number`; `KeyError` when unknown."""
    return {word.id: key for key, word in vocabulary().categories.items()}[number]
