"""The record of processing of each controller, from its declaration (H15)."""

import csv
import io
import json
from pathlib import Path
from typing import get_args

import openpyxl
import pytest
import yaml

from tests.declaration.test_statement_complete import FILES
from tests.declaration.wrong import FIXTURE, edited
from tillit.declaration.loader import load
from tillit.declaration.record import HINTS, as_csv, hints, record
from tillit.declaration.record_documents import as_html, as_xlsx
from tillit.declaration.record_interchange import as_dpv, as_fides, names
from tillit.declaration.schema import Transfer
from tillit.declaration.vocabulary import vocabulary
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


def test_h15_the_command_writes_every_form(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path):
    assert run(["declare", "record", str(FIXTURE)]) == 0
    assert capfdbinary.readouterr().out.decode().startswith("Behandling;Navn;Formål;")
    assert run(["declare", "record", str(FIXTURE), "--lang", "en", "--format", "json"]) == 0
    assert json.loads(capfdbinary.readouterr().out)["entries"][0]["name"] == "Member register and follow-up"
    starts = {"html": b"<!doctype html>", "xlsx": b"PK", "jsonld": b"{", "fides": b"organization:"}
    for form, start in starts.items():
        assert run(["declare", "record", str(FIXTURE), "--format", form, "--to", str(tmp_path / form)]) == 0
        assert (tmp_path / form).read_bytes().startswith(start)
    assert run(["declare", "record", str(FIXTURE), "--format", "pdf"]) == 2


def test_h15_the_page_escapes_and_the_workbook_holds_text_only(tmp_path: Path):
    path = edited(tmp_path, ("purpose: {nb: Sende nyhetsbrev", "purpose: {nb: '=1+1<script>'"))
    made = record(load(path)[0], "nb")
    page = as_html(made, "nb")
    assert "=1+1&lt;script&gt;" in page
    assert "<script" not in page
    assert '<html lang="nb">' in page
    book = openpyxl.load_workbook(io.BytesIO(as_xlsx(made, "nb")))
    assert book.sheetnames == ["Behandlingsansvarlig", "Behandling"]
    cells = [cell for row in book["Behandling"].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert any(cell.value == "=1+1<script>" for cell in cells)
    assert book["Behandling"].max_row == 1 + len(made.entries)


def test_h15_every_word_of_ours_has_a_name_elsewhere():
    words = vocabulary()
    for kind in ("categories", "activities", "relationships", "grounds"):
        assert set(names()[kind]) == set(getattr(words, kind))
    grounds = get_args(Transfer.model_fields["ground"].annotation)
    assert set(names()["transfers"]) == set(grounds)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_h15_other_tools_get_every_activity_ground_and_period(path: Path):
    declaration, _ = load(path)
    nodes = {node["@id"]: node for node in as_dpv(declaration)["@graph"]}
    processes = [node for node in nodes.values() if node["@type"] == "dpv:Process"]
    assert len(processes) == len(declaration.activities)
    assert sum(len(node["dpv:hasLegalBasis"]) for node in processes) == sum(
        len(a.basis) for a in declaration.activities
    )
    assert sum(len(node["dpv:hasStorageCondition"]) for node in processes) == len(declaration.retention)
    for node in processes:
        for link in ("dpv:hasPersonalData", "dpv:hasRecipient", "dpv:hasDataProcessor"):
            assert all(one["@id"] in nodes for one in node[link]), "nothing points outside the document"
    (system,) = yaml.safe_load(as_fides(declaration))["system"]
    assert len(system["privacy_declarations"]) == sum(len(a.basis) for a in declaration.activities)
    assert all(one["data_categories"] or one["data_use"] for one in system["privacy_declarations"])
