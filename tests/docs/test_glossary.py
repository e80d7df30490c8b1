"""The glossary is whole, and its code words are words of the code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| In code"))
]


def source() -> str:
    files = [path for end in ("py", "sql", "yaml") for path in (ROOT / "tillit").rglob(f"*.{end}")]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_every_row_has_code_english_norwegian_and_meaning():
    assert len(ROWS) >= 70
    assert all(len(row) == 4 and all(row) for row in ROWS)


@pytest.mark.parametrize("column", [1, 2, 3])
def test_no_term_stands_twice(column):
    terms = [row[column].casefold() for row in ROWS]
    assert len(set(terms)) == len(terms)


def test_words_given_as_code_occur_in_the_code():
    text = source()
    words = [row[0].strip("`") for row in ROWS if row[0] != "–"]
    assert len(words) > 30
    assert [word for word in words if not re.search(rf"\b{word}s?\b", text)] == []
