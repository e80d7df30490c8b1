"""Who types a national number has not shown that it is theirs: of what the register says nothing is theirs yet (A7)."""

from datetime import date, timedelta
from typing import Any

import pytest

from tests.support.population import World, number, record
from tests.support.world import TURID
from tillit.journeys import beginning, person_facts
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import protection

SECRET = {"street": "Skjulveien 9", "postal_code": "6004", "city": "Ålesund"}
MINE = number(date(1970, 1, 5), 100)


def _begun(world: World, **typed: str) -> int:
    said = {**TURID, "national_number": MINE, **typed}
    return beginning.begin(controller=world.controller, activity="customer_administration", typed=said).subject_id


def _plays(world: World, **changes: Any) -> None:
    known = {"name": {"given": "Turid", "family": "Ås"}, "address": SECRET, **changes}
    world.outside.play({"people": {MINE: record(**known)}, "quiet": True})


def _finds(world: World) -> int | None:
    return person_facts.finds(register_id=world.controller.register_id, number=MINE)


def _sealed(world: World, subject: int) -> dict[str, str]:
    with Scope(system("test", {world.controller.pk}), "customer_administration", frozenset({subject})) as scope:
        return protection.address(scope=scope, subject_id=subject)


@pytest.mark.parametrize("name", [("Offer", "Hemmelig"), ("Offer", "Ås"), ("Turid", "Hemmelig")])
def test_a7_another_s_number_brings_nothing_of_theirs(world: World, name: tuple[str, str]) -> None:
    _plays(world, name={"given": name[0], "family": name[1]}, protection="confidential")
    subject = _begun(world)
    assert _finds(world) is None
    before = {kind: (one.value, one.source) for kind, one in world.facts(subject).items()}
    assert before["address.street"] == ("Kaigata 2", "data_subject")
    assert world.run().outcomes == {"another_person": 1}
    assert {kind: (one.value, one.source) for kind, one in world.facts(subject).items()} == before
    assert _finds(world) is None, "the number is not theirs"
    assert _sealed(world, subject) == {}


def _seen_by_a_colleague(world: World, subject: int) -> None:
    with Scope(system("test", {world.controller.pk}), "customer_administration") as scope:
        person_facts.keep(
            scope=scope, subject_id=subject, controller_id=world.controller.pk, kind="national_number", text=MINE,
            register_id=world.controller.register_id, source="data_subject", at=clock.now(),
        )  # fmt: skip


def test_a7_who_knows_name_and_number_learns_no_address_until_a_colleague_saw_who_they_are(world: World) -> None:
    _plays(world, name={"given": "Turid", "middle": "Moe", "family": "ås"})
    subject = _begun(world)
    before = {kind: (one.value, one.source) for kind, one in world.facts(subject).items()}
    assert world.run().outcomes == {"differs": 1}
    assert {kind: (one.value, one.source) for kind, one in world.facts(subject).items()} == before
    assert before["address.street"] == ("Kaigata 2", "data_subject"), "what they gave, and no middle name either"
    assert _finds(world) is None
    _seen_by_a_colleague(world, subject)
    assert _finds(world) == subject
    world.numbers[subject] = MINE
    world.happens(subject, name={"given": "Turid", "family": "Vik"})
    assert world.run().outcomes == {"changed": 1}, "whose the number is, may marry"
    assert world.facts(subject)["name.family"].value == "Vik"
    assert world.facts(subject)["address.street"].value == "Skjulveien 9"


def test_a7_the_same_address_is_confirmed_and_another_state_of_things_is_not(world: World) -> None:
    home = {"street": "kaigata  2", "postal_code": "9008", "city": "TROMSØ"}
    _plays(world, address=home)
    subject = _begun(world)
    assert world.run().outcomes == {"confirmed": 1}
    assert world.facts(subject)["address.street"].source == "data_subject"
    assert _finds(world) is None, "who could copy a letter box could say so, too"
    _plays(world, address=home, state="emigrated", emigrated={"country": "SE", "on": "2026-05-01"})
    with clock.travel(clock.now() + timedelta(days=366)):
        assert world.run().outcomes == {"differs": 1}
        assert "emigrated" not in world.facts(subject)
    _plays(world, address=home, state="deceased", died="2026-01-05")
    with clock.travel(clock.now() + timedelta(days=2 * 366)):
        assert world.run().outcomes == {"another_person": 1}
        assert "deceased" not in world.facts(subject)


def test_a7_a_protected_address_is_not_learnt_by_name_and_number(world: World) -> None:
    _plays(world, protection="strictly_confidential")
    subject = _begun(world)
    assert world.run().outcomes == {"another_person": 1}
    assert _sealed(world, subject)["address.street"] == "Kaigata 2", "what they gave is protected"
    assert _finds(world) is None
    _seen_by_a_colleague(world, subject)
    assert _finds(world) == subject
    world.numbers[subject] = MINE
    world.happens(subject, address={**SECRET, "street": "Nytt skjul 3"})
    assert world.run().outcomes == {"protected": 1}
    assert _sealed(world, subject)["address.street"] == "Nytt skjul 3"


def test_a7_a_taken_number_is_told_to_a_colleague_only(world: World) -> None:
    known = world.customer(200, given="Turid", family="Ås")
    world.outside.play({"people": {world.numbers[known]: record(name={"given": "Turid", "family": "Ås"})}})
    twin = _begun(world, national_number=world.numbers[known])
    assert twin != known
    assert world.run().outcomes == {"unchanged": 1, "another_person": 1}
    number_of = person_facts.finds(register_id=world.controller.register_id, number=world.numbers[known])
    assert number_of == known
    assert world.facts(twin)["address.street"].value == "Kaigata 2"
