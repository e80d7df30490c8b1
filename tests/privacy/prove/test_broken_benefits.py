"""Promises about cards, benefits and orders that are broken in the running system (B2, B3, B4, B5, B11)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from tests.benefits.conftest import World, build
from tests.benefits.test_orders import fetched, place
from tests.conftest import TestDatabase
from tests.membership.test_cards import issue, leave
from tillit.benefits import codes
from tillit.benefits.models import Kind, PoolCode
from tillit.kernel import clock
from tillit.kernel.scope import Scope
from tillit.membership import cards
from tillit.privacy.prove.run import Proof, prove


def found(key: str) -> Proof:
    kept = [one for one in prove(controllers=["lyngheim"], kinds=["domains"]) if key in one.promise.text["en"]]
    assert len(kept) == 1
    return kept[0]


@pytest.fixture
def world(fresh_db: TestDatabase) -> Any:
    with clock.travel(clock.now()):
        yield build()
    connection.close()


def test_b2_a_card_that_outlives_its_membership_or_its_time_is_seen(
    world: World, fresh_db: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    union, card = world.controllers["lyngheim"], "membership card"
    kari, ola = world.member(), world.member()
    issue(union, kari)
    issue(union, ola)
    leave(union, ola)
    assert found(card).finding.status == "kept"
    # Somebody made the look-up forget the membership: the card of who has left counts, and the trial shows it.
    whole = cards._rows

    def forgetful(name: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
        if name != "standing":
            return whole(name, given)
        of = {"controller": union.pk, "at": clock.now(), "today": clock.today()}
        return [(nonce, None) for _, _, nonce in whole("ended", of)]

    monkeypatch.setattr(cards, "_rows", forgetful)
    assert "no member" in found(card).finding.why
    monkeypatch.undo()
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute("UPDATE membership_card SET valid_until = valid_until + interval '1 year'")
    assert "longer than a card may" in found(card).finding.why
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute("UPDATE membership_card SET valid_until = issued_at + interval '1 day'")
        owner.execute("ALTER TABLE membership_shown_code ADD COLUMN subject_id bigint")
    assert "digests and a time only" in found(card).finding.why


def test_b3_a_code_that_two_can_have_is_seen(world: World) -> None:
    kari = world.member()
    benefit = world.benefit("kino", kind=Kind.SINGLE_CODE, supplier="kino")
    codes.fill(benefit=benefit, codes=["A1"])
    with world.scope(kari) as scope:
        codes.draw(
            scope=scope,
            subject_id=kari,
            controller_id=world.controllers["lyngheim"].pk,
            benefit=world.listed(kari)[0],
            at=clock.now(),
        )
    assert found("single-use code").finding.status == "kept"
    PoolCode.objects.create(benefit=benefit, text="A1")
    assert "drawn again" in found("single-use code").finding.why


def test_b4_b5_an_order_with_its_supplier_off_the_record_is_seen(world: World, fresh_db: TestDatabase) -> None:
    world.benefit("rom", kind=Kind.ORDER, needs=("order_name",))
    kari = world.member()
    order = place(world, kari)
    fetched(world)
    assert found("write in an order").finding.status == "kept"
    later = clock.now() + timedelta(minutes=1)
    with world.scope(kari) as scope:
        assert isinstance(scope, Scope)
        type(order).objects.filter(subject_id=kari, id=order.id).update(sent_at=later)
    assert "no disclosure tells of it" in found("write in an order").finding.why
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute("UPDATE benefits_frame SET recipient = 'kobberkista_bank_ny'")
    assert "not declared" in found("write in an order").finding.why


def test_b11_a_count_that_holds_more_than_a_number_is_seen(world: World, fresh_db: TestDatabase) -> None:
    assert found("without persons").finding.status == "kept"
    with fresh_db.connect("owner", autocommit=True) as owner:
        owner.execute("ALTER TABLE benefits_use_count ADD COLUMN address inet")
    assert "numbers only" in found("without persons").finding.why
