"""docs/formats.md and the schema of members say what the reader reads."""

import json
import re

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tillit.kernel.identifiers import national_number, national_numbers
from tillit.kernel.identifiers.errors import IdentifierError
from tillit.membership.reading.columns import COLUMNS
from tillit.membership.reading.schema import schema
from tillit.platform import paths


def test_b1_the_documents_name_every_column() -> None:
    text = (paths.root() / "docs" / "formats.md").read_text("utf-8")
    part = text[text.index("## A union's members") : text.index("## A club taken over")]
    rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    assert re.findall(r"`(\w+)`", " ".join(rows)) == list(COLUMNS)
    needed = [line.split("|")[1] for line in part.splitlines() if re.match(r"\| `.*?\| yes \|", line)]
    assert set(re.findall(r"`(\w+)`", " ".join(needed))) == {name for name, one in COLUMNS.items() if one.required}


def test_b1_the_schema_is_the_readers() -> None:
    kept = json.loads((paths.root() / "docs" / "formats" / "member.schema.json").read_text("utf-8"))
    assert kept == schema()


_TEXTS = st.one_of(st.none(), st.text("0123456789 .-x", max_size=13), st.from_regex(r"\A[0-9]{11}\Z"))


@given(st.lists(_TEXTS, max_size=40))
def test_numbers_by_the_column_are_read_as_one_by_one(values: list[str | None]) -> None:
    made = [_completed(one) for one in values]
    read = national_numbers.read(pl.Series(made, dtype=pl.String), year=2026)
    for text, value, fault, born, gender in zip(made, read.text, read.fault, read.born, read.gender, strict=True):
        if text is None:
            assert (value, fault, born) == (None, None, None)
            continue
        try:
            expected = national_number.normalise(text)
        except IdentifierError as error:
            expected_fault = error.code
        else:
            expected_fault = None
        assert fault == expected_fault
        if expected_fault is not None:
            assert value is None
            continue
        facts = national_number.facts(text)
        assert value == expected
        # A date that has not come is no date of birth: the reader's own check of dates refuses it.
        if facts.birth_date is not None:
            assert (born, gender) == (facts.birth_date, facts.gender)


def _completed(text: str | None) -> str | None:
    """With its own check digits where it could have some, so that valid numbers are tried, too."""
    if text is None or not re.fullmatch("[0-9]{11}", text):
        return text
    digits = national_number.check_digits(text[:9])
    return text if digits is None or int(text[9]) % 3 == 0 else text[:9] + digits
