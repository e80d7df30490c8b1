"""`tillit campaigns`: sets counted, campaigns followed and stopped from a shell (F3)."""

import json

import pytest

from tests.outreach.test_campaigns import approved, member
from tests.support.world import publish_examples
from tillit.faces.cli import main
from tillit.outreach.campaigns import running

pytestmark = pytest.mark.django_db


def test_f3_sets_are_counted_and_campaigns_followed_paused_and_cancelled(capsys: pytest.CaptureFixture[str]) -> None:
    club = publish_examples("bonus")["rundtur"]

    def said(*words: str) -> str:
        with pytest.raises(SystemExit) as done:
            main(["campaigns", *words])
        assert done.value.code == 0
        return capsys.readouterr().out

    assert "no campaigns yet" in said("list", "--controller", "rundtur")
    asked = ("size", "--controller", "rundtur", "--activity", "marketing", "--channel", "email", "--json")
    member(club, "Kari")
    member(club, "Ola", yes=False)
    few = {"picked": None, "reached": None, "left_out": {"no-consent": None}}
    assert json.loads(said(*asked)) == few, "below the minimum group nobody learns how many"
    for number in range(9):
        member(club, f"Kaia{number}")
        member(club, f"Odd{number}", yes=False)
    assert json.loads(said(*asked)) == {"picked": 20, "reached": 10, "left_out": {"no-consent": 10}}
    campaign = approved(club, per_hour=60)
    running.start(campaign=campaign)
    number = str(campaign.pk)
    assert "paused" in said("pause", number)
    assert running.run_everywhere() == 0
    assert "sending" in said("resume", number)
    assert json.loads(said("show", number, "--json"))["waiting"] == 10
    assert "cancelled" in said("cancel", number)
    assert json.loads(said("list", "--controller", "rundtur", "--json"))["campaigns"][0]["status"] == "cancelled"
    assert "cancelled" in said("show", number)
