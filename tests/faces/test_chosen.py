"""Benefits chosen on Min side and in the app for whoever said yes to it, and for nobody else (B10)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.benefits.conftest import World, build
from tests.conftest import TestDatabase
from tests.faces.conftest import Person, make_person, sign_in
from tests.support.world import EXAMPLES
from tillit.benefits import chosen, editing
from tillit.consent.operations import restrict
from tillit.declaration.loader import load
from tillit.declaration.publish import publish
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.privacy.prove.run import Proof, prove

MIN = "/lyngheim/min-side"
EN = {"Accept-Language": "en"}
FOR_YOU, NOT_CHOSEN = "Chosen for you", "Nothing here is chosen for you"


def furnished() -> World:
    world = build()
    world.categories["hjem"] = editing.add_category(key="hjem", names={"nb": "Hjem", "en": "Home"})
    world.benefit("tog", title="Togreiser")
    world.categories["reise"] = world.categories["hjem"]
    world.benefit("maling", title="Maling")
    return world


@pytest.fixture
def world(db: Any) -> World:
    return furnished()


def says(client: Client, channel: str, *, on: bool) -> None:
    """Turn the switch on the page of choices."""
    form = {"activity": "marketing", "channel": channel, "on": str(int(on))}
    assert client.post(f"{MIN}/choices/", form).status_code == 302


def pages(client: Client) -> list[str]:
    return [client.get(path, headers=EN).text for path in (f"{MIN}/benefits/", f"{MIN}/")]


def test_b10_benefits_are_chosen_for_who_said_yes_by_what_they_ticked_and_for_nobody_else(
    world: World, client: Client, eva: Person
) -> None:
    client.post(f"{MIN}/interests/", {"topic": ["hjem"]})
    catalogue, home = pages(client)
    assert "Togreiser" in catalogue
    assert FOR_YOU not in catalogue + home
    assert NOT_CHOSEN in catalogue, "and it is said"
    says(client, "web", on=True)
    for page in pages(client):
        told = page.split(FOR_YOU)[1].split("</section>")[0]
        assert "Maling" in told
        assert "Because you ticked Home" in told
        assert "Togreiser" not in told
    assert FOR_YOU not in client.get(f"{MIN}/benefits/?q=maling", headers=EN).text
    client.post(f"{MIN}/interests/", {"topic": []})
    assert "have not ticked anything" in pages(client)[0]
    client.post(f"{MIN}/interests/", {"topic": ["fritid"]})
    assert "none of them fits" in pages(client)[0]
    client.post(f"{MIN}/interests/", {"topic": ["hjem"]})
    assert FOR_YOU in pages(client)[1]
    says(client, "web", on=False)
    catalogue, home = pages(client)
    assert FOR_YOU not in catalogue + home
    assert NOT_CHOSEN in catalogue


def test_b10_a_yes_for_the_app_is_none_for_the_web(world: World, client: Client, eva: Person) -> None:
    client.post(f"{MIN}/interests/", {"topic": ["hjem"]})
    says(client, "app", on=True)
    assert FOR_YOU not in "".join(pages(client))
    start = client.get("/lyngheim/app/manifest.webmanifest").json()["start_url"]
    assert FOR_YOU in client.get(start, headers=EN).text
    assert FOR_YOU in pages(client)[0], "and so it goes on there"
    phone = Client()
    assert phone.get(start).status_code == 302
    sign_in(phone, eva)
    assert FOR_YOU in pages(phone)[0], "who opened the app first and signed in then"


def test_b10_a_channel_that_the_union_takes_back_is_closed_and_a_restricted_person_is_left_alone(
    world: World, client: Client, eva: Person
) -> None:
    union = world.controllers["lyngheim"]
    client.post(f"{MIN}/interests/", {"topic": ["hjem"]})
    says(client, "web", on=True)
    says(client, "app", on=True)

    def found(channel: str) -> chosen.Chosen:
        return chosen.for_member(controller_id=union.pk, subject_id=eva.subject_id, channel=channel, at=clock.now())

    def keys(channel: str) -> list[str]:
        return [one.benefit.key for one in found(channel).benefits]

    assert keys("web") == keys("app") == ["maling"]
    assert found("email") == chosen.Chosen(), "that is no page"
    declared, _ = load(EXAMPLES / "union_benefits" / "lyngheim.yaml")
    later = clock.today() + timedelta(days=60)
    activities = tuple(
        one.model_copy(update={"channels": ("email", "app")}) if one.key == "marketing" else one
        for one in declared.activities
    )
    fewer = declared.model_copy(update={"activities": activities, "effective": later})
    publish(declaration=fewer, source_text="fewer", at=clock.now())
    with clock.travel(clock.now() + timedelta(days=61)):
        assert found("web") == chosen.Chosen(), "nor is it theirs to say yes to"
        assert keys("app") == ["maling"]
    with Scope(system("test", {union.pk}), "rights_requests") as scope:
        restrict(scope=scope, subject_id=eva.subject_id, controller_id=union.pk, ground="accuracy", at=clock.now())
    assert found("web") == found("app") == chosen.Chosen()


@pytest.fixture
def running(fresh_db: TestDatabase) -> Any:
    with clock.travel(clock.now()):
        yield furnished()
    connection.close()


def told() -> Proof:
    kept = [one for one in prove(controllers=["lyngheim"], kinds=["domains"]) if "chosen" in one.promise.text["en"]]
    assert len(kept) == 1
    return kept[0]


def test_b10_prove_sees_benefits_chosen_for_somebody_without_a_yes(
    running: World, fresh_db: TestDatabase, client: Client
) -> None:
    eva = make_person(running.controllers["lyngheim"], "Eva", "Strand", "+47 400 00 113")
    sign_in(client, eva)
    client.post(f"{MIN}/interests/", {"topic": ["hjem"]})
    says(client, "web", on=True)
    assert FOR_YOU in pages(client)[0]
    assert told().finding.status == "kept"
    with clock.travel(clock.now() + timedelta(minutes=1)):
        says(client, "web", on=False)
        assert told().finding.status == "kept"
        with fresh_db.connect("owner", autocommit=True) as owner:
            owner.execute("UPDATE consent_choice SET consented = true WHERE activity = 'marketing'")
        assert FOR_YOU in pages(client)[0], "the running system is broken"
        assert "whose last act was no yes" in told().finding.why
