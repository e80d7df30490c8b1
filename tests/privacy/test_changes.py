"""People are told of material changes before they take effect, once each (A4)."""

from datetime import date, timedelta

import pytest

from tests.support.world import person, publish_examples
from tillit.declaration.enforce import enforce_grants
from tillit.declaration.models import Controller, DeclarationVersion
from tillit.declaration.publish import publish
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages.models import Message
from tillit.parties import operations as parties
from tillit.privacy.changes import announce
from tillit.privacy.prove.run import prove

pytestmark = pytest.mark.django_db


def _change(controller: Controller, **backup: str) -> DeclarationVersion:
    """A version that takes effect in forty days; fewer backups are a material change."""
    standing = current(controller_id=controller.pk, on=clock.today())
    effective = clock.today() + timedelta(days=40)
    new = standing.model_copy(
        update={"effective": effective, "backup": standing.backup.model_copy(update=backup or {"every": "P2D"})}
    )
    made = publish(declaration=new, source_text="", at=clock.now())
    enforce_grants()
    return made


def _told(controller: Controller) -> dict[int, tuple[str, str]]:
    with Scope(system("test", {controller.pk}), "important_notices"):
        rows = Message.objects.filter(controller_id=controller.pk, template="changed_terms")
        return {row.subject_id: (row.channel, row.content["day"]) for row in rows}


@pytest.fixture
def fjordlys() -> Controller:
    return publish_examples("power")["fjordlys"]


def test_a4_everybody_concerned_is_told_once_before_the_day(fjordlys: Controller) -> None:
    kari = person(fjordlys, "customer", given="Kari", email="kari@eksempel.example")
    ola = person(fjordlys, "customer", given="Ola")
    gone = person(fjordlys, "customer", given="Siv", email="siv@eksempel.example")
    with Scope(system("test", {fjordlys.pk}), "customer_administration") as scope:
        parties.end_relationship(
            scope=scope,
            subject_id=gone,
            controller_id=fjordlys.pk,
            kind="customer",
            ended=clock.today() + timedelta(days=1),
            reason="left",
        )
    assert announce() == []
    with clock.travel(date(2026, 12, 1)):
        version = _change(fjordlys)
        assert version.material
        (done,) = announce()
        assert (done.version, done.queued, done.shown) == (version.number, 1, 1)
        assert _told(fjordlys) == {kari: ("email", "10. januar 2027"), ola: ("web", "10. januar 2027")}
        late = person(fjordlys, "customer", given="Tor", started=date(2026, 12, 1))
        (again,) = announce()
        assert (again.queued, again.shown) == (0, 1)
        assert set(_told(fjordlys)) == {kari, ola, late}
    with clock.travel(date(2027, 1, 10)):
        assert announce() == [], "it is in effect"


def test_a4_a_change_that_is_not_material_is_told_to_nobody(fjordlys: Controller) -> None:
    person(fjordlys, "customer", given="Kari")
    with clock.travel(date(2026, 12, 1)):
        assert not _change(fjordlys, kept="P6M").material
        assert announce() == []


def test_a4_people_who_were_not_told_and_notice_that_was_not_given_are_seen(fjordlys: Controller) -> None:
    def state() -> tuple[str, str]:
        (proof,) = prove(kinds=["changes"], controllers=["fjordlys"])
        return proof.finding.status, proof.finding.why

    person(fjordlys, "customer", given="Kari")
    assert state()[0] == "kept"
    with clock.travel(date(2026, 12, 1)):
        version = _change(fjordlys)
        assert state()[0] == "kept", "there is a day to tell everybody"
    with clock.travel(date(2026, 12, 3)):
        assert state() == ("broken", f"1 people have not been told of version {version.number}")
        announce()
        assert state()[0] == "kept"
        DeclarationVersion.objects.create(
            controller=fjordlys,
            number=version.number + 1,
            published_at=clock.now(),
            effective=clock.today() + timedelta(days=39),
            document=version.document,
            source_text="",
            digest="0" * 64,
            material=True,
        )
        assert state()[0] == "kept"
        DeclarationVersion.objects.create(
            controller=fjordlys,
            number=version.number + 2,
            published_at=clock.now(),
            effective=clock.today() + timedelta(days=2),
            document=version.document,
            source_text="",
            digest="1" * 64,
            material=True,
        )
        assert "was promised" in state()[1]
