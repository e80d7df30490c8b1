"""Gift cards (C11): sold, activated, paid with in parts, undone, returned, expired; never twice."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction

from tests.bonus.conftest import NOW, World
from tests.bonus.test_vouchers import sums
from tests.bonus.test_vouchers import till as voucher_till
from tillit.bonus import codes, gift_cards
from tillit.bonus.errors import GiftCardError
from tillit.bonus.models import GiftCard, GiftCardStatus
from tillit.bonus.vouchers import Till
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.ledger.errors import InsufficientFundsError


def till(world: World, client: int = 1, club: str = "nordkai") -> Till:
    return voucher_till(world, club, client)


def scope(world: World, club: str = "nordkai") -> Scope:
    return world.scope("gift_cards_and_offers", club=club)


def sold(world: World, amount: int = 50_000, key: UUID | None = None) -> tuple[GiftCard, str]:
    with scope(world) as open_one:
        card = gift_cards.sell(
            scope=open_one,
            till=till(world),
            chain=world.chains["nordkai"],
            amount=amount,
            key=key or uuid4(),
            at=clock.now(),
        )
    return card, gift_cards.code_of(card=card, register_id=till(world).register_id)


def active(world: World, amount: int = 50_000) -> tuple[GiftCard, str]:
    card, code = sold(world, amount)
    with scope(world) as open_one:
        return gift_cards.activate(scope=open_one, card=card, at=clock.now()), code


def pay(world: World, code: str, amount: int, receipt: str = "1", client: int = 1) -> int:
    at = till(world, client)
    with scope(world) as open_one:
        card = gift_cards.find(scope=open_one, till=at, code=codes.read(code))
        held = gift_cards.redeem(scope=open_one, card=card, till=at, amount=amount, receipt=receipt, at=clock.now())
    return held.balance


def balance(world: World, card: GiftCard) -> int:
    with scope(world):
        return gift_cards.holds(card=card, at=clock.now()).balance


def test_c11_a_card_holds_nothing_before_it_is_activated_and_is_paid_with_in_parts(world: World) -> None:
    key = uuid4()
    card, code = sold(world, key=key)
    assert sold(world, key=key)[0].id == card.id
    with pytest.raises(GiftCardError, match="another card"):
        sold(world, 40_000, key=key)
    assert balance(world, card) == 0
    with pytest.raises(GiftCardError) as early:
        pay(world, code, 100)
    assert early.value.code == "gift-card-state"
    for _ in range(2):
        with scope(world) as open_one:
            gift_cards.activate(scope=open_one, card=card, at=clock.now())
        assert balance(world, card) == 50_000
    assert pay(world, code, 12_345) == 37_655
    assert pay(world, code, 12_345) == 37_655  # the till's retry
    with pytest.raises(GiftCardError, match="another amount"):
        pay(world, code, 12_000)
    assert pay(world, code, 37_655, receipt="2") == 0
    with pytest.raises(InsufficientFundsError):
        pay(world, code, 1, receipt="3")
    assert card.subject_id not in {world.member()}
    sums(world)


def test_c11_a_payment_is_undone_to_the_card_and_its_receipt_is_spent(world: World) -> None:
    card, code = active(world)
    pay(world, code, 20_000)
    for _ in range(2):
        with scope(world) as open_one:
            held = gift_cards.undo(scope=open_one, card=card, till=till(world), receipt="1", at=clock.now())
        assert held.balance == 50_000
    with pytest.raises(GiftCardError, match="undone"):
        pay(world, code, 20_000)
    assert pay(world, code, 20_000, receipt="2") == 30_000
    sums(world)


def test_c11_an_unused_card_is_taken_back_once_and_a_used_one_is_not(world: World) -> None:
    card, code = active(world)
    used, other = active(world)
    pay(world, other, 1)
    with scope(world) as open_one, pytest.raises(GiftCardError):
        gift_cards.refund(scope=open_one, card=used, at=clock.now())
    for _ in range(2):
        with scope(world) as open_one:
            assert gift_cards.refund(scope=open_one, card=card, at=clock.now()).status == GiftCardStatus.RETURNED
    with pytest.raises(GiftCardError):
        pay(world, code, 1)
    sums(world)


def test_c11_a_card_expires_as_declared(world: World) -> None:
    card, code = active(world)
    assert card.expires_on == date(2029, 5, 5)  # 36 months, the last day included
    with clock.travel(NOW.replace(year=2029)):
        assert pay(world, code, 100) == 49_900
        assert gift_cards.expire_everywhere() == 0
        clock.advance(timedelta(days=1))
        assert balance(world, card) == 0
        with pytest.raises(InsufficientFundsError):
            pay(world, code, 100, receipt="2")
        assert gift_cards.expire_everywhere() == 49_900
        assert gift_cards.expire_everywhere() == 0
    sums(world)


def test_c11_only_the_chains_own_tills_find_a_card_and_its_code_stands_nowhere(world: World) -> None:
    card, code = active(world)
    with scope(world, "skogheim") as open_one, pytest.raises(GiftCardError, match="no such"):
        gift_cards.find(scope=open_one, till=till(world, club="skogheim"), code=code)
    with scope(world):
        row = GiftCard.objects.filter(subject_id=card.subject_id).values().get()
        assert all(code not in str(value) for value in row.values())
        for change in ({"amount": 0}, {"status": "sold"}, {"activated_at": None}):
            with pytest.raises(IntegrityError), transaction.atomic():
                GiftCard.objects.filter(subject_id=card.subject_id).update(**change)
