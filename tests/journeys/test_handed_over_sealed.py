"""Sealed facts of people who go to another installation: whole there, and in clear nowhere on the way (A6, A10)."""

import base64
import json
from collections.abc import Iterator

import pytest
from django.db import connections

from tests.conftest import TestDatabase
from tests.journeys.intake_world import NOW
from tests.journeys.test_handed_over_elsewhere import LATER, Line, served, twin
from tests.journeys.test_transfer import Installation, _secret
from tests.support import databases
from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties.models import Fact, SealedFact
from tillit.parties.operations import open_fact, seal_fact
from tillit.platform import database
from tillit.privacy.backup import places
from tillit.privacy.handover import planning
from tillit.privacy.models import HandoverSent

FNR = "17054026641"


@pytest.fixture
def line(fresh_db: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """The loyalty-services company is sold to a buyer with its own installation."""
    sender = Installation(fresh_db.name, _secret(1), monkeypatch, "trygghavn")
    with sender.here(), clock.travel(NOW):
        publish_examples("loyalty_services")
        twin("trygghavn")
        connections.close_all()
        other = databases.clone(fresh_db.name)
    receiver = Installation(other, _secret(2), monkeypatch, "lyngvik")
    made = Line(sender, receiver, giver="trygghavn")
    try:
        with sender.here(), clock.travel(NOW), served(made, monkeypatch):
            yield made
    finally:
        databases.drop(other)


def _everything(name: str) -> str:
    """Every row of every table, read by the owner past all policies."""
    with database.connect("owner", name=name) as owner:
        tables = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return "\n".join(str(row[0]) for (one,) in tables for row in owner.execute(f"SELECT t::text FROM {one} t"))


def _opened(at: Controller) -> list[str]:
    with Scope(system("test", {at.pk}), "rights_requests") as scope:
        return [open_fact(scope=scope, fact=one) for one in SealedFact.objects.filter(controller_id=at.pk)]


def test_a6_a10_a_sealed_number_is_sealed_anew_at_the_receiver_and_in_clear_nowhere_on_the_way(
    line: Line, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    giver = Controller.objects.get(key="trygghavn")
    kari = person(giver, "customer", given="Karianne", email="karianne@epost.example")
    with Scope(system("test", {giver.pk}), "customer_administration") as scope:
        said = {"category": "national_number", "kind": "national_number", "value": FNR, "source": "data_subject"}
        seal_fact(scope=scope, subject_id=kari, controller_id=giver.pk, at=clock.now(), **said)
    assert _opened(giver) == [FNR], "there it is"
    handover = line.plan({}, line.expect(line.fingerprint(line.sender)))
    planning.announce(actor=system("test", {giver.pk}), handover=handover, at=clock.now())
    with clock.travel(LATER):
        done = line.carry_out(handover, [])
        assert (done.moved, done.counts["parties_sealed_fact"]) == (1, [1, 1])
        with line.receiver.here():
            assert _opened(line.receiver.controller) == [FNR], "and there it came"
            with Scope(system("test", {line.receiver.controller.pk}), "retention"):
                assert Fact.objects.filter(value="Karianne").exists()
    assert "Karianne" in _everything(line.receiver.name)
    assert "Karianne" not in _everything(line.sender.name), "erased where it left"
    bodies = [base64.b64decode(json.loads(body)["message"]) for body in line.wire[::2]]
    on_disk = [path.read_bytes() for path in places.folder("journal").iterdir() if path.is_file()]
    waiting = [bytes(one.message) for one in HandoverSent.objects.all() if one.message]
    assert (len(bodies), len(waiting), len(on_disk)) == (2, 1, 1)
    for where in (*line.wire, *bodies, *on_disk, *waiting):
        assert FNR.encode() not in where
        assert b"Karianne" not in where
    out, err = capfd.readouterr()
    for text in (_everything(line.sender.name), _everything(line.receiver.name), caplog.text, out, err):
        assert FNR not in text
