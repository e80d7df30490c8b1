"""`tillit benefits`: frames begin and end at the command line."""

import pytest

from tests.support.world import publish_examples
from tillit.benefits.models import Frame
from tillit.faces.cli.main import run

pytestmark = pytest.mark.django_db


def test_b5_a_union_ends_what_it_lets_a_supplier_do(capsys: pytest.CaptureFixture[str]) -> None:
    publish_examples("union_benefits")
    where = ["fjellduft", "--union", "lyngheim"]
    assert run(["benefits", "supplier", "--key", "fjellduft", "--name", "Fjellduft Hoteller"]) == 0
    assert run(["benefits", "frame", *where, "--recipient", "fjellduft_hoteller", "--from", "2026-01-01"]) == 0
    assert Frame.objects.get().ends is None
    assert run(["benefits", "end-frame", *where, "--on", "2099-01-01"]) == 0
    assert str(Frame.objects.get().ends) == "2099-01-01"
    assert run(["benefits", "end-frame", *where]) == 2
    assert "has no frame" in capsys.readouterr().err
