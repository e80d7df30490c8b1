"""Bonus vouchers (C9): picked amount, once, in time, in the chain, back to the very lots."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from tests.bonus.conftest import NOW, Y27, Y28, World
from tests.bonus.test_use import balance
from tillit.bonus import codes, operations, voucher_endings, vouchers
from tillit.bonus.errors import CodeError, VoucherError
from tillit.bonus.kinds import DEBT, LOT
from tillit.bonus.models import Voucher, VoucherStatus
from tillit.bonus.vouchers import Standing, Till
from tillit.kernel import clock
from tillit.ledger import queries as ledger
from tillit.ledger.errors import InsufficientFundsError
from tillit.ledger.operations import settle as repay
from tillit.parties import merging
from tillit.parties.digests import Kind

EVE = datetime(2026, 12, 31, 22, 40, tzinfo=UTC)  # twenty minutes to New Year in Oslo


def made(world: World, subject: int, amount: int, *, club: str = "nordkai", key: object = None) -> Voucher:
    with world.scope("bonus_use", subject) as scope:
        return vouchers.reserve(
            scope=scope,
            subject_id=subject,
            programme=world.programmes[club],
            amount=amount,
            key=key or uuid4(),
            at=clock.now(),
        )


def code(world: World, voucher: Voucher) -> str:
    return vouchers.code_of(voucher=voucher, register_id=world.controllers["nordkai"].register_id)


def till(world: World, club: str = "nordkai", client: int = 1, store: int | None = None) -> Till:
    chain = world.chains[club]
    offline = timedelta(hours=world.programmes[club].voucher_offline_hours)
    return Till(chain.pk, chain.controller_id, chain.controller.register_id, offline, store, client)


def redeem(
    world: World,
    text: str,
    amount: int,
    *,
    club: str = "nordkai",
    client: int = 1,
    store: int | None = None,
    reference: str = "receipt 1",
    event_at: datetime | None = None,
) -> Standing:
    with world.scope("bonus_use", club=club) as scope:
        return vouchers.redeem(
            scope=scope,
            till=till(world, club, client, store),
            code=codes.read(text),
            amount=amount,
            at=clock.now(),
            event_at=event_at,
            reference=reference,
        )


def refused(world: World, text: str, amount: int, **given: object) -> str:
    with pytest.raises(VoucherError) as caught:
        redeem(world, text, amount, **given)  # type: ignore[arg-type]
    return caught.value.code


def lots(world: World, subject: int) -> list[tuple[object, int]]:
    with world.scope("self_service", subject):
        book = world.programmes["nordkai"].book_id
        return list(ledger.lots(subject_id=subject, book_id=book, kind=LOT, on=clock.today()))


def sums(world: World) -> None:
    """Every book adds up to zero and every balance is its history."""
    with world.scope("bookkeeping"):
        lines = ledger.trial_balance()
        assert lines
        for book in {line.book_id for line in lines}:
            assert sum(line.moved for line in lines if line.book_id == book) == 0
        assert all(line.standing in (None, line.moved) for line in lines)
        assert ledger.unexplained() == 0


def test_c9_a_voucher_of_the_picked_amount_is_used_once_and_the_discount_is_the_debit(world: World) -> None:
    subject = world.member()
    world.earn(subject, 3000, expires=Y28)
    world.earn(subject, 1000, expires=Y27)
    voucher = made(world, subject, 1250)
    assert voucher.valid_until == NOW + timedelta(hours=1)
    now = balance(world, subject)
    assert (now.available, now.reserved) == (2750, 1250)
    assert lots(world, subject) == [(Y28, 2750)]  # the oldest is set aside first
    used = redeem(world, codes.grouped(code(world, voucher)), 1250)
    assert (used.status, used.used, used.now_used) == ("used", 1250, True)
    now = balance(world, subject)
    assert (now.available, now.reserved) == (2750, 0)
    again = redeem(world, code(world, voucher), 1250)
    assert (again.used, again.now_used) == (1250, False)  # the till's retry
    assert refused(world, code(world, voucher), 1250, reference="receipt 2") == "voucher-used"
    assert refused(world, code(world, voucher), 1250, client=2) == "voucher-used"
    assert refused(world, code(world, voucher), 1250, store=7) == "voucher-used"
    assert balance(world, subject).available == 2750
    sums(world)


def test_c9_more_than_the_available_is_refused_and_the_same_request_is_one_voucher(world: World) -> None:
    subject, key = world.member(), uuid4()
    world.earn(subject, 1000)
    with pytest.raises(InsufficientFundsError):
        made(world, subject, 1001)
    one = made(world, subject, 600, key=key)
    assert made(world, subject, 600, key=key).id == one.id
    with pytest.raises(VoucherError, match="another amount"):
        made(world, subject, 500, key=key)
    with pytest.raises(InsufficientFundsError):
        made(world, subject, 401)
    with pytest.raises(VoucherError, match="above zero"):
        made(world, subject, 0)
    assert balance(world, subject).available == 400


def test_c9_it_counts_only_in_the_chain_where_the_bonus_was_earned(world: World) -> None:
    subject = world.member("nordkai", "skogheim")
    world.earn(subject, 1000)
    voucher = made(world, subject, 500)
    assert refused(world, code(world, voucher), 500, club="skogheim") == "voucher-unknown"
    with world.scope("bonus_use") as scope, pytest.raises(VoucherError) as caught:
        vouchers.redeem(
            scope=scope,
            till=till(world, "skogheim"),
            code=code(world, voucher),
            amount=500,
            at=clock.now(),
            reference="1",
        )
    assert caught.value.code == "voucher-other-chain"
    with pytest.raises(InsufficientFundsError):
        made(world, subject, 1, club="skogheim")
    assert redeem(world, code(world, voucher), 500).now_used


def test_c9_unused_it_goes_back_to_the_very_lots_and_what_expired_meanwhile_expires(world: World) -> None:
    subject = world.member()
    world.earn(subject, 1000, expires=Y27)
    world.earn(subject, 1000, expires=Y28)
    with clock.travel(EVE):
        voucher = made(world, subject, 1500)
        assert voucher.valid_until == EVE + timedelta(minutes=20)  # never longer than the first of its lots
        assert voucher_endings.release_lapsed(programme=world.programmes["nordkai"], at=clock.now()) == 0
        clock.advance(timedelta(minutes=20))
        assert refused(world, code(world, voucher), 1500) == "voucher-expired"
        assert balance(world, subject).available == 1000  # before the worker has come round, too
        assert voucher_endings.release_everywhere() == 1
        assert voucher_endings.release_everywhere() == 0
        assert lots(world, subject) == [(Y28, 1000)]
        assert balance(world, subject).available == 1000
        done = operations.expire(programme=world.programmes["nordkai"], on=clock.today(), at=clock.now())
        assert done.amount == 1000
    sums(world)


def test_c9_a_member_gives_it_back_and_staff_or_till_void_it(world: World) -> None:
    subject = world.member()
    world.earn(subject, 1000, expires=Y27)
    given_back, unused, used = (made(world, subject, 300) for _ in range(3))
    with world.scope("bonus_use", subject) as scope:
        assert voucher_endings.cancel(scope=scope, subject_id=subject, voucher_id=given_back.id, at=clock.now())
        assert not voucher_endings.cancel(scope=scope, subject_id=subject, voucher_id=given_back.id, at=clock.now())
    assert refused(world, code(world, given_back), 300) == "voucher-released"
    redeem(world, code(world, used), 300)
    assert balance(world, subject).available == 400
    for one in (unused, used, used):
        with world.scope("bonus_use", subject) as scope:
            voucher_endings.void(scope=scope, subject_id=subject, voucher_id=one.id, at=clock.now())
        assert refused(world, code(world, one), 300) == "voucher-void"
    assert lots(world, subject) == [(Y27, 1000)]
    assert balance(world, subject).available == 1000
    sums(world)


def test_c9_less_than_the_voucher_may_be_taken_and_the_rest_goes_back(world: World) -> None:
    subject = world.member()
    world.earn(subject, 400, expires=Y27)
    world.earn(subject, 600, expires=Y28)
    voucher = made(world, subject, 700)
    assert refused(world, code(world, voucher), 701) == "amount-above-voucher"
    used = redeem(world, code(world, voucher), 450)
    assert (used.used, used.amount) == (450, 700)
    assert lots(world, subject) == [(Y28, 550)]
    assert redeem(world, code(world, voucher), 450).now_used is False
    with world.scope("bonus_use", subject) as scope:
        assert voucher_endings.void(scope=scope, subject_id=subject, voucher_id=voucher.id, at=clock.now()) == 450
    assert lots(world, subject) == [(Y27, 400), (Y28, 600)]
    sums(world)


def test_c9_a_till_without_network_reports_later(world: World) -> None:
    subject = world.member()
    world.earn(subject, 1000, expires=Y27)
    world.earn(subject, 200, expires=Y28)
    with clock.travel(EVE):
        shown, spent, gone = made(world, subject, 400), made(world, subject, 300), made(world, subject, 100)
        seen_at = EVE + timedelta(minutes=10)
        clock.advance(timedelta(hours=3))
        voucher_endings.release_everywhere()
        operations.expire(programme=world.programmes["nordkai"], on=clock.today(), at=clock.now())
        assert balance(world, subject).available == 200
        used = redeem(world, code(world, shown), 400, event_at=seen_at)
        assert (used.used_at, used.ended_at) == (seen_at, clock.now())
        assert balance(world, subject).available == 200  # its own lot's expiry was undone, no other bonus taken
        assert refused(world, code(world, shown), 400, event_at=seen_at, client=2) == "voucher-used"
        assert refused(world, code(world, spent), 300, event_at=EVE + timedelta(minutes=21)) == "voucher-expired"
        assert refused(world, code(world, spent), 300, event_at=clock.now() + timedelta(hours=1)) == "time-in-future"
        assert refused(world, code(world, spent), 300, event_at=EVE - timedelta(minutes=6)) == "time-before-voucher"
        clock.advance(timedelta(hours=20))
        redeem(world, code(world, spent), 300, event_at=seen_at)
        clock.advance(timedelta(hours=2))
        assert refused(world, code(world, gone), 100, event_at=seen_at) == "offline-window-passed"
    sums(world)


def test_c9_what_was_given_back_and_spent_again_becomes_debt_when_the_till_reports(world: World) -> None:
    subject = world.member()
    world.earn(subject, 500)
    voucher = made(world, subject, 500)
    text = code(world, voucher)
    with world.scope("bonus_use", subject) as scope:
        voucher_endings.cancel(scope=scope, subject_id=subject, voucher_id=voucher.id, at=clock.now())
    other = made(world, subject, 500)
    redeem(world, code(world, other), 500)
    used_at = clock.now() + timedelta(minutes=1)
    clock.advance(timedelta(hours=1))
    redeem(world, text, 500, event_at=used_at)
    assert balance(world, subject).available == -500
    with world.scope("bonus_use", subject) as scope:
        voucher_endings.void(scope=scope, subject_id=subject, voucher_id=voucher.id, at=clock.now())
    assert balance(world, subject).available == 0
    sums(world)


@pytest.mark.parametrize("earned", [200, 500, 700])
def test_c9_a_use_that_became_debt_is_undone_also_when_the_debt_is_repaid(world: World, earned: int) -> None:
    subject = world.member()
    world.earn(subject, 500, expires=Y27)
    voucher = made(world, subject, 500)
    text = code(world, voucher)
    with world.scope("bonus_use", subject) as scope:
        voucher_endings.cancel(scope=scope, subject_id=subject, voucher_id=voucher.id, at=clock.now())
    redeem(world, code(world, made(world, subject, 400)), 400)
    used_at = clock.now() + timedelta(minutes=1)
    clock.advance(timedelta(hours=1))
    redeem(world, text, 500, event_at=used_at)
    assert balance(world, subject).debt == 400
    world.earn(subject, earned, expires=Y28)
    with world.scope("bookkeeping", subject) as scope:
        pair = (subject, world.programmes["nordkai"].book_id)
        repay(scope=scope, accounts=[pair], source=LOT, debt=DEBT, on=clock.today(), at=clock.now())
    assert balance(world, subject).available == earned - 400
    for back in (500, 0):
        with world.scope("bonus_use", subject) as scope:
            done = voucher_endings.void(scope=scope, subject_id=subject, voucher_id=voucher.id, at=clock.now())
            assert done == back
        now = balance(world, subject)
        assert (now.available, now.debt) == (earned + 100, 0)
    repaid = min(earned, 400)
    assert lots(world, subject) == [(Y27, 100 + repaid), (Y28, earned - repaid)][: 1 + (earned > 400)]
    sums(world)


def test_c9_leaving_ends_open_vouchers(world: World) -> None:
    subject = world.member()
    world.earn(subject, 500)
    voucher = made(world, subject, 200)
    with world.scope("bookkeeping", subject) as scope:
        lost = operations.forfeit(
            scope=scope, subject_id=subject, chain_ids=[world.chains["nordkai"].pk], at=clock.now()
        )
    assert lost == {world.chains["nordkai"].pk: 500}
    assert refused(world, code(world, voucher), 200) == "voucher-void"
    sums(world)


def test_c9_the_code_stands_nowhere_and_a_phone_number_leads_to_no_voucher(world: World) -> None:
    subject = world.member(phone="+4790000001")
    world.earn(subject, 500)
    voucher = made(world, subject, 200)
    text = code(world, voucher)
    with world.scope("bonus_use", subject):
        row = Voucher.objects.filter(subject_id=subject).values().get()
    assert row["id"] == codes.known_by(
        register_id=world.controllers["nordkai"].register_id, kind=Kind.VOUCHER, code=text
    )
    assert all(text not in str(value) for value in row.values())
    wrong = str((int(text[0]) + 1) % 10) + text[1:]
    with pytest.raises(CodeError, match="check digit"):
        redeem(world, wrong, 200)
    with pytest.raises(CodeError, match="digits"):
        redeem(world, "+4790000001", 200)
    assert "<rect" in codes.bars(text)
    assert "style" not in codes.bars(text)


def test_c9_the_database_refuses_a_voucher_in_an_impossible_state(world: World) -> None:
    subject = world.member()
    world.earn(subject, 500)
    voucher = made(world, subject, 200)
    wrong: list[dict[str, object]] = [
        {"status": VoucherStatus.USED},
        {"status": "gone"},
        {"ended_at": NOW},
        {"amount": 0},
        {"used": 201, "used_at": NOW, "status": "used", "ended_at": NOW},
        {"valid_until": NOW - timedelta(days=1)},
    ]
    with world.scope("bonus_use", subject):
        rows = Voucher.objects.filter(subject_id=subject, id=voucher.id)
        for change in wrong:
            with pytest.raises(IntegrityError), transaction.atomic():
                rows.update(**change)
        assert rows.update(reference="x") == 1


def test_a_code_that_is_taken_is_made_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = world.member(), world.member()
    world.earn(one, 100)
    world.earn(two, 100)
    first = made(world, one, 100)
    digests = iter([first.id])
    real = codes.known_by
    monkeypatch.setattr(codes, "known_by", lambda **given: next(digests, None) or real(**given))
    second = made(world, two, 100)
    assert second.id != first.id
    assert code(world, second) != code(world, first)


def merged(world: World, alias: int, own: int) -> None:
    with world.scope("register_administration") as scope:
        merging.merge(scope=scope, subject_id=alias, into=own)


def test_c3_c9_a_voucher_of_a_merged_registration_is_found_used_and_undone(world: World) -> None:
    own, alias = world.member(), world.member()
    world.earn(alias, 1000)
    whole, part, late = (made(world, alias, 300) for _ in range(3))
    merged(world, alias, own)
    register = world.controllers["nordkai"].register_id
    with world.scope("bonus_use") as scope:
        found = vouchers.find(scope=scope, register_id=register, voucher_id=whole.id)
    assert found is not None
    assert (found.subject_id, found.status) == (alias, "open")
    assert redeem(world, code(world, whole), 300).now_used
    assert redeem(world, code(world, part), 100).used == 100
    with world.scope("bonus_use") as scope:
        assert (
            voucher_endings.void(scope=scope, subject_id=found.subject_id, voucher_id=whole.id, at=clock.now()) == 300
        )
    assert refused(world, code(world, whole), 300) == "voucher-void"
    assert redeem(world, code(world, late), 300).now_used
    assert balance(world, own).available == 600
    sums(world)


def test_c3_c9_a_second_press_and_a_retried_use_carry_nothing_more(world: World) -> None:
    own, alias, key, other = world.member(), world.member(), uuid4(), uuid4()
    world.earn(own, 100)
    world.earn(alias, 1000, expires=Y27)
    merged(world, alias, own)

    def use() -> None:
        with world.scope("bonus_use", own) as scope:
            operations.use(
                scope=scope, subject_id=own, chain_id=world.chains["nordkai"].pk, amount=150, key=other, at=clock.now()
            )

    first = made(world, own, 300, key=key)  # 200 of them the alias's
    for expected in (first.id, first.id):
        clock.advance(timedelta(seconds=5))
        assert made(world, own, 300, key=key).id == expected
        use()
        assert lots(world, alias) == [(Y27, 650)]
        assert balance(world, own).available == 650
    with pytest.raises(VoucherError, match="another amount"):
        made(world, own, 400, key=key)
    sums(world)
