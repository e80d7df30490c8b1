"""The record of processing of each controller, from its declaration (H15)."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.declaration.test_statement_complete import FILES
from tests.declaration.wrong import FIXTURE, edited
from tillit.declaration.loader import load
from tillit.declaration.record import HINTS, as_csv, hints, record
from tillit.faces.cli.main import run


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_h15_every_controller_has_a_record_of_every_activity(path: Path):
    declaration, _ = load(path)
    for language in declaration.controller.languages:
        made = record(declaration, language)
        assert [entry.activity for entry in made.entries] == [item.key for item in declaration.activities]
        assert all(entry.purpose and entry.grounds and entry.people and entry.security for entry in made.entries)
        rows = list(csv.reader(io.StringIO(as_csv(made, language)), delimiter=";"))
        assert len(rows) == 1 + len(declaration.activities)
        assert {len(row) for row in rows} == {12}


def test_h15_the_record_says_what_article_30_asks():
    declaration, _ = load(FIXTURE)
    made = record(declaration, "nb")
    assert (made.controller, made.organisation_number) == ("Liten Forening", "310000019")
    assert made.privacy_adviser[1] == "personvern@litenforening.example"
    claims = next(entry for entry in made.entries if entry.activity == "insurance_claims")
    assert claims.recipients == ("Tryggstad Forsikring",)
    assert "Utbetalte forsikringskrav" in claims.categories
    service = next(entry for entry in made.entries if entry.activity == "customer_service")
    assert "Telefonopptak: slettes 3 måneder etter at opptaket ble gjort" in service.limits
    assert service.processors == ("Drift og Vel", "Skyhall")
    assert service.transfers == ("Skyhall, USA: EUs standardvilkår (artikkel 46)",)
    assert "Vi overvåker innlogginger" in service.security  # not published, but in the controller's own record


def test_h15_hints_for_an_impact_assessment_follow_from_what_is_declared(tmp_path: Path):
    declaration, _ = load(FIXTURE)
    service = declaration.activity("customer_service")
    assert list(hints(declaration, service)) == ["outside_eea"]
    found = {hint for path in FILES for d in [load(path)[0]] for a in d.activities for hint in hints(d, a)}
    assert found == set(HINTS)


def test_h15_a_formula_in_a_declaration_is_text_in_the_spreadsheet(tmp_path: Path):
    path = edited(tmp_path, ("purpose: {nb: Sende nyhetsbrev", "purpose: {nb: '=1+1'"))
    assert ";'=1+1;" in as_csv(record(load(path)[0], "nb"), "nb")


def test_h15_the_command_prints_it(capsys: pytest.CaptureFixture[str]):
    assert run(["declare", "record", str(FIXTURE)]) == 0
    assert capsys.readouterr().out.startswith("Behandling;Navn;Formål;")
    assert run(["declare", "record", str(FIXTURE), "--lang", "en", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["entries"][0]["name"] == "Member register and follow-up"
