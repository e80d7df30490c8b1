"""What a set of recipients may be picked by: each fact registered by the domain that holds it, with its categories
(F3).

A fact is a named statement that gives the subjects it holds for, with one parameter `value` (and `controller`,
`holders`, `today`, `now`). Whoever picks by it must be allowed each of its categories, and runs the statement under row
security, which shows nothing else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

FactKind = Literal["choice", "number", "text"]
Options = Callable[[int], dict[str, Mapping[str, str]]]
"""Controller → value → its name by language."""


@dataclass(frozen=True)
class SegmentFact:
    """One fact to pick by. kind: how a value is given: one of `options`, a whole number from
    0, or a short text. profiles: picking by it is profiling, from which an objection exempts (C16).
    """

    key: str
    categories: tuple[str, ...]
    kind: FactKind
    module_file: str
    file: str
    name: str
    options: Options | None = None
    profiles: bool = False


SEGMENT_FACTS: dict[str, SegmentFact] = {}


def segment_fact(
    key: str,
    *categories: str,
    kind: FactKind,
    at: tuple[str, str, str],
    options: Options | None = None,
    profiles: bool = False,
) -> None:
    """Register a fact. `at`: (`__file__`, file, name) of its statement. Its words are `segment_facts.KEY` in the
    faces.
    """
    SEGMENT_FACTS[key] = SegmentFact(key, categories, kind, *at, options, profiles)
