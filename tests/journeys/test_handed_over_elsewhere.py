"""A controller's people go straight to another installation, over HTTP (A10): two databases, the keys of two, and lines
that break at every step.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from tests.conftest import TestDatabase
from tests.journeys.intake_world import NOW, World, bought, build
from tests.journeys.test_transfer import Installation, _secret
from tests.support import databases
from tests.support.world import person
from tillit.bonus import programmes
from tillit.consent import operations as consent
from tillit.consent.models import Choice, EventKind
from tillit.declaration.models import Controller
from tillit.declaration.publish import publish
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.money import Money
from tillit.kernel.scope import Scope, system
from tillit.ledger.models import Balance
from tillit.parties.models import Fact, Relationship
from tillit.parties.operations import record_fact
from tillit.platform import paths
from tillit.privacy import envelope
from tillit.privacy.errors import HandoverError
from tillit.privacy.handover import arriving, carrying, leaving, outbound, parcel, planning
from tillit.privacy.models import BackupRun, Handover, HandoverArrived, HandoverExpected, HandoverSent
from tillit.privacy.prove.run import prove
from tillit.purchases import reference_data
from tillit.services import reference_data as services

DAY, LATER = date(2026, 7, 15), NOW + timedelta(days=60)


@dataclass
class Line:
    """The way between the two: `cuts` says of each call whether it breaks before or after it is answered."""

    sender: Installation
    receiver: Installation
    cuts: list[str] = field(default_factory=list)
    address: str = ""
    world: World | None = None
    giver: str = "nordkai"
    wire: list[bytes] = field(default_factory=list)

    def plan(self, chains: dict[str, str], letter: bytes, **changed: str) -> Handover:
        giver, receiver = (Controller.objects.get(key=one) for one in (self.giver, "lyngvik"))
        where = {"address": self.address, "fingerprint": changed.get("fingerprint", self.fingerprint(self.receiver))}
        return planning.plan(
            actor=system("test", {giver.pk, receiver.pk}),
            giver=giver,
            receiver=receiver,
            day=DAY,
            consents=True,
            at=clock.now(),
            chains=chains,
            elsewhere=planning.Elsewhere(letter=letter, **where),
        )

    def fingerprint(self, one: Installation) -> str:
        with one.here():
            return envelope.fingerprint(envelope.signing_key())

    def expect(self, fingerprint: str) -> bytes:
        with self.receiver.here():
            at = self.receiver.controller
            actor = system("test", {at.pk})
            _, letter = arriving.expect(
                actor=actor, receiver=at, giver="Nordkai", fingerprint=fingerprint, until=date(2026, 12, 31), at=NOW
            )
            return letter

    def carry_out(self, handover: Handover, cuts: list[str]) -> Handover:
        self.cuts[:] = cuts
        actor = system("test", {handover.giver_id, handover.receiver_id})
        return carrying.carry_out(actor=actor, handover=handover, at=LATER)


@contextmanager
def served(line: Line, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """The receiver's site in a thread that has its own connection, secret and moment; the sender waits meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            line.wire.append(body)
            cut = line.cuts.pop(0) if line.cuts else ""
            if cut == "before":
                return self.close_now()
            link = connections["default"]
            link.settings_dict = {**link.settings_dict, "NAME": line.receiver.name}
            patch.setenv("TILLIT_SECRET_ENVELOPE", line.receiver.secret)
            try:
                with clock.travel(max(LATER, clock.now() if clock.travelling() else LATER)):
                    answer = Client().post(self.path, body, content_type="application/json")
            finally:
                patch.setenv("TILLIT_SECRET_ENVELOPE", line.sender.secret)
                link.close()
            line.wire.append(answer.content)
            if cut == "after":
                return self.close_now()
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def close_now(self) -> None:
            self.close_connection = True

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        line.address = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def twin(of: str = "nordkai") -> Controller:
    """The controller that takes over: it stands alone, and declares the same, at both installations."""
    same = current(controller_id=Controller.objects.get(key=of).pk, on=NOW.date())
    alone = same.controller.arrangement.model_copy(
        update={"register_key": "lyngvik", "holder": None, "kind": "sole", "division": None}
    )
    who = same.controller.model_copy(update={"key": "lyngvik", "name": "Lyngvik AS", "arrangement": alone})
    return publish(declaration=same.model_copy(update={"controller": who}), source_text="", at=clock.now()).controller


def _product(controller: Controller) -> Any:
    product = services.keep_product(
        controller=controller,
        key="sperr",
        names={"nb": "Sperretjeneste", "en": "Blocking"},
        services=["card_blocking"],
        payers=["customer"],
        starts=date(2026, 1, 1),
    )
    services.set_price(product=product, price=Money(4900, "NOK"), starts=date(2026, 1, 1))
    return product


@pytest.fixture
def line(fresh_db: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    """Kari and Ola are members of the club that is sold; the buyer runs its own installation."""
    sender = Installation(fresh_db.name, _secret(1), monkeypatch, "nordkai")
    with sender.here(), clock.travel(NOW):
        world = build()
        world.controllers["lyngvik"] = twin()
        other = databases.clone(_closed(fresh_db.name))
    receiver = Installation(other, _secret(2), monkeypatch, "lyngvik")
    made = Line(sender, receiver, world=world)
    try:
        with receiver.here(), clock.travel(NOW):
            chain = reference_data.keep_chain(key="lyng", name="Lyng", controller_id=receiver.controller.pk)
            reference_data.keep_stores(chain=chain, stores={"1": ("Lyng 1", "Tromsø")})
            programmes.set_up(chain=chain, on=clock.today())
            person(receiver.controller, given="Kåre", email="kare@epost.example")
        with sender.here(), clock.travel(NOW), served(made, monkeypatch):
            yield made
    finally:
        databases.drop(other)


def _closed(name: str) -> str:
    connections.close_all()
    return name


def _prepared(line: Line) -> tuple[int, int, Handover]:
    """Kari has bonus, an address and choices, Ola objects; both sides have confirmed, and everybody is told."""
    assert line.world is not None
    world, nordkai = line.world, line.world.controllers["nordkai"]
    kari = world.member(1)
    ola = person(nordkai, given="Ola")
    world.take_in([bought(1), bought(2, amount="250.50")])
    with world.scope("membership_administration") as scope:
        for category, kind, value in (("identity", "name.given", "Kari"), ("contact", "email", "kari@epost.example")):
            record_fact(
                scope=scope,
                subject_id=kari,
                controller_id=world.controllers["rundtur"].pk,
                category=category,
                kind=kind,
                value=value,
                source="data_subject",
                at=clock.now(),
            )
    for subject, activity, kind in (
        (kari, "marketing", EventKind.OBJECTED),
        (ola, planning.ACTIVITY, EventKind.OBJECTED),
    ):
        with Scope(system("test", {nordkai.pk}), "consent_management") as scope:
            consent.record(
                scope=scope,
                subject_id=subject,
                controller_id=nordkai.pk,
                activity=activity,
                kind=kind,
                route="web",
                wording="1" * 64,
                at=clock.now(),
            )
    letter = line.expect(line.fingerprint(line.sender))
    handover = line.plan({"mat": "lyng"}, letter)
    planning.announce(actor=system("test", {handover.giver_id}), handover=handover, at=clock.now())
    return kari, ola, handover


def _at_the_receiver(line: Line) -> dict[str, Any]:
    """What the receiver holds of who came: presence and value by kind."""
    with line.receiver.here():
        at = line.receiver.controller
        with Scope(system("test", {at.pk}), "retention"):
            facts = dict(Fact.objects.filter(controller_id=at.pk, kind="name.given").values_list("value", "source"))
            lots = list(Balance.objects.exclude(balance=0).filter(kind=100).values_list("balance", "expires_on"))
            ties = Relationship.objects.filter(controller_id=at.pk, ended__isnull=True).count()
        with Scope(system("test", {at.pk}), "consent_management"):
            noes = Choice.objects.filter(controller_id=at.pk, activity="marketing", objected=True).count()
        return {"facts": facts, "lots": lots, "ties": ties, "noes": noes, "came": HandoverArrived.objects.count()}


@pytest.mark.parametrize(
    "cuts", [["before"], ["after"], ["", "before"], ["", "after"]], ids=["try", "tried", "sent", "taken"]
)
def test_a10_people_go_straight_to_another_installation_whatever_breaks(line: Line, cuts: list[str]) -> None:
    kari, ola, handover = _prepared(line)
    with clock.travel(LATER):
        assert _at_the_receiver(line)["facts"] == {"Kåre": "data_subject"}
        with pytest.raises(HandoverError) as broken:
            line.carry_out(handover, cuts)
        assert broken.value.code == "handover-unreachable"
        handover = Handover.objects.get(pk=handover.pk)
        left = HandoverSent.objects.count()
        assert left == (0 if len(cuts) == 1 else 1), "nobody leaves before the receiver has tried it"
        held = _at_the_receiver(line)
        assert held["came"] == (1 if cuts == ["", "after"] else 0)
        if left:
            with clock.travel(LATER + timedelta(days=2)):
                (proof,) = prove(kinds=["handover"], controllers=["nordkai"])
                assert (proof.finding.status, "not confirmed" in proof.finding.why) == ("broken", True)
        done = line.carry_out(handover, [])
        assert (done.moved, done.stayed, done.counts["bonus:NOK"]) == (1, 1, [351, 351])
        assert all(left == arrived for left, arrived in done.counts.values())
        assert done.counts.keys() >= {"parties_fact", "parties_relationship"}
        assert _at_the_receiver(line) == {
            "facts": {"Kåre": "data_subject", "Kari": "data_subject"},
            "lots": [(351, date(2028, 1, 1))],
            "ties": 2,
            "noes": 1,
            "came": 1,
        }
        assert line.world is not None
        assert line.world.balances(kari) == {}
        with line.world.scope("retention"):
            assert not Relationship.objects.filter(
                subject_id=kari, controller_id=handover.giver_id, ended=None
            ).exists()
            assert Relationship.objects.filter(subject_id=ola, controller_id=handover.giver_id, ended=None).exists()
        (proof,) = prove(kinds=["handover"], controllers=["nordkai"])
        assert (proof.finding.status, proof.finding.why) == ("kept", "")
        with line.receiver.here():
            (proof,) = prove(kinds=["handover"], controllers=["lyngvik"])
            assert (proof.finding.status, proof.finding.why) == ("kept", "")
            _backed_up(LATER - timedelta(hours=1))
            HandoverArrived.objects.update(counts={"bonus:NOK": 350})
            (proof,) = prove(kinds=["handover"], controllers=["lyngvik"])
            assert proof.finding.status == "broken", "value that came and is not on record"
            HandoverArrived.objects.update(counts={"bonus:NOK": 351})
        _kept_until_safe(line)


def _kept_until_safe(line: Line) -> None:
    """The sealed parcel is let go when a backup at the receiver holds who came, and no sooner."""
    sent = HandoverSent.objects.filter(message__isnull=False)
    assert len(outbound.waiting()) == sent.count() == 1
    with clock.travel(LATER + timedelta(days=6)):
        assert leaving.confirm_everywhere() == 0, "that backup is older"
        (proof,) = prove(kinds=["handover"], controllers=["nordkai"])
        assert (proof.finding.status, "no backup that holds them" in proof.finding.why) == ("broken", True)
        with line.receiver.here():
            _backed_up(LATER + timedelta(days=5))
        assert leaving.confirm_everywhere() == 1
        assert outbound.waiting() == list(sent) == []
        (proof,) = prove(kinds=["handover"], controllers=["nordkai"])
        assert (proof.finding.status, proof.finding.why) == ("kept", "")


def _backed_up(at: datetime) -> None:
    """A dump of that moment, read back."""
    said = {"file": f"{at:%Y%m%d%H}.dump", "made_at": at, "verified_at": at, "bytes": 1, "rows": 1, "sha256": "0" * 64}
    BackupRun.objects.create(kind="dump", **said)


def test_a10_nobody_comes_whom_both_sides_have_not_confirmed(line: Line) -> None:
    letter = line.expect("0000 " * 8)
    with pytest.raises(HandoverError) as wrong:
        line.plan({"mat": "lyng"}, letter, fingerprint="1111 " * 8)
    assert wrong.value.code == "handover-fingerprint"
    handover = line.plan({"mat": "nowhere"}, letter)
    assert line.world is not None
    kari = line.world.member(1)
    line.world.take_in([bought(1)])
    planning.announce(actor=system("test", {handover.giver_id}), handover=handover, at=clock.now())
    with clock.travel(LATER):
        with pytest.raises(HandoverError, match="unknown-sender"):
            line.carry_out(handover, [])
        with line.receiver.here():
            key = "".join(line.fingerprint(line.sender).split())
            HandoverExpected.objects.update(fingerprint=key)
        with pytest.raises(HandoverError) as short:
            line.carry_out(handover, [])
        assert short.value.code == "handover-short", "its bonus would not arrive: nothing leaves"
        assert line.world.balances(kari) == {"lot": 100}
        with line.receiver.here():
            HandoverExpected.objects.update(closed_at=LATER)
        with pytest.raises(HandoverError, match="invitation-expired"):
            line.carry_out(handover, [])
        assert not HandoverSent.objects.exists()
        assert _at_the_receiver(line)["came"] == 0


def test_a10_one_that_is_refused_holds_up_no_other_and_who_has_left_may_come_after_the_close(line: Line) -> None:
    _, _, handover = _prepared(line)
    assert line.world is not None
    line.world.member(3)
    planning.announce(actor=system("test", {handover.giver_id}), handover=handover, at=clock.now())
    with clock.travel(LATER):
        done = line.carry_out(handover, [])
        assert done.moved == 2
        stuck, other = HandoverSent.objects.order_by("id")
        with line.receiver.here():
            actor, expected = system("test", {line.receiver.controller.pk}), HandoverExpected.objects.get()
            HandoverArrived.objects.filter(reference=stuck.reference).delete()  # as if it had not come yet
            arriving.close(actor=actor, expected=expected, at=LATER)
            _backed_up(LATER + timedelta(days=5))
    with clock.travel(LATER + timedelta(days=6)):
        with pytest.raises(HandoverError, match="invitation-expired"):
            leaving.confirm_all(handover=done)
        assert outbound.waiting() == [stuck.reference]
        other.refresh_from_db()
        assert other.confirmed_at is not None
        with line.receiver.here():
            arriving.extend(actor=actor, expected=expected, until=date(2027, 1, 31), at=clock.now())
        assert leaving.confirm_all(handover=done) == 0, "it has come, and is in no backup there yet"
        with line.receiver.here():
            assert HandoverArrived.objects.filter(reference=stuck.reference, lost_at=None).count() == 1


def test_a10_the_schema_of_what_travels_is_published() -> None:
    published = json.loads((paths.root() / "docs" / "formats" / "handover.schema.json").read_text("utf-8"))
    assert published == parcel.Parcel.model_json_schema()
