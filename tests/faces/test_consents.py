"""Consents given on every route: recorded with words and evidence, receipted, and proven on one page (F1, F2, F6)."""

import json
import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from tests.faces.conftest import sign_in
from tests.faces.test_staff import at_work, find, hire, link
from tests.outreach.test_campaigns import approved, member, says
from tests.support.world import person
from tillit.consent import operations as consent
from tillit.consent.models import ConsentEvent, EventKind, Wording
from tillit.consent.queries import may
from tillit.declaration.models import Controller
from tillit.declaration.vocabulary import category_id
from tillit.journeys.consents.receipt_format import Receipts, schema
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import mail as unstored
from tillit.messages import outbox
from tillit.messages.models import Message
from tillit.outreach.campaigns import running
from tillit.parties import directories
from tillit.parties.digests import Kind, digest
from tillit.parties.models import Assignment
from tillit.platform import paths

pytestmark = pytest.mark.django_db


def events(controller: Controller, subject: int) -> list[ConsentEvent]:
    with Scope(system("test", {controller.pk}), "consent_proof"):
        return list(ConsentEvent.objects.filter(subject_id=subject).order_by("at", "id"))


def test_f1_staff_record_a_yes_with_the_words_that_were_read_or_what_shows_it_and_the_person_gets_a_receipt(
    controllers: dict[str, Controller],
) -> None:
    club = controllers["rundtur"]
    kari = person(club, given="Kari", family="Lund", email="kari@eksempel.example")
    client = at_work(hire(club, "reception"))
    page = link(find(client, "Kari", purpose="membership_administration")) + "consents/"
    shown = client.get(page).text
    assert "Sier du ja?" in shown
    choice = "marketing:email"
    for more, told in (
        ({"route": "phone"}, "Les teksten"),
        ({"route": "email", "read": "1"}, "hva som viser"),
        ({"route": "sms", "read": "1"}, "hva som viser"),
        ({"route": "telepathy", "read": "1"}, "hvordan det ble sagt"),
    ):
        refused = client.post(page, {"choice": choice, "on": "1", **more})
        assert (refused.status_code, told in refused.text) == (422, True), more
    assert client.post(page, {"choice": choice, "on": "1", "route": "phone", "read": "1"}).status_code == 302
    assert may(controller_id=club.pk, activity="marketing", subject_id=kari, channel="email")
    (said,) = events(club, kari)
    assert (said.route, said.channel) == ("phone", "email")
    assert "Sier du ja?" in Wording.objects.get(pk=said.wording).text
    mail.outbox.clear()
    outbox.deliver()
    assert [one.subject for one in mail.outbox] == ["Kvittering: du har sagt ja"]
    written = {"choice": "marketing:sms", "on": "1", "route": "email", "evidence": "e-post 3.2., ref 17"}
    assert client.post(page, written).status_code == 302
    assert client.post(page, {"choice": choice, "on": "0", "route": "phone"}).status_code == 302
    assert not may(controller_id=club.pk, activity="marketing", subject_id=kari, channel="email")
    assert client.post(page, {"choice": choice, "on": "1", "route": "sms", "evidence": "SMS 4.2."}).status_code == 302
    assert may(controller_id=club.pk, activity="marketing", subject_id=kari, channel="email")
    assert [(one.route, one.evidence) for one in events(club, kari)][1:] == [
        ("email", "e-post 3.2., ref 17"), ("phone", ""), ("sms", "SMS 4.2."),
    ]  # fmt: skip


def test_f1_the_newsletter_is_confirmed_from_the_address_and_nothing_is_stored_before(
    controllers: dict[str, Controller],
) -> None:
    department = controllers["solvik"]
    client = Client(enforce_csrf_checks=False)
    page = client.get("/solvik/newsletter/")
    assert "Vi lagrer adressen" in page.text
    assert client.get("/rundtur/newsletter/").status_code == 404
    assert client.post("/solvik/newsletter/", {"email": "tull"}).status_code == 422
    mail.outbox.clear()
    assert client.post("/solvik/newsletter/", {"email": "Liv@Eksempel.example"}).status_code == 302
    unstored.wait()
    (sent,) = mail.outbox
    path = re.search(r"http://[^/]+(/n/[^/]+/)", sent.body)
    assert path is not None
    with Scope(system("test", {department.pk}), "consent_proof"):
        assert not ConsentEvent.objects.exists(), "nothing is stored yet"
    for _ in range(2):
        assert "Ja, meld meg på" in client.get(path[1]).text
    with Scope(system("test", {department.pk}), "consent_proof"):
        assert not ConsentEvent.objects.exists(), "looking is no yes"
    for _ in range(2):
        assert "Du er påmeldt" in client.post(path[1]).text
    with Scope(system("test", {department.pk}), "consent_proof"):
        said = list(ConsentEvent.objects.all())
    assert {one.subject_id for one in said} == {said[0].subject_id}, "the same person"
    assert said[0].route == "double_opt_in"
    assert may(controller_id=department.pk, activity="newsletter", subject_id=said[0].subject_id, channel="email")
    with clock.travel(clock.now().replace(year=clock.now().year + 1)):
        assert client.get(path[1]).status_code == 404
    assert client.get("/n/AQ/").status_code == 404


def test_f1_receipts_on_min_side_say_when_how_and_on_which_words(kari: object) -> None:
    from tests.faces.conftest import Person

    assert isinstance(kari, Person)
    client = Client()
    sign_in(client, kari)
    assert "ikke sagt ja eller nei" in client.get("/rundtur/min-side/choices/receipts/").text
    client.post("/rundtur/min-side/choices/", {"activity": "marketing", "channel": "email", "on": "1"})
    page = client.get("/rundtur/min-side/choices/receipts/").text
    assert "På Min side" in page
    record = client.get("/rundtur/min-side/choices/receipts.json").json()
    published = json.loads((paths.root() / "docs" / "formats" / "consent-receipt.schema.json").read_text("utf-8"))
    assert published == schema()
    (receipt,) = Receipts.model_validate(record).receipts
    said = receipt.pii_processing
    assert receipt.schema_version == "ISO-27560:2023"
    assert (said.purposes[0].purpose_type, receipt.event[0].event_state) == ("marketing", "consent_given")
    assert said.notice_text
    assert said.purposes[0].lawful_basis == "consent"
    assert said.purposes[0].pii_information
    assert {one.party_role for one in receipt.party_identification} == {"pii_controller", "authority"}


def test_f6_i_never_agreed_is_answered_on_one_page_by_the_privacy_adviser_alone(
    controllers: dict[str, Controller],
) -> None:
    club = controllers["rundtur"]
    kari = member(club, "Kari")
    directories.claim(
        register_id=club.register_id,
        kind=Kind.EMAIL,
        digest=digest(club.register_id, Kind.EMAIL, "kari@eksempel.example"),
        subject_id=kari,
    )
    approved(club)
    running.run_everywhere()
    client = at_work(hire(club, "privacy_adviser"))
    page = link(find(client, "kari@eksempel.example", by="email", purpose="rights_requests")) + "proof/"
    shown = client.get(page).text
    assert "Sendt på samtykket gitt" in shown
    assert "På nettet" in shown
    other = at_work(hire(club, "customer_service", "Ola Ny"))
    assert other.get(link(find(other, "Kari", purpose="customer_service")) + "proof/").status_code == 404


def test_f1_a_newsletter_link_is_good_for_one_yes_and_few_are_sent(controllers: dict[str, Controller]) -> None:
    from tillit.journeys.consents import signup
    from tillit.journeys.consents.errors import ConsentRefusedError

    department = controllers["solvik"]
    asked = signup.Asked(department, "ny@eksempel.example", (), clock.now())
    subject = signup.confirm(asked=asked)
    assert signup.confirm(asked=asked) == subject
    with Scope(system("test", {department.pk}), "consent_management") as scope:
        consent.record(
            scope=scope, subject_id=subject, controller_id=department.pk, activity="newsletter",
            kind=EventKind.WITHDRAWN, route="web", wording="1" * 64, at=clock.now(), channel="email",
        )  # fmt: skip
    with pytest.raises(ConsentRefusedError, match="one yes"):
        signup.confirm(asked=asked)
    assert not may(controller_id=department.pk, activity="newsletter", subject_id=subject, channel="email")
    mail.outbox.clear()
    for n in range(40):
        signup.ask(
            controller=department, address=f"x{n}@post.example", topics=[], link="{token}",
            network=f"2001:db8:1:{n:x}::1",
        )  # fmt: skip
    unstored.wait()
    assert len(mail.outbox) == signup.PER_NETWORK.most, "a network is truncated before it is counted"
    for n in range(9):
        signup.ask(
            controller=department, address=f"liv+{n}@post.example", topics=[], link="{token}", network=f"203.0.{n}.7"
        )
    unstored.wait()
    assert len(mail.outbox) == signup.PER_NETWORK.most + signup.PER_MAILBOX.most


def test_f6_i_never_agreed_shows_the_legitimate_interest_a_message_went_on(controllers: dict[str, Controller]) -> None:
    department = controllers["solvik"]
    kari = person(department, "customer", given="Kari", family="Kunde", email="kari@kunde.example")
    staff = hire(department, "privacy_adviser")
    with Scope(system("test", {department.pk}), "customer_administration"):
        Assignment.objects.create(
            subject_id=kari, controller_id=department.pk, staff=staff, since=clock.today() - timedelta(days=1)
        )
    adviser = at_work(staff)
    adviser.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    row = {
        "subject_id": kari, "controller_id": department.pk, "category": category_id("message"), "direction": "out",
        "activity": "marketing", "template": "free_text", "language": "nb", "message_state": "sent",
        "queued_at": clock.now(), "due_at": clock.now(), "settled_at": clock.now(),
    }  # fmt: skip
    with Scope(system("test", {department.pk}), "rights_requests"):
        Message.objects.create(**row, channel="email")
    page = link(find(adviser, "Kari Kunde", key="solvik", purpose="rights_requests")) + "proof/"
    shown = adviser.get(page).text
    assert "Sent on legitimate interest" in shown
    assert "Being able to tell customers about services" in shown
    says(department, kari, EventKind.OBJECTED)
    later = clock.now() + timedelta(minutes=1)
    with Scope(system("test", {department.pk}), "rights_requests"):
        Message.objects.create(**(row | {"settled_at": later}), channel="sms")
    shown = adviser.get(page).text
    assert "Not sent on any consent" in shown, "after the no nothing allowed it"
    assert "Sent on legitimate interest" in shown, "before it the interest did"
