"""What one of the staff gives or takes of a member alone: all of it together, up to the chain's limit (C8, C12)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.bonus.conftest import NOW, Y28, World, build
from tests.bonus.test_use import balance
from tests.faces.test_staff import hire
from tests.journeys.test_merging import _merge
from tillit.audit.models import Event
from tillit.bonus import rates, vouchers
from tillit.bonus.errors import VoucherError
from tillit.bonus.vouchers import Till
from tillit.cases.models import Case, Entry
from tillit.journeys import complaints, reception, value_desk
from tillit.kernel import clock
from tillit.kernel.scope import Actor
from tillit.parties.actors import staff_actor
from tillit.purchases.models import Chain

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Iterator[World]:
    """Two per cent, so that the limit of 5 000 in purchases is 100 in bonus."""
    with clock.travel(NOW):
        made = build()
        rates.add(
            chain_id=made.chains["nordkai"].pk, basis_points=200, when=rates.When(datetime(2025, 1, 1, tzinfo=UTC))
        )
        yield made


def clerk(world: World, name: str) -> Actor:
    club = world.controllers["nordkai"]
    return staff_actor(staff=hire(club, name=name), controller=club)


def correct(world: World, actor: Actor, member: int, amount: str, reference: str) -> Case | None:
    return reception.correct_bonus(
        actor=actor,
        chain=Chain.objects.get(pk=world.chains["nordkai"].pk),
        subject_id=member,
        amount=amount,
        reference=reference,
        reason="wrong_rate",
        event_at=clock.now(),
        at=clock.now(),
    ).case


def test_c8_c12_what_one_gives_a_member_alone_adds_up_and_more_is_decided_by_another(world: World) -> None:
    member, other = world.member(), world.member()
    kaja, knut = clerk(world, "Kaja Service"), clerk(world, "Knut Kollega")
    for _ in range(2):
        assert correct(world, kaja, member, "60", "S-1") is None
    assert correct(world, kaja, member, "-40", "S-2") is None, "100 in all"
    assert balance(world, member).available == 20_00
    for _ in range(2):
        case = correct(world, kaja, member, "0.50", "S-3")
        assert case is not None
    assert balance(world, member).available == 20_00
    with world.scope("bonus_correction"):
        assert Case.objects.count() == 1
        assert Entry.objects.filter(case_id=case.id, step="proposed").count() == 1
    assert correct(world, kaja, other, "100", "S-4") is None, "another member"
    assert correct(world, knut, member, "100", "S-5") is None, "another colleague"
    club = world.controllers["nordkai"]
    decided = {"controller": club, "case_id": case.id, "text": "Rettet.", "amount": "0.50"}
    assert not complaints.uphold(actor=kaja, **decided), "not by who proposed it"
    assert complaints.uphold(actor=knut, **decided)
    assert balance(world, member).available == 120_50
    with world.scope("security_log", member):
        found = Event.objects.filter(type="bonus.given_by_one", subject_id=member).order_by("details__counts")
        assert [one.details["counts"] for one in found] == [2_000_00, 3_000_00, 5_000_00]
    clock.advance(timedelta(days=30))
    assert correct(world, kaja, member, "100", "S-6") is None, "the chain's days are over"
    assert correct(world, kaja, member, "0.01", "S-7") is not None
    clock.advance(timedelta(days=31))
    assert correct(world, kaja, member, "0.01", "S-8") is None
    Chain.objects.filter(pk=world.chains["nordkai"].pk).update(alone_days=60)
    assert correct(world, kaja, member, "0.01", "S-9") is not None


def test_c3_c8_c12_a_merged_person_is_one_member_to_whoever_gives_alone(world: World) -> None:
    club, member, twin = world.controllers["nordkai"], world.member(), world.member()
    kaja = clerk(world, "Kaja Service")
    assert correct(world, kaja, twin, "60", "S-1") is None
    _merge(club, twin, member)
    assert correct(world, kaja, member, "40.01", "S-2") is not None
    assert correct(world, kaja, member, "40", "S-3") is None


def test_c9_c12_a_used_voucher_given_back_counts_among_what_one_does_alone(world: World) -> None:
    club, chain, member = world.controllers["nordkai"], world.chains["nordkai"], world.member()
    kaja = clerk(world, "Kaja Service")
    world.earn(member, 200_00, expires=Y28)
    till, codes = Till(chain_id=chain.pk, controller_id=club.pk, register_id=club.register_id), []
    for number, amount in enumerate((100_00, 1_00)):
        with world.scope("bonus_use", member) as scope:
            made = vouchers.reserve(
                scope=scope,
                subject_id=member,
                programme=world.programmes["nordkai"],
                amount=amount,
                key=uuid4(),
                at=clock.now(),
            )
            codes.append(vouchers.code_of(voucher=made, register_id=club.register_id))
        with world.scope("bonus_use") as scope:
            vouchers.redeem(
                scope=scope, till=till, code=codes[-1], amount=amount, at=clock.now(), reference=f"K{number}"
            )
    back = {"actor": kaja, "controller": club, "at": clock.now(), "reason": "goods_returned"}
    assert value_desk.undo(**back, code=codes[0], receipt="K0") == 100_00
    with pytest.raises(VoucherError) as refused:
        value_desk.undo(**back, code=codes[1], receipt="K1")
    assert refused.value.code == "undo-much"
    assert correct(world, kaja, member, "1", "S-1") is not None
    assert balance(world, member).available == 199_00
