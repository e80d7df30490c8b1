"""Every word is in the vocabulary, and every clock can be read: `clock: moon_phase` is refused with its line."""

from collections.abc import Iterator
from difflib import get_close_matches

from tillit.declaration.checking.context import Context, Path
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
}


def _unknown(kind: str, word: str, known: dict[str, object]) -> str:
    near = get_close_matches(word, known, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    return f"unknown {kind.replace('-', ' ')} '{word}'{hint}"


def _used(context: Context) -> Iterator[tuple[Path, str, str]]:
    declaration = context.declaration
    for i, category in enumerate(declaration.categories):
        yield ("categories", i, "key"), "categories", category.key
    for i, activity in enumerate(declaration.activities):
        at = ("activities", i)
        yield (*at, "key"), "activities", activity.key
        for field, kind in (("applies_to", "relationships"), ("sources", "sources"), ("channels", "channels")):
            for n, word in enumerate(getattr(activity, field)):
                yield (*at, field, n), kind, word
        for n, basis in enumerate(activity.basis):
            yield (*at, "basis", n, "ground"), "grounds", basis.ground
        for field in ("uses", "records"):
            for n, word in enumerate(getattr(activity, field)):
                if word != "*":
                    yield (*at, field, n), "categories", word
    for i, rule in enumerate(declaration.retention):
        yield ("retention", i, "activity"), "activities", rule.activity
        yield ("retention", i, "category"), "categories", rule.category
        for n, word in enumerate(rule.kept_with):
            yield ("retention", i, "kept_with", n), "categories", word
    for i, hold in enumerate(declaration.holds):
        yield ("holds", i, "activity"), "activities", hold.activity
        yield ("holds", i, "until"), "clock_events", hold.until
        for n, word in enumerate(hold.categories):
            yield ("holds", i, "categories", n), "categories", word
    for i, archive in enumerate(declaration.archives):
        for n, word in enumerate(archive.categories):
            yield ("archives", i, "categories", n), "categories", word
        for n, word in enumerate(archive.readers):
            yield ("archives", i, "readers", n), "activities", word
    for i, recipient in enumerate(declaration.recipients):
        yield ("recipients", i, "ground"), "grounds", recipient.ground
        for n, word in enumerate(recipient.categories):
            yield ("recipients", i, "categories", n), "categories", word
    for i, processor in enumerate(declaration.processors):
        for n, word in enumerate(processor.categories):
            yield ("processors", i, "categories", n), "categories", word
    for i, recording in enumerate(declaration.recordings):
        yield ("recordings", i, "category"), "categories", recording.category
    for i, form in enumerate(declaration.forms):
        yield ("forms", i, "activity"), "activities", form.activity
        for n, word in enumerate(form.collects):
            yield ("forms", i, "collects", n), "categories", word
    for n, word in enumerate(declaration.backup.readers):
        yield ("backup", "readers", n), "roles", word


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
