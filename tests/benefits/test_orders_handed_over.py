"""Orders under way go along when a union is merged into another (A10, B4), and the supplier goes on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest

from tests.benefits.conftest import NOW, START, World, build
from tests.benefits.test_orders import FORM, supplier
from tests.support.world import publish_examples
from tillit.benefits import editing, orders
from tillit.benefits.models import Kind
from tillit.benefits.order_models import Order
from tillit.declaration import registry
from tillit.declaration.models import Controller
from tillit.declaration.publish import publish
from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.privacy.handover import carrying, planning
from tillit.privacy.prove.run import prove

DAY = date(2026, 8, 1)


@pytest.fixture
def unions(db: None) -> Iterator[tuple[World, Controller, Controller]]:
    """A union that promises what happens on a merger, and the one it merges into, with the same suppliers."""
    with clock.travel(NOW):
        world = build()
        pattern = current(controller_id=publish_examples("loyalty_services")["trygghavn"].pk, on=NOW.date())
        same = current(controller_id=world.controllers["lyngheim"].pk, on=NOW.date())
        giver, receiver = (_merging(same, pattern, key) for key in ("lyngvang", "lyngmark"))
        everybody = {f"{one.key}, published": one for one in Controller.objects.all()}
        world.controllers |= {**everybody, "lyngheim": giver, "lyngmark": receiver}
        for one in (giver, receiver):
            editing.frame(
                actor=world.staff,
                supplier=world.suppliers["hotell"],
                controller=one,
                recipient="fjellduft_hoteller",
                asked_recipient="",
                starts=START,
            )
        yield world, giver, receiver


def _merging(union: Declaration, pattern: Declaration, key: str) -> Controller:
    activity = pattern.activity("business_transfer")
    (recipient,) = (one for one in pattern.recipients if one.key == "successor")
    assert activity is not None
    categories = sorted({"identity", "contact", "relationship", "benefit_order"} & union.category_keys())
    who = union.controller.model_copy(update={"key": key, "name": key.title()})
    who = who.model_copy(update={"arrangement": who.arrangement.model_copy(update={"register_key": key})})
    said = union.model_copy(
        update={
            "controller": who,
            "activities": (*union.activities, activity.model_copy(update={"applies_to": ("member",)})),
            "recipients": (*union.recipients, recipient.model_copy(update={"categories": tuple(categories)})),
        }
    )
    return publish(declaration=said, source_text="", at=clock.now()).controller


def _ordered(world: World, given: str) -> Order:
    subject = world.member(given=given, family="Nordseth")
    (found,) = world.listed(subject, benefit="rom")
    with world.scope(subject) as scope:
        return orders.place(
            scope=scope,
            subject_id=subject,
            controller_id=world.controllers["lyngheim"].pk,
            benefit=found,
            wanted=FORM,
            key=uuid4(),
            at=clock.now(),
        )


def _held(controller: Controller) -> list[tuple[object, str, str]]:
    with Scope(system("test", {controller.pk}), "retention"):
        rows = Order.objects.filter(controller_id=controller.pk)
        return sorted(rows.values_list("reference", "status", "name"))


def test_a10_orders_under_way_go_along_and_one_that_stays_behind_is_seen(
    unions: tuple[World, Controller, Controller], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, giver, receiver = unions
    world.benefit("rom", kind=Kind.ORDER, title="Rom", needs=("order_name", "order_phone", "order_address"))
    order = _ordered(world, "Kari")
    actor = system("test", {giver.pk, receiver.pk})
    handover = planning.plan(actor=actor, giver=giver, receiver=receiver, day=DAY, consents=False, at=clock.now())
    later = _ordered(world, "Ola")
    planning.announce(actor=actor, handover=handover, at=clock.now())
    went = [(order.reference, "placed", FORM.name), (later.reference, "placed", FORM.name)]
    assert (_held(giver), _held(receiver)) == (sorted(went), [])
    with clock.travel(DAY):
        carrying.carry_out(actor=actor, handover=handover, at=clock.now(), most=1)
        ((gone, _, _),) = _held(receiver)
        assert [one.order.reference for one in supplier(world, "fetch").orders if one.order.reference == gone] == [gone]
        assert _status(giver) == ("kept", "")
        domain = replace(registry.GOES_ALONG["benefits"], carry=lambda going: {})
        monkeypatch.setitem(registry.GOES_ALONG, "benefits", domain)
        carrying.carry_out(actor=actor, handover=handover, at=clock.now())
        assert len(_held(giver)) == 1
        assert "benefits: 1 under way stayed with the giver" in _status(giver)[1]


def _status(controller: Controller) -> tuple[str, str]:
    (proof,) = prove(kinds=["handover"], controllers=[controller.key])
    return proof.finding.status, proof.finding.why
