"""Refunds that name no purchase: listed with what they may be of, settled or dismissed by staff, on record (C8)."""

from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

import pytest

from tests.journeys.intake_world import NOW, World, bought, build
from tests.support.world import person
from tillit.audit.models import Event
from tillit.journeys import refunds
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, ScopeError, system
from tillit.parties import staff as staffing
from tillit.parties.actors import staff_actor
from tillit.parties.errors import NotAssignedError
from tillit.parties.models import StaffMember
from tillit.purchases.errors import RefundError
from tillit.purchases.models import Batch, Chain, Purchase, UnmatchedRefund

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Iterator[World]:
    with clock.travel(NOW):
        yield build()


def clerk(world: World, *, role: str = "customer_service") -> Actor:
    """A member of staff of nordkai in the role."""
    club, email = world.controllers["nordkai"], f"{role}@nordkai.example"
    found = StaffMember.objects.filter(email=email).first() or staffing.add(
        email=email, name=role, controller=club, role=role, confidentiality=date(2026, 1, 2)
    )
    return staff_actor(staff=found, controller=club)


def queue(world: World, actor: Actor | None = None) -> refunds.Listed:
    return refunds.queue(actor=actor or clerk(world), controller=world.controllers["nordkai"])


def settle(world: World, refund: int, **how: object) -> None:
    refunds.settle(actor=clerk(world), controller=world.controllers["nordkai"], refund_id=refund, **how)  # type: ignore[arg-type]


def test_c8_a_refund_without_reference_is_put_with_the_likeliest_purchase(world: World) -> None:
    subject = world.member(1)
    world.take_in(
        [
            bought(1, amount="80", store="2"),
            bought(2, amount="100", store="2", time="2026-03-01T10:00:00Z"),
            bought(3, amount="100", time="2026-03-01T10:00:00Z"),
            bought(4, amount="300", time="2026-03-03T10:00:00Z"),
            bought(5, amount="100", time="2026-03-09T10:00:00Z"),
            bought(6, amount="100", chain="hotell"),
        ]
    )
    batch = world.take_in([bought(7, amount="-90", time="2026-03-05T10:00:00Z")])
    assert batch.refunds_unmatched == 1
    assert world.balances(subject) == {"lot": 680}
    [(one, candidates)] = queue(world).rows
    found = {row.purchase_id: row.amount for row in candidates}
    assert list(found.values()) == [30000, 10000, 10000], "enough left, here, before: same store first, then nearest"
    with pytest.raises(RefundError) as refused:
        settle(world, one.id, purchase_id=UUID(int=7))
    assert refused.value.code == "purchase-unknown"
    settle(world, one.id, purchase_id=candidates[1].purchase_id)
    assert world.balances(subject) == {"lot": 590}
    assert queue(world) == refunds.Listed([], 0)
    assert Batch.objects.get(pk=batch.pk).refunds_unmatched == 0
    with pytest.raises(RefundError) as again:
        settle(world, one.id, purchase_id=candidates[1].purchase_id)
    assert again.value.code == "refund-unknown"
    assert world.balances(subject) == {"lot": 590}
    with Scope(system("test", {c.pk for c in world.controllers.values()}), "security_log"):
        told = Event.objects.filter(subject_id=subject, type__in=("refund.settled", "person.read"))
        assert {event.type for event in told} == {"refund.settled", "person.read"}


def test_c8_a_refund_is_settled_by_the_shops_id_whoever_bought(world: World) -> None:
    subject, other = world.member(1), world.member(3)
    world.take_in([bought(1), bought(2, card=3, amount="-100")])
    [(one, candidates)] = queue(world).rows
    assert (one.subject_id, candidates) == (other, [])
    with pytest.raises(RefundError):
        settle(world, one.id, line="T99")
    settle(world, one.id, line="T1")
    assert (world.balances(subject), world.balances(other)) == ({}, {})
    assert queue(world).total == 0


def test_c8_a_dismissed_refund_takes_nothing_back_and_counts_for_nothing(world: World) -> None:
    subject = world.member(1)
    world.take_in([bought(2, amount="-60", refund_of="T1")])
    [(one, candidates)] = queue(world).rows
    assert one.named
    assert candidates == []
    dismissal = {"actor": clerk(world), "controller": world.controllers["nordkai"], "refund_id": one.id, "at": NOW}
    with pytest.raises(RefundError):
        refunds.dismiss(**dismissal, reason="because")  # type: ignore[arg-type]
    refunds.dismiss(**dismissal, reason="counted_already")  # type: ignore[arg-type]
    world.take_in([bought(1), bought(3, amount="-30", refund_of="T1")])
    assert world.balances(subject) == {"lot": 70}
    with world.scope():
        assert set(UnmatchedRefund.objects.values_list("outcome", "reason")) == {
            ("dismissed", "counted_already"),
            ("settled", ""),
        }


def test_c8_c12_a_large_refund_is_dismissed_by_two_and_small_ones_add_up(world: World) -> None:
    """The chain's limit is 5 000: 3 000 and 2 000 by one, and 1 more takes another."""
    subject = world.member(1)
    world.take_in([bought(n, amount=f"-{amount}") for n, amount in enumerate((3000, 2000, 1), 2)])
    refund = {row.amount: row.id for row, _ in queue(world).rows}
    here = {"controller": world.controllers["nordkai"], "at": NOW}
    kaja, knut = clerk(world), second(world)
    for amount in (-3000_00, -2000_00):
        assert refunds.dismiss(actor=kaja, refund_id=refund[amount], reason="not_found", **here)
    last = {"refund_id": refund[-1_00], **here}
    for _ in range(2):
        assert not refunds.dismiss(actor=kaja, reason="not_found", **last)
    with pytest.raises(RefundError):
        refunds.dismiss(actor=kaja, reason="because", **last)
    [(one, _)] = queue(world).rows
    assert one.asked == "not_found"
    Chain.objects.update(alone_up_to=0)
    assert not refunds.dismiss(actor=knut, reason="counted_already", **last), "for another reason"
    assert refunds.dismiss(actor=kaja, reason="counted_already", **last)
    assert (queue(world).total, world.balances(subject)) == (0, {})


def test_c8_c12_a_purchase_that_is_not_the_likeliest_is_named_by_two_above_what_one_does_alone(world: World) -> None:
    """What earned nothing, or was another's, must be no way round the second of a dismissal."""
    subject = world.member(1)
    world.take_in([bought(1), bought(2, time="2026-03-01T10:00:00Z"), bought(3, amount="-80")])
    [(one, candidates)] = queue(world).rows
    given = {"controller": world.controllers["nordkai"], "refund_id": one.id}
    other = {"purchase_id": candidates[1].purchase_id}
    kaja, knut = clerk(world), second(world)
    Chain.objects.update(alone_up_to=79_99)
    with pytest.raises(RefundError):
        refunds.settle(actor=kaja, **given, purchase_id=UUID(int=7))
    for _ in range(2):
        assert not refunds.settle(actor=kaja, **given, **other)
    assert queue(world).rows[0][0].asked == f"line:{other['purchase_id'].hex}"
    assert not refunds.dismiss(actor=knut, **given, reason="not_found", at=NOW), "another thing"
    assert not refunds.settle(actor=kaja, **given, line="T2"), "by whichever name"
    assert world.balances(subject) == {"lot": 200}
    assert refunds.settle(actor=knut, **given, **other), "the same"
    world.take_in([bought(4, amount="-90")])
    [(one, candidates)] = queue(world).rows
    Chain.objects.update(alone_up_to=0)
    assert refunds.settle(actor=kaja, **given | {"refund_id": one.id}, purchase_id=candidates[0].purchase_id)
    assert world.balances(subject) == {"lot": 30}


def second(world: World) -> Actor:
    """Another colleague of the same role."""
    club = world.controllers["nordkai"]
    knut = staffing.add(
        email="knut@nordkai.example",
        name="Knut",
        controller=club,
        role="customer_service",
        confidentiality=date(2026, 1, 2),
    )
    return staff_actor(staff=knut, controller=club)


def test_c8_refunds_are_for_who_corrects_bonus_and_may_look_at_the_person(world: World) -> None:
    world.member(1)
    world.take_in(
        [bought(1, time="2026-03-01T10:00:00Z"), bought(2, amount="-60"), bought(3, amount="-5", chain="hotell")]
    )
    assert queue(world).total == 1, "the other chain is another club's"
    [(one, _)] = queue(world).rows
    with pytest.raises(ScopeError):
        queue(world, clerk(world, role="reception"))
    stranger = person(world.controllers["skogheim"], account=False, started=date(2025, 1, 1))
    with world.scope():
        Purchase.objects.update(subject_id=stranger)
        UnmatchedRefund.objects.update(subject_id=stranger)
    assert queue(world).rows == []
    with pytest.raises(NotAssignedError):
        settle(world, one.id, line="T1")


def test_c8_the_queue_is_read_a_page_at_a_time(world: World) -> None:
    world.member(1)
    start = clock.now() - timedelta(days=60)
    rows = [bought(n, amount="-1", time=(start + timedelta(hours=n)).isoformat()) for n in range(5)]
    world.take_in(rows)
    club = world.controllers["nordkai"]
    pages = [refunds.queue(actor=clerk(world), controller=club, page=n, size=2) for n in (1, 2, 3)]
    assert [len(page.rows) for page in pages] == [2, 2, 1]
    assert {page.total for page in pages} == {5}
    times = [one.event_at for page in pages for one, _ in page.rows]
    assert times == sorted(times)
    assert len(set(times)) == 5
