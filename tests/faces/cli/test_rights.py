"""``tillit rights`` from a terminal: a request from its reception to its answer (H8)."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.world import person, publish_examples
from tillit.faces.cli.main import run
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.contacts import record_address

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def subject(monkeypatch: pytest.MonkeyPatch) -> int:
    """A customer with an address; the command finds the test's own database ready."""
    for module in ("rights", "rights_cases"):
        monkeypatch.setattr(f"tillit.faces.cli.{module}.ready", lambda: None)
    fjordlys = publish_examples("power")["fjordlys"]
    found = person(fjordlys, "customer", given="Kari", family="Nordmann")
    with Scope(system("test", {fjordlys.pk}), "customer_administration") as scope:
        record_address(
            scope=scope,
            register_id=fjordlys.register_id,
            subject_id=found,
            controller_id=fjordlys.pk,
            kind="email",
            text="kari@post.example",
            source="data_subject",
            at=clock.now(),
        )
    return found


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["rights", *arguments]) == 0, capsys.readouterr()
    return capsys.readouterr().out


def received(capsys: pytest.CaptureFixture[str], right: str, *more: str) -> str:
    text = said(capsys, "receive", right, "--controller", "fjordlys", "--email", "kari@post.example", *more)
    return text.split()[1].rstrip(":")


def test_h8_a_request_is_received_listed_verified_and_carried_out(capsys: pytest.CaptureFixture[str]) -> None:
    number = received(capsys, "access", "--channel", "post")
    (row,) = json.loads(said(capsys, "list", "--json"))
    assert (str(row["id"]), row["right"], row["late"], row["days_left"] in (27, 28, 29, 30)) == (
        number,
        "access",
        False,
        True,
    )
    assert number in said(capsys, "list")
    assert run(["rights", "carry-out", number, "--yes"]) == 1
    assert "identity" in capsys.readouterr().err
    said(capsys, "verify", number, "--how", "signed_letter")
    assert "closed, carried_out" in said(capsys, "carry-out", number, "--yes")
    assert said(capsys, "list").strip() == "no such requests"
    text = said(capsys, "show", number, "--lang", "en")
    assert "Name and customer details: 2 records in the copy." in text
    assert "Datatilsynet" in text
    assert "Nordmann" not in text


def test_h8_late_requests_are_marked(capsys: pytest.CaptureFixture[str]) -> None:
    received(capsys, "erasure", "--ground", "unlawful")
    with clock.travel(clock.now() + timedelta(days=33)):
        assert "late by" in said(capsys, "list", "--show", "late")
        (row,) = json.loads(said(capsys, "list", "--show", "late", "--json"))
    assert row["late"] is True
    assert row["days_left"] < 0


def test_h2_facts_are_corrected(capsys: pytest.CaptureFixture[str]) -> None:
    number = received(capsys, "rectification", "--verified", "call_back")
    said(capsys, "carry-out", number, "--correct", "name.family=Nordvik", "--yes")
    text = json.loads(said(capsys, "show", number, "--json"))
    assert text["steps"][-1]["answer"] == ["Etternavn er rettet."]


def test_h5_h8_interim_answer_decision_refusal_and_closing(capsys: pytest.CaptureFixture[str]) -> None:
    number = received(capsys, "erasure", "--ground", "unlawful")
    until = (clock.today() + timedelta(days=50)).isoformat()
    assert f"last day {until}" in said(capsys, "extend", number, "--until", until, "--text", "Mange systemer")
    said(capsys, "refuse", number, "--reason", "unverified", "--text", "Vi vet ikke hvem du er")
    complaint = received(capsys, "complaint", "--verified", "call_back")
    assert "not_upheld" in said(capsys, "decide", complaint, "--refused", "--text", "Svaret ble sendt")
    other = received(capsys, "access")
    assert "taken_back" in said(capsys, "close", other, "--text", "På telefon")
    restriction = received(capsys, "restriction", "--ground", "accuracy", "--verified", "call_back")
    assert "in_force" in said(capsys, "carry-out", restriction, "--yes")
    assert "closed" in said(capsys, "lift", restriction, "--text", "Kontrollert")


def test_h8_everything_of_a_request_is_written_for_its_reader_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    number = received(capsys, "erasure", "--ground", "unlawful")
    target = tmp_path / "case.json"
    said(capsys, "show", number, "--out", str(target))
    assert target.stat().st_mode & 0o777 == 0o600
    content: dict[str, Any] = json.loads(target.read_text("utf-8"))
    assert content["stated"] == {"right": "erasure", "ground": "unlawful"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "--show", "everything"],
        ["list", "--controller", "nobody"],
        ["show", "1"],
        ["receive", "access", "--controller", "fjordlys", "--email", "nobody@post.example"],
        ["receive", "access", "--controller", "nobody", "--email", "kari@post.example"],
    ],
)
def test_what_is_not_there_is_one_line_and_exit_code_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["rights", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1
