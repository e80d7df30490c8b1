"""The queue of refunds on the console and on the command line (C8)."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.faces.test_staff import at_work, hire
from tests.journeys.intake_world import NOW, World, bought, build
from tillit.faces.cli.main import run
from tillit.kernel import clock
from tillit.purchases.models import UnmatchedRefund

pytestmark = pytest.mark.django_db
PATH = "/staff/nordkai/refunds/"
AS = ["--controller", "nordkai", "--as", "siv@arbeid.example"]


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with clock.travel(NOW):
        yield build()


def test_c8_staff_settle_and_dismiss_refunds_on_their_page(world: World) -> None:
    subject = world.member(1)
    world.take_in([bought(1, product="Laks", receipt="K-1", time="2026-03-01T10:00:00Z"), bought(2, amount="-60")])
    clerk = at_work(hire(world.controllers["nordkai"]))
    page = clerk.get(PATH, headers={"Accept-Language": "nb"}).text
    assert "Laks" in page
    number = re.search(r'name="refund" value="(\d+)"', page)
    chosen = re.search(r'name="purchase" value="([0-9a-f-]{36})"', page)
    assert number is not None
    assert chosen is not None
    decision = {"act": "settle", "refund": number.group(1)}
    assert clerk.post(PATH, decision).status_code == 422
    assert clerk.post(PATH, {**decision, "purchase": "1"}).status_code == 422
    assert clerk.post(PATH, {**decision, "refund": "x"}).status_code == 404
    assert world.balances(subject) == {"lot": 100}
    assert clerk.post(PATH, {**decision, "purchase": chosen.group(1)}).status_code == 302
    assert world.balances(subject) == {"lot": 40}
    late = clerk.post(PATH, {**decision, "purchase": chosen.group(1)}, headers={"Accept-Language": "nb"})
    assert (late.status_code, "i mellomtiden" in late.text) == (422, True)
    world.take_in([bought(3, amount="-5")])
    with world.scope():
        waiting = UnmatchedRefund.objects.get(settled_at=None).id
    assert clerk.post(PATH, {"act": "dismiss", "refund": waiting, "reason": "not_found"}).status_code == 302
    assert "Ingen returer venter" in clerk.get(PATH, headers={"Accept-Language": "nb"}).text
    reception = at_work(hire(world.controllers["nordkai"], "reception", "Rita Mottak"))
    assert reception.get(PATH).status_code == 404


def test_c8_staff_settle_and_dismiss_refunds_by_command(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    subject = world.member(1)
    world.take_in([bought(1, time="2026-03-01T10:00:00Z"), bought(2, amount="-60"), bought(3, amount="-7")])
    hire(world.controllers["nordkai"])
    assert run(["bonus", "refunds", "list", *AS]) == 0
    assert "2 refunds wait" in capsys.readouterr().out
    assert run(["bonus", "refunds", "list", "--json", *AS]) == 0
    told = json.loads(capsys.readouterr().out)
    first, second = sorted(told["refunds"], key=lambda one: one["amount"])
    assert (told["waiting"], first["amount"], second["amount"]) == (2, -6000, -700)
    settle = ["bonus", "refunds", "settle", str(first["id"]), *AS]
    assert run(settle) == 2
    assert run([*settle, "--line", "T9"]) == 2
    assert run([*settle, "--purchase", first["candidates"][0]["purchase_id"]]) == 0
    dismiss = ["bonus", "refunds", "dismiss", str(second["id"]), *AS, "--reason"]
    assert run([*dismiss, "because"]) == 2
    assert run([*dismiss, "earned_nothing"]) == 0
    assert world.balances(subject) == {"lot": 40}
    assert run([*settle[:3], "1", *AS, "--line", "T1"]) == 2
