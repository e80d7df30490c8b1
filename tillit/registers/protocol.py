"""What a register says, read strictly: anything else is `register-garbled`, and nothing of it is used. Pure.

The protocol is docs/registers.md: `GET /events?after=N` gives at most 1 000 events in the order of their sequence
numbers, which may leave gaps, each with the identifier alone; `POST /people` gives what is known of at most 100 people,
each asked for under a random reference.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from tillit.kernel.identifiers import name, national_number
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.registers.errors import RegisterError

PAGE = 1000
BATCH = 100
STATES = ("resident", "emigrated", "deceased", "ceased")
LEVELS = ("confidential", "strictly_confidential")
_LONGEST = 200


@dataclass(frozen=True)
class Event:
    """Something happened to whom the identifier names; '' where that is no identifier. What, is asked for."""

    sequence: int
    identifier: str = field(repr=False)


@dataclass(frozen=True)
class Told:
    """What a register knows of a person. names, address: by kind of fact; an empty address is one it does not have."""

    found: bool
    names: Mapping[str, str] = field(default_factory=dict, repr=False)
    address: Mapping[str, str] = field(default_factory=dict, repr=False)
    protection: str = ""
    state: str = "resident"
    died: date | None = None
    left_for: str = ""
    left_on: date | None = None
    identifier: str = field(default="", repr=False)


def events(said: Any, *, after: int) -> list[Event]:
    """The events of a page that was asked for with `after`. Raises `RegisterError`."""
    rows = said.get("events") if isinstance(said, dict) else None
    if not isinstance(rows, list) or len(rows) > PAGE:
        raise _garbled("a page of events")
    found, last = [], after
    for row in rows:
        number = row.get("sequence") if isinstance(row, dict) else None
        if not isinstance(number, int) or isinstance(number, bool) or number <= last or number >= 2**62:
            raise _garbled("an event")
        last = number
        found.append(Event(number, _identifier(row.get("identifier"))))
    return found


def people(said: Any, *, asked: Collection[UUID], numbered: bool = True) -> dict[UUID, Told]:
    """What is told of each of those asked about, all of them and nobody else. `numbered`: with their national number.
    Raises `RegisterError`.
    """
    rows = said.get("people") if isinstance(said, dict) else None
    if not isinstance(rows, list):
        raise _garbled("an answer")
    found: dict[UUID, Told] = {}
    for row in rows:
        try:
            reference = UUID(row["reference"])
            told = _told(row, numbered=numbered)
        except (KeyError, TypeError, ValueError, AttributeError, IdentifierError):
            raise _garbled("a person") from None
        if reference in found:
            raise _garbled("a person")
        found[reference] = told
    if set(found) != set(asked):
        raise _garbled("an answer")
    return found


def _told(row: dict[str, Any], *, numbered: bool) -> Told:
    if row.get("found") is False:
        return Told(found=False)
    state, protection = row["state"] if numbered else "resident", row.get("protection") or ""
    if row.get("found") is not True or state not in STATES or protection not in ("", *LEVELS):
        raise ValueError
    died = date.fromisoformat(row["died"]) if state == "deceased" else None
    names = {f"name.{part}": name.normalise(text) for part, text in _parts(row, "name", ("given", "middle", "family"))}
    if not names:
        raise ValueError
    place = dict(_parts(row, "address", ("street", "postal_code", "city", "country")))
    left = row["emigrated"] if state == "emigrated" else {}
    return Told(
        found=True,
        names=names,
        address={f"address.{part}": text for part, text in place.items()},
        protection=protection,
        state=state,
        died=died,
        left_for=_text(left.get("country") or "") if left else "",
        left_on=date.fromisoformat(left["on"]) if left else None,
        identifier=national_number.normalise(row["identifier"]) if numbered else "",
    )


def _parts(row: dict[str, Any], group: str, parts: Collection[str]) -> list[tuple[str, str]]:
    """The parts of a group that are there. Raises `ValueError` for what is no short line of text."""
    given = row.get(group) or {}
    return [(part, _text(given[part])) for part in parts if given.get(part)]


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable():
        raise ValueError
    return " ".join(value.split())


def _identifier(value: Any) -> str:
    try:
        return national_number.normalise(value) if isinstance(value, str) else ""
    except IdentifierError:
        return ""


def _garbled(what: str) -> RegisterError:
    return RegisterError("register-garbled", f"the register gave {what} that cannot be read")
