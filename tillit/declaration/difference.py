"""What differs between two versions of a declaration, and whether people must be told (A4).

`diff` gives typed changes in reading order. A list item is known by its `key` (cookies by name and group, legal bases
by ground), so that reordering is no change. The rules of materiality are data: `materiality.yaml`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tillit.declaration.clocks import SAMPLE, Clock, ever_earlier
from tillit.declaration.schema import Declaration
from tillit.kernel.documents import read_yaml
from tillit.kernel.errors import TillitError
from tillit.kernel.periods import IsoPeriod

SOURCE = Path(__file__).with_name("materiality.yaml")
Kind = Literal["added", "removed", "changed"]
Steps = tuple[str, ...]


class UnclassifiedChangeError(TillitError):
    """No rule of materiality fits: the rules are incomplete."""


@dataclass(frozen=True)
class Change:
    """One difference. before / after: plain data or None.

    steps: keys, with list items by their identity; place: the same with `*` for a list item, as the rules of words
    and choices write it (a value of a list of words has a last `*`, too).
    """

    steps: Steps
    place: Steps
    kind: Kind
    before: Any
    after: Any
    material: bool
    because: str

    @property
    def path(self) -> str:
        """The place in one text: `retention.receipts.period`."""
        return ".".join(self.steps)


class Rule(BaseModel):
    """A rule of `materiality.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    at: str
    kinds: tuple[Kind, ...] = ("added", "removed", "changed")
    when: str | None = None
    material: bool
    because: str


@dataclass(frozen=True)
class _Where:
    """A place under comparison; `low` and `high` are the list items it lies in."""

    steps: Steps = ()
    place: Steps = ()
    low: Any = None
    high: Any = None

    def down(self, key: str) -> "_Where":
        return replace(self, steps=(*self.steps, key), place=(*self.place, key))

    def item(self, name: str, low: Any, high: Any) -> "_Where":
        return _Where((*self.steps, name), (*self.place, "*"), low, high)


@dataclass(frozen=True)
class _Found:
    """A difference before it is judged."""

    where: _Where
    kind: Kind
    before: Any
    after: Any
    new: Declaration


def diff(old: Declaration, new: Declaration) -> list[Change]:
    """Every difference from `old` to `new`, in the order of the schema. Raises `UnclassifiedChangeError`."""
    before, after = (item.model_dump(mode="json", by_alias=True) for item in (old, new))
    return [_judged(_Found(where, kind, low, high, new)) for where, kind, low, high in _pairs(_Where(), before, after)]


def material(changes: list[Change]) -> bool:
    """True when people must be told of the changes ahead of the effective date."""
    return any(change.material for change in changes)


def _pairs(where: _Where, low: Any, high: Any) -> Iterator[tuple[_Where, Kind, Any, Any]]:
    if low == high:
        return
    if isinstance(low, dict) and isinstance(high, dict):
        for key in [*low, *(key for key in high if key not in low)]:
            yield from _pairs(where.down(key), low.get(key), high.get(key))
    elif isinstance(low, list) and isinstance(high, list):
        yield from _lists(where, low, high)
    else:
        yield where, "added" if low is None else "removed" if high is None else "changed", low, high


def _lists(where: _Where, low: list[Any], high: list[Any]) -> Iterator[tuple[_Where, Kind, Any, Any]]:
    if all(isinstance(item, dict) for item in [*low, *high]):
        before, after = _named(low), _named(high)
        for name in [*before, *(name for name in after if name not in before)]:
            one, other = before.get(name), after.get(name)
            yield from _pairs(where.item(name, one, other), one, other)
        return
    each = replace(where, place=(*where.place, "*"))
    yield from ((each, "removed", value, None) for value in low if value not in high)
    yield from ((each, "added", None, value) for value in high if value not in low)


def _named(items: list[Any]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for item in items:
        if "group" in item and "life" in item:
            name = f"{item['name']} ({item['group']})"
        else:
            name = str(item.get("key") or item.get("ground") or item.get("name"))
        while name in named:
            name += "'"
        named[name] = item
    return named


def _judged(found: _Found) -> Change:
    steps = found.where.steps
    for rule in rules():
        if found.kind in rule.kinds and _fits(rule.at, steps) and _holds(rule.when, found):
            wording = rule.material and _same_words(found.before, found.after)
            verdict, because = (False, "wording") if wording else (rule.material, rule.because)
            return Change(steps, found.where.place, found.kind, found.before, found.after, verdict, because)
    raise UnclassifiedChangeError("unclassified-change", f"no rule of materiality for {'.'.join(steps)}")


@cache
def rules() -> tuple[Rule, ...]:
    """The rules in order, validated; raises `pydantic.ValidationError` when the file is wrong."""
    data = read_yaml(SOURCE)
    return tuple(Rule.model_validate(rule) for rule in data["rules"])


def _fits(pattern: str, steps: Steps) -> bool:
    parts = pattern.split(".")
    if parts[-1] == "**":
        parts.pop()
        if len(steps) < len(parts):
            return False
        steps = steps[: len(parts)]
    return len(parts) == len(steps) and all(part in {"*", step} for part, step in zip(parts, steps, strict=True))


def _same_words(before: Any, after: Any) -> bool:
    """The same text but for spaces, case and punctuation; numbers and codes are never wording."""
    if not (isinstance(before, str) and isinstance(after, str)) or " " not in before.strip():
        return False
    said = [re.findall(r"\w+", text.casefold()) for text in (before, after)]
    return said[0] == said[1]


@cache
def _ends(text: str | None) -> tuple[date, ...]:
    """When a period is over, counted from each day of the sample; no period is over at once, `unlimited` never."""
    if text == "unlimited":
        return (date.max,) * len(SAMPLE)
    period = IsoPeriod.parse(text or "P0D")
    return tuple(period.add_to(day) for day in SAMPLE)


def _longer(before: str | None, after: str | None) -> bool:
    """True when `after` is over later than `before` for some day it is counted from."""
    return any(high > low for low, high in zip(_ends(before), _ends(after), strict=True))


def _longer_rule(found: _Found) -> bool:
    """The rule may keep a row longer than before on some day; another event cannot be compared and counts as longer."""
    low, high = found.where.low, found.where.high
    clocks = Clock.parse(low["clock"]), Clock.parse(high["clock"])
    if clocks[0].event != clocks[1].event:
        return True
    periods = IsoPeriod.parse(low["period"]), IsoPeriod.parse(high["period"])
    return ever_earlier((clocks[0], periods[0]), (clocks[1], periods[1]), found.new.controller.financial_year)


COMPARISONS: dict[str, Callable[[_Found], bool]] = {
    "longer": lambda found: _longer(found.before, found.after),
    "shorter": lambda found: _longer(found.after, found.before),
    "not_longer": lambda found: not _longer(found.before, found.after),
    "not_shorter": lambda found: not _longer(found.after, found.before),
    "longer_rule": _longer_rule,
    "higher": lambda found: found.after > found.before,
    "lower": lambda found: found.after < found.before,
    "to_true": lambda found: found.after is True,
    "to_false": lambda found: found.after is False,
    "to_erase": lambda found: found.after == "erase",
    "to_ceiling": lambda found: found.after == "ceiling",
    "to_active": lambda found: found.after == "active",
    "to_controller": lambda found: found.after == "controller",
    "minimum_to_keep": lambda found: (found.before, found.after) == ("minimum", "keep"),
    "is_ceiling": lambda found: (found.after or found.before)["rule"] == "ceiling",
    "category_gone": lambda found: found.before["category"] not in found.new.category_keys(),
    "is_necessary": lambda found: (found.after or found.before)["kind"] == "necessary",
    "is_binding": lambda found: (found.where.high or found.where.low)["topic"] in {"terms", "liability", "disputes"},
}
"""The comparisons a rule may name under `when`."""


def _holds(when: str | None, found: _Found) -> bool:
    return when is None or COMPARISONS[when](found)
