"""Kinds of case: what is asked for, which steps lead where, when an answer is due, what the rows are about.

A domain adds a kind in its `personal_data.py`; nothing else is needed for it to be opened, queued, retained, exported,
erased and proved.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from django.db.models import Model

from tillit.cases import files
from tillit.cases.errors import CaseError
from tillit.cases.models import Case, Document, Entry, Matter
from tillit.declaration import registry
from tillit.declaration.schema import Declaration
from tillit.kernel.card_numbers import has_card_number

FIRST = "received"
"""The stage every case begins in."""

Owed = Callable[[Matter, Declaration], list[str]]
"""(matter, declaration in effect) → the codes of what must still be done."""

Deadline = Callable[[datetime, Declaration], datetime | None]
"""(received, declaration) → the first moment at which an answer is late; None: no deadline."""


def no_card_number(text: str) -> None:
    """Refuse a text in which a full card number stands (D5). Raises `CaseError` `card-number`."""
    if has_card_number(text):
        raise CaseError("card-number", "a full card number may not stand in free text")


@dataclass(frozen=True)
class Field:
    """What may be stated when a case is opened. `choices`: the codes a `code` or `codes` may be; empty: any.

    A `text` holds at most `longest` characters; `values` are texts by code; a `moment` has a zone; a `number` counts.
    `means`: where people are handed over, a `chain` is another, and a `digest`, made with the register's key, stays
    behind (A10).
    """

    type: Literal["text", "code", "codes", "date", "flag", "values", "moment", "number"]
    required: bool = False
    choices: frozenset[str] = frozenset()
    longest: int = 4000
    means: Literal["", "chain", "digest"] = ""

    def check(self, key: str, value: Any) -> Any:  # noqa: PLR0911 (one return a type)
        """The value as JSON. Raises `CaseError` `field-value`, `card-number`."""
        match self.type:
            case "text" if isinstance(value, str) and len(value) <= self.longest and "\0" not in value:
                no_card_number(value)
                return value
            case "code" if isinstance(value, str) and (not self.choices or value in self.choices):
                return value
            case "codes" if isinstance(value, (list, tuple, set, frozenset)):
                found = sorted(set(value))
                if all(isinstance(one, str) and (not self.choices or one in self.choices) for one in found):
                    return found
            case "values" if isinstance(value, dict) and len(value) <= len(self.choices):
                texts = Field("text", longest=self.longest)
                if self.choices.issuperset(value):
                    return {code: texts.check(key, text) for code, text in sorted(value.items())}
            case "date" if isinstance(value, date) and not isinstance(value, datetime):
                return value.isoformat()
            case "flag" if isinstance(value, bool):
                return value
            case "moment" if isinstance(value, datetime) and value.tzinfo is not None:
                return value.isoformat()
            case "number" if value is None or (type(value) is int and value >= 0):
                return value
        raise CaseError("field-value", f"{key} cannot be that")


@dataclass(frozen=True)
class Step:
    """What may happen in a case. `before`: stages in which it may; `after`: the stage it leads to ('' stays).

    verified: refused until the identity is verified. shown: the person sees it with its words. answers: the request has
    its answer. settles: the decision is taken. closes: the case is over; reopens: it is not, after all. extends: moves
    the deadline. verifies: the identity is verified by it. states: the fields of the case that it may set anew.
    stamps: the field that is set to when it is taken. starts: the clock runs from the moment it names. explained: when
    it answers past the deadline, it says why. complete: only when nothing is owed any more (`Kind.owed`).
    """

    before: frozenset[str]
    after: str = ""
    verified: bool = False
    shown: bool = False
    answers: bool = False
    settles: bool = False
    closes: bool = False
    reopens: bool = False
    extends: bool = False
    verifies: bool = False
    states: frozenset[str] = frozenset()
    stamps: str = ""
    starts: bool = False
    explained: bool = False
    complete: bool = False


def step(*before: str, **told: Any) -> Step:
    """A step that may be taken in the stages `before`."""
    return Step(frozenset(before), **told)


@dataclass(frozen=True)
class Attachments:
    """What may be attached to a case of a kind. most: files a case; largest: bytes of one, as it comes in; types: media
    types (`files.media_type_of`); category: of the files where it is not the case's own, with a retention of its own;
    person: the person may attach, too, and sees what is attached; after_closing: also when the case is closed.
    """

    most: int = 5
    largest: int = 10_000_000
    types: frozenset[str] = frozenset({files.PDF, files.JPEG, files.PNG, files.WEBP})
    category: str | None = None
    person: bool = True
    after_closing: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of case. `category`: of its rows (vocabulary); `closes_as`: outcome → the category they have from then on
    (a claim that was paid). `activity`: under which it is handled. `deadline`: see `Deadline`. `attachments`: what may
    be attached; None: nothing. `nobodys`: its head is a `Matter`, which names nobody, and whom it concerns have cases
    of a kind of their own; `owed`: (matter, declaration) → what must still be done before it may be closed. `rows`:
    tables of the domain whose rows are part of a case (`case_id`, `closed_at`) and lapse with it.
    """

    key: str
    category: str
    activity: str
    steps: Mapping[str, Step]
    fields: Mapping[str, Field] = field(default_factory=dict)
    deadline: Deadline | None = None
    closes_as: Mapping[str, str] = field(default_factory=dict)
    attachments: Attachments | None = None
    nobodys: bool = False
    owed: Owed | None = None
    rows: tuple[type[Model], ...] = ()

    def check(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The fields as JSON. Raises `CaseError` for one that is unknown, missing or of another type."""
        missing = sorted(key for key, one in self.fields.items() if one.required and not given.get(key))
        if missing:
            raise CaseError("field-missing", f"{self.key}: {missing[0]}")
        return self.stated(given, frozenset(self.fields))

    def stated(self, given: Mapping[str, Any], allowed: frozenset[str]) -> dict[str, Any]:
        """Some fields as JSON, of those allowed. Raises `CaseError` (`field-unknown`, `field-value`)."""
        if unknown := sorted(set(given) - (allowed & set(self.fields))):
            raise CaseError("field-unknown", f"{self.key}: {unknown[0]}")
        return {key: self.fields[key].check(key, value) for key, value in given.items()}

    def may(self, stage: str) -> list[str]:
        """The steps that may be taken in a stage."""
        return [key for key, one in self.steps.items() if stage in one.before]


KINDS: dict[str, Kind] = {}


def add(kind: Kind) -> None:
    """Make a kind known. Raises `CaseError` when another of that name is."""
    if KINDS.setdefault(kind.key, kind) is not kind:
        raise CaseError("kind-twice", f"there is a kind {kind.key} already")
    for category in {kind.category, *kind.closes_as.values()} if not kind.nobodys else ():
        for model in (Case, Entry, Document):
            registry.also_holds(model, category=category)
    if kind.attachments is not None and kind.attachments.category is not None:
        registry.also_holds(Document, category=kind.attachments.category)


Closing = Callable[..., object]
"""What follows when a case is closed: called with subject_id, controller_id, case_id and at, in its transaction."""
CLOSING: list[Closing] = []


def when_closed(act: Closing) -> None:
    """Have something follow when any case is closed: said once, in the `personal_data.py` of the domain."""
    if act not in CLOSING:
        CLOSING.append(act)


def kind_of(key: str) -> Kind:
    """The kind; raises `CaseError` when there is none."""
    try:
        return KINDS[key]
    except KeyError:
        raise CaseError("kind-unknown", f"there is no kind of case {key}") from None
