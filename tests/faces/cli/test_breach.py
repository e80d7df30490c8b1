"""``tillit breach`` and ``tillit disclosures``, register to closed case, as an adviser types them (H12, H13, A8)."""

import json
from pathlib import Path

import pytest

from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.disclosure import notices
from tillit.disclosure.models import What
from tillit.disclosure.operations import disclose
from tillit.faces.cli.main import run
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.privacy.models import Breach

pytestmark = pytest.mark.django_db
Captured = pytest.CaptureFixture[str]
OF = ["--controller", "trygghavn"]


@pytest.fixture
def house() -> Controller:
    return publish_examples("loyalty_services")["trygghavn"]


def test_h12_a_breach_goes_from_register_to_closed(house: Controller, capsys: Captured, tmp_path: Path) -> None:
    kari = person(house, "customer", given="Kari")
    known = clock.now().astimezone().strftime("%Y-%m-%d")
    words = ["--what", "En fil lå åpent", "--category", "contact", "--nature", "confidentiality", "--crime"]
    assert run(["breach", "register", *OF, *words, "--known", known]) == 0
    out = capsys.readouterr().out
    reference = out.split()[0]
    assert "hours left" in out
    assert "to do: assess, police" in out
    assert run(["breach", "affect", reference, *OF, "--subject", str(kari)]) == 0
    assert run(["breach", "assess", reference, *OF, "--risk", "high", "--persons", "1", "--consequences", "x"]) == 0
    assert run(["breach", "list"]) == 0
    assert "authority, people, police" in capsys.readouterr().out
    assert run(["breach", "close", reference, *OF, "--lessons", "y"]) == 1
    assert "before it is closed: authority, people, police" in capsys.readouterr().err
    pdf = tmp_path / "form.pdf"
    assert run(["breach", "form", reference, *OF, "--out", str(pdf)]) == 0
    assert pdf.read_bytes().startswith(b"%PDF")
    assert pdf.stat().st_mode & 0o077 == 0
    assert run(["breach", "authority", reference, *OF, "--number", "26/1"]) == 0
    assert run(["breach", "people", reference, *OF]) == 2
    assert run(["breach", "people", reference, *OF, "--advice", "Bytt passord"]) == 0
    assert "1 people are being told" in capsys.readouterr().out
    assert run(["breach", "police", reference, *OF, "--number", "15987654"]) == 0
    assert run(["breach", "supplier", reference, *OF, "--intrusion", "nothing"]) == 1
    assert run(["breach", "supplier", reference, *OF, "--intrusion", "phishing", "--text", "Falsk side"]) == 0
    assert run(["breach", "close", reference, *OF, "--lessons", "Totrinn"]) == 0
    assert run(["breach", "show", reference, *OF]) == 0
    assert "closed  system:breach  Totrinn" in capsys.readouterr().out
    assert run(["breach", "list"]) == 0
    assert "nothing in the register" in capsys.readouterr().out


def test_h12_a_late_notice_asks_for_its_reason_and_a_drill_is_marked(house: Controller, capsys: Captured) -> None:
    assert run(["breach", "register", *OF, "--what", "x", "--known", "2026-01-02T08:00"]) == 0
    reference = capsys.readouterr().out.split()[0]
    assert run(["breach", "authority", reference, *OF]) == 1
    assert "say why" in capsys.readouterr().err
    assert run(["breach", "authority", reference, *OF, "--because", "Omfanget var ukjent"]) == 0
    assert run(["breach", "drill", *OF]) == 0
    assert "drill" in capsys.readouterr().out
    assert Breach.objects.filter(drill=True).count() == 1
    assert run(["breach", "register", *OF, "--what", "x", "--suspected", "--source", "anomaly"]) == 0
    suspicion = capsys.readouterr().out.split()[0]
    assert run(["breach", "confirm", suspicion, *OF]) == 0
    assert run(["breach", "show", "1999-001", *OF]) == 1


def test_h13_a8_what_left_is_listed_and_recipients_are_told(house: Controller, capsys: Captured) -> None:
    kari = person(house, "customer", given="Kari")
    assert run(["disclosures", "list", *OF]) == 0
    assert "nothing left" in capsys.readouterr().out
    with Scope(system("test", {house.pk}), "card_blocking") as scope:
        disclose(
            scope=scope,
            subject_id=kari,
            controller_id=house.pk,
            recipient="card_issuer",
            fields={"name": "Kari"},
            party="kortbank",
            at=clock.now(),
        )
    with Scope(system("test", {house.pk}), "rights_requests") as scope:
        (notice,) = notices.owe(scope=scope, subject_id=kari, what=What.RECTIFIED, at=clock.now())
    assert run(["disclosures", "list", *OF, "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)["disclosures"]
    assert (row["recipient"], row["party"], row["people"]) == ("card_issuer", "kortbank", 1)
    assert run(["disclosures", "person", str(kari), *OF]) == 0
    assert "card_issuer" in capsys.readouterr().out
    assert run(["disclosures", "owed", *OF]) == 0
    assert str(notice.id) in capsys.readouterr().out
    how = ["disclosures", "told", str(notice.id), *OF, "--subject", str(kari), "--how"]
    assert run([*how, "pigeon"]) == 2
    assert run([*how, "phone"]) == 0
    assert run([*how, "phone"]) == 2
    capsys.readouterr()
    assert run(["disclosures", "owed", *OF]) == 0
    assert "everyone has been told" in capsys.readouterr().out
    assert run(["disclosures", "processors", *OF]) == 0
    assert "Brevdue Utsending" in capsys.readouterr().out
