"""A single declared value as words, where it stands alone: in the comparison of two versions (A4)."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from tillit.declaration.checking.words import PLACES
from tillit.declaration.clocks import Clock
from tillit.declaration.difference import Steps
from tillit.declaration.statement.wording import Words

CHOICES = {
    ("controller", "arrangement", "kind"): "difference.values.arrangement_kind",
    ("retention", "*", "rule"): "difference.values.rule",
    ("retention", "*", "disposal"): "retention.disposal",
    ("recipients", "*", "kind"): "recipients.kinds",
    ("transfers", "*", "ground"): "transfers.grounds",
    ("cookies", "items", "*", "kind"): "cookies.kinds",
    ("cookies", "items", "*", "storage"): "cookies.storages",
    ("cookies", "items", "*", "life", "type"): "difference.values.life",
    ("rights", "routes", "*"): "rights.route",
    ("staff_access", "reach"): "security.reaches",
    ("changes", "acceptance"): "changes.acceptances",
    ("changes", "material_by", "*"): "changes.ways",
    ("notices", "*", "topic"): "notices.topics",
    ("programme", "validity"): "programme.validities",
    ("programme", "rounding"): "programme.roundings",
    ("programme", "voucher_barcode"): "programme.barcodes",
    ("programme", "stacking"): "programme.stackings",
}
"""Where a value is one of a fixed set, and the texts that word it."""

PARTIES = frozenset({"to", "under", "processor", "operator", "holder", "on_behalf_of", "parties", "recipients"})


def lines(words: Words, place: Steps, value: Any) -> Iterator[str]:
    """`value` at `place` (`*` for list items) as lines of words; a whole item as one line a key that says something."""
    if isinstance(value, dict):
        if set(value) <= set(words.declaration.controller.languages):
            yield str(value.get(words.language, ""))
            return
        for key, inner in value.items():
            said = "; ".join(lines(words, (*place, key), inner))
            if said and key != "key":
                yield f"{words.label(key)}: {said}"
    elif isinstance(value, list):
        for item in value:
            yield "; ".join(lines(words, (*place, "*"), item))
    elif value is not None:
        yield _one(words, place, value)


def _one(words: Words, place: Steps, value: Any) -> str:
    name = place[-1] if place[-1] != "*" else place[-2]
    if isinstance(value, bool):
        return words.yes(value)
    if value == "*":
        return words("value.everywhere" if name == "country" else "value.all_categories")
    if (kind := PLACES.get(place)) is not None:
        return words.word(kind, value)
    if (texts := CHOICES.get(place)) is not None:
        return words(f"{texts}.{value}", number="…")
    return _formed(words, name, value)


def _formed(words: Words, name: str, value: Any) -> str:  # noqa: PLR0911 (one return a form)
    if name in PARTIES:
        return words.party(value)
    if name == "country":
        return words.country(value)
    if name in {"effective", "agreement"}:
        return words.date(date.fromisoformat(value))
    if name == "clock":
        clock = Clock.parse(value)
        event = words.word("clock_events", clock.event)
        return words(f"retention.clock.{clock.function or 'event'}_now", event=event)
    if value == "unlimited":
        return words("statistics.unlimited")
    if isinstance(value, str) and value[:1] == "P" and value[1:2].isdigit():
        return words.period(value)
    return str(value)
