"""`tillit staff reset-factor`: by a colleague who may, named, on record."""

from datetime import date
from typing import Any

import pytest

from tests.support.world import publish_examples
from tillit.faces.cli.main import run
from tillit.parties import factors, staff
from tillit.parties.models import StaffMember


@pytest.fixture
def siv(db: Any) -> StaffMember:
    where = publish_examples("bonus")["rundtur"]
    for name, role in (("siv", "customer_service"), ("ida", "it_operations"), ("mia", "marketing")):
        staff.add(
            email=f"{name}@arbeid.example",
            name=name.title(),
            controller=where,
            role=role,
            confidentiality=date(2026, 1, 1),
        )
    found = StaffMember.objects.select_related("login").get(email="siv@arbeid.example")
    factors.make_recovery_codes(login=found.login)
    return found


@pytest.mark.parametrize(
    ("by", "controller", "says"),
    [
        ("nobody@arbeid.example", "rundtur", "nobody at work"),
        ("mia@arbeid.example", "rundtur", "administrator, it_operations, privacy_adviser"),
        ("siv@arbeid.example", "rundtur", "nobody resets their own"),
        ("ida@arbeid.example", "nowhere", "no controller"),
    ],
)
def test_a9_who_may_not_reset_a_factor_is_told_why(
    siv: StaffMember, by: str, controller: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["staff", "reset-factor", siv.email, "--by", by, "--controller", controller]) == 2
    assert says in " ".join(capsys.readouterr().err.split())
    assert factors.of(login_id=siv.login_id).recovery_left == 10


def test_a9_a_colleague_resets_a_factor_from_the_command_line(
    siv: StaffMember, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["staff", "reset-factor", siv.email, "--by", "ida@arbeid.example", "--controller", "rundtur"]) == 0
    assert capsys.readouterr().out.strip() == f"staff {siv.pk}: recovery_code reset"
    assert factors.of(login_id=siv.login_id).recovery_left == 0
