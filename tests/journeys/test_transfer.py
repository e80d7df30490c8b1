"""Data goes with the person to another installation (H6): two databases, the keys of two, both sides confirm."""

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.conftest import TestDatabase
from tests.support import databases
from tests.support.world import person, publish_examples
from tillit.audit.models import Event
from tillit.declaration.models import Controller
from tillit.disclosure.models import Disclosure
from tillit.journeys import transfer
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.parties.models import Fact
from tillit.parties.operations import NewFact, end_relationship, record_facts
from tillit.platform import paths
from tillit.privacy import access, envelope, portable
from tillit.privacy.errors import PackageError
from tillit.privacy.prove.run import prove

NOW = datetime(2026, 5, 4, 10, tzinfo=UTC)


@dataclass
class Installation:
    """One of the two: its database, its secret, the controller and what the person is called there."""

    name: str
    secret: str
    patch: pytest.MonkeyPatch
    key: str = ""
    subject: int = 0

    @contextmanager
    def here(self) -> Iterator["Installation"]:
        before, other = databases.repoint(self.name), os.environ.get("TILLIT_SECRET_ENVELOPE", self.secret)
        self.patch.setenv("TILLIT_SECRET_ENVELOPE", self.secret)
        try:
            with clock.travel(clock.now() if clock.travelling() else NOW):
                yield self
        finally:
            databases.repoint(before)
            self.patch.setenv("TILLIT_SECRET_ENVELOPE", other)

    @property
    def controller(self) -> Controller:
        return Controller.objects.get(key=self.key)

    @property
    def actor(self) -> Actor:
        register = Controller.objects.get(key=self.key).register_id
        return system("rights", Controller.objects.filter(register_id=register).values_list("pk", flat=True))

    def scope(self, activity: str) -> Scope:
        return Scope(self.actor, activity, frozenset({self.subject}))

    def facts(self) -> dict[str, tuple[str, str, str]]:
        with self.scope("rights_requests"):
            rows = Fact.objects.filter(subject_id=self.subject, superseded_at__isnull=True)
            return {row.kind: (row.value, row.source, row.collected_under) for row in rows}


def _secret(byte: int) -> str:
    return base64.b64encode(bytes([byte]) * 32).decode()


@pytest.fixture
def two(fresh_db: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Installation, Installation]]:
    """Kari is a member of the coalition, and a customer at the power company that has its own installation."""
    other = databases.clone(databases.template())
    sender = Installation(fresh_db.name, _secret(1), monkeypatch, "rundtur")
    receiver = Installation(other, _secret(2), monkeypatch, "rundtur")
    try:
        for one, given in ((sender, "Kari"), (receiver, "Kåre")):
            with one.here():
                publish_examples("bonus")
                one.subject = person(
                    one.controller, given=given, family="Lund", email=f"{one.secret[:3].lower()}@epost.example"
                )
        with sender.here(), sender.scope("membership_administration") as scope:
            record_facts(
                scope=scope,
                subject_id=sender.subject,
                controller_id=sender.controller.pk,
                facts=[NewFact("contact", "address.street", "Storgata 7")],
                source="data_subject",
                at=NOW,
            )
        yield sender, receiver
    finally:
        databases.drop(other)


def _invited(receiver: Installation) -> bytes:
    with receiver.here():
        return transfer.invite(actor=receiver.actor, controller=receiver.controller, subject_id=receiver.subject)


def _sent(sender: Installation, invitation: bytes) -> tuple[bytes, portable.Package, str]:
    with sender.here():
        who: dict[str, Any] = {"actor": sender.actor, "controller": sender.controller, "subject_id": sender.subject}
        letter, package = transfer.prepare(**who, invitation=invitation, language="nb")
        message = transfer.send(**who, invitation=letter, package=package)
        return message, package, envelope.fingerprint(envelope.signing_key())


def test_h6_a_person_takes_their_data_to_another_installation(two: tuple[Installation, Installation]) -> None:
    sender, receiver = two
    message, package, fingerprint = _sent(sender, _invited(receiver))
    assert b"Storgata" not in message
    assert {part.category for part in package.data} >= {"identity", "contact", "relationship"}
    assert all(set(part.grounds) <= {"consent", "contract"} for part in package.data)
    assert str(sender.subject) not in package.model_dump_json()
    with receiver.here():
        arrival = transfer.arrived(message)
        assert arrival.subject_id == receiver.subject
        outcomes = {one.kind: (one.outcome, one.because) for one in arrival.proposals}
        assert outcomes == {
            "name.given": ("changes", ""),
            "name.family": ("same", ""),
            "email": ("not_taken", "verified_here"),
            "address.street": ("new", ""),
        }
        before = receiver.facts()
        assert before["name.given"][0] == "Kåre"  # shown only: nothing is taken in before the yes
        assert transfer.accept(actor=receiver.actor, arrival=arrival, fingerprint=fingerprint) == 2
        after = receiver.facts()
        assert after["name.given"] == ("Kari", "previous_controller", "membership_administration")
        assert after["address.street"] == ("Storgata 7", "previous_controller", "membership_administration")
        assert after["email"] == before["email"]
        with receiver.scope("security_log"):
            assert Event.objects.filter(type="person.brought_in", subject_id=receiver.subject).count() == 1
        again = transfer.arrived(message)
        assert transfer.accept(actor=receiver.actor, arrival=again, fingerprint=fingerprint) == 0


def test_h6_what_left_is_on_record_as_the_persons_own_choice(two: tuple[Installation, Installation]) -> None:
    sender, receiver = two
    _, package, _ = _sent(sender, _invited(receiver))
    with sender.here():
        with sender.scope("rights_requests"):
            row = Disclosure.objects.get(subject_id=sender.subject)
        assert (row.recipient, row.party) == ("own_choice", package.receiver.organisation_number.replace(" ", ""))
        assert set(row.fields) == {part.category for part in package.data}
        assert row.asked_at is not None
        assert {p.finding.status for p in prove(kinds=["disclosures"], controllers=["rundtur"])} == {"kept"}


def test_h6_nothing_unsigned_changed_or_meant_for_others_is_taken_in(two: tuple[Installation, Installation]) -> None:
    sender, receiver = two
    invitation = _invited(receiver)
    message, package, _ = _sent(sender, invitation)
    with sender.here(), pytest.raises(PackageError, match="not sealed for this"):
        transfer.arrived(message)
    with receiver.here():
        with pytest.raises(PackageError, match="damaged"):
            transfer.arrived(message[:-1] + bytes([message[-1] ^ 1]))
        forged = package.model_copy(update={"facts": [f.model_copy(update={"value": "X"}) for f in package.facts]})
        with pytest.raises(PackageError, match="signature"):
            transfer.arrived(envelope.seal(forged.model_dump_json().encode(), key=envelope.sealing_key()))
        arrival = transfer.arrived(message)
        with pytest.raises(PackageError, match="fingerprint"):
            transfer.accept(actor=receiver.actor, arrival=arrival, fingerprint="0000 " * 8)
        assert receiver.facts()["name.given"][0] == "Kåre"
        elsewhere = package.model_copy(update={"ticket": envelope.text(bytes(60))})
        signed = elsewhere.model_copy(update={"key": envelope.signing_key()})
        signed = signed.model_copy(update={"signature": envelope.sign(signed.model_dump())})
        with pytest.raises(PackageError, match="did not ask"):
            transfer.arrived(envelope.seal(signed.model_dump_json().encode(), key=envelope.sealing_key()))
    with clock.travel(NOW + timedelta(days=31)):
        with receiver.here(), pytest.raises(PackageError, match="thirty days"):
            transfer.arrived(message)
        with sender.here(), pytest.raises(PackageError, match="new one"):
            transfer.prepare(
                actor=sender.actor,
                controller=sender.controller,
                subject_id=sender.subject,
                invitation=invitation,
                language="nb",
            )
    changed = json.loads(invitation) | {"seal_for": portable.envelope.text(bytes(32))}
    with sender.here(), pytest.raises(PackageError, match="signature"):
        portable.invitation_of(json.dumps(changed).encode())


def test_h6_only_what_was_collected_on_consent_or_a_contract_travels(two: tuple[Installation, Installation]) -> None:
    sender, receiver = two
    with sender.here():  # an answer leaves a trace of its own, kept by law and not by contract
        answer = access.collect(actor=sender.actor, subject_id=sender.subject, language="nb")
    assert all(one["security"] for one in answer["controllers"])
    _, package, _ = _sent(sender, _invited(receiver))
    left = {one.category for one in package.left_out}
    assert "access_record" in left
    assert not left & {part.category for part in package.data}


def test_h6_the_receiver_takes_in_only_what_it_may_collect_of_the_person_now(
    two: tuple[Installation, Installation],
) -> None:
    sender, receiver = two
    message, _, fingerprint = _sent(sender, _invited(receiver))
    with receiver.here():
        assert {p.outcome for p in transfer.arrived(message).proposals} == {"new", "changes", "same", "not_taken"}
        with receiver.scope("membership_administration") as scope:
            end_relationship(
                scope=scope,
                subject_id=receiver.subject,
                controller_id=receiver.controller.pk,
                kind="member",
                ended=NOW.date(),
                reason="left",
            )
        arrival = transfer.arrived(message)
        assert {p.because for p in arrival.proposals} == {"not_allowed", "verified_here"}
        assert transfer.accept(actor=receiver.actor, arrival=arrival, fingerprint=fingerprint) == 0


@pytest.mark.parametrize("kind", ["package", "invitation"])
def test_h6_the_schemas_are_published(kind: str) -> None:
    model = portable.Package if kind == "package" else portable.Invitation
    name = "portable" if kind == "package" else "invitation"
    published = json.loads((paths.root() / "docs" / "formats" / f"{name}.schema.json").read_text("utf-8"))
    assert published == model.model_json_schema()
