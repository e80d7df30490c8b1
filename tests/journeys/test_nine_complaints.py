"""What people complain of in loyalty programmes elsewhere, each as a test that it does not happen here (C5, C8-C11).

The gift card that is redeemed twice is in tests/faces/api/test_gift_cards.py, since it takes tills that ask at the same
moment.
"""

from uuid import uuid4

import pytest

from tests.bonus.conftest import NOW, Y27, Y28, World, build
from tests.bonus.test_use import balance
from tests.bonus.test_vouchers import code, lots, made, redeem, refused, sums
from tests.journeys.test_merging import _merge, _unmerge
from tillit.bonus import codes, operations, queries, voucher_endings
from tillit.bonus.errors import CodeError, VoucherError
from tillit.bonus.kinds import ISSUED, LOT
from tillit.kernel import clock
from tillit.ledger import operations as ledger
from tillit.ledger.errors import ConflictError, InsufficientFundsError
from tillit.ledger.operations import Account, Posting, natural_key
from tillit.parties.digests import Kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def here(db: None) -> object:
    with clock.travel(NOW):
        yield build()


def correct(world: World, subject: int, amount: int, key: object = None) -> None:
    with world.scope("bonus_correction", subject) as scope:
        operations.correct(
            scope=scope,
            subject_id=subject,
            chain_id=world.chains["nordkai"].pk,
            amount=amount,
            key=key or uuid4(),
            event_at=NOW,
            at=clock.now(),
            reason="wrong_rate",
        )


def test_complaint_buy_earn_refund_keep(here: World) -> None:
    """What a refund takes back is owed even after it was spent, and later earning covers it first."""
    subject = here.member()
    here.earn(subject, 1000)
    redeem(here, code(here, made(here, subject, 1000)), 1000)
    correct(here, subject, -1000)
    assert balance(here, subject).available == -1000
    with pytest.raises(InsufficientFundsError):
        made(here, subject, 1)
    sums(here)


def test_complaint_a_refund_charges_spent_points_twice(here: World) -> None:
    subject, key = here.member(), natural_key("refund", 1)
    here.earn(subject, 1000)
    redeem(here, code(here, made(here, subject, 400)), 400)
    for _ in range(3):
        correct(here, subject, -1000, key)
    now = balance(here, subject)
    assert (now.available, now.debt) == (-400, 400)
    sums(here)


def test_complaint_validated_on_the_total_but_deducted_from_some_lots(here: World) -> None:
    """What may be used is exactly what the lots hold that have not expired, less debt; not an øre more."""
    subject = here.member()
    here.earn(subject, 600, expires=Y27)
    here.earn(subject, 500, expires=Y28)
    with clock.travel(NOW.replace(year=2027)):
        assert balance(here, subject).available == 500
        with pytest.raises(InsufficientFundsError):
            made(here, subject, 501)
        assert made(here, subject, 500).amount == 500
    sums(here)


def test_complaint_a_balance_that_its_log_cannot_explain(here: World) -> None:
    subject = here.member()
    here.earn(subject, 1000)
    voucher = made(here, subject, 700)
    redeem(here, code(here, voucher), 300)
    correct(here, subject, -100)
    with here.scope("self_service", subject):
        moves = list(queries.history(subject_id=subject, chain_id=here.chains["nordkai"].pk))
    own = [move for move in moves if move.kind in {"lot", "debt"}]
    assert sum(move.amount for move in own) == balance(here, subject).available == 600
    assert own[-1].balance_after >= 0
    sums(here)


def test_complaint_the_till_drains_the_whole_balance(here: World) -> None:
    """The till takes the discount it gave and nothing more, out of the voucher the member made and nothing else."""
    subject = here.member()
    here.earn(subject, 10_000)
    text = code(here, made(here, subject, 2000))
    assert refused(here, text, 10_000) == "amount-above-voucher"
    redeem(here, text, 1500)
    assert balance(here, subject).available == 8500


def test_complaint_a_phone_number_suffices_to_spend(here: World) -> None:
    subject = here.member(phone="+4790000001")
    here.earn(subject, 1000)
    voucher = made(here, subject, 500)
    for text in ("+4790000001", "4790000001", str(subject), str(voucher.id)):
        with pytest.raises((CodeError, VoucherError)):
            redeem(here, text, 500)
    with pytest.raises(VoucherError):
        redeem(here, codes.make(register_id=0, kind=Kind.VOUCHER, nonce=uuid4(), form="code128"), 500)
    assert balance(here, subject).available == 500


def test_complaint_retry_or_offline_sync_doubles_points(here: World) -> None:
    subject = here.member()
    posting = Posting(
        subject,
        natural_key("accrual", "till", "A1"),
        here.programmes["nordkai"].book_id,
        700,
        Account(ISSUED),
        Account(LOT, Y28),
        NOW,
    )
    for _ in range(3):
        with here.scope("bonus_earning", subject) as scope:
            ledger.post(scope=scope, postings=[posting])
    voucher = made(here, subject, 200)
    for _ in range(3):
        redeem(here, code(here, voucher), 200, event_at=NOW)
    assert balance(here, subject).available == 500
    with here.scope("bonus_use", subject) as scope:
        for _ in range(3):
            voucher_endings.void(scope=scope, subject_id=subject, voucher_id=voucher.id, at=clock.now())
    assert balance(here, subject).available == 700
    sums(here)


def test_complaint_a_merge_loses_points(here: World) -> None:
    """What two registrations hold is one balance, usable to the last øre, and nothing is lost when they are parted."""
    club, own, twin = here.controllers["nordkai"], here.member(), here.member()
    here.earn(own, 600, expires=Y28)
    here.earn(twin, 400, expires=Y27)
    _merge(club, twin, own)
    assert balance(here, own).available == balance(here, twin).available == 1000
    with pytest.raises(InsufficientFundsError):
        made(here, own, 1001)
    redeem(here, code(here, made(here, own, 900)), 900)
    assert balance(here, own).available == 100
    sums(here)
    _unmerge(club, twin)
    assert balance(here, own).available + balance(here, twin).available == 100
    sums(here)


def test_complaint_a_rejected_movement_is_committed(here: World) -> None:
    """A posting of which one part is refused leaves no part; so does a use that its transaction gives up."""
    subject = here.member()
    here.earn(subject, 100)
    book = here.programmes["nordkai"].book_id
    good = Posting(subject, natural_key("x", 1), book, 50, Account(ISSUED), Account(LOT, Y28), NOW)
    bad = Posting(subject, natural_key("x", 2), book, 999, Account(LOT, Y28), Account(ISSUED), NOW)
    with pytest.raises(InsufficientFundsError), here.scope("bonus_earning", subject) as scope:
        ledger.post(scope=scope, postings=[good, bad])
    other = Posting(**{**good.__dict__, "amount": 51})
    with pytest.raises(ConflictError), here.scope("bonus_earning", subject) as scope:
        [ledger.post(scope=scope, postings=[one]) for one in (good, other)]
    assert balance(here, subject).available == 100
    assert lots(here, subject) == [(Y28, 100)]
    sums(here)


@pytest.mark.parametrize("amount", [1, 999, 1000, 33_333])
def test_complaint_card_debited_ten_and_order_discounted_nine_ninety_nine(here: World, amount: int) -> None:
    subject = here.member()
    here.earn(subject, 50_000)
    text = code(here, made(here, subject, 40_000))
    used = redeem(here, text, amount)
    assert used.used == amount
    assert balance(here, subject).available == 50_000 - amount
