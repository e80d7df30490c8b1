"""``tillit cookies scan`` where it cannot be made (tests/browser/test_cookies.py makes it)."""

import sys

import pytest

from tillit.declaration.models import Controller
from tillit.faces.cli.main import run

pytestmark = pytest.mark.django_db
Captured = pytest.CaptureFixture[str]
SCAN = ["cookies", "scan", "http://127.0.0.1:9/", "--controller", "rundtur"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["cookies", "scan", "http://127.0.0.1:9/", "--controller", "nobody"], "no controller 'nobody'"),
        ([*SCAN, "--format", "pdf"], "'pdf' is no form"),
        ([*SCAN, "--lang", "fr"], "en, nb"),
        (["cookies", "scan", "ftp://127.0.0.1/", "--controller", "rundtur"], "is no address of a site"),
    ],
)
def test_g1_a_scan_that_makes_no_sense_is_refused(
    controllers: dict[str, Controller], capsys: Captured, arguments: list[str], said: str
) -> None:
    assert run(arguments) == 2
    assert said in capsys.readouterr().err


def test_g1_a_scan_without_its_extra_or_a_browser_says_what_is_missing(
    controllers: dict[str, Controller], capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TILLIT_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    assert run(SCAN) == 2
    assert "no Chromium on this machine" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "playwright.async_api", None)
    assert run(SCAN) == 2
    assert "pip install 'tillit[scan]'" in capsys.readouterr().err
