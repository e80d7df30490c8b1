"""A declaration is refused, with file and line, when it promises what the running system cannot keep, or when the
system holds what it does not declare (A2).
"""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.declaration.test_statement_complete import FILES
from tests.declaration.wrong import FIXTURE, edited, line_of
from tillit.declaration.checking.system import System
from tillit.declaration.checks import check, check_against_system, notices, system_notices
from tillit.declaration.loader import load


def without_clock(table: str, event: str) -> System:
    """The running system with one clock of one table gone."""
    running = System.running()
    assert any(t.table == table and event in t.clocks for t in running.personal)
    personal = tuple(
        replace(t, clocks={e: c for e, c in t.clocks.items() if e != event}) if t.table == table else t
        for t in running.personal
    )
    return replace(running, personal=personal)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a2_every_example_is_accepted_alone_beside_the_others_and_by_the_running_system(path: Path):
    others = [load(other)[0] for other in path.parent.glob("[!_]*.yaml") if other.name != "coverage.yaml"]
    declaration, source = load(path)
    assert declaration in others
    assert check(declaration, source, siblings=others) == []
    assert check_against_system(declaration, source) == []
    assert {notice.code for notice in notices(declaration, source, siblings=others)} <= {"unused-recipient"}


def test_a2_a_clock_no_table_keeps_is_refused_naming_table_and_clock(tmp_path: Path):
    path = edited(tmp_path, ("clock: fiscal_year_end(purchased)", "clock: fiscal_year_end(held)"))
    found = check_against_system(*load(path))
    assert (line_of(path, "fiscal_year_end(held)"), "clock-not-kept") in [(p.line, p.code) for p in found]
    told = next(p for p in found if p.code == "clock-not-kept")
    assert "purchases_purchase" in told.message
    assert "fiscal_year_end(held)" in told.message
    assert told.file == str(path)


def test_a2_a_system_that_loses_a_clock_refuses_the_same_declaration():
    declaration, source = load(FIXTURE)
    assert check_against_system(declaration, source) == []
    found = check_against_system(declaration, source, running=without_clock("audit_event", "looked"))
    codes = {(p.line, p.code) for p in found}
    assert (line_of(FIXTURE, "clock: looked"), "clock-not-kept") in codes
    assert (line_of(FIXTURE, "- key: access_record"), "table-not-governed") in codes


def test_a2_what_the_engine_keeps_about_everybody_must_be_declared(tmp_path: Path):
    rule = FIXTURE.read_text(encoding="utf-8").split("  - key: lookups\n")[1].split("  - key:")[0]
    path = edited(
        tmp_path,
        ("  - key: access_record\n", "  - key: interest\n"),
        ("  - key: lookups\n" + rule, ""),
        ("records: [access_record]", "records: [interest]"),
    )
    found = check_against_system(*load(path))
    held = [p for p in found if p.code == "held-undeclared"]
    assert [(p.line, "access_record" in p.message) for p in held] == [(line_of(path, "categories:\n"), True)]


def test_a2_a_table_of_a_declared_category_is_under_a_rule(tmp_path: Path):
    path = edited(
        tmp_path,
        ("category: rights_case\n    clock: case_closed", "category: rights_case\n    clock: answered"),
    )
    found = check_against_system(*load(path))
    assert {(p.line, p.code) for p in found} == {(line_of(path, "- key: rights_case"), "table-not-governed")}
    assert any("consent_restriction" in p.message for p in found)
    assert not any("cases_document" in p.message for p in found), "that table keeps the clock"


def test_a2_kinds_a_table_cannot_tell_apart_are_refused(tmp_path: Path):
    path = edited(
        tmp_path,
        ("    clock: fiscal_year_end(purchased)", "    only_kinds: [online]\n    clock: fiscal_year_end(purchased)"),
    )
    found = {(p.line, p.code) for p in check_against_system(*load(path))}
    assert (line_of(path, "clock: fiscal_year_end(purchased)"), "clock-not-kept") in found


def test_a2_an_archive_nothing_can_enter_is_refused(tmp_path: Path):
    path = edited(tmp_path, ("clock: relationship_ended\n    period: P1M", "clock: held\n    period: P1M"))
    found = check_against_system(*load(path))
    assert (line_of(path, "clock: held"), "clock-not-kept") in {(p.line, p.code) for p in found}


def test_a2_a_financial_year_ends_with_a_month(tmp_path: Path):
    path = edited(tmp_path, ("end_month: 6, end_day: 30", "end_month: 6, end_day: 29"))
    found = check_against_system(*load(path))
    assert [(p.line, p.code) for p in found] == [(line_of(path, "end_month: 6"), "financial-year-inside-month")]


def test_a2_a_category_no_table_holds_yet_is_a_notice():
    declaration, source = load(FIXTURE)
    told = system_notices(declaration, source, running=replace(System.running(), personal=(), owned=()))
    assert len([n for n in told if n.code == "not-held-yet"]) == len(declaration.categories)
    assert "purchase" not in {
        n.message.split("'")[1] for n in system_notices(declaration, source) if n.code == "not-held-yet"
    }


@pytest.mark.parametrize("way", ["anonymise", "pseudonymise"])
def test_h10_a_way_of_disposal_the_table_does_not_know_is_refused(way: str):
    declaration, source = load(FIXTURE)
    running = System.running()
    assert check_against_system(declaration, source) == []
    bare = tuple(replace(t, anonymiser=None, figures="", pseudonymise=()) for t in running.personal)
    found = check_against_system(declaration, source, running=replace(running, personal=bare))
    assert (line_of(FIXTURE, f"disposal: {way}"), f"cannot-{way}") in {(n.line, n.code) for n in found}
