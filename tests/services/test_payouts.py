"""Payouts to bank accounts (D7, D8): by two, in one file each, on record, to the øre until the bank says what
became."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from tests.bonus.test_camt import entry, statement
from tests.conftest import TestDatabase
from tests.faces.test_staff import at_work, hire
from tests.services.paying import ACCOUNT, NOW, Payer, balanced
from tests.services.payouts_world import (
    ELSEWHERE,
    beginning,
    of,
    refund,
    report,
    state,
    transfers,
    two,
)
from tests.support.commands import tillit
from tillit.audit.models import Event
from tillit.files import pain
from tillit.journeys import payments_in, payout_reports, payouts
from tillit.kernel import clock
from tillit.kernel.identifiers import account_number
from tillit.kernel.scope import ScopeError, system
from tillit.messages.models import Message
from tillit.parties.actors import staff_actor
from tillit.services import payouts as low
from tillit.services.accounts import CREDIT, PAYOUTS
from tillit.services.errors import PaymentError
from tillit.services.payout_models import Payout, PayoutFile, PayoutRun


@pytest.fixture
def payer(fresh_db: TestDatabase) -> Iterator[Payer]:
    with clock.travel(NOW):
        yield beginning()


def test_d8_a_payout_goes_by_two_into_one_file_and_what_the_bank_says_counts_once(payer: Payer) -> None:
    made = [refund(payer, amount) for amount in (12_345, 20_000, 700)]
    assert payer.stands(PAYOUTS) == 33_045
    balanced(payer)
    one, two = (hire(payer.controller, role="finance", name=who) for who in ("Fia Finans", "Odd Økonomi"))
    desk, colleague = at_work(one), at_work(two)
    here = "/staff/trygghavn/payouts/"
    page = desk.get(here, headers={"Accept-Language": "en"}).text
    assert "NOK\xa0123.45" in page
    assert ELSEWHERE not in page
    assert at_work(hire(payer.controller, role="auditor", name="Rune Revisor")).get(here).status_code == 404
    english = {"Accept-Language": "en"}
    assert desk.post(here, {"act": "propose"}, headers=english).status_code == 422
    chosen = {"act": "propose", "payout": [made[0].id, made[1].id]}
    assert desk.post(here, chosen).status_code == 302
    assert desk.post(here, chosen, headers=english).status_code == 422, "they are in a file already"
    own = desk.post(here, {"act": "approve", "run": "1"}, headers=english)
    assert (own.status_code, "Another than who proposed" in own.text) == (422, True)
    assert desk.post(f"{here}1/").status_code == 302, "nothing to fetch before it is approved"
    assert not PayoutFile.objects.exists()
    assert colleague.post(here, {"act": "approve", "run": "1"}).status_code == 302
    assert colleague.post(here, {"act": "approve", "run": "1"}).status_code == 422
    body = desk.post(f"{here}1/").content
    assert transfers(body) == {
        made[0].reference: (ELSEWHERE, Decimal("123.45")),
        made[1].reference: (ELSEWHERE, Decimal("200.00")),
    }
    assert colleague.post(f"{here}1/").content == body
    assert ELSEWHERE.encode() not in bytes(PayoutFile.objects.get().sealed)
    with payer.scope("security_log"):
        opened = Event.objects.filter(type="payout_account.opened").count()
        assert (opened, Event.objects.filter(type="disclosure.made").count()) == (2, 2)
    run = PayoutRun.objects.get()
    assert (run.made_by == run.approved_by, run.count, run.amount) == (False, 2, 32_345)

    number = payouts.message_id(run)
    told = report(number, (made[0].reference, "ACSC", ""), (made[1].reference, "RJCT", "AC01"), ("RF00X", "ACSC", ""))
    take: dict[str, Any] = {
        "actor": staff_actor(staff=one, controller=payer.controller),
        "controller": payer.controller,
    }
    assert payout_reports.take_report(**take, body=told) == payout_reports.Told(1, 1, 1)
    assert payout_reports.take_report(**take, body=told) == payout_reports.Told(0, 0, 1)
    assert (of(payer, made[0]).payout_state, of(payer, made[1]).payout_state) == ("paid", "refused")
    assert (of(payer, made[1]).reason, payer.stands(PAYOUTS)) == ("AC01", 20_700)
    with payer.scope("payouts"):
        assert Message.objects.filter(template="payout_refused").count() == 1
    debit = statement(entry(made[0].reference, "123.45", bank="D1", sign="DBIT"))
    back = statement(entry(made[0].reference, "123.45", bank="D2"))
    for file in (debit, debit, back, back):
        payments_in.take_in(actor=payer.actor, controller=payer.controller, body=file)
    assert of(payer, made[0]).payout_state == "refused", "it came back"
    assert payer.stands(PAYOUTS) == 33_045

    again = {"act": "again", "payout": made[0].id}
    assert desk.post(here, {**again, "account": "123"}).status_code == 422
    assert desk.post(here, {**again, "account": ACCOUNT}).status_code == 302
    assert desk.post(here, {**again, "account": ACCOUNT}).status_code == 422, "once"
    assert desk.post(here, {"act": "cancel", "payout": made[1].id}).status_code == 302
    assert payer.stands(CREDIT) == 20_000
    balanced(payer)
    with payer.scope("payouts"):
        waiting = list(Payout.objects.filter(payout_state="waiting").order_by("amount"))
    assert [one.amount for one in waiting] == [700, 12_345]
    ids = [str(one.id) for one in waiting]
    third = at_work(hire(payer.controller, role="finance", name="Tre Tredje"))
    own = desk.post(here, {"act": "propose", "payout": ids}, headers=english)
    assert (own.status_code, "who gave the account number" in own.text) == (422, True)
    colleague.post(here, {"act": "propose", "payout": ids})
    colleague.post(here, {"act": "drop", "run": "2"})
    colleague.post(here, {"act": "propose", "payout": ids})
    assert desk.post(here, {"act": "approve", "run": "3"}, headers=english).status_code == 422, "it gave the account"
    assert "1 to another account" in third.get(here, headers=english).text
    assert third.post(here, {"act": "approve", "run": "3"}).status_code == 302
    second = transfers(desk.post(f"{here}3/").content)
    assert second == {
        waiting[0].reference: (ELSEWHERE, Decimal("7.00")),
        waiting[1].reference: (ACCOUNT, Decimal("123.45")),
    }
    assert payout_reports.take_report(
        **take, body=report(payouts.message_id(PayoutRun.objects.get(number=3)), group="RJCT")
    ) == payout_reports.Told(0, 2, 0)
    assert state() == "kept"


def test_d8_who_takes_a_payout_back_while_another_puts_it_in_a_file_is_refused(
    payer: Payer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, other = refund(payer, 700), refund(payer, 800)
    clerk, boss = two(payer)
    look = low.locked

    def meanwhile(scope: Any, payout: Payout) -> Payout:
        row = look(scope, payout)
        with ThreadPoolExecutor(1) as another:
            another.submit(elsewhere).result(60)
        return row

    def elsewhere() -> None:
        with closing(connection):
            payouts.propose(**clerk, chosen=[made.id, other.id])

    with monkeypatch.context() as patch:
        patch.setattr(low, "locked", meanwhile)
        with pytest.raises(PaymentError):
            payouts.change(**clerk, payout_id=made.id, act="cancel")
    assert of(payer, made).payout_state == "proposed"
    with payer.scope("payouts"):  # as one that was taken back in spite of all
        Payout.objects.filter(id=made.id).update(payout_state="cancelled", settled_at=NOW)
    payouts.drop(**clerk, number=1)
    assert (of(payer, made).payout_state, of(payer, other).payout_state) == ("cancelled", "waiting")
    payouts.propose(**clerk, chosen=[other.id])
    with payer.scope("payouts"):
        Payout.objects.filter(id=made.id).update(run_id=PayoutRun.objects.get(number=2).pk)
    assert payouts.approve(**boss, number=2).count == 1
    assert of(payer, made).payout_state == "cancelled"


def test_d7_d8_whatever_is_killed_each_payout_is_in_one_file_and_nothing_is_opened_for_none(
    payer: Payer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [refund(payer, amount) for amount in (100, 200)]
    clerk = {"actor": system("clerk", {payer.controller.pk}), "controller": payer.controller}
    boss = clerk | {"actor": system("boss", {payer.controller.pk})}

    class Killed(BaseException):
        pass

    def dies(*_: Any, **__: Any) -> None:
        raise Killed

    def opened() -> int:
        with payer.scope("security_log"):
            return Event.objects.filter(type__in=["payout_account.opened", "disclosure.made"]).count()

    run = payouts.propose(**clerk, chosen=[one.id for one in made])
    places = [
        (payouts, "disclose"),
        (pain, "write"),
        (payouts.sealing, "seal"),
        (payouts, "_record"),
        (payouts, "sum_up"),
    ]
    for module, where in places:
        with monkeypatch.context() as patch:
            patch.setattr(module, where, dies)
            with pytest.raises(Killed):
                payouts.approve(**boss, number=run.number)
        assert (opened(), PayoutFile.objects.count(), of(payer, made[0]).payout_state) == (0, 0, "proposed")
    payouts.approve(**boss, number=run.number)
    _, body = payouts.fetch(**boss, number=run.number)
    assert set(transfers(body)) == {one.reference for one in made}
    with pytest.raises(PaymentError):
        payouts.propose(**clerk, chosen=[one.id for one in made])
    with pytest.raises(PaymentError):
        payouts.drop(**clerk, number=run.number)
    with pytest.raises(ScopeError):
        payouts.fetch(actor=system("other", {payer.controller.pk + 1}), controller=payer.controller, number=1)


def test_d8_a_payout_that_may_not_go_now_waits_on_with_the_reason(
    payer: Payer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [refund(payer, amount) for amount in (100, 200)]
    clerk = {"actor": system("clerk", {payer.controller.pk}), "controller": payer.controller}
    boss = clerk | {"actor": system("boss", {payer.controller.pk})}
    with payer.scope("payouts"):
        Payout.objects.filter(id=made[0].id).update(sealed=b"\x01" + bytes(40))
    run = payouts.propose(**clerk, chosen=[one.id for one in made])
    assert payouts.approve(**boss, number=run.number).count == 1
    assert set(transfers(payouts.fetch(**boss, number=run.number)[1])) == {made[1].reference}
    left = of(payer, made[0])
    assert (left.payout_state, bool(left.reason)) == ("waiting", True)


def test_d8_payouts_on_the_command_line(payer: Payer, fresh_db: TestDatabase, tmp_path: Any) -> None:
    def run(*arguments: str) -> Any:
        return tillit("payments", "payouts", *arguments, environment=fresh_db.environment)

    made = refund(payer, 4_200)
    one, two = (hire(payer.controller, role="finance", name=who) for who in ("Fia Finans", "Odd Økonomi"))
    where = ("--controller", "trygghavn", "--as")
    assert "1 payouts" in run("propose", *where, one.email).stdout
    assert run("approve", "1", *where, one.email).returncode == 2
    assert run("approve", "1", *where, two.email).returncode == 0
    file = tmp_path / "out.xml"
    assert run("fetch", "1", str(file), *where, two.email).returncode == 0
    assert transfers(file.read_bytes()) == {made.reference: (ELSEWHERE, Decimal("42.00"))}
    answer = tmp_path / "answer.xml"
    answer.write_bytes(report(payouts.message_id(PayoutRun.objects.get()), (made.reference, "ACSC", "")))
    assert "1 paid, 0 refused" in run("status", str(answer), *where, one.email).stdout
    assert json.loads(run("list", *where, one.email, "--json").stdout)["waiting"] == []


def test_d7_d8_payouts_that_went_twice_or_off_the_record_are_seen(payer: Payer) -> None:
    made = refund(payer, 100)
    clerk = {"actor": system("clerk", {payer.controller.pk}), "controller": payer.controller}
    run = payouts.propose(**clerk, chosen=[made.id])
    payouts.approve(**clerk | {"actor": system("boss", {payer.controller.pk})}, number=run.number)
    assert state() == "kept"
    with payer.scope("payouts"):
        Payout.objects.filter(id=made.id).update(amount=101)
    assert state() == "broken"
    with payer.scope("payouts"):
        Payout.objects.filter(id=made.id).update(amount=100)
    assert state() == "kept"
    clock.travel(NOW + timedelta(days=11))
    assert state() == "broken", "nobody has heard of it"


@given(st.lists(st.tuples(st.integers(1, 10**9), st.text(max_size=200), st.integers(0, 10**9)), min_size=1, max_size=9))
def test_d8_any_names_and_sums_give_a_file_that_the_schema_takes(rows: list[tuple[int, str, int]]) -> None:
    order = pain.Order("7-1-20260302", NOW, "Trygg & <Havn>", ACCOUNT, NOW.date())
    numbers = [f"1503{serial:06d}" for serial in range(len(rows) * 2)]
    valid = [n + str(d) for n in numbers for d in range(10) if account_number.is_valid(n + str(d))]
    given_ = [
        pain.Transfer(f"RF{place:02d}X", amount, "NOK", text, valid[place % len(valid)], text)
        for place, (amount, text, _) in enumerate(rows)
    ]
    body = pain.write(order, given_)
    assert transfers(body) == {one.reference: (one.account, Decimal(one.amount).scaleb(-2)) for one in given_}
    assert body == pain.write(order, given_[::-1])
    assert not re.search(rb"[\x00-\x08]", body)
    with pytest.raises(pain.StatusRefusedError):
        pain.read_status(body)
