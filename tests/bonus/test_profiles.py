"""The compiled profile (C16): for those who have not objected, open to the member in every part, stopped at once."""

from datetime import timedelta

import pytest
from django.test import Client

from tests.bonus.conftest import NOW, World, build
from tests.bonus.test_reports import buy
from tests.faces.conftest import make_person, sign_in
from tillit.bonus import profiles
from tillit.bonus.profile_models import ProfilePart
from tillit.journeys.choices import choose
from tillit.kernel import clock
from tillit.parties.actors import member_actor


def read(world: World, subject: int) -> dict[str, list[str]]:
    with world.scope("profiling"):
        ids = [one.pk for one in world.controllers.values()]
        return {one.part: one.value for one in profiles.parts(subject_id=subject, controller_ids=ids)}


@pytest.mark.django_db
def test_c16_a_profile_is_compiled_changed_by_the_member_and_stops_at_an_objection(db: None, client: Client) -> None:
    with clock.travel(NOW):
        world = build()
        club = world.controllers["nordkai"]
        kari, ola = make_person(club, "Kari", "Fjord", "+4741234567"), world.member()
        for days in range(12):
            buy(world, kari.subject_id, 100, store="1" if days < 8 else "2", at=NOW - timedelta(days=days))
        buy(world, ola, 100)
        compiled, _ = profiles.compile_all(controller_id=club.pk)
        assert compiled == 4
        assert read(world, kari.subject_id) == {"stores": ["Butikk 1", "Butikk 2"], "frequency": ["monthly"]}
        with world.scope("profiling"):
            found = profiles.audience(controller_id=club.pk, part="stores", word="Butikk 1")
        assert found == {kari.subject_id, ola}

        sign_in(client, kari)
        page = client.get("/nordkai/min-side/profile/compiled/").text
        assert "Butikk 1" in page
        assert "Omtrent hver måned" in page
        with world.scope("profiling"):
            ids = dict(ProfilePart.objects.filter(subject_id=kari.subject_id).values_list("part", "id"))
        client.post("/nordkai/min-side/profile/compiled/", {"part": ids["stores"], "word": ["Butikk 2"]})
        client.post("/nordkai/min-side/profile/compiled/", {"part": ids["frequency"]})
        profiles.compile_all(controller_id=club.pk)
        assert read(world, kari.subject_id) == {"stores": ["Butikk 2"]}

        actor = member_actor(register_id=club.register_id, subject_id=kari.subject_id, login_id=1)
        facts = {"actor": actor, "controller": club, "subject_id": kari.subject_id, "activity": "profiling"}
        choose(**facts, channel="", on=False, wording="0" * 64, route="min_side")
        assert read(world, kari.subject_id) == {}
        profiles.compile_all(controller_id=club.pk)
        assert read(world, kari.subject_id) == {}
        with world.scope("profiling"):
            assert profiles.audience(controller_id=club.pk, part="stores", word="Butikk 1") == {ola}
            assert profiles.faults(club.pk, clock.today()) == []
            ProfilePart.objects.filter(subject_id=kari.subject_id).update(value=["x"], origin="compiled")
            assert profiles.faults(club.pk, clock.today()) == [
                "bonus_profile_part: 1 people have a profile and may not be profiled"
            ]
