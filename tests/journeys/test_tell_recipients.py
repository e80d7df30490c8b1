"""Recipients are told of what was corrected, erased or restricted, by reference and never by name (GDPR 19; H2, H3)."""

from typing import Any

import pytest
from django.core import mail

from tests.support.world import person, publish_examples
from tillit.declaration.models import Controller
from tillit.disclosure.models import Notice, What
from tillit.disclosure.operations import disclose
from tillit.journeys import tell_recipients as journey
from tillit.journeys.profile import correct_name
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import transports
from tillit.parties.actors import member_actor
from tillit.parties.models import Login
from tillit.privacy.erasure import erase

pytestmark = pytest.mark.django_db


@pytest.fixture
def club() -> Controller:
    return publish_examples("bonus")["rundtur"]


def _disclosed(club: Controller, subject: int) -> str:
    with Scope(system("test", {club.pk}), "claims_defence") as scope:
        sent = disclose(
            scope=scope,
            subject_id=subject,
            controller_id=club.pk,
            recipient="legal_adviser",
            fields={"name": "Kari", "purchase": "…"},
            at=clock.now(),
        )
    return str(sent.reference)


def _owed(club: Controller) -> list[Notice]:
    with Scope(system("test", {club.pk}), "rights_requests"):
        return list(Notice.objects.filter(told_at__isnull=True))


def test_h2_who_received_a_name_is_told_when_the_person_corrects_it(club: Controller) -> None:
    kari = person(club, given="Kari", family="Nordmann")
    reference = _disclosed(club, kari)
    login = Login.objects.get(subject_id=kari)
    with Scope(member_actor(register_id=club.register_id, subject_id=kari, login_id=login.pk), "self_service") as scope:
        assert correct_name(scope=scope, controller=club, subject_id=kari, given="Kaja", family="Nordmann") == 1
    assert [one.categories for one in _owed(club)] == [["identity"]]
    assert journey.send_notices() == 1
    assert journey.send_notices() == 0
    (sent,) = mail.outbox
    assert sent.to == ["personvern@tyttebaer.example"]
    assert reference in sent.body
    assert "Kari" not in sent.body
    assert "Kaja" not in sent.body


def test_h3_recipients_are_told_of_an_erasure_and_the_notice_survives_it(club: Controller) -> None:
    kari = person(club, given="Kari")
    _disclosed(club, kari)
    told = journey.tell_recipients(subject_id=kari, register_id=club.register_id, what=What.ERASED, at=clock.now())
    assert [(one.recipient, one.by_itself) for one in told] == [("legal_adviser", True)]
    everyone = Controller.objects.filter(register=club.register).values_list("id", flat=True)
    erase(actor=system("rights", everyone), subject_id=kari, ground="consent_withdrawn", at=clock.now())
    assert journey.send_notices() == 1
    assert "slettet hos oss" in mail.outbox[0].body


def test_a_notice_that_could_not_be_sent_stays_owed(club: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    kari = person(club, given="Kari")
    _disclosed(club, kari)
    journey.tell_recipients(subject_id=kari, register_id=club.register_id, what=What.RESTRICTED, at=clock.now())

    class Down:
        def ready(self) -> bool:
            return True

        def abroad(self) -> bool:
            return False

        def send(self, envelope: Any) -> None:
            raise transports.TransportError("server-unreachable", "down")

    with monkeypatch.context() as patch:
        patch.setitem(transports.TRANSPORTS, "email", Down())
        assert journey.send_notices() == 0
    assert len(_owed(club)) == 1
    assert journey.send_notices() == 1
