"""A type lets ids, codes, counts and dates through and nothing else."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillit.audit import events, types
from tillit.audit.errors import EventRefusedError
from tillit.audit.types import TYPES, Kind, event_type

ALL = event_type("test.everything", **{kind.value: kind for kind in Kind})
GOOD: dict[str, Any] = {
    "id": 2**62,
    "count": 0,
    "amount": -250_00,
    "code": "population_register",
    "flag": True,
    "date": date(2026, 1, 31),
    "moment": datetime(2026, 1, 31, 12, tzinfo=UTC),
    "digest": "0f" * 32,
    "ids": [3, 1],
    "codes": {"identity", "contact"},
}


def test_each_kind_takes_its_own() -> None:
    assert set(GOOD) == {kind.value for kind in Kind}
    assert ALL.check(GOOD) == {
        **GOOD,
        "date": "2026-01-31",
        "moment": "2026-01-31T12:00:00+00:00",
        "codes": ["contact", "identity"],
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", -1),
        ("id", True),
        ("id", "17"),
        ("id", 1.0),
        ("id", 2**63),
        ("count", -1),
        ("amount", 1.5),
        ("flag", 1),
        ("code", "Kari Nordmann"),
        ("code", "kari@post.example"),
        ("code", "ref-12345"),
        ("code", ""),
        ("code", "x" * 65),
        ("code", "linje\n"),
        ("date", datetime(2026, 1, 31, tzinfo=UTC)),
        ("moment", datetime(2026, 1, 31, 12)),
        ("digest", "not-hex"),
        ("ids", [1, "2"]),
        ("ids", list(range(51))),
        ("ids", 7),
        ("codes", ["fine", "not fine"]),
        ("codes", "fine"),
        ("code", None),
    ],
)
def test_a9_a_value_of_another_kind_is_refused_and_not_repeated(key: str, value: Any) -> None:
    with pytest.raises(EventRefusedError) as refusal:
        ALL.check({key: value})
    assert refusal.value.code == "event-value"
    assert str(value) not in str(refusal.value).replace(key, "") or len(str(value)) < 2


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(EventRefusedError) as refusal:
        events.PERSON_READ.check({"comment": "enquiry"})
    assert refusal.value.code == "event-key"


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1), st.sampled_from(sorted(GOOD)))
def test_no_text_with_a_blank_passes_as_anything(text: str, key: str) -> None:
    with pytest.raises(EventRefusedError):
        ALL.check({key: f"{text} {text}"})


def test_a_type_is_declared_once() -> None:
    assert event_type("test.twice", count=types.COUNT) is event_type("test.twice", count=types.COUNT)
    with pytest.raises(EventRefusedError):
        event_type("test.twice", count=types.CODE)
    with pytest.raises(EventRefusedError):
        event_type("Free text")


def test_every_type_of_the_common_list_is_registered_under_its_key() -> None:
    common = {value.key: value for value in vars(events).values() if isinstance(value, types.EventType)}
    assert len(common) > 30
    assert {key: TYPES[key] for key in common} == common
