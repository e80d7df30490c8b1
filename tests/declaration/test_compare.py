"""Two versions side by side, in words, in each language (A3, A4)."""

from pathlib import Path

import pytest

from tests.declaration.leaves import changed, leaves, localised_language, other
from tests.declaration.test_statement_complete import JOINT
from tests.declaration.wrong import FIXTURE, edited
from tillit.declaration.difference import diff
from tillit.declaration.loader import load
from tillit.declaration.schema import Declaration
from tillit.declaration.statement.compare import comparison
from tillit.declaration.statement.html import render_html
from tillit.declaration.statement.pdf import render_pdf
from tillit.declaration.statement.text import render_text


def shown(old: Declaration, new: Declaration, language: str) -> str:
    return " ".join(render_text(comparison(old, new, diff(old, new), language, numbers=("3", "4"))).split())


def test_a4_a_longer_limit_is_shown_first_with_its_reason(tmp_path: Path):
    old, _ = load(FIXTURE)
    limit = ("clock: relationship_ended\n    period: P3M", "clock: relationship_ended\n    period: P6M")
    new, _ = load(edited(tmp_path, limit, ("nb: Her leser du", "nb: Her ser du")))
    text = shown(old, new, "nb")
    assert "Versjon 3 er sammenlignet med versjon 4" in text
    wanted = (
        "Hva: Slettefrister › Navn og kundeopplysninger (member_identity) › Frist Før: 3 måneder Etter: 6 måneder "
        "Vesentlig?: Ja: opplysninger kan bli beholdt lenger"
    )
    assert wanted in text
    assert text.index("Vesentlige endringer") < text.index("Andre endringer")
    assert "Vesentlig?: Nei: bare ordlyden" in text
    assert "Before: 3 months After: 6 months Material?: Yes: data may be kept longer" in shown(old, new, "en")
    document = comparison(old, new, diff(old, new), "nb", numbers=("3", "4"))
    assert '<th scope="col">Etter</th>' in render_html(document)
    assert render_pdf(document).startswith(b"%PDF-")


def test_a4_equal_versions_say_so():
    old, _ = load(FIXTURE)
    assert "Det er ingen forskjeller." in shown(old, old, "nb")


@pytest.mark.parametrize("language", ["nb", "en"])
def test_a4_every_possible_change_can_be_shown(tmp_path: Path, language: str):
    old, _ = load(edited(tmp_path, *JOINT))
    data = old.model_dump(mode="json", by_alias=True)
    alike, tried = [], 0
    for leaf, value, annotation in leaves(old):
        instead = other(old, leaf, value, annotation)
        if instead is None or localised_language(old, leaf) not in {None, language}:
            continue
        plain = instead if isinstance(instead, (str, int, bool)) else instead.isoformat()
        new = Declaration.model_validate(changed(data, leaf, plain))
        rows = [
            row
            for section in comparison(old, new, diff(old, new), language, numbers=("1", "2")).sections
            for inner in section.sections
            for block in inner.blocks
            for row in block.rows
        ]
        tried += 1
        if not rows or any(row[1] == row[2] for row in rows):
            alike.append((leaf, value, instead))
    assert tried > 250
    assert alike == []


def test_a4_parts_that_come_and_go_are_shown_whole():
    old, _ = load(FIXTURE)
    new = old.model_copy(update={"programme": None, "recipients": old.recipients[:1], "archives": ()})
    text = shown(old, new, "nb")
    assert "Hva: Mottakere › revisor Før: Navn: Revisjon og Regning; Slag: annen mottaker;" in text
    assert "Land: Sverige; Bare samlede tall: ja Etter: (ikke nevnt)" in text
    assert "Bonusen kan ikke tas ut i penger" in text
    assert "Etter: Navn: Revisjon og Regning" in shown(new, old, "nb")
