"""What may be recorded: event types, each with the keys its details may hold and the kind of each.

    READ = event_type("person.read", subject="required", purpose=CODE, categories=CODES)

A layer above adds its own types in its own `events.py`. A kind lets ids, codes, counts, moments and digests through and
nothing else: a value with a blank, or a code with five digits in a row (a number of somebody's), is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, Literal

from tillit.audit.errors import EventRefusedError

SubjectRule = Literal["required", "optional", "none"]
_TYPE = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\Z")
_CODE = re.compile(r"(?!.*\d{5})[A-Za-z][A-Za-z0-9_.:+-]{0,63}\Z")
_DIGEST = re.compile(r"[0-9a-f]{32,64}\Z")
_MOST = 50
_LARGEST = 2**63 - 1


class Kind(Enum):
    """The kinds of a detail's value; what each becomes in JSON."""

    ID = "id"  # integer, 0 or more
    COUNT = "count"  # integer, 0 or more
    AMOUNT = "amount"  # integer minor units, either sign; the currency is a code of its own
    CODE = "code"  # a word of a vocabulary
    FLAG = "flag"  # true or false
    DATE = "date"  # datetime.date → "2026-01-31"
    MOMENT = "moment"  # aware datetime → ISO 8601
    DIGEST = "digest"  # hexadecimal text of a hash
    IDS = "ids"  # at most 50 ids
    CODES = "codes"  # at most 50 codes, kept sorted


ID, COUNT, AMOUNT, CODE, FLAG = Kind.ID, Kind.COUNT, Kind.AMOUNT, Kind.CODE, Kind.FLAG
DATE, MOMENT, DIGEST, IDS, CODES = Kind.DATE, Kind.MOMENT, Kind.DIGEST, Kind.IDS, Kind.CODES


@dataclass(frozen=True)
class EventType:
    """A type of event. `subject`: whether it is about one person. Every key of `details` may be left out."""

    key: str
    subject: SubjectRule
    details: Mapping[str, Kind]

    def check(self, details: Mapping[str, Any]) -> dict[str, Any]:
        """The details as JSON values. Raises `EventRefusedError` for an unknown key or a value of another kind."""
        checked = {}
        for name, value in details.items():
            kind = self.details.get(name)
            if kind is None:
                raise EventRefusedError("event-key", f"{self.key} has no detail {name}")
            checked[name] = _value(kind, value, f"{self.key}: {name}")
        return checked


TYPES: dict[str, EventType] = {}


def event_type(key: str, *, subject: SubjectRule = "optional", **details: Kind) -> EventType:
    """Declare a type, once. `key` is `thing.past_participle`."""
    if not _TYPE.match(key) or len(key) > 60:
        raise EventRefusedError("event-type", "an event type is named thing.happened in lower case")
    made = EventType(key, subject, details)
    if TYPES.setdefault(key, made) != made:
        raise EventRefusedError("event-type-twice", f"{key} is declared twice, differently")
    return TYPES[key]


def _value(kind: Kind, value: Any, where: str) -> Any:  # noqa: PLR0911 (one return a kind)
    match kind:
        case Kind.ID | Kind.COUNT if type(value) is int and 0 <= value <= _LARGEST:
            return value
        case Kind.AMOUNT if type(value) is int and abs(value) <= _LARGEST:
            return value
        case Kind.FLAG if type(value) is bool:
            return value
        case Kind.CODE if isinstance(value, str) and _CODE.match(value):
            return str(value)
        case Kind.DIGEST if isinstance(value, str) and _DIGEST.match(value):
            return value
        case Kind.DATE if type(value) is date:
            return value.isoformat()
        case Kind.MOMENT if isinstance(value, datetime) and value.tzinfo is not None:
            return value.isoformat()
        case Kind.IDS if isinstance(value, list | tuple | set | frozenset) and len(value) <= _MOST:
            return [_value(Kind.ID, item, where) for item in value]
        case Kind.CODES if isinstance(value, list | tuple | set | frozenset) and len(value) <= _MOST:
            return sorted(_value(Kind.CODE, item, where) for item in value)
    raise EventRefusedError("event-value", f"{where} must be of kind {kind.value}")
