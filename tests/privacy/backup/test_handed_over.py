"""A real restore of a dump that is older than a hand-over: nobody is lost on both sides (A10, H11)."""

import json
from datetime import timedelta

import pytest
from django.db import connections

from tests.conftest import TestDatabase
from tests.privacy.test_handover import _at, _carry_out, _customer, _plan, _status
from tests.support import databases
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.models import Fact, Relationship, SealedFact
from tillit.privacy import envelope, portable
from tillit.privacy.backup import run, segments
from tillit.privacy.backup.restore import restore
from tillit.privacy.handover import arriving, leaving, outbound, parcel, planning
from tillit.privacy.handover.restoring import Put
from tillit.privacy.models import Handover, HandoverArrived, HandoverExpected, HandoverSent

MAIL = "kari@eksempel.example"


@pytest.fixture
def stock(published: object) -> databases.Stock:
    """All five examples."""
    return published("*")  # type: ignore[operator, no-any-return]


def _came(giver: Controller, receiver: Controller, kari: int) -> bytes:
    """The parcel of somebody who comes from another installation, whose name is Liv."""
    _, letter = arriving.expect(
        actor=system("test", {receiver.pk}),
        receiver=receiver,
        giver="Havn AS",
        fingerprint=envelope.fingerprint(envelope.signing_key()),
        until=clock.today() + timedelta(days=1),
        at=clock.now(),
    )
    with Scope(system("test", {giver.pk}), "retention"):
        facts = leaving._read(
            planning.registry.PERSONAL["parties_fact"], (kari,), [giver.pk], {"identity"}, clock.now()
        )
    made = parcel.Parcel(
        ticket=json.loads(letter)["ticket"],
        reference="a" * 64,
        sender=portable.party(current(controller_id=giver.pk, on=clock.today())),
        final=True,
        account=False,
        tables={"parties_fact": [one | {"value": "Liv"} for one in facts if one["kind"] == "name.given"]},
        choices=[],
        domains={},
        left={},
        key="",
        signature="",
    )
    return envelope.seal(parcel.signed(made).model_dump_json().encode(), key=envelope.sealing_key())


def _left(giver: Controller, receiver: Controller) -> HandoverSent:
    """Somebody has left for another installation, which has not answered yet."""
    handover = Handover.objects.create(
        giver=giver,
        receiver=receiver,
        day=clock.today(),
        planned_at=clock.now(),
        giver_version=1,
        receiver_version=1,
        material=False,
        address="https://elsewhere.example",
        letter={"ticket": "x", "seal_for": "x", "key": "x"},
    )
    sent = HandoverSent.objects.create(
        handover=handover, reference="b" * 64, message=b"sealed", left={"parties_fact": 2}, left_at=clock.now()
    )
    outbound.keep(handover=handover, sent=sent)
    return sent


def test_a10_h11_nobody_is_lost_on_both_sides_by_a_restore(fresh_db: TestDatabase) -> None:
    giver, receiver, third = (Controller.objects.get(key=one) for one in ("trygghavn", "fjordlys", "solvik"))
    kari = _customer(giver, "Kari", "+47 400 00 601")
    day = clock.today() + timedelta(days=60)
    handover = _plan(giver, receiver, day)
    planning.announce(actor=system("test", {giver.pk}), handover=handover, at=clock.now())
    dump = run.backup().dump
    with clock.travel(day):
        message = _came(giver, receiver, kari)
        assert _carry_out(handover).moved == 1
        assert (_at(giver, MAIL), _at(receiver, MAIL) is None) == (None, False)
        assert arriving.take(message=message, at=clock.now()).taken
        sent = _left(third, receiver)
        segments.ship()
        run.copy_keys()  # the giver's keys of Kari are in no copy any more
        name = f"{fresh_db.name}_r"
        done = restore(path=dump, name=name)
        before = databases.repoint(name)
        try:
            assert done.replayed.handed == Put(back=1, sent=1, awaited=1)
            _at_the_giver_again(giver, receiver, kari)
            _on_the_way_still(sent)
            _to_come_again(receiver, message)
            assert _status(receiver) == ("kept", "")
        finally:
            databases.repoint(before)
            databases.drop(name)
            connections.close_all()


def _at_the_giver_again(giver: Controller, receiver: Controller, kari: int) -> None:
    """Whole, but for what their keys went with; and handed over anew."""
    with Scope(system("test", {giver.pk}), "retention"):
        assert Relationship.objects.get(subject_id=kari).ended is None
        assert Fact.objects.filter(subject_id=kari, value="Kari").exists()
        assert not SealedFact.objects.filter(subject_id=kari).exists()
    with Scope(system("test", {giver.pk}), "security_log"):
        assert Event.objects.filter(type="row.lost_in_restore", subject_id=kari).count() == 1
    assert (_at(giver, MAIL), _at(receiver, MAIL)) == (kari, None)
    assert _carry_out(Handover.objects.get(giver=giver)).moved == 1
    assert (_at(giver, MAIL), _at(receiver, MAIL) is None) == (None, False)


def _on_the_way_still(sent: HandoverSent) -> None:
    """The parcel that no dump holds is sent again."""
    again = HandoverSent.objects.get(reference=sent.reference)
    assert (bytes(again.message or b""), again.left, again.confirmed_at) == (b"sealed", {"parties_fact": 2}, None)
    assert again.handover.address == "https://elsewhere.example"


def _to_come_again(receiver: Controller, message: bytes) -> None:
    """Known as missing, and taken in whatever the day; once."""
    liv = Fact.objects.filter(controller_id=receiver.pk, value="Liv")
    with Scope(system("test", {receiver.pk}), "retention"):
        assert not liv.exists()
    status, why = _status(receiver)
    assert (status, "have not been sent again" in why) == ("broken", True)
    HandoverExpected.objects.update(closed_at=clock.now())
    for _ in range(2):
        assert arriving.take(message=message, at=clock.now()).taken
    with Scope(system("test", {receiver.pk}), "retention"):
        assert liv.count() == 1
    assert HandoverArrived.objects.get().lost_at is None
