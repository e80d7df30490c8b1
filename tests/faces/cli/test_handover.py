"""``tillit handover`` at the two ends of a hand-over to another installation (A10)."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.faces.cli.main import run
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import staff
from tillit.parties.models import Relationship
from tillit.privacy.models import Handover, HandoverExpected

pytestmark = pytest.mark.django_db
Captured = pytest.CaptureFixture[str]
GIVER = ["trygghavn", "--staff", "vern@trygghavn.example"]
RECEIVER = ["fjordlys", "--staff", "vern@fjordlys.example"]


def adviser(controller: Controller) -> None:
    staff.add(
        email=f"vern@{controller.key}.example",
        name="Vera",
        controller=controller,
        role="privacy_adviser",
        confidentiality=clock.today(),
    )


def test_a10_both_sides_confirm_each_other_from_a_terminal(capsys: Captured, tmp_path: Path) -> None:
    controllers, letter = publish_examples("loyalty_services", "power"), tmp_path / "invitation.json"
    for key in ("trygghavn", "fjordlys"):
        adviser(controllers[key])

    def said(*arguments: str, code: int = 0) -> str:
        assert run(["handover", *arguments]) == code, capsys.readouterr()
        both = capsys.readouterr()
        return both.err if code else both.out

    ours = said("fingerprint").strip()
    until = ("--until", "2099-12-31", "--out", str(letter))
    expect = ("expect", *RECEIVER, "--from", "Trygghavn AS", *until)
    assert "eight groups of four" in said(*expect, "--fingerprint", "abc", code=2)
    assert ours in said(*expect, "--fingerprint", ours.upper())
    assert letter.stat().st_mode & 0o077 == 0
    number = str(HandoverExpected.objects.get().pk)
    assert f"hand-over {number} from Trygghavn AS: until 2099-12-31, 0 arrived" in said("arrivals", *RECEIVER)
    plan = ("plan", *GIVER, "--to", "fjordlys", "--on", "2099-01-01")
    there = ("--elsewhere", "https://fjordlys.example", "--invitation", str(letter))
    assert "go together" in said(*plan, *there, code=2)
    assert "not signed by the key" in said(*plan, *there, "--fingerprint", "0000 " * 8, code=2)
    assert "https" in said(*plan, *there, "--fingerprint", ours, "--elsewhere", "http://fjordlys.example", code=2)
    assert not Handover.objects.exists()
    assert "everybody is to be told beforehand" in said(*plan, *there, "--fingerprint", ours)
    assert Handover.objects.get().address == "https://fjordlys.example"
    assert "fjordlys expects nobody by the number" in said("close", "fjordlys", "0", *RECEIVER[1:], code=2)
    assert "is closed" in said("close", "fjordlys", number, *RECEIVER[1:])
    assert "closed, 0 arrived" in said("arrivals", *RECEIVER)
    assert "is open until 2100-01-31" in said("extend", "fjordlys", number, *RECEIVER[1:], "--until", "2100-01-31")
    assert "until 2100-01-31, 0 arrived" in said("arrivals", *RECEIVER)


def test_a10_a_colleague_of_the_giver_alone_hands_people_over(capsys: Captured) -> None:
    controllers = publish_examples("loyalty_services", "power")
    kari = person(controllers["trygghavn"], "customer", given="Kari")
    adviser(controllers["trygghavn"])

    def said(*arguments: str) -> str:
        assert run(["handover", *arguments]) == 0, capsys.readouterr()
        return capsys.readouterr().out

    day = clock.today() + timedelta(days=60)
    said("plan", *GIVER, "--to", "fjordlys", "--on", day.isoformat())
    assert "called off" in said("cancel", *GIVER)
    said("plan", *GIVER, "--to", "fjordlys", "--on", day.isoformat())
    assert "1 on Min side" in said("announce", *GIVER)
    with clock.travel(day):
        assert "done, 1 moved, 0 stayed" in said("carry-out", *GIVER, "--yes")
        assert "done, 1 moved, 0 stayed" in said("list", *GIVER)
    with Scope(system("test", {controllers["fjordlys"].pk}), "retention"):
        assert Relationship.objects.exclude(subject_id=kari).filter(kind="customer", ended=None).count() == 1
