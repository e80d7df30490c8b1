"""docs/formats.md is true: its tables are the reader's, its examples are read, its schema is the API model's."""

import json
import re
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from tests.purchases.reading import CARD, chunks, references
from tillit.platform import paths
from tillit.purchases.reading.checking import check
from tillit.purchases.reading.columns import COLUMNS, MEANS
from tillit.purchases.reading.reasons import REASONS, message
from tillit.purchases.reading.references import References
from tillit.purchases.reading.single import PurchaseRow, chunk_of, digest_of

PAGE = (paths.root() / "docs" / "formats.md").read_text(encoding="utf-8").partition("\n## Purchases\n")[2]
PAGE = PAGE.partition("\n## ")[0]
SCHEMA = paths.root() / "docs" / "formats" / "purchase.schema.json"


def shop() -> References:
    """The chain of the page's examples."""
    known = references()
    rows = [("fjellmat", number, 10, "NOK", 100 + n, 2) for n, number in enumerate(["12", "nett"])]
    return replace(
        known,
        stores=pl.DataFrame(rows, schema=known.stores.schema, orient="row"),
        groups=pl.DataFrame([(10, "kaffe", 1)], schema=known.groups.schema, orient="row"),
    )


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.S)


def table(first: str) -> list[list[str]]:
    rows = PAGE.partition(f"| {first} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_the_table_of_columns_is_the_readers() -> None:
    alternatives = {name for means in MEANS for name in means}
    told = {row[0].strip("`"): (row[1], row[2]) for row in table("column")}
    assert told == {
        name: ("yes" if c.required else "one of these" if name in alternatives else "no", str(c.longest))
        for name, c in COLUMNS.items()
    }


def test_the_table_of_reasons_is_complete_in_both_languages() -> None:
    assert [(row[0].strip("`"), row[1]) for row in table("reason")] == [(code, message(code)) for code in REASONS]
    for reason in REASONS.values():
        assert reason.nb != reason.en
        assert max(map(len, reason)) <= 200


@pytest.mark.parametrize("example", blocks("csv"), ids=["cards", "web-shop"])
def test_every_csv_example_is_read(example: str) -> None:
    (chunk,) = chunks(example.encode())
    found = check(chunk, shop())
    assert not chunk.rejects
    assert not found.rejects
    assert len(found.purchases) == example.count("\n") - 1


def test_the_times_and_amounts_named_in_the_table_are_read() -> None:
    forms = {row[0].strip("`"): re.findall(r"`([^`]+)`", row[3]) for row in table("column")}
    common = {"id": "1", "chain": "fjellmat", "store": "12", "card": CARD}
    rows = [common | {"time": time, "amount": "1"} for time in forms["time"]]
    rows += [common | {"time": forms["time"][0], "amount": amount} for amount in forms["amount"]]
    found = check(chunk_of(rows), shop())
    assert not found.rejects
    assert len(found.purchases) == len(rows) == 5


def test_the_json_example_is_a_purchase() -> None:
    (example,) = blocks("json")
    row = PurchaseRow.model_validate_json(example)
    found = check(chunk_of([row.model_dump()]), shop())
    assert not found.rejects
    assert found.purchases.amount.tolist() == [12990]
    assert CARD not in repr(row)


def test_the_schema_is_the_models() -> None:
    assert list(PurchaseRow.model_fields) == list(COLUMNS)
    fresh = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | PurchaseRow.model_json_schema()
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == fresh
    assert set(fresh["required"]) == {name for name, column in COLUMNS.items() if column.required}


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 129.9},
        {"amount": "1e309"},
        {"amount": "NaN"},
        {"time": "2026-03-02T12:30:00"},
        {"id": ""},
        {"payment": "barter"},
        {"name": "Kari"},
        {"product": "x" * 121},
    ],
)
def test_json_that_is_no_purchase_is_refused_without_being_shown(changes: dict[str, Any]) -> None:
    row = {"id": "1", "time": "2026-03-02T12:30:00Z", "chain": "c1", "store": "1", "amount": "1", "card": CARD}
    PurchaseRow.model_validate(row)
    with pytest.raises(ValidationError) as refused:
        PurchaseRow.model_validate(row | changes)
    assert CARD not in str(refused.value)


def test_rows_given_twice_have_one_digest() -> None:
    one = {"id": "1", "amount": "2", "card": None}
    assert digest_of([one], key=b"k") == digest_of([{"amount": "2", "id": "1"}], key=b"k")
    assert digest_of([one], key=b"k") != digest_of([{"amount": "2", "id": "2"}], key=b"k")
    assert digest_of([one], key=b"k") != digest_of([one], key=b"another")
