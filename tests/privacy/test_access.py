"""Access: everything held, why, from where, until when, who has looked; as data, tables and a document (H1, H6)."""

import csv
import io
import json
import zipfile
from datetime import date

import pytest
from pypdf import PdfReader

from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import operations as parties
from tillit.privacy import export
from tillit.privacy.access import collect

pytestmark = pytest.mark.django_db


@pytest.fixture
def union() -> Controller:
    return publish_examples("union_benefits")["lyngheim"]


def _answer(union: Controller, subject: int, language: str = "nb") -> dict:
    return collect(actor=system("rights", [union.pk]), subject_id=subject, language=language)


def _part(answer: dict, category: str) -> dict:
    return next(part for part in answer["data"] if part["category"] == category)


def test_h1_shows_everything_with_why_source_period_and_readers(union: Controller) -> None:
    with clock.travel(date(2026, 5, 4)):
        kari, ola = person(union, given="Kari", email="kari@eksempel.example"), person(union, given="Ola")
        with Scope(system("test", [union.pk]), "membership_administration") as scope:
            parties.seal_fact(
                scope=scope,
                subject_id=kari,
                controller_id=union.pk,
                category="national_number",
                kind="national_number",
                value="01817012345",
                source="union",
                at=clock.now(),
            )
        answer = _answer(union, kari)
        again = _answer(union, kari)
    assert {part["category"] for part in answer["data"]} >= {"identity", "contact", "relationship", "national_number"}
    assert [row["value"] for row in _part(answer, "identity")["rows"]] == ["Kari"]
    assert _part(answer, "national_number")["rows"][0]["sealed"] == "01817012345"
    identity = _part(answer, "identity")
    assert identity["why"]
    assert identity["sources"]
    assert identity["kept"]
    assert identity["until"] is None
    assert "Ola" not in json.dumps(answer)
    assert str(ola) not in json.dumps(answer)
    assert [reader["what"] for reader in again["readers"]] == ["person.exported"]
    assert answer["controllers"][0]["security"]


def test_h1_a_person_who_left_sees_the_day_it_goes(union: Controller) -> None:
    with clock.travel(date(2026, 5, 4)):
        kari = person(union, given="Kari")
        with Scope(system("test", [union.pk]), "membership_administration") as scope:
            parties.end_relationship(
                scope=scope,
                subject_id=kari,
                controller_id=union.pk,
                kind="member",
                ended=date(2026, 5, 1),
                reason="left",
            )
        assert _part(_answer(union, kari), "identity")["until"] is not None


@pytest.mark.parametrize("language", ["nb", "en"])
def test_h6_files_hold_what_the_answer_holds_and_formulas_are_inert(union: Controller, language: str) -> None:
    kari = person(union, given="=HYPERLINK(1)", family="Ås")
    answer = _answer(union, kari, language)
    with zipfile.ZipFile(io.BytesIO(export.as_zip(answer))) as archive:
        names = archive.namelist()
        assert json.loads(archive.read("data.json")) == answer
        table = next(name for name in names if "identity" in name)
        rows = list(csv.DictReader(io.StringIO(archive.read(table).decode("utf-8-sig")), delimiter=";"))
        text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(archive.read("data.pdf"))).pages)
    assert {row["value"] for row in rows} == {"'=HYPERLINK(1)", "Ås"}
    assert "Ås" in text
    assert union.name in text


HOSTILE = (
    '#panic() #read("/etc/passwd") $x$ *b* _i_ `raw` @ref <label> = Heading',
    "]; #sys.exit() \\u{202e} //*/ ```",
    "\u202eevil\u202c \u200f\u2066\ufeff",
    "\x01\x07\x0b\x1b[31m\x7f\x85",
    "<script>alert(1)</script>&amp;\u2028\u2029",
    'line\r\nbreak;=1+1;"quote"',
    "=cmd|' /C calc'!A0",
    "\U0001f9d9\u0301\u0301 العربية 漢字",
    "x" * 1_000_000,
)


def test_h6_hostile_text_stays_text_in_every_form(union: Controller) -> None:
    kari = person(union, given="Kari", family="Ås")
    with Scope(system("test", [union.pk]), "membership_administration") as scope:
        for number, value in enumerate(HOSTILE):
            parties.record_fact(
                scope=scope,
                subject_id=kari,
                controller_id=union.pk,
                category="identity",
                kind=f"note.{number}",
                value=value,
                source="data_subject",
                at=clock.now(),
            )
    answer = _answer(union, kari, "en")
    csv.field_size_limit(2_000_000)
    with zipfile.ZipFile(io.BytesIO(export.as_zip(answer))) as archive:
        data = json.loads(archive.read("data.json"))
        table = next(name for name in archive.namelist() if "identity" in name)
        rows = list(csv.DictReader(io.StringIO(archive.read(table).decode("utf-8-sig"), newline=""), delimiter=";"))
        text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(archive.read("data.pdf"))).pages)
    assert {row["value"] for row in _part(data, "identity")["rows"]} == {"Kari", "Ås", *HOSTILE}
    assert {row["value"].removeprefix("'") for row in rows} == {"Kari", "Ås", *HOSTILE}
    assert not [row for row in rows if row["value"].startswith(("=", "+", "@", "\t", "\r"))]
    assert all(part in text for part in ("#panic()", "<U+202E>", "<U+0001>", "<script>"))
    assert "root:" not in text


def test_h1_nothing_held_is_an_answer_too(union: Controller) -> None:
    with Scope(system("test", [union.pk]), "membership_administration") as scope:
        nobody = parties.create_subject(scope=scope, register_id=union.register_id)
    answer = _answer(union, nobody)
    assert answer["data"] == []
    assert [controller["name"] for controller in answer["controllers"]] == [union.name]
    with zipfile.ZipFile(io.BytesIO(export.as_zip(answer))) as archive:
        assert archive.namelist() == ["data.json", "data.pdf"]
        assert union.name in "".join(p.extract_text() for p in PdfReader(io.BytesIO(archive.read("data.pdf"))).pages)
