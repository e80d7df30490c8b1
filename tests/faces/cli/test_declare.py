"""``tillit declare``: check, publish, compare and render, each fault one line with file and line (A2–A4)."""

import io
from pathlib import Path

import pypdf
import pytest

from tests.declaration.wrong import FIXTURE, edited, line_of
from tillit.declaration import registry
from tillit.declaration.models import DeclarationVersion
from tillit.faces.cli.main import run

Captured = pytest.CaptureFixture[str]
LONGER = ("clock: relationship_ended\n    period: P3M", "clock: relationship_ended\n    period: P6M")
LATER = ("effective: 2026-09-01", "effective: 2036-10-10")


def test_a2_check_says_accepted_and_what_is_odd(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    for table in [name for name, held in registry.PERSONAL.items() if "paid_claim" in held.categories]:
        monkeypatch.delitem(registry.PERSONAL, table)
    assert run(["declare", "check", str(FIXTURE)]) == 0
    printed = capsys.readouterr()
    assert f"{FIXTURE}: accepted" in printed.out
    assert "no table holds 'paid_claim' yet" in printed.out
    assert printed.err == ""
    assert run(["declare", "check", "--no-system", "--no-notices", str(FIXTURE)]) == 0
    assert capsys.readouterr().out == f"{FIXTURE}: accepted\n"


def test_a2_check_refuses_each_fault_on_a_line_of_its_own(tmp_path: Path, capsys: Captured) -> None:
    path = edited(tmp_path, ("clock: sent", "clock: moon_phase"), ("consent_age: 15", "consent_age: 12"))
    assert run(["declare", "check", str(path), str(FIXTURE)]) == 2
    printed = capsys.readouterr()
    told = printed.err.splitlines()
    assert told[0].startswith(f"{path}:{line_of(path, 'moon_phase')}: unknown clock event 'moon_phase'")
    assert told[1].startswith(f"{path}:{line_of(path, 'consent_age: 12')}: ")
    assert len(told) == 2
    assert f"{path}: accepted" not in printed.out
    assert f"{FIXTURE}: accepted" in printed.out


def test_a2_check_asks_the_running_system(tmp_path: Path, capsys: Captured) -> None:
    path = edited(tmp_path, ("clock: fiscal_year_end(purchased)", "clock: fiscal_year_end(held)"))
    assert run(["declare", "check", "--no-system", str(path)]) == 0
    assert run(["declare", "check", str(path)]) == 2
    assert f"{path}:{line_of(path, 'fiscal_year_end(held)')}: no table of 'purchase'" in capsys.readouterr().err


def test_a2_a_file_that_is_not_there_is_one_line(capsys: Captured) -> None:
    assert run(["declare", "check", "/nowhere/x.yaml"]) == 2
    assert capsys.readouterr().err.splitlines() == ["/nowhere/x.yaml:0: there is no such file [no-file]"]


@pytest.mark.django_db
def test_a4_publish_then_compare_and_render_by_name(tmp_path: Path, capsys: Captured) -> None:
    assert run(["declare", "publish", str(FIXTURE)]) == 0
    assert "liten_forening: version 1, in force from 2026-09-01, not material" in capsys.readouterr().out
    assert run(["declare", "publish", str(FIXTURE)]) == 0
    assert "version 1" in capsys.readouterr().out
    assert run(["declare", "publish", str(edited(tmp_path, LONGER))]) == 2
    assert "notice-too-short" in capsys.readouterr().err
    assert run(["declare", "publish", str(edited(tmp_path, LONGER, LATER))]) == 0
    assert "version 2, in force from 2036-10-10, material" in capsys.readouterr().out
    assert DeclarationVersion.objects.count() == 2

    assert run(["declare", "diff", "liten_forening@1", "liten_forening@2"]) == 0
    assert "Før: 3 måneder\nEtter: 6 måneder" in capsys.readouterr().out
    assert run(["declare", "diff", str(FIXTURE), str(FIXTURE), "--lang", "en"]) == 0
    assert "There are no differences." in capsys.readouterr().out

    page = tmp_path / "statement.html"
    assert run(["declare", "statement", "liten_forening", "--format", "html", "--out", str(page)]) == 0
    assert "Personvernerklæring for Liten Forening" in page.read_text(encoding="utf-8")
    assert run(["declare", "statement", "liten_forening@7"]) == 1
    assert "there is no version 7" in capsys.readouterr().err
    assert run(["declare", "statement", "nobody"]) == 2
    assert "neither a file nor a controller" in capsys.readouterr().err


@pytest.mark.parametrize("language", ["nb", "en"])
def test_a3_statement_of_a_file_as_text_html_and_pdf(tmp_path: Path, language: str, capsys: Captured) -> None:
    for form in ("text", "html", "pdf"):
        to = tmp_path / f"statement.{form}"
        given = ["declare", "statement", str(FIXTURE), "--lang", language, "--format", form, "--out", str(to)]
        assert run(given) == 0
    title = {"nb": "Personvernerklæring for Liten Forening", "en": "Privacy statement of Liten Forening"}[language]
    assert (tmp_path / "statement.text").read_text(encoding="utf-8").startswith(title)
    assert f"<h1>{title}</h1>" in (tmp_path / "statement.html").read_text(encoding="utf-8")
    reader = pypdf.PdfReader(io.BytesIO((tmp_path / "statement.pdf").read_bytes()))
    assert reader.metadata.title == title
    cookies = tmp_path / "cookies.txt"
    assert run(["declare", "statement", str(FIXTURE), "--cookies", "--out", str(cookies)]) == 0
    assert "Holder deg innlogget" in cookies.read_text(encoding="utf-8")
    capsys.readouterr()
    assert run(["declare", "statement", str(FIXTURE), "--format", "word"]) == 2
    assert "html, pdf or text" in capsys.readouterr().err
    assert run(["declare", "statement", str(FIXTURE), "--lang", "xx"]) == 1
    assert "no statement texts in 'xx'" in capsys.readouterr().err
