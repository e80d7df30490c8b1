"""People checked against the population register: what it tells comes in with its source, and nothing is lost (A7)."""

from datetime import date, timedelta

import pytest

from tests.support.population import World, number, record
from tests.support.world import person, publish_examples
from tillit.audit.models import Event as Audit
from tillit.consent import operations as consent
from tillit.consent.queries import may
from tillit.disclosure.models import Disclosure
from tillit.journeys import deceased, person_facts
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import lookup, protection
from tillit.parties.errors import ProtectedAddressError
from tillit.parties.journal_models import JournalEntry
from tillit.parties.models import Fact, Login, Relationship, SealedFact
from tillit.parties.operations import open_fact, record_fact
from tillit.registers import operations as registers
from tillit.registers import protocol
from tillit.registers.errors import RegisterError
from tillit.registers.models import Check, Feed
from tillit.registers.sources import POPULATION, controllers


def test_a7_moves_and_names_come_in_with_their_source_and_each_question_is_on_record(world: World) -> None:
    kari = world.customer(100, email="kari@eksempel.example")
    first = world.run()
    assert (first.failure, first.outcomes) == ("", {"unchanged": 1}), "a new customer is checked"
    assert {f.source for f in world.facts(kari).values()} == {"data_subject"}
    world.happens(
        kari,
        name={"given": "Kari", "middle": "Moe", "family": "Lunde"},
        address={"street": "Nyveien 2", "postal_code": "6002", "city": "Ålesund"},
    )
    world.outside.play({"noise": 2})
    again = world.run()
    assert (again.events, again.outcomes) == (3, {"changed": 1})
    found = world.facts(kari)
    assert found["address.street"].value == "Nyveien 2"
    assert found["address.street"].source == found["name.middle"].source == "population_register"
    assert found["address.street"].collected_under == "population_register_check"
    assert found["email"].source == found["address.city"].source == "data_subject", "what it did not change"
    with Scope(system("test", {world.controller.pk}), "rights_requests"):
        left = list(Disclosure.objects.filter(recipient="population_register"))
        assert [(d.subject_id, d.fields) for d in left] == [(kari, {"national_number": ["national_number"]})] * 2
        assert {str(d.reference) for d in left} == {one["reference"] for one in world.outside.asked}
        told = Audit.objects.filter(type="person.corrected", subject_id=kari)
        assert {one.details["kind"] for one in told} == {"name.middle", "address.street", "address.postal_code"}
    assert world.run().outcomes == {}, "nothing new, nobody asked about"


def test_a7_only_the_controllers_whose_declaration_grounds_it_and_only_the_fields_it_names(world: World) -> None:
    publish_examples("accounting", "union_benefits")
    assert [one.key for one in controllers(POPULATION)] == ["fjordlys"]
    told = protocol.people(
        {"people": [{"reference": "00000000-0000-0000-0000-000000000001", "found": True, "state": "resident",
                     "identifier": number(date(1980, 1, 5), 100), "gender": "female", **record()}]},
        asked=[__import__("uuid").UUID(int=1)],
    )  # fmt: skip
    assert not any("gender" in str(one) for one in told.values()), "what nobody declared is not even read"


def test_a7_a_death_stops_mailings_at_once_closes_ways_in_and_starts_the_clocks(world: World) -> None:
    ola = world.customer(110, email="ola@eksempel.example")
    world.run()
    asked = {"controller_id": world.controller.pk, "activity": "important_notices", "subject_id": ola}
    assert may(**asked, channel="email", former=True)
    day = clock.today() - timedelta(days=3)
    world.happens(ola, state="deceased", died=day.isoformat())
    assert world.run().outcomes == {"deceased": 1}
    assert may(**asked, channel="email", former=True).reason == "deceased"
    with Scope(system("test", {world.controller.pk}), "customer_administration"):
        tie = Relationship.objects.get(subject_id=ola)
        assert (tie.ended, tie.end_reason) == (day, "deceased"), "the clocks of retention run from the day"
    assert not Login.objects.get(subject_id=ola).is_active
    actor = system("desk", {world.controller.pk})
    where = {"actor": actor, "controller": world.controller, "subject_id": ola}
    estate = {"estate.name": "Per Lunde", "estate.email": "per@eksempel.example"}
    deceased.record_death(**where, day=day, source="third_party", at=clock.now(), estate=estate)
    assert deceased.known(**where) == (day, estate)
    deceased.undo_death(**where, at=clock.now())
    assert may(**asked, channel="email"), "a wrong report is undone"
    assert Login.objects.get(subject_id=ola).is_active
    with pytest.raises(deceased.DeathError, match="not come"):
        deceased.record_death(**where, day=clock.today() + timedelta(days=2), source="third_party", at=clock.now())


def test_a7_a_protected_address_is_in_no_table_page_or_journal_in_clear(world: World) -> None:
    eva = world.customer(120)
    world.happens(eva, address={"street": "Mellomveien 5", "postal_code": "6001", "city": "Ålesund"})
    world.run()
    assert world.facts(eva)["address.street"].value == "Mellomveien 5"
    hidden = {"street": "Hemmelig vei 9", "postal_code": "9990", "city": "Båtsfjord"}
    world.happens(eva, address=hidden, protection="strictly_confidential")
    assert world.run().outcomes == {"protected": 1}
    assert {k for k in world.facts(eva) if k.startswith("address.")} == {"address.protection"}
    everything = system("test", {world.controller.pk})
    with Scope(everything, "retention"):
        clear = Fact.objects.filter(subject_id=eva, kind__in=protection.PARTS)
        assert not clear.exists(), "nor as it was"
        copies = JournalEntry.objects.filter(relation="parties_fact", subject_id=eva, kind="row")
        assert not [c for c in copies if c.details.get("kind") in protection.PARTS]
    with Scope(everything, "customer_administration", frozenset({eva})) as scope:
        assert protection.address(scope=scope, subject_id=eva)["address.street"] == "Hemmelig vei 9"
        with pytest.raises(ProtectedAddressError):
            record_fact(
                scope=scope, subject_id=eva, controller_id=world.controller.pk, category="contact",
                kind="address.street", value="Hemmelig vei 9", source="data_subject", at=clock.now(),
            )  # fmt: skip
        where = {"controller_id": world.controller.pk, "register_id": world.controller.register_id}
        assert person_facts.keep(
            scope=scope, subject_id=eva, **where, kind="address.street", text="Annen vei 1", source="data_subject",
            at=clock.now(),
        )  # fmt: skip
        assert protection.address(scope=scope, subject_id=eva)["address.street"] == "Annen vei 1"
    world.happens(eva, protection="", address=hidden)
    assert world.run().outcomes == {"changed": 1}
    assert world.facts(eva)["address.street"].value == "Hemmelig vei 9", "lifted, it is an address like any other"


@pytest.mark.parametrize("register_too", [False, True])
def test_a7_the_register_lifts_no_protection_that_the_member_asked_for(world: World, register_too: bool) -> None:
    eva = world.customer(120)
    home = {"street": "Mellomveien 5", "postal_code": "6001", "city": "Ålesund"}
    world.happens(eva, address=home)
    world.run()
    assert world.facts(eva)["address.street"].value == "Mellomveien 5"
    everything = system("test", {world.controller.pk})
    with Scope(everything, "customer_administration", frozenset({eva})) as scope:
        protection.protect(
            scope=scope, subject_id=eva, controller_id=world.controller.pk, level="confidential",
            source="data_subject", at=clock.now(),
        )  # fmt: skip
    clock.travel(clock.now() + timedelta(hours=1))
    if register_too:
        world.happens(eva, protection="strictly_confidential")
        assert world.run().outcomes == {"protected": 1}
        assert world.facts(eva)["address.protection"].source == "population_register"
        clock.travel(clock.now() + timedelta(hours=1))
    world.happens(eva, protection="", address=home | {"street": "Ny vei 7"})
    assert world.run().outcomes == {"changed": 1}
    found = world.facts(eva)
    assert {k for k in found if k.startswith("address.")} == {"address.protection"}
    assert (found["address.protection"].value, found["address.protection"].source) == ("confidential", "data_subject")
    with Scope(everything, "customer_administration", frozenset({eva})) as scope:
        assert protection.address(scope=scope, subject_id=eva)["address.street"] == "Ny vei 7"


def test_a7_a_d_number_becomes_a_national_number_and_two_who_are_one_are_left_to_a_colleague(world: World) -> None:
    ivan = world.customer(130, d_number=True)
    before, after = world.numbers[ivan], number(date(1980, 1, 5), 140)
    world.happens(ivan, number=after)
    assert world.run().outcomes == {"changed": 1}
    with Scope(system("test", {world.controller.pk}), "customer_administration") as scope:
        sealed = SealedFact.objects.get(subject_id=ivan, kind="national_number", superseded_at__isnull=True)
        assert open_fact(scope=scope, fact=sealed) == after
        assert sealed.source == "population_register"
    twice, taken = world.customer(150, d_number=True), world.customer(160)
    world.outside.play({"people": {world.numbers[taken]: {**record(), "was": world.numbers[twice]}}})
    outcomes = world.run().outcomes
    assert outcomes["another_person"] == 1, "both stay as they are"
    assert lookup.by_address(register_id=world.controller.register_id, text="x") is None
    assert before != after


def test_a7_who_emigrated_has_no_address_here(world: World) -> None:
    liv = world.customer(170)
    world.happens(liv, state="emigrated", address={}, emigrated={"country": "SE", "on": "2026-05-01"})
    world.run()
    found = world.facts(liv)
    assert found["emigrated"].value == "2026-05-01 SE"
    assert "address.street" not in found
    world.happens(liv, state="resident", address={"street": "Hjemveien 1", "postal_code": "6004", "city": "Ålesund"})
    world.run()
    found = world.facts(liv)
    assert "emigrated" not in found
    assert found["address.street"].value == "Hjemveien 1"


def test_a7_busy_broken_silent_and_garbled_answers_lose_nothing_and_the_next_run_goes_on(world: World) -> None:
    people = [world.customer(200 + n) for n in range(3)]
    world.run()
    world.outside.play({"noise": 1100})
    for one in people:
        world.happens(one, address={"street": "Flytteveien 3", "postal_code": "6004", "city": "Ålesund"})
    world.outside.play({"fail": [429, 503, "garbage"]})
    first = world.run()
    assert (first.events, first.outcomes) == (1103, {"changed": 3}), "tried again until it answered"
    for one in people:
        world.happens(one, address={"street": "Nytt sted 4", "postal_code": "6004", "city": "Ålesund"})
    world.outside.play({"fail": [None, "cut", "garbage", 500, 502]})
    stopped = world.run()
    assert stopped.failure == "register-busy"
    feed = Feed.objects.get(controller=world.controller)
    assert (feed.failure, feed.tries, feed.sequence) == ("register-busy", 1, 3 * 1106)
    assert feed.next_try is not None
    assert feed.next_try > clock.now()
    with registers.scope_of(world.controller, POPULATION):
        assert Check.objects.filter(wanted_at__isnull=False).count() == 3, "who waits stays waiting"
    assert world.run().outcomes == {}, "put off"
    with clock.travel(clock.now() + timedelta(hours=1)):
        assert world.run().outcomes == {"changed": 3}
    assert {world.facts(one)["address.street"].value for one in people} == {"Nytt sted 4"}
    assert Feed.objects.get(controller=world.controller).failure == ""


def test_a7_a_page_counts_once_whoever_reads_it_and_a_bad_page_moves_nothing(world: World) -> None:
    kari = world.customer(230)
    page = [protocol.Event(7, world.numbers[kari]), protocol.Event(9, "")]
    registers.feed_of(world.controller, POPULATION)
    assert registers.take_in(controller=world.controller, source=POPULATION, after=0, page=page)
    assert not registers.take_in(controller=world.controller, source=POPULATION, after=0, page=page)
    feed = Feed.objects.get(controller=world.controller)
    assert (feed.sequence, feed.read, feed.ours, feed.unreadable) == (9, 2, 1, 1)
    for said in (
        {"events": [{"sequence": 3, "identifier": "1"}, {"sequence": 3, "identifier": "2"}]},
        {"events": [{"sequence": True}]}, {"events": [{"sequence": 2**62}]}, {"events": "none"}, [], None,
        {"events": [{"sequence": n} for n in range(1, 1002)]},
    ):  # fmt: skip
        with pytest.raises(RegisterError):
            protocol.events(said, after=0)


def test_a7_what_happens_to_restricted_people_waits_until_the_restriction_is_lifted(world: World) -> None:
    kari = world.customer(240)
    world.run()
    with Scope(system("test", {world.controller.pk}), "rights_requests") as scope:
        where = {"scope": scope, "subject_id": kari, "controller_id": world.controller.pk, "at": clock.now()}
        consent.restrict(**where, ground="accuracy")
    world.happens(kari, address={"street": "Nyveien 2", "postal_code": "6002", "city": "Ålesund"})
    assert world.run().outcomes == {}, "restricted data is kept, and nothing else"
    with Scope(system("test", {world.controller.pk}), "rights_requests") as scope:
        consent.lift(scope=scope, subject_id=kari, at=clock.now())
    assert world.run().outcomes == {"changed": 1}
    person(world.controller, "customer")
    assert world.run().outcomes == {}, "nobody is asked about without a number"
