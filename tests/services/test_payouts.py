"""Payouts to bank accounts (D7, D8): by two, in one file each, on record, to the øre until the bank says what
became."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from tests.bonus.test_camt import entry, statement
from tests.conftest import TestDatabase
from tests.faces.test_staff import at_work, hire
from tests.services.test_payments import ACCOUNT, NOW, Payer, balanced
from tests.support.commands import tillit
from tests.support.world import person, publish_examples
from tillit.audit.models import Event
from tillit.declaration.registry import AFTER_RESTORE
from tillit.files import pain
from tillit.journeys import payment_desk, payments, payments_in, payouts
from tillit.kernel import clock
from tillit.kernel.identifiers import account_number
from tillit.kernel.scope import ScopeError, system
from tillit.kernel.sql import load
from tillit.messages.models import Message
from tillit.parties.actors import staff_actor
from tillit.privacy.prove.run import prove
from tillit.services import payouts as low
from tillit.services import terms
from tillit.services.accounts import CREDIT, PAYOUTS
from tillit.services.errors import PaymentError
from tillit.services.payout_models import Payout, PayoutFile, PayoutRun

ELSEWHERE = "15032080119"
# pain.001.001.09, as its schema orders what is used of it: element → its children, in order.
ORDER = {
    "Document": ["CstmrCdtTrfInitn"],
    "CstmrCdtTrfInitn": ["GrpHdr", "PmtInf"],
    "GrpHdr": ["MsgId", "CreDtTm", "NbOfTxs", "CtrlSum", "InitgPty"],
    "PmtInf": [
        *("PmtInfId", "PmtMtd", "BtchBookg", "NbOfTxs", "CtrlSum", "ReqdExctnDt", "Dbtr", "DbtrAcct", "DbtrAgt"),
        "CdtTrfTxInf",
    ],
    "CdtTrfTxInf": ["PmtId", "Amt", "Cdtr", "CdtrAcct", "RmtInf"],
    "PmtId": ["InstrId", "EndToEndId"],
    "DbtrAcct": ["Id", "Ccy"],
}
TEXT = {"MsgId": 35, "PmtInfId": 35, "InstrId": 35, "EndToEndId": 35, "Nm": 140, "Ustrd": 140, "Id": 34}


def name(one: Element) -> str:
    return str(one.tag).rpartition("}")[2]


def transfers(body: bytes) -> dict[str, tuple[str, Decimal]]:
    """End-to-end id → (account, amount) of a pain.001; fails on what its schema would not take. The oracle."""
    root = fromstring(body)
    assert root.tag == "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}Document"
    found: dict[str, tuple[str, Decimal]] = {}
    for one in root.iter():
        children = [name(each) for each in one]
        if name(one) in ORDER:
            ranks = [ORDER[name(one)].index(each) for each in children]
            assert ranks == sorted(ranks)
            assert set(ORDER[name(one)]) == set(children)
        if not children and name(one) in TEXT:
            assert 0 < len(one.text or "") <= TEXT[name(one)]
        if name(one) == "IBAN":
            digits = "".join(str(int(sign, 36)) for sign in (one.text or "")[4:] + (one.text or "")[:4])
            assert int(digits) % 97 == 1
        if name(one) == "CdtTrfTxInf":
            leaf = {name(each): each for each in one.iter()}
            assert leaf["InstdAmt"].attrib == {"Ccy": "NOK"}
            key = leaf["EndToEndId"].text or ""
            assert key not in found
            found[key] = (str(leaf["IBAN"].text)[4:], Decimal(str(leaf["InstdAmt"].text)))
    for one in root.iter():
        if name(one) in {"GrpHdr", "PmtInf"}:
            leaf = {name(each): each.text for each in one}
            assert int(leaf["NbOfTxs"] or 0) == len(found)
            assert Decimal(leaf["CtrlSum"] or 0) == sum(amount for _, amount in found.values())
    return found


def report(number: str, *told: tuple[str, str, str], group: str = "") -> bytes:
    """A pain.002 that says so of single payments, or of all."""
    parts = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{one}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        f"<StsRsnInf><Rsn><Cd>{why}</Cd></Rsn></StsRsnInf></TxInfAndSts>"
        for one, status, why in told
    )
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>B</MsgId>'
        f"</GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>{number}</OrgnlMsgId>"
        f"{f'<GrpSts>{group}</GrpSts>' if group else ''}</OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>x</OrgnlPmtInfId>{parts}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
    ).encode()


@pytest.fixture
def payer(fresh_db: TestDatabase) -> Iterator[Payer]:
    with clock.travel(NOW):
        trygghavn = publish_examples("loyalty_services")["trygghavn"]
        terms.keep_terms(controller=trygghavn, starts=date(2026, 1, 1), account=ACCOUNT)
        who = person(trygghavn, "customer", given="Kari", family="Nordmann", email="kari@post.example")
        yield Payer(trygghavn, who)


def refund(payer: Payer, amount: int, to: str = ELSEWHERE) -> Payout:
    """A payment by bank of an invoice, credited and given back to an account."""
    made = payer.invoice(amount)
    file = statement(entry(made.kid, f"{amount // 100}.{amount % 100:02d}", bank=f"I{made.number}"))
    payments_in.take_in(actor=payer.actor, controller=payer.controller, body=file)
    here = {"actor": payer.actor, "controller": payer.controller, "subject_id": payer.subject}
    payment_desk.change_invoice(**here, invoice_id=made.id, act="credit", amount=amount)
    came = next(one for one in payer.payments() if one.invoice_id == made.id and one.amount == amount)
    payments.give_back(**here, payment_id=came.id, amount=amount, to_account=to)
    with payer.scope():
        return Payout.objects.get(amount=amount, payout_state="waiting")


def state() -> str:
    found = prove(controllers=["trygghavn"], kinds=["domains"])
    [one] = [one for one in found if one.promise.path == "activities.payouts"]
    return str(one.finding.status)


def of(payer: Payer, payout: Payout) -> Payout:
    with payer.scope("payouts"):
        return Payout.objects.get(subject_id=payout.subject_id, id=payout.id)


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
    assert payouts.take_report(**take, body=told) == payouts.Told(1, 1, 1)
    assert payouts.take_report(**take, body=told) == payouts.Told(0, 0, 1)
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
    assert payouts.take_report(
        **take, body=report(payouts.message_id(PayoutRun.objects.get(number=3)), group="RJCT")
    ) == payouts.Told(0, 2, 0)
    assert state() == "kept"


def two(payer: Payer) -> tuple[dict[str, Any], dict[str, Any]]:
    at = {"controller": payer.controller}
    return at | {"actor": system("clerk", {payer.controller.pk})}, at | {"actor": system("boss", {payer.controller.pk})}


def sent(payer: Payer, *chosen: Payout) -> PayoutRun:
    clerk, boss = two(payer)
    return payouts.approve(**boss, number=payouts.propose(**clerk, chosen=[one.id for one in chosen]).number)


def recorded(payer: Payer, *types: str) -> list[str]:
    with payer.scope("security_log"):
        return sorted(Event.objects.filter(type__in=types).values_list("type", flat=True))


def test_d8_a_debit_of_what_was_refused_stops_the_retry_and_is_seen(payer: Payer) -> None:
    clerk, boss = two(payer)
    made = refund(payer, 12_345)
    refusal = report(payouts.message_id(sent(payer, made)), (made.reference, "RJCT", "AC01"))
    payouts.take_report(**clerk, body=refusal)
    payouts.change(**clerk, payout_id=made.id, act="again", to_account=ACCOUNT)
    kinds = ("payout.retried", "payout_account.opened", "payout.cancelled", "payout.debited")
    assert recorded(payer, *kinds) == ["payout.retried", *["payout_account.opened"] * 2]
    with payer.scope("payouts"):
        retry = Payout.objects.get(payout_state="waiting")
    waiting = refund(payer, 500)
    third = boss | {"actor": system("third", {payer.controller.pk})}
    run = payouts.propose(**third, chosen=[retry.id, waiting.id])
    assert (run.count, state()) == (2, "kept")
    debit = statement(entry(made.reference, "123.45", bank="D1", sign="DBIT"))
    assert payments_in.take_in(actor=payer.actor, controller=payer.controller, body=debit).new == 1
    assert payments_in.take_in(actor=payer.actor, controller=payer.controller, body=debit).new == 0
    payouts.take_report(**clerk, body=debit)
    assert (of(payer, made).payout_state, of(payer, retry).payout_state) == ("paid", "cancelled")
    assert (payer.stands(PAYOUTS), state()) == (500, "broken")
    balanced(payer)
    run.refresh_from_db()
    assert (run.count, run.amount) == (1, 500)
    assert set(transfers(payouts.fetch(**boss, number=payouts.approve(**boss, number=run.number).number)[1])) == {
        waiting.reference
    }
    with pytest.raises(PaymentError):
        payouts.change(**clerk, payout_id=retry.id, act="again", to_account=ACCOUNT)
    assert recorded(payer, *kinds[2:]) == ["payout.debited"]
    [line] = payments_in.loose(actor=payer.actor, controller=payer.controller)
    assert line.amount == -12_345
    payments_in.see_to(actor=payer.actor, controller=payer.controller, line_id=line.pk, text="Banken meldte feil.")
    assert state() == "kept"


def test_d8_a_debit_after_the_retry_has_left_is_a_fault_and_nothing_is_tried_a_third_time(payer: Payer) -> None:
    clerk, _ = two(payer)
    made = refund(payer, 700)
    payouts.take_report(**clerk, body=report(payouts.message_id(sent(payer, made)), (made.reference, "RJCT", "AC01")))
    payouts.change(**clerk, payout_id=made.id, act="again", to_account=ELSEWHERE)
    with payer.scope("payouts"):
        retry = Payout.objects.get(payout_state="waiting")
    run = sent(payer, retry)
    payouts.take_report(**clerk, body=statement(entry(made.reference, "7.00", bank="D1", sign="DBIT")))
    assert (of(payer, retry).payout_state, state()) == ("sent", "broken")
    payouts.take_report(**clerk, body=report(payouts.message_id(run), (retry.reference, "RJCT", "AC01")))
    with pytest.raises(PaymentError):
        payouts.change(**clerk, payout_id=retry.id, act="again", to_account=ELSEWHERE)


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


def test_h11_d8_payouts_that_waited_in_a_dump_are_held_until_the_bank_has_reported(payer: Payer) -> None:
    clerk, _ = two(payer)
    gone, left = refund(payer, 700), refund(payer, 800)
    payouts.propose(**clerk, chosen=[gone.id])
    with payer.scope("payouts"), connection.cursor() as cursor:
        for module, file, name in AFTER_RESTORE:
            if file == "payouts":
                cursor.execute(load(module, file, name), {"now": clock.now()})
    with pytest.raises(PaymentError, match="waits"):
        payouts.propose(**clerk, chosen=[gone.id, left.id])
    assert PayoutRun.objects.get().state == "dropped"
    assert (
        "Held since"
        in at_work(hire(payer.controller, role="finance", name="Fia"))
        .get("/staff/trygghavn/payouts/", headers={"Accept-Language": "en"})
        .text
    )
    day = clock.today()
    for booked in (day - timedelta(days=1), day):
        with payer.scope("payouts"):
            assert Payout.objects.filter(held_at=None, payout_state="waiting").count() == 0
        debit = statement(entry(gone.reference, "7.00", bank="D1", sign="DBIT", day=str(booked)))
        payouts.take_report(**clerk, body=debit)
    assert of(payer, gone).payout_state == "paid"
    assert payouts.propose(**clerk, chosen=[gone.id, left.id]).count == 1


def test_d8_what_is_said_of_one_block_is_said_of_no_other(payer: Payer) -> None:
    clerk, _ = two(payer)
    made = refund(payer, 700)
    run = sent(payer, made)
    name = payouts.message_id(run)

    def told(*blocks: tuple[str, str]) -> bytes:
        parts = "".join(
            f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{block}</OrgnlPmtInfId><PmtInfSts>{status}</PmtInfSts></OrgnlPmtInfAndSts>"
            for block, status in blocks
        )
        return (
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><OrgnlGrpInfAndSts>'
            f"<OrgnlMsgId>{name}</OrgnlMsgId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>{parts}</CstmrPmtStsRpt></Document>"
        ).encode()

    assert payouts.take_report(**clerk, body=told((f"{name}-EUR", "RJCT"))) == payouts.Told(0, 0, 0)
    both = told((f"{name}-EUR", "RJCT"), (f"{name}-NOK", "ACSC"))
    assert payouts.take_report(**clerk, body=both) == payouts.Told(1, 0, 0)
    euro, crowns = refund(payer, 800), refund(payer, 900)
    with payer.scope("payouts"):
        Payout.objects.filter(id=euro.id).update(currency="EUR")
    with pytest.raises(PaymentError, match="one currency"):
        payouts.propose(**clerk, chosen=[euro.id, crowns.id])
    assert payouts.propose(**clerk, chosen=[crowns.id]).count == 1


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
        (payouts, "_sum"),
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
