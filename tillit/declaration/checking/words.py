"""Every word is in the vocabulary, and every clock can be read: `clock: moon_phase` is refused with its line."""

from collections.abc import Iterator
from difflib import get_close_matches

from tillit.declaration.checking.context import Context, Path, walk
from tillit.declaration.clocks import Clock, ClockError
from tillit.declaration.errors import Problem


def problems(context: Context) -> Iterator[Problem]:
    """Unknown categories, activities, relationships, clocks, grounds, channels, sources and roles."""
    for path, kind, word in _used(context):
        known = getattr(context.words, kind)
        if word not in known:
            yield context.problem(path, f"unknown-{_SINGULAR[kind]}", _unknown(_SINGULAR[kind], word, known))
    yield from _clocks(context)


_SINGULAR = {
    "categories": "category",
    "activities": "activity",
    "relationships": "relationship",
    "clock_events": "clock-event",
    "grounds": "ground",
    "channels": "channel",
    "sources": "source",
    "roles": "role",
    "fields": "field",
}


def _unknown(kind: str, word: str, known: dict[str, object]) -> str:
    near = get_close_matches(word, known, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    return f"unknown {kind.replace('-', ' ')} '{word}'{hint}"


PLACES: dict[Path, str] = {
    ("categories", "*", "key"): "categories",
    ("activities", "*", "key"): "activities",
    ("activities", "*", "applies_to", "*"): "relationships",
    ("activities", "*", "sources", "*"): "sources",
    ("activities", "*", "channels", "*"): "channels",
    ("activities", "*", "basis", "*", "ground"): "grounds",
    ("activities", "*", "uses", "*"): "categories",
    ("activities", "*", "records", "*"): "categories",
    ("retention", "*", "activity"): "activities",
    ("retention", "*", "category"): "categories",
    ("retention", "*", "kept_with", "*"): "categories",
    ("archives", "*", "categories", "*"): "categories",
    ("archives", "*", "readers", "*"): "activities",
    ("holds", "*", "activity"): "activities",
    ("holds", "*", "categories", "*"): "categories",
    ("holds", "*", "until"): "clock_events",
    ("recipients", "*", "ground"): "grounds",
    ("recipients", "*", "categories", "*"): "categories",
    ("recipients", "*", "only", "*"): "fields",
    ("partners", "*", "sends", "*"): "fields",
    ("processors", "*", "categories", "*"): "categories",
    ("recordings", "*", "category"): "categories",
    ("forms", "*", "activity"): "activities",
    ("forms", "*", "collects", "*"): "categories",
    ("changes", "waits", "*"): "activities",
    ("backup", "readers", "*"): "roles",
    ("staff_access", "protected_for", "*"): "roles",
}
"""Where a word stands (`*` for any position of a list), and which kind it is."""


def place(path: Path) -> Path:
    """`path` with `*` for every list position."""
    return tuple("*" if isinstance(step, int) else step for step in path)


def _used(context: Context) -> Iterator[tuple[Path, str, str]]:
    for path, value in walk(context.declaration):
        kind = PLACES.get(place(path))
        if kind is not None and value != "*":
            yield path, kind, value


def _clocks(context: Context) -> Iterator[Problem]:
    written: list[tuple[Path, str]] = [
        *((("retention", i, "clock"), rule.clock) for i, rule in enumerate(context.declaration.retention)),
        *((("archives", i, "clock"), item.clock) for i, item in enumerate(context.declaration.archives)),
    ]
    events = context.words.clock_events
    for path, text in written:
        try:
            event = Clock.parse(text).event
        except ClockError as error:
            yield context.problem(path, error.code, f"clock '{text}': {error.message}")
            continue
        if event not in events:
            yield context.problem(path, "unknown-clock-event", _unknown("clock event", event, dict(events)))
