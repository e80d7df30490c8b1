"""``tillit bonus``, ``tillit retain`` and ``tillit rights`` on a small world."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from tests.bonus.conftest import Y27, Y28, World, world  # noqa: F401 (a fixture)
from tillit.faces.cli.main import run
from tillit.journeys.leave import leave
from tillit.kernel import clock
from tillit.parties.models import Subject
from tillit.privacy.models import RetentionRun

Captured = pytest.CaptureFixture[str]


def test_c7_expire_rehearses_then_expires_and_finds_nothing_more(world: World, capsys: Captured) -> None:  # noqa: F811
    world.earn(world.member(), 123_45, expires=Y27)
    assert run(["bonus", "expire", "--dry-run", "--on", "2027-01-01"]) == 0
    assert "NOK 123.45" in capsys.readouterr().out.replace("\xa0", " ")
    assert run(["bonus", "expire", "--on", "2027-01-01"]) == 2
    assert "a day to come is for --dry-run" in capsys.readouterr().err
    with clock.travel(Y27):
        for expected in ("NOK 123.45", "NOK 0.00"):
            assert run(["bonus", "expire"]) == 0
            line = next(one for one in capsys.readouterr().out.splitlines() if "Kjeden nordkai" in one)
            assert line.replace("\xa0", " ").endswith(expected)


def test_c15_report_prints_the_month_and_json_says_the_same(world: World, capsys: Captured) -> None:  # noqa: F811
    world.earn(world.member(), 500, expires=Y28)
    assert run(["bonus", "report", "--controller", "nordkai", "--month", "2026-05"]) == 0
    shown = capsys.readouterr().out.replace("\xa0", " ")
    assert "Kjeden nordkai, 2026-05" in shown
    assert "fewer members than the minimum group" in shown
    assert run(["bonus", "report", "--controller", "nordkai", "--month", "2026-05", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["issued"], one["closing"], one["sales"]["total"]) == (500, 500, None)
    assert run(["bonus", "report", "--controller", "nordkai"]) == 0
    assert "2026-04" in capsys.readouterr().out
    assert run(["bonus", "report", "--controller", "nordkai", "--month", "May"]) == 2
    assert run(["bonus", "report", "--controller", "nobody"]) == 2


def test_h10_retain_counts_then_disposes_and_never_ahead_of_time(world: World, capsys: Captured) -> None:  # noqa: F811
    subject = world.member(given="Kari", email="kari@post.example")
    leave(subject_id=subject, controller_id=world.controllers["nordkai"].pk, at=clock.now())
    with clock.travel(clock.now() + timedelta(days=1)):
        assert run(["retain", "--dry-run"]) == 0
        assert "rows that would go" in capsys.readouterr().out
        assert Subject.objects.filter(pk=subject).exists()
        assert run(["retain"]) == 0
        assert "parties_fact" in capsys.readouterr().out
        assert run(["retain"]) == 0
        assert "nothing was due" in capsys.readouterr().out
    before = RetentionRun.objects.count()
    assert run(["retain", "--at", "2090-01-01"]) == 2
    assert "a day to come is for --dry-run" in capsys.readouterr().err
    assert RetentionRun.objects.count() == before


def test_h1_access_writes_everything_for_its_reader_alone(
    world: World,  # noqa: F811
    capsys: Captured,
    tmp_path: Path,
) -> None:
    subject = world.member(given="Kari", email="kari@post.example")
    world.earn(subject, 700)
    to = tmp_path / "answer.zip"
    assert run(["rights", "access", str(subject), "--out", str(to)]) == 0
    assert to.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(to) as archive:
        answer = json.loads(archive.read("data.json"))
        assert "data.pdf" in archive.namelist()
    assert {"identity", "bonus", "relationship"} <= {part["category"] for part in answer["data"]}
    assert run(["rights", "access", "--email", "nobody@post.example", "--controller", "nordkai"]) == 2
    assert run(["rights", "access"]) == 2
    assert run(["rights", "access", "--email", "x@post.example", "--controller", "nobody"]) == 2
    assert "nobody@" not in capsys.readouterr().err


def test_h3_erase_tells_each_item_and_needs_a_yes(
    world: World,  # noqa: F811
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    subject = world.member(given="Kari", email="kari@post.example")
    leave(subject_id=subject, controller_id=world.controllers["nordkai"].pk, at=clock.now())
    assert run(["rights", "erase", str(subject), "--ground", "whim", "--yes"]) == 2
    assert run(["rights", "erase", str(subject)]) == 130  # nobody there to say yes
    capsys.readouterr()
    assert run(["rights", "erase", str(subject), "--yes"]) == 0
    told = capsys.readouterr().out
    assert "Navn og kundeopplysninger: 1 opplysninger er slettet." in told
    assert "Sikkerhetskopier" in told
