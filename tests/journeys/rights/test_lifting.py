"""A purchase that waited behind a restriction is posted when the restriction is lifted (H4, C5)."""

from collections.abc import Iterator

import pytest

from tests.journeys.intake_world import NOW, World, bought, build
from tests.journeys.rights.conftest import staff
from tillit.journeys.rights import handling
from tillit.journeys.rights.receive import receive
from tillit.kernel import clock
from tillit.parties.actors import staff_actor


@pytest.fixture
def world(db: None) -> Iterator[World]:
    with clock.travel(NOW):
        yield build()


def test_h4_the_parked_purchase_is_posted_by_the_lifting(world: World) -> None:
    subject, club = world.member(1), world.controllers["nordkai"]
    adviser = staff_actor(staff=staff(club, "privacy_adviser", "Ada"))
    case = receive(
        actor=adviser,
        controller=club,
        subject_id=subject,
        right="restriction",
        channel="phone",
        verified_how="call_back",
        fields={"ground": "accuracy"},
    )
    handling.carry_out(actor=adviser, controller=club, case_id=case.id)
    batch = world.take_in([bought(1)])
    assert (batch.posted, batch.parked) == (0, 1)
    assert world.balances(subject) == {}
    handling.lift(actor=adviser, controller=club, case_id=case.id, reason="Kontrollert")
    assert world.balances(subject) == {"lot": 100}
