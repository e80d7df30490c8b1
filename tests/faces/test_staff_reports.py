"""The page of a chain's figures (C15): own chains only, charts with tables beside, files that balance."""

from collections.abc import Iterator

import pytest
from django.test import Client

from tests.bonus.conftest import NOW, Y28, World, build
from tests.bonus.test_corrections import correct
from tests.bonus.test_use import use
from tests.faces.test_staff import at_work, hire
from tillit.faces.cli.main import run
from tillit.journeys.settlement import settle
from tillit.kernel import clock

pytestmark = pytest.mark.django_db
PAGE = "/staff/nordkai/reports/"


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with clock.travel(NOW):
        made = build()
        member = made.member()
        made.earn(member, 14_00, expires=Y28)
        use(made, member, 3_00)
        correct(made, member, -5_00)
        yield made


def test_c15_the_owner_sees_tables_charts_and_files_of_own_chains_only(world: World) -> None:
    owner = at_work(hire(world.controllers["nordkai"], role="club_owner"))
    page = owner.get(PAGE).text
    assert "Kjeden nordkai" in page
    assert "Kjeden skogheim" not in page
    assert "14,00" in page
    assert "6,00" in page
    for which in ("moves", "liability"):
        drawn = owner.get(f"{PAGE}nordkai-kjede/chart/{which}.svg")
        assert drawn["Content-Type"] == "image/svg+xml"
        assert drawn.content.startswith(b"<svg")
    assert owner.get(f"{PAGE}nordkai-kjede/csv/").content.decode("utf-8-sig").count("nordkai-kjede") == 12
    assert owner.get(f"{PAGE}nordkai-kjede/xlsx/").content.startswith(b"PK")
    for path in ("skogheim-kjede/csv/", "skogheim-kjede/chart/moves.svg", "nordkai-kjede/chart/x.svg"):
        assert owner.get(PAGE + path).status_code == 404
    assert owner.get("/staff/skogheim/reports/").status_code == 404
    other = at_work(hire(world.controllers["nordkai"], role="reception", name="Per Port"))
    assert other.get(PAGE).status_code == 404
    assert Client().get(PAGE).status_code == 302


def test_c15_the_settlement_balances_with_the_ledger(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with world.scope("programme_reports", club="nordkai"):
        told = settle(programme=world.programmes["nordkai"], month=NOW.date().replace(day=1)).decode()
    lines = {line.split(";")[3]: line.split(";")[4] for line in told.splitlines()[1:]}
    assert {name: lines[name] for name in ("issued", "used", "corrected", "closing", "payable", "difference")} == {
        "issued": "1400",
        "used": "300",
        "corrected": "-500",
        "closing": "600",
        "payable": "300",
        "difference": "0",
    }
    assert run(["bonus", "settlement", "--chain", "nordkai-kjede", "--month", "2026-05"]) == 0
    assert capsys.readouterr().out.replace("\r", "") == told.replace("\r", "")


def test_c15_the_operator_sees_every_club_and_a_club_its_own_only(world: World) -> None:
    owner = at_work(hire(world.controllers["rundtur"], role="club_owner", name="Olav Operatør"))
    assert "/staff/rundtur/reports/all/" in owner.get("/staff/rundtur/reports/").text
    page = owner.get("/staff/rundtur/reports/all/").text
    for name in ("Kjeden nordkai", "Kjeden skogheim", "Kjeden rundtur"):
        assert name in page
    assert page.count("6,00") >= 2  # the club's, and the sum
    assert owner.get("/staff/rundtur/reports/all/chart.svg").content.startswith(b"<svg")
    told = owner.get("/staff/rundtur/reports/all/months.csv").content.decode("utf-8-sig").splitlines()
    assert len(told) == 1 + 3 * 12
    assert any(line.split(";")[1:3] == ["nordkai-kjede", "2026-05"] for line in told)
    assert (
        at_work(hire(world.controllers["nordkai"], role="club_owner", name="Nina Eier"))
        .get("/staff/nordkai/reports/all/")
        .status_code
        == 404
    )
