"""Audiences for advertising elsewhere: only who said yes, only hashed, out at once (B10)."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from tests.faces.test_staff import at_work, hire
from tests.support.world import person, publish_examples
from tillit.consent import operations as consent
from tillit.consent.models import EventKind
from tillit.declaration.models import Controller
from tillit.disclosure.models import Disclosure
from tillit.faces.simulators.audience import AdvertisingNetwork
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.outreach.audiences import operations as audiences
from tillit.outreach.audiences import queries
from tillit.outreach.audiences.errors import AudienceError, NetworkError
from tillit.outreach.audiences.hashing import email_hash, phone_hash
from tillit.outreach.audiences.models import Audience, AudienceMember
from tillit.parties.operations import record_fact

pytestmark = pytest.mark.django_db


@dataclass
class World:
    """A union that approves advertising, and a network."""

    union: Controller
    network: AdvertisingNetwork
    controllers: dict[str, Controller]

    def member(self, email: str = "", phone: str = "", *, yes: bool = True) -> int:
        subject = person(self.union, given="Kari")
        with Scope(system("test", {self.union.pk}), "newsletter") as scope:
            for kind, text in (("marketing.email", email), ("marketing.phone", phone)):
                if text:
                    record_fact(
                        scope=scope, subject_id=subject, controller_id=self.union.pk, category="marketing_contact",
                        kind=kind, value=text, source="data_subject", at=clock.now(),
                    )  # fmt: skip
        if yes:
            self.says(subject, EventKind.GIVEN)
        return subject

    def says(self, subject: int, kind: EventKind) -> None:
        with Scope(system("test", {self.union.pk}), "consent_management") as scope:
            consent.record(
                scope=scope, subject_id=subject, controller_id=self.union.pk, activity="advertising", kind=kind,
                route="web", wording="1" * 64, at=clock.now(),
            )  # fmt: skip

    def audience(self, name: str = "Sommer") -> Audience:
        with queries.scope_of(self.union) as scope:
            return audiences.make(scope=scope, controller=self.union, network="torgprat", name=name)

    def held(self, audience: Audience) -> set[tuple[str, str]]:
        audience.refresh_from_db()
        return self.network.members(audience.outside)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    network = AdvertisingNetwork(0, token="of-the-test")
    threading.Thread(target=network.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    monkeypatch.setitem(settings.AUDIENCES, "torgprat", network.address)
    controllers = publish_examples("union_benefits")
    yield World(controllers["lyngheim"], network, controllers)
    network.shutdown()
    network.server_close()


def test_b10_addresses_are_hashed_as_networks_want_them() -> None:
    assert email_hash("  Kari.Lunde@Post.Example ") == sha256(b"kari.lunde@post.example").hexdigest()
    assert phone_hash("400 00 123") == sha256(b"+4740000123").hexdigest()
    assert (email_hash("none"), phone_hash("x")) == ("", "")


def test_b10_only_who_said_yes_is_in_it_hashed_on_record_and_capped(world: World) -> None:
    kari = world.member("Kari@Post.Example", "+47 400 00 123")
    world.member("ola@post.example", yes=False)
    world.member()
    reach = queries.reach(controller=world.union)
    assert (set(reach.people), reach.excluded) == ({kari}, {"no-address": 1, "no-consent": 1})
    audience = world.audience()
    run = audiences.fill(audience=audience)
    assert run is not None
    assert (run.added, run.held) == (1, 1)
    assert world.held(audience) == {(email_hash("kari@post.example"), phone_hash("+4740000123"))}
    made = world.network.audiences[audience.outside]
    assert made["advertiser"] == "Lyngheim Forbund", "for the programme itself only"
    assert made["frequency_cap"] == {"impressions": 1, "every": "P1D"}
    assert not any("@" in said or "40000123" in said for said in world.network.heard), "never in clear"
    with Scope(system("test", {world.union.pk}), "rights_requests"):
        (left,) = Disclosure.objects.filter(activity="advertising")
        assert (left.subject_id, left.recipient, left.recipient_kind) == (kari, "torgprat", "processor")
    assert audiences.fill(audience=audience) is None, "again: nothing more"


def test_b10_blocked_unless_the_union_s_agreement_approves_it(world: World) -> None:
    tangvik = world.controllers["tangvik"]
    assert queries.networks(_declared(world.controllers["steinlia"]))
    assert queries.networks(_declared(tangvik)) == []
    assert queries.reach(controller=tangvik).people == {}
    for controller, network in ((tangvik, "torgprat"), (world.union, "fjellhall_drift"), (world.union, "nobody")):
        with pytest.raises(AudienceError, match="not approved"), queries.scope_of(world.union) as scope:
            audiences.make(scope=scope, controller=controller, network=network, name="X")
    with pytest.raises(AudienceError, match="no address"), queries.scope_of(world.union) as scope:
        audiences.make(scope=scope, controller=world.union, network="skiltgata", name="X")


def test_b10_who_says_no_is_restricted_or_erased_is_out_of_the_network_with_the_next_run(world: World) -> None:
    kari, ola, eva, liv = (world.member(f"{name}@post.example") for name in ("kari", "ola", "eva", "liv"))
    audience = world.audience()
    audiences.fill(audience=audience)
    assert len(world.held(audience)) == 4
    world.says(kari, EventKind.WITHDRAWN)
    assert audiences.follow_everywhere() == 1
    assert len(world.held(audience)) == 3
    with Scope(system("test", {world.union.pk}), "retention"):
        assert not AudienceMember.objects.filter(subject_id=kari).exists()
        AudienceMember.objects.filter(subject_id=ola).delete()  # as an erasure does
    assert audiences.follow_everywhere() == 1
    assert world.held(audience) == {(email_hash(f"{name}@post.example"), "") for name in ("eva", "liv")}
    with Scope(system("test", {world.union.pk}), "rights_requests") as scope:
        consent.restrict(scope=scope, subject_id=eva, controller_id=world.union.pk, ground="unlawful", at=clock.now())
    audiences.follow_everywhere()
    assert world.held(audience) == {(email_hash("liv@post.example"), "")}
    assert audiences.follow_everywhere() == 0
    with Scope(system("test", {world.union.pk}), "newsletter") as scope:
        record_fact(
            scope=scope, subject_id=liv, controller_id=world.union.pk, category="marketing_contact",
            kind="marketing.email", value="ny@post.example", source="data_subject", at=clock.now(),
        )  # fmt: skip
    world.says(ola, EventKind.WITHDRAWN)
    audiences.fill(audience=audience)
    assert world.held(audience) == {(email_hash("ny@post.example"), "")}, "a changed address takes the old one's place"
    audience.refresh_from_db()
    audiences.end(audience=audience)
    assert world.network.audiences == {}
    assert [run.removed for run in audience.runs.order_by("at")][-1] == 2, "the restricted one's row, too"


def test_b10_a_network_that_fails_is_asked_again_and_an_answer_that_was_lost_is_made_good(world: World) -> None:
    people = [world.member(f"m{n}@post.example") for n in range(3)]
    audience = world.audience()
    world.network.faults += [None, "lost"]
    with pytest.raises(NetworkError, match="did not answer"):
        audiences.fill(audience=audience)
    audience.refresh_from_db()
    assert audience.failure == "network-unreachable"
    assert len(world.held(audience)) == 3, "it had done it"
    world.says(people[0], EventKind.WITHDRAWN)
    assert audiences.follow_everywhere() == 0, "put off"
    with clock.travel(clock.now() + timedelta(minutes=2)):
        assert audiences.follow_everywhere() == 1
    assert len(world.held(audience)) == 2
    audience.refresh_from_db()
    assert (audience.failure, audience.held) == ("", 2)
    with pytest.raises(IntegrityError), transaction.atomic(), queries.scope_of(world.union), connection.cursor() as c:
        c.execute("UPDATE audiences_member SET email = 'kari@post.example'")


def test_b10_one_who_is_restricted_is_out_though_the_number_held_is_the_same(world: World) -> None:
    kari, ola = world.member("kari@post.example"), world.member("ola@post.example")
    audience = world.audience()
    audiences.fill(audience=audience)
    ny = world.member("ny@post.example")
    world.network.faults += [503]
    with pytest.raises(NetworkError):
        audiences.fill(audience=audience)
    assert len(world.held(audience)) == 2, "nobody was added"
    with Scope(system("test", {world.union.pk}), "retention"):
        assert set(AudienceMember.objects.filter(sent_at=None).values_list("subject_id", flat=True)) == {ny}
    with Scope(system("test", {world.union.pk}), "rights_requests") as scope:
        consent.restrict(scope=scope, subject_id=kari, controller_id=world.union.pk, ground="unlawful", at=clock.now())
    later = clock.now() + timedelta(hours=2)
    with clock.travel(later):
        assert [audiences.follow_everywhere() for _ in range(2)] == [1, 0]
    assert world.held(audience) == {(email_hash(f"{name}@post.example"), "") for name in ("ola", "ny")}
    with Scope(system("test", {world.union.pk}), "retention"):
        sent = dict(AudienceMember.objects.values_list("subject_id", "sent_at"))
    assert sent[ny] == later, "when the network had it"
    assert set(sent) >= {ola, ny}
    with Scope(system("test", {world.union.pk}), "rights_requests") as scope:
        consent.lift(scope=scope, subject_id=kari, at=clock.now())
    audiences.follow_everywhere()
    assert len(world.held(audience)) == 3, "lifted: as before"


def test_b10_the_page_shows_size_reasons_and_history_and_sends(world: World) -> None:
    world.member("kari@post.example")
    world.member("ola@post.example", yes=False)
    desk = at_work(hire(world.union, role="marketing"))
    path = "/staff/lyngheim/advertising/"
    page = desk.get(path, headers={"Accept-Language": "en"}).text
    assert "Have not said yes" in page
    assert "kari@post" not in page
    made = {"act": "make", "network": "torgprat", "name": "Sommer"}
    assert desk.post(path, made).status_code == 302
    assert desk.post(path, made).status_code == 422, "one of a name"
    assert desk.post(path, made | {"network": "skiltgata"}).status_code == 422
    audience = Audience.objects.get()
    assert len(world.held(audience)) == 1
    other = Audience.objects.create(
        controller=world.controllers["steinlia"], network="torgprat", name="Andres", made_at=clock.now()
    )
    assert desk.post(path, {"act": "end", "audience": other.pk}).status_code == 404
    assert desk.post(path, {"act": "end", "audience": audience.pk}).status_code == 302
    assert world.network.audiences == {}
    blocked = at_work(hire(world.controllers["tangvik"], role="marketing", name="Tor Vakt"))
    assert blocked.get("/staff/tangvik/advertising/").status_code == 404


def _declared(controller: Controller):  # type: ignore[no-untyped-def]
    from tillit.declaration.queries import current

    return current(controller_id=controller.pk, on=clock.today())
