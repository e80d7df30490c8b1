"""What a hostile reader of the code would look for, held by the code itself (H18)."""

import ast
import re
import re._constants as codes  # the standard library's own parser of patterns
import re._parser as parser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tillit.kernel.csv_text import inert
from tillit.platform import paths

CODE = sorted((paths.root() / "tillit").rglob("*.py"))

# Patterns with a repeat inside a repeat, each of which can be read in one way only: place → why.
UNAMBIGUOUS = {
    "tillit/audit/types.py": "parts begin behind a full stop, which no part holds",
    "tillit/declaration/checking/limits.py": "parts begin behind a full stop, which no part holds",
    "tillit/kernel/identifiers/email.py": "parts begin behind a full stop, which no part holds",
    "tillit/outreach/tips/operations.py": "each round begins with a digit, which what follows it does not hold",
    "tillit/purchases/reading/contacts.py": "read by polars, whose engine does not go back",
}
# Files for spreadsheets without a cell that anybody typed: place → what stands in them.
NOTHING_TYPED = {
    "tillit/faces/cli/retain.py": "keys, names of tables, counts",
    "tillit/faces/member_web/vouchers.py": "times, kinds of account, amounts",
    "tillit/faces/staff_web/operator_report.py": "keys of chains, months, amounts",
    "tillit/faces/staff_web/settlements.py": "keys of chains, months, payment references, amounts",
    "tillit/journeys/demo/power.py": "made by the demonstration to be read in",
    "tillit/journeys/enquiries/reading.py": "numbers, codes, times",
    "tillit/journeys/settlement.py": "keys of chains, months, amounts",
    "tillit/services/bookkeeping.py": "numbers, times, keys of accounts",
}
ELSEWHERE = {"tillit/benefits/catalogue_file.py": "an apostrophe of its own, which reading the file takes off again"}


def _patterns() -> Iterator[tuple[Path, str | bytes]]:
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="re")), args=[ast.Constant(value=str() | bytes() as said), *_]
                ):
                    yield path, said


def _repeats_within(tree: Any, *, inside: bool = False) -> bool:
    """Whether a repeat without bound, or with a large one, stands inside another."""
    for code, given in tree:
        parts, large = [], False
        if code in {codes.MAX_REPEAT, codes.MIN_REPEAT}:
            parts, large = [given[2]], given[1] > 20
        elif code is codes.SUBPATTERN:
            parts = [given[3]]
        elif code is codes.BRANCH:
            parts = given[1]
        elif code in {codes.ASSERT, codes.ASSERT_NOT}:
            parts = [given[1]]
        if (large and inside) or any(_repeats_within(part, inside=inside or large) for part in parts):
            return True
    return False


def _place(path: Path) -> str:
    return str(path.relative_to(paths.root()))


def test_h18_no_pattern_can_be_made_to_take_for_ever() -> None:
    assert _repeats_within(parser.parse(r"(a+)+b"))
    assert not _repeats_within(parser.parse(r"(a|b)+c*"))
    found = {_place(path) for path, said in _patterns() if _repeats_within(parser.parse(said))}
    assert found == UNAMBIGUOUS.keys()


def test_h18_every_file_for_spreadsheets_has_cells_that_no_sheet_runs() -> None:
    writers = {_place(path): path.read_text(encoding="utf-8") for path in CODE}
    writers = {place: text for place, text in writers.items() if re.search(r"csv\.(writer|DictWriter)\(", text)}
    assert len(writers) > 10
    bare = {place for place, text in writers.items() if "inert" not in text and "/bench/" not in place}
    assert bare == NOTHING_TYPED.keys() | ELSEWHERE.keys()


def test_h18_a_cell_that_a_sheet_would_run_is_text() -> None:
    for formula in ("=1+1", "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＠x"):
        assert inert(formula) == f"'{formula}", repr(formula)
    for plain in ("", "Kari", "-12,50", "+47 412 34 567", "2026-03-01", "a=b", "'=1"):
        assert inert(plain) == plain


def test_h18_workbooks_are_written_without_formulas_and_addresses() -> None:
    for path in CODE:
        text = path.read_text(encoding="utf-8")
        if "xlsxwriter.Workbook(" in text:
            assert '"strings_to_formulas": False' in text, path
            assert '"strings_to_urls": False' in text, path


def test_h18_xml_is_parsed_by_what_refuses_entities() -> None:
    parsing = re.compile(r"(?<!defused)xml\.(etree\.\w+|sax|dom\.\w+|parsers\.expat)(?: import ([\w, ]+))?")
    harmless = {"Element", "ParseError", "SubElement", "tostring", "indent", "register_namespace"}
    for path in CODE:
        for module, names in parsing.findall(path.read_text(encoding="utf-8")):
            assert names, f"{path}: import names of {module} one by one"
            assert {name.strip() for name in names.split(",")} <= harmless, path


def test_h18_nothing_is_unpickled_evaluated_or_run_by_a_shell() -> None:
    forbidden = re.compile(
        r"\b(pickle|marshal|shelve)\b\.?|\byaml\.(unsafe|full)_|yaml\.load\((?!.*SafeLoader)|shell=True|(?<![.\w])(eval|exec)\("
    )
    found = [
        (_place(path), one.group()) for path in CODE for one in forbidden.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []
