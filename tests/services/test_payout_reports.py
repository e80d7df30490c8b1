"""What the bank says of payouts (D7, D8): each movement once, faults seen, and what a restore holds let go."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from tests.bonus.test_camt import entry, statement
from tests.conftest import TestDatabase
from tests.faces.test_staff import at_work, hire
from tests.services.paying import ACCOUNT, NOW, Payer, balanced
from tests.services.payouts_world import ELSEWHERE, beginning, of, recorded, refund, report, sent, state, transfers, two
from tillit.declaration.registry import AFTER_RESTORE
from tillit.files import pain
from tillit.journeys import payments_in, payout_reports, payouts
from tillit.kernel import clock
from tillit.kernel.scope import system
from tillit.kernel.sql import load
from tillit.services.accounts import PAYOUTS
from tillit.services.errors import PaymentError
from tillit.services.payout_models import Payout, PayoutRun


@pytest.fixture
def payer(fresh_db: TestDatabase) -> Iterator[Payer]:
    with clock.travel(NOW):
        yield beginning()


def test_d8_a_debit_of_what_was_refused_stops_the_retry_and_is_seen(payer: Payer) -> None:
    clerk, boss = two(payer)
    made = refund(payer, 12_345)
    refusal = report(payouts.message_id(sent(payer, made)), (made.reference, "RJCT", "AC01"))
    payout_reports.take_report(**clerk, body=refusal)
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
    payout_reports.take_report(**clerk, body=debit)
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
    payout_reports.take_report(
        **clerk, body=report(payouts.message_id(sent(payer, made)), (made.reference, "RJCT", "AC01"))
    )
    payouts.change(**clerk, payout_id=made.id, act="again", to_account=ELSEWHERE)
    with payer.scope("payouts"):
        retry = Payout.objects.get(payout_state="waiting")
    run = sent(payer, retry)
    payout_reports.take_report(**clerk, body=statement(entry(made.reference, "7.00", bank="D1", sign="DBIT")))
    assert (of(payer, retry).payout_state, state()) == ("sent", "broken")
    payout_reports.take_report(**clerk, body=report(payouts.message_id(run), (retry.reference, "RJCT", "AC01")))
    with pytest.raises(PaymentError):
        payouts.change(**clerk, payout_id=retry.id, act="again", to_account=ELSEWHERE)


def test_h11_d8_payouts_that_waited_in_a_dump_are_held_until_statements_of_their_account_cover_the_time(
    payer: Payer,
) -> None:
    """Held on Monday 2 March: statements of the account must tell of every day from then to Tuesday."""
    clerk, _ = two(payer)
    gone, left = refund(payer, 700), refund(payer, 800)
    payouts.propose(**clerk, chosen=[gone.id])
    _restored(payer)
    with pytest.raises(PaymentError, match="waits"):
        payouts.propose(**clerk, chosen=[gone.id, left.id])
    assert PayoutRun.objects.get().state == "dropped"
    finance = at_work(hire(payer.controller, role="finance", name="Fia"))
    page = finance.get("/staff/trygghavn/payouts/", headers={"Accept-Language": "en"}).text
    assert "Held since" in page

    debit = entry(gone.reference, "7.00", bank="D1", sign="DBIT", day="2026-03-03")
    ours, other, whole = pain.iban(ACCOUNT), pain.iban(ELSEWHERE), "T23:59:59"
    releasing_nothing = [
        told("2026-03-02", "2026-03-03" + whole, ours, debit).replace(b"camt.053.001.08", b"camt.054.001.08"),
        statement(entry("RF00X", "1.00", day="2026-03-09")),
        told("2026-03-02", "2026-03-09" + whole, other),
        told("2026-02-01", "2026-03-01" + whole, ours),
        told("2026-03-03", "2026-03-09" + whole, ours),
    ]
    for body in releasing_nothing:
        payout_reports.take_report(**clerk, body=body)
        assert of(payer, left).held_at is not None
    assert (of(payer, gone).payout_state, of(payer, gone).held_at) == ("paid", None), "it had been sent: a fault"
    payout_reports.take_report(**clerk, body=told("2026-03-02", "2026-03-02" + whole, ours))
    assert of(payer, left).held_at is not None, "what was sent on the day itself is booked on the next"
    payments_in.take_in(
        actor=payer.actor, controller=payer.controller, body=told("2026-03-03", "2026-03-03T14:00:00", ours)
    )
    assert of(payer, left).held_at is not None, "half a day"
    payments_in.take_in(
        actor=payer.actor, controller=payer.controller, body=told("2026-03-03", "2026-03-03" + whole, ours)
    )
    assert of(payer, left).held_at is None
    assert payouts.propose(**clerk, chosen=[gone.id, left.id]).count == 1


def test_h11_d8_what_a_restore_holds_before_easter_waits_for_the_first_bank_day_after_it(payer: Payer) -> None:
    """Restored on Wednesday 1 April: what was sent that day is booked on Tuesday the 7th, and until then nothing is."""
    clerk, _ = two(payer)
    ours, whole = pain.iban(ACCOUNT), "T23:59:59"
    with clock.travel(datetime(2026, 4, 1, 12, tzinfo=UTC)):
        made = refund(payer, 700)
        _restored(payer)
        for first, last in (("2026-04-01", "2026-04-01"), ("2026-04-02", "2026-04-06")):
            payout_reports.take_report(**clerk, body=told(first, last + whole, ours))
            assert of(payer, made).held_at is not None
        payout_reports.take_report(**clerk, body=told("2026-04-07", "2026-04-07" + whole, ours))
        assert of(payer, made).held_at is None
        other = refund(payer, 800)
        _restored(payer)
        payout_reports.take_report(**clerk, body=told("2026-04-07", "2026-04-07" + whole, ours))
        assert of(payer, other).held_at is not None, "of the Wednesday nothing is told"
        for day in ("2026-04-01", "2026-04-07"):  # banks send no statement of days without bookings
            payout_reports.take_report(**clerk, body=told(day, day + whole, ours))
        assert of(payer, other).held_at is None


def test_h11_d8_two_let_go_what_a_restore_holds_where_the_bank_sends_no_statements(payer: Payer) -> None:
    """Held on Monday 2 March; what had been sent then is on the account on Tuesday."""
    clerk, other = two(payer)
    made = refund(payer, 700)
    with pytest.raises(PaymentError, match="holds"):
        payouts.change(**clerk, payout_id=made.id, act="release")
    _restored(payer)
    assert (
        "It was not sent"
        in at_work(hire(payer.controller, role="finance", name="Fia"))
        .get("/staff/trygghavn/payouts/", headers={"Accept-Language": "en"})
        .text
    )
    held = of(payer, made).held_at
    assert held is not None
    with clock.travel(held + timedelta(days=1)), pytest.raises(PaymentError, match="yet"):
        payouts.change(**clerk, payout_id=made.id, act="release")
    with clock.travel(held + timedelta(days=2)):
        for _ in range(2):
            assert not payouts.change(**clerk, payout_id=made.id, act="release")
        assert of(payer, made).held_at is not None
        _restored(payer)
    with clock.travel(held + timedelta(days=4)):
        assert not payouts.change(**other, payout_id=made.id, act="release"), "of another restore nobody said it"
        assert payouts.change(**clerk, payout_id=made.id, act="release")
        assert (of(payer, made).held_at, of(payer, made).released_by) == (None, "")
        assert recorded(payer, "payout.released") == ["payout.released"] * 3
        assert payouts.propose(**clerk, chosen=[made.id]).count == 1


def _restored(payer: Payer) -> None:
    with payer.scope("payouts"), connection.cursor() as cursor:
        for module, file, name in AFTER_RESTORE:
            if file == "payouts":
                cursor.execute(load(module, file, name), {"now": clock.now()})


def told(first: str, last: str, iban: str, *entries: str) -> bytes:
    """A statement of an account over a period."""
    period = f"<Id>S1</Id><FrToDt><FrDtTm>{first}T00:00:00</FrDtTm><ToDtTm>{last}</ToDtTm></FrToDt>"
    body = statement(*entries).decode().replace("<Id>S1</Id>", period).replace("NO9386011117947", iban)
    return body.encode()


@pytest.mark.parametrize("referenced", [True, False])
def test_d8_a_second_debit_or_return_of_a_payout_is_told_from_the_first_told_again(
    payer: Payer, referenced: bool
) -> None:
    clerk, _ = two(payer)
    made = refund(payer, 12_345)
    run = sent(payer, made)
    payout_reports.take_report(**clerk, body=report(payouts.message_id(run), (made.reference, "ACSC", "")))

    def movement(sign: str, bank: str, kind: str = "053.001.08", part: str = "S1") -> bytes:
        made_of = entry(made.reference, "123.45", sign=sign, bank=bank)
        body = statement(
            made_of if referenced else made_of.replace(f"<AcctSvcrRef>{bank}</AcctSvcrRef>", ""), kind=kind
        )
        return body.replace(b"<Id>S1</Id>", f"<Id>{part if referenced else bank}</Id>".encode())

    def taken(body: bytes) -> None:
        payout_reports.take_report(**clerk, body=body)
        payments_in.take_in(actor=payer.actor, controller=payer.controller, body=body)

    def loose() -> list[int]:
        return [one.amount for one in payments_in.loose(actor=payer.actor, controller=payer.controller)]

    for body in (movement("DBIT", "D1"), movement("DBIT", "D1"), movement("DBIT", "D1", "054.001.02", "N1")):
        taken(body)
    assert (of(payer, made).payout_state, loose(), state()) == ("paid", [], "kept")
    for _ in range(2):
        taken(movement("DBIT", "D2"))
    assert (loose(), state()) == ([-12_345], "broken"), "it was paid twice"
    assert recorded(payer, "payout.debited") == ["payout.debited"]
    assert payer.stands(PAYOUTS) == 0, "of the second nothing is booked"
    balanced(payer)
    [line] = payments_in.loose(actor=payer.actor, controller=payer.controller)
    payments_in.see_to(actor=payer.actor, controller=payer.controller, line_id=line.pk, text="Krevd tilbake.")
    assert state() == "kept"
    for _ in range(2):
        taken(movement("CRDT", "C1"))
    assert (of(payer, made).payout_state, loose(), payer.stands(PAYOUTS)) == ("refused", [], 12_345)
    for _ in range(2):
        taken(movement("CRDT", "C2"))
    assert loose() == [12_345], "came back twice: for a colleague"
    balanced(payer)


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

    assert payout_reports.take_report(**clerk, body=told((f"{name}-EUR", "RJCT"))) == payout_reports.Told(0, 0, 0)
    both = told((f"{name}-EUR", "RJCT"), (f"{name}-NOK", "ACSC"))
    assert payout_reports.take_report(**clerk, body=both) == payout_reports.Told(1, 0, 0)
    euro, crowns = refund(payer, 800), refund(payer, 900)
    with payer.scope("payouts"):
        Payout.objects.filter(id=euro.id).update(currency="EUR")
    with pytest.raises(PaymentError, match="one currency"):
        payouts.propose(**clerk, chosen=[euro.id, crowns.id])
    assert payouts.propose(**clerk, chosen=[crowns.id]).count == 1
