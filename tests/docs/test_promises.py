"""docs/promises.md has every row once, names tests that exist, and calls nothing working that has none."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COUNT = {"A": 10, "B": 11, "C": 17, "D": 14, "E": 8, "F": 11, "G": 6, "H": 18}
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "promises.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| [A-H][0-9]", line)
]


def _tests() -> set[str]:
    files = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return {name for text in files for name in re.findall(r"^\s*(?:async )?def (test_\w+)\(", text, re.MULTILINE)}


def _named(row: list[str]) -> list[str]:
    return [] if row[3] == "–" else [name.strip() for name in row[3].split(",")]


def test_every_promise_has_its_row_in_order() -> None:
    assert [row[0] for row in ROWS] == [f"{part}{n}" for part, last in COUNT.items() for n in range(1, last + 1)]
    assert len(ROWS) == 95
    assert all(len(row) == 4 and all(row) for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_says_what_is_so(row: list[str]) -> None:
    promise, state, missing, _ = row
    assert state in {"works", "partly", "not yet"}
    assert (missing == "–") == (state == "works"), "what works lacks nothing, and what lacks something says so"
    assert bool(_named(row)) == (state != "not yet"), "what works in part has a test of that part"
    if state == "works":
        assert any(f"_{promise.lower()}_" in name for name in _named(row)), "a test that carries the row's id"


def test_every_complaint_has_its_test() -> None:
    text = (ROOT / "docs" / "programme.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_complaint_\w+)`", text))
    assert len(named) >= 9
    assert named == {name for name in _tests() if name.startswith("test_complaint_")}


def test_every_test_named_exists() -> None:
    known = _tests()
    assert [name for row in ROWS for name in _named(row) if name not in known] == []


def test_every_test_that_the_threat_model_names_exists() -> None:
    text = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\btest_\w+", text))
    assert len(named) > 50
    assert sorted(named - _tests()) == []
