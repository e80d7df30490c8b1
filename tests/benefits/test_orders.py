"""Orders of benefits (B4) and what their suppliers receive (B5)."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from tests.benefits.conftest import World
from tillit.benefits import editing, orders, proof, supplier_orders
from tillit.benefits.errors import OrderError
from tillit.benefits.models import Frame, Kind
from tillit.benefits.order_models import Order
from tillit.benefits.orders import Wanted
from tillit.benefits.supplier_orders import Handed
from tillit.declaration.vocabulary import vocabulary
from tillit.disclosure.models import Disclosure
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages.models import Message
from tillit.parties.models import Fact

FORM = Wanted("Kari Nordseth", "Tarebrygga 12", "5003", "Bergen", "400 00 111", 2)


@pytest.fixture
def kari(world: World) -> int:
    world.benefit("rom", kind=Kind.ORDER, title="Rom", needs=("order_name", "order_phone", "order_address"))
    world.benefit("bok", kind=Kind.ORDER, supplier="varer", needs=("order_name", "order_address", "order_place"))
    return world.member(given="Kari", family="Nordseth", email="kari@post.example")


def place(world: World, subject: int, benefit: str = "rom", form: Wanted = FORM, key: UUID | None = None) -> Order:
    (found,) = world.listed(subject, benefit=benefit)
    with world.scope(subject) as scope:
        return orders.place(
            scope=scope,
            subject_id=subject,
            controller_id=world.controllers["lyngheim"].pk,
            benefit=found,
            wanted=form,
            key=key or uuid4(),
            at=clock.now(),
        )


def supplier(world: World, act: str, key: str = "hotell", **more: Any) -> Any:
    scope = supplier_orders.supplier_scope(supplier=world.suppliers[key], on=clock.today())
    assert scope is not None
    with scope:
        return getattr(supplier_orders, act)(scope=scope, supplier=world.suppliers[key], at=clock.now(), **more)


def fetched(world: World, key: str = "hotell") -> list[Handed]:
    return supplier(world, "fetch", key).orders  # type: ignore[no-any-return]


def log(world: World) -> list[Disclosure]:
    union = world.controllers["lyngheim"]
    with Scope(system("test", {union.pk}), "rights_requests"):
        return list(Disclosure.objects.order_by("disclosed_at", "recipient"))


def faults(world: World) -> list[str]:
    union = world.controllers["lyngheim"]
    with Scope(system("test", {union.pk}), "proof"):
        return [*proof.frames(union.pk, clock.today()), *proof.catalogue(union.pk, clock.today())]


def answer(world: World, subject: int, order: Order, *, yes: bool) -> Order:
    with world.scope(subject) as scope:
        return orders.answer_more(
            scope=scope, subject_id=subject, order_id=order.id, yes=yes, wording="Vil du?", at=clock.now()
        )


def test_b4_an_order_lives_from_placed_to_delivered_and_the_member_is_told(world: World, kari: int) -> None:
    key = uuid4()
    order = place(world, kari, key=key)
    assert place(world, kari, key=key).id == order.id, "pressed twice"
    assert (order.status, order.phone, order.quantity) == ("placed", "+4740000111", 2)
    (handed,) = fetched(world)
    assert (handed.order.status, handed.order.sent_at) == ("sent", clock.now())
    clock.advance(timedelta(hours=1))
    of = {"reference": order.reference}
    assert supplier(world, "settle", status="confirmed", **of).order.confirmed_at == clock.now()
    assert supplier(world, "settle", status="confirmed", **of).order.status == "confirmed", "the same again"
    done = supplier(world, "settle", status="delivered", **of).order
    assert (done.status, done.ended_at) == ("delivered", clock.now())
    for status, reason in (("confirmed", ""), ("rejected", "sold_out"), ("rejected", ""), ("placed", "")):
        with pytest.raises(OrderError):
            supplier(world, "settle", status=status, reason=reason, **of)
    with world.scope(kari) as scope, pytest.raises(OrderError):
        orders.cancel(scope=scope, subject_id=kari, order_id=order.id, at=clock.now())
    with world.scope(kari, activity="rights_requests"):
        told = set(Message.objects.filter(subject_id=kari).values_list("template", flat=True))
    assert told == {"order_confirmed", "order_delivered"}
    assert faults(world) == []


def test_b4_new_orders_come_first_however_many_are_open_and_each_is_told_once(world: World, kari: int) -> None:
    for _ in range(60):
        place(world, kari)
    clock.advance(timedelta(minutes=1))
    with world.scope(kari):
        Order.objects.filter(ordered_at__lt=clock.now()).update(status="sent", sent_at=clock.now())
    clock.advance(timedelta(days=1))
    new = [place(world, kari).id for _ in range(3)]
    first = supplier(world, "fetch")
    assert {one.order.id for one in first.orders[:3]} == {*new}
    assert len(first.orders) == 50
    clock.advance(timedelta(minutes=1))
    late = place(world, kari).id
    second = supplier(world, "fetch", after=first.after)
    ids = [one.order.id for one in (*first.orders, *second.orders)]
    assert second.orders[0].order.id == late
    assert (len(ids), len(set(ids)), second.after) == (64, 64, "")
    assert len(fetched(world)) == 50, "from the beginning, the oldest first"
    for wrong in ("x", f"{clock.now().isoformat()}/{uuid4()}", "2026-01-01/"):
        with pytest.raises(OrderError, match="part before"):
            supplier(world, "fetch", after=wrong)


def test_b4_what_is_written_stands_in_the_order_alone_and_is_open_to_orders_only(world: World, kari: int) -> None:
    place(world, kari)
    union = world.controllers["lyngheim"]
    with Scope(system("test", {union.pk}), "rights_requests"):
        assert not Fact.objects.filter(value__icontains="Tarebrygga").exists()
    readers = set()
    for activity in vocabulary().activities:
        with Scope(system("test", {union.pk}), activity, frozenset({kari})):
            if Order.objects.filter(subject_id=kari).exists():
                readers.add(activity)
    assert "benefit_delivery" in readers
    marketing = {key for key, words in vocabulary().activities.items() if words.marketing} | {"surveys", "profiling"}
    assert not readers & (marketing | {"membership_administration", "membership_card", "register_import"})


def test_b4_the_member_takes_an_order_back_and_the_supplier_never_learns_of_one_not_sent(
    world: World, kari: int
) -> None:
    early, late = place(world, kari), place(world, kari)
    with world.scope(kari) as scope:
        assert orders.cancel(scope=scope, subject_id=kari, order_id=early.id, at=clock.now()).status == "cancelled"
    assert [one.order.id for one in fetched(world)] == [late.id]
    with world.scope(kari) as scope:
        orders.cancel(scope=scope, subject_id=kari, order_id=late.id, at=clock.now())
    seen = supplier(world, "one", reference=late.reference)
    assert (seen.order.status, set(seen.fields)) == ("cancelled", {"ordered"})
    with pytest.raises(OrderError):
        supplier(world, "one", reference=early.reference)
    assert len(log(world)) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("address", "x" * 201),
        ("postal_code", "50-03-5003-99"),
        ("postal_place", ""),
        ("phone", "12"),
        ("quantity", 0),
        ("quantity", 100),
    ],
)
def test_b4_a_form_that_cannot_be_used_is_told_by_its_field(world: World, kari: int, field: str, value: Any) -> None:
    with pytest.raises(OrderError) as refused:
        place(world, kari, form=Wanted(**{**FORM.__dict__, field: value}))
    assert refused.value.code == field


def test_b5_the_supplier_receives_what_frame_and_benefit_allow_and_it_is_on_record(world: World, kari: int) -> None:
    place(world, kari), place(world, kari, "bok")
    (room,), (book,) = fetched(world), fetched(world, "varer")
    assert room.fields == {"ordered": "2 × rom", "order_name": "Kari Nordseth", "order_phone": "+4740000111"}
    assert book.fields == {
        "ordered": "2 × bok",
        "order_name": "Kari Nordseth",
        "order_address": "Tarebrygga 12",
        "order_place": "5003 Bergen",
    }, "the benefit does not need the phone number"
    assert fetched(world)[0].fields == room.fields
    hotel, goods = log(world)
    assert (hotel.recipient, hotel.ground, hotel.fields) == (
        "fjellduft_hoteller",
        "contract",
        {"benefit_order": ["order_name", "order_phone", "ordered"]},
    )
    assert goods.recipient == "vidderaas_varer"
    assert not supplier(world, "fetch", "kino").orders


def test_b5_more_than_the_frame_asks_the_member_first(world: World, kari: int) -> None:
    order = place(world, kari)
    (handed,) = fetched(world)
    assert handed.more == ("order_address", "order_place")
    of = {"reference": order.reference}
    for fields in ([], ["order_phone"], ["national_number"], ["order_address", "email"]):
        with pytest.raises(OrderError) as refused:
            supplier(world, "ask_more", fields=fields, **of)
        assert refused.value.code == "more-undeclared"
    asked = supplier(world, "ask_more", fields=["order_address"], **of)
    assert "order_address" not in asked.fields
    with pytest.raises(OrderError, match="has been asked"):
        supplier(world, "ask_more", fields=["order_place"], **of)
    with world.scope(kari, activity="rights_requests"):
        assert Message.objects.filter(subject_id=kari, template="order_more").exists()
    assert len(log(world)) == 1
    clock.advance(timedelta(minutes=5))
    answer(world, kari, order, yes=True)
    assert supplier(world, "one", **of).fields["order_address"] == "Tarebrygga 12"
    assert "order_place" not in supplier(world, "one", **of).fields
    row = log(world)[1]
    assert (row.recipient, row.ground, row.asked_at) == ("fjellduft_asked", "consent", clock.now())
    assert row.fields == {"benefit_order": ["order_address"]}
    with pytest.raises(OrderError):
        answer(world, kari, order, yes=False)
    assert faults(world) == []


def test_b5_no_means_no(world: World, kari: int) -> None:
    order = place(world, kari)
    fetched(world)
    supplier(world, "ask_more", reference=order.reference, fields=["order_address"])
    answer(world, kari, order, yes=False)
    assert "order_address" not in supplier(world, "one", reference=order.reference).fields
    assert len(log(world)) == 1


def test_b5_a_frame_that_ended_shows_nothing(world: World, kari: int) -> None:
    order = place(world, kari)
    union = world.controllers["lyngheim"]
    fetched(world)
    frame = Frame.objects.get(supplier=world.suppliers["hotell"], controller=union, ends=None)
    editing.end_frame(actor=world.staff, standing=frame, on=clock.today())
    with pytest.raises(OrderError):
        supplier(world, "one", reference=order.reference)
    assert [one.split(":")[0] for one in faults(world)] == ["benefit rom"], "it can still be ordered: the proof says so"


def test_b5_one_union_s_members_are_never_another_s(world: World, kari: int) -> None:
    order = place(world, kari)
    frame = Frame.objects.get(supplier=world.suppliers["hotell"], controller=world.controllers["lyngheim"], ends=None)
    editing.end_frame(actor=world.staff, standing=frame, on=clock.today())
    assert fetched(world) == [], "steinlia still gives it a frame"
    with Scope(system("test", {world.controllers["steinlia"].pk}), "benefit_delivery"):
        assert not Order.objects.filter(id=order.id).exists()


def test_b4_the_database_refuses_an_order_that_cannot_be(world: World, kari: int) -> None:
    order = place(world, kari)
    for change in ("status = 'sent'", "status = 'delivered', ended_at = now()", "more_yes = true", "quantity = 0"):
        with pytest.raises(IntegrityError), transaction.atomic(), world.scope(kari), connection.cursor() as cursor:
            cursor.execute(f"UPDATE benefits_order SET {change} WHERE id = %s", [order.id])


def test_b4_orders_go_three_months_after_they_ended_and_after_two_years_anyway(world: World, kari: int) -> None:
    from tillit.declaration.queries import current

    declared = current(controller_id=world.controllers["lyngheim"].pk, on=date(2026, 5, 4))
    rules = {(rule.key, rule.clock, rule.period) for rule in declared.retention if rule.category == "benefit_order"}
    assert {("order_delivery", "delivered", "P3M"), ("order_ceiling", "ordered", "P2Y")} <= rules
