"""Asking customer service on Min side, by phone and by mail; the desk answers, sorts, closes, opens again (D9, E8)."""

import csv
import io
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.cases.test_attachments import PDF, photo
from tests.faces.conftest import Person, make_person, sign_in
from tests.faces.test_staff import at_work, hire
from tests.support.world import person
from tillit.cases.models import Case
from tillit.cases.rights import due_at
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.schema import Declaration
from tillit.faces.uploads import LARGEST
from tillit.journeys.enquiries.mail_in import take_in
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages import outbox
from tillit.messages.models import Message
from tillit.parties import operations as parties
from tillit.privacy import retention


@pytest.fixture
def desk(controllers: dict[str, Controller]) -> Client:
    """Customer service of the bonus operator at work."""
    return at_work(hire(controllers["rundtur"], "customer_service", "Mona Lie"))


def _file(name: str, body: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, body, content_type="application/octet-stream")


def _cases(controller: Controller) -> list[Case]:
    with Scope(system("test", {controller.pk}), "customer_service"):
        return list(Case.objects.filter(kind__in=["enquiry", "complaint"]).order_by("received_at", "id"))


def test_a1_the_contact_point_of_a_joint_arrangement_involves_the_owner(
    client: Client, controllers: dict[str, Controller], desk: Client
) -> None:
    """Also the other way; and nobody learns of another club that the person is with."""
    rundtur, nordkai, skogheim = (controllers[key] for key in ("rundtur", "nordkai", "skogheim"))
    kari = make_person(rundtur, "Kari", "Nordseth", "+47 400 00 111")
    with Scope(system("test", {nordkai.pk}), "membership_administration") as scope:
        parties.relate(
            scope=scope, subject_id=kari.subject_id, controller_id=nordkai.pk, kind="member", started=clock.today()
        )
    sign_in(client, kari)
    asked = {"kind": "enquiry", "topic": "bonus", "subject": "Butikken i havna", "text": "Hvorfor stengt?"}
    client.post("/rundtur/min-side/enquiries/", asked)
    (case,) = _cases(rundtur)
    here = f"/staff/rundtur/enquiries/{case.id}/"
    page = desk.get(here).text
    assert (nordkai.name in page, skogheim.name in page) == (True, False)
    form = {"act": "involve", "other": "nordkai", "text": "Medlemmet spør om butikken."}
    for wrong in ({"other": "skogheim"}, {"other": "solvik"}, {"text": " "}):
        assert desk.post(here, form | wrong).status_code == 422, wrong
    assert _cases(nordkai) == []
    assert desk.post(here, form).status_code == 302
    (passed,) = _cases(nordkai)
    assert (passed.subject_id, passed.fields["subject"]) == (kari.subject_id, "Butikken i havna")
    club = at_work(hire(nordkai, name="Liv Klubb"))
    there = f"/staff/nordkai/enquiries/{passed.id}/"
    page = club.get(there).text
    assert "Medlemmet spør om butikken." in page
    assert (f'value="{rundtur.key}"' in page, skogheim.name in page) == (True, False)
    assert club.post(there, {"act": "reply", "text": "Vi pusser opp."}).status_code == 302
    own = client.get(f"/rundtur/min-side/enquiries/{case.id}/", headers={"Accept-Language": "en"}).text
    assert "Passed to another who answers with us" in own
    assert nordkai.name in own


def test_d9_a_member_asks_with_files_is_answered_by_mail_and_writes_again(
    client: Client, desk: Client, kari: Person
) -> None:
    sign_in(client, kari)
    own = "/rundtur/min-side/enquiries/"
    assert "Ask us" in client.get(own, headers={"Accept-Language": "en"}).text
    asked = client.post(
        own, {"kind": "complaint", "topic": "bonus", "subject": "Bonus mangler", "text": "Handlet 2. mars.",
              "file": [_file("Kari Nordseth.jpg", photo()), _file("k.exe", PDF)]},
    )  # fmt: skip
    assert asked.status_code == 302, asked.text
    (case,) = _cases(kari.controller)
    page = client.get(asked["Location"])
    assert all(words in page.text for words in ("Bonus mangler", "attachment-1.jpg", "attachment-2.pdf"))
    assert "Kari Nordseth.jpg" not in page.text
    link = f"/rundtur/min-side/enquiries/{case.id}/file/"
    number = page.text.split(link)[2].split("/")[0]
    got = client.get(f"{link}{number}/")
    assert (got.content, got["Content-Disposition"]) == (PDF, 'attachment; filename="attachment-2.pdf"')

    queue = desk.get("/staff/rundtur/enquiries/?topic=bonus&kind=complaint")
    assert "Bonus mangler" in queue.text
    assert "Nordseth" not in queue.text, "the queue names nobody"
    one = f"/staff/rundtur/enquiries/{case.id}/"
    assert "Kari Nordseth" in desk.get(one).text
    assert desk.post(one, {"act": "take"}).status_code == 302
    assert "Bonus mangler" in desk.get("/staff/rundtur/enquiries/?mine=1&part=open").text
    assert desk.post(one, {"act": "note", "text": "Ringte butikken"}).status_code == 302
    assert desk.post(one, {"act": "reply", "text": ""}).status_code == 422
    mail.outbox.clear()
    assert desk.post(one, {"act": "reply", "text": "Vi ser på det."}).status_code == 302
    outbox.deliver()
    (sent,) = mail.outbox
    assert sent.subject == "Re: Bonus mangler"
    assert "Vi ser på det." in sent.body
    told = client.get(asked["Location"]).text
    assert "Vi ser på det." in told
    assert "Ringte butikken" not in told, "a note is for those who handle it"

    assert desk.post(one, {"act": "close", "outcome": "upheld", "text": ""}).status_code == 422
    assert desk.post(one, {"act": "close", "outcome": "upheld", "text": "Kortet var nytt."}).status_code == 302
    assert "Kortet var nytt." in client.get(asked["Location"]).text
    assert _cases(kari.controller)[0].closed_at is not None
    assert client.post(asked["Location"], {"text": "Takk, men beløpet er feil"}).status_code == 302
    assert _cases(kari.controller)[0].closed_at is None, "an answer opens it again"
    rows = list(csv.DictReader(io.StringIO(desk.get("/staff/rundtur/enquiries/?form=csv&part=all").text)))
    assert [(row["kind"], row["topic"], row["stage"], row["days"]) for row in rows] == [
        ("complaint", "bonus", "in_hand", "0")
    ]


def test_d9_others_find_nothing_and_wrong_files_are_told_in_words(client: Client, kari: Person, ola: Person) -> None:
    sign_in(client, kari)
    own = "/rundtur/min-side/enquiries/"
    for file, words in (
        (_file("a.jpg", b"<html>"), "verken et bilde"),
        (_file("a.pdf", b"%PDF-" + b"x" * LARGEST), "for store"),
    ):
        answer = client.post(own, {"subject": "Hei", "file": file})
        assert answer.status_code == 422
        assert words in answer.text
    assert _cases(kari.controller) == [], "nothing is taken in by halves"
    assert client.post(own, {"subject": "Hei", "file": _file("a.pdf", PDF)}).status_code == 302
    (case,) = _cases(kari.controller)
    other = Client()
    sign_in(other, ola)
    assert other.get(f"{own}{case.id}/").status_code == 404
    assert other.post(f"{own}{case.id}/", {"text": "x"}).status_code == 404
    assert other.post(f"{own}{case.id}/take-back/").status_code == 404
    assert client.post(f"{own}{case.id}/take-back/").status_code == 302
    assert _cases(kari.controller)[0].outcome == "no_answer_needed"


def test_e8_staff_note_what_matters_from_phone_and_social_media_also_of_strangers(
    controllers: dict[str, Controller],
) -> None:
    desk = at_work(hire(controllers["fjordlys"], "customer_service", "Mona Lie"))
    form = {
        "act": "register",
        "kind": "enquiry",
        "subject": "Flyttet",
        "text": "Ny adresse fra 1. juni",
        "topic": "agreement",
    }
    new = "/staff/fjordlys/enquiries/new/"
    told = form | {"channel": "social_media", "name": "Per Vik", "email": "per.vik@eksempel.example"}
    assert "Registrer" in desk.get(new).text
    assert desk.post(new, told | {"channel": "self_service"}).status_code == 422
    assert desk.post(new, told | {"email": "no address"}).status_code == 422
    assert desk.post(new, told | {"received": "2099-01-01"}).status_code == 422
    made = desk.post(new, told)
    assert made.status_code == 302, made.text
    assert "Per Vik" in desk.get(made["Location"]).text
    assert desk.post(new, told).status_code == 422, "the address is somebody's now: look the person up"
    (case,) = _cases(controllers["fjordlys"])
    assert (case.channel, case.fields["text"]) == ("social_media", "Ny adresse fra 1. juni")
    assert desk.post(made["Location"], {"act": "sort", "topic": "payment"}).status_code == 302
    assert _cases(controllers["fjordlys"])[0].fields["topic"] == "payment"


def _mail(text: str, *, sender: str = "Per Vik <per@eksempel.example>", **heads: str) -> bytes:
    made = EmailMessage()
    made["From"], made["Subject"], made["Date"] = sender, "Spørsmål", "Mon, 02 Mar 2026 09:00:00 +0100"
    for name, value in heads.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    made.add_attachment(photo(), maintype="image", subtype="jpeg", filename="bilde.jpg")
    made.add_attachment(b"MZ" * 40, maintype="application", subtype="octet-stream", filename="a.exe")
    return made.as_bytes()


def test_d9_a_mail_becomes_an_enquiry_its_answer_the_same_case_and_lapses_three_years_after_it_was_sent(
    controllers: dict[str, Controller],
) -> None:
    house = controllers["trygghavn"]
    with clock.travel(clock.now().replace(year=2026, month=3, day=2, hour=12)):
        kari = person(house, "customer", given="Kari")
        for _ in range(2):
            case = take_in(controller=house, raw=_mail("Hvor er bestillingen?", Message_ID="<1@eksempel.example>"))
        assert case is not None
        assert [one.id for one in _cases(house)] == [case.id], "once, however often it comes"
        assert case.channel == "email"
        client = at_work(hire(house, "customer_service", "Kim Dal"))
        page = client.get(f"/staff/trygghavn/enquiries/{case.id}/").text
        assert "Hvor er bestillingen?" in page
        assert "attachment-1.jpg" in page
        assert "attachment-2" not in page
        mail.outbox.clear()
        client.post(f"/staff/trygghavn/enquiries/{case.id}/", {"act": "reply", "text": "Den er på vei."})
        outbox.deliver()
        (sent,) = mail.outbox
        reference = sent.extra_headers["Message-ID"]
        again = take_in(controller=house, raw=_mail("Takk!", In_Reply_To=reference, Message_ID="<2@eksempel.example>"))
        assert again is not None
        assert again.id == case.id
        forged = take_in(
            controller=house,
            raw=_mail("Min?", sender="ola@eksempel.example", In_Reply_To=reference, Message_ID="<3@x.example>"),
        )
        assert forged is not None
        assert forged.id != case.id, "another person's answer is another case"
        robot = _mail("Ute av kontoret", Auto_Submitted="auto-replied", Message_ID="<4@x.example>")
        assert take_in(controller=house, raw=robot) is None

    def words() -> int:
        with Scope(system("test", {house.pk}), "rights_requests"):
            return Message.objects.filter(subject_id=case.subject_id).count()

    assert words() == 3
    with clock.travel(clock.now().replace(year=2029, month=3, day=1, hour=12)):
        retention.run()
        assert words() == 3
        clock.advance(timedelta(days=1))
        retention.run()
        assert words() == 0, "three years after they were sent, whoever is still a customer"
    assert kari


def test_d9_enquiries_of_the_loyalty_company_lapse_three_years_after_access_ended(
    controllers: dict[str, Controller],
) -> None:
    house = controllers["trygghavn"]
    from tillit.cases import operations

    with clock.travel(clock.now().replace(year=2026, month=3, day=2, hour=12)):
        kari = person(house, "customer", given="Kari")
        with Scope(system("test", {house.pk}), "customer_service", frozenset({kari})) as scope:
            case = operations.open_case(
                scope=scope, subject_id=kari, controller_id=house.pk, kind="enquiry", channel="phone",
                at=clock.now(), fields={"subject": "Hei"},
            )  # fmt: skip
            operations.take(scope=scope, case=case, step="closed", at=clock.now())

    def left() -> int:
        with Scope(system("test", {house.pk}), "rights_requests"):
            return Case.objects.filter(subject_id=kari).count()

    with clock.travel(clock.now().replace(year=2031, month=3, day=2, hour=12)):
        retention.run()
        assert left() == 1, "still a customer"
        with Scope(system("test", {house.pk}), "customer_administration", frozenset({kari})) as scope:
            parties.end_relationship(
                scope=scope,
                subject_id=kari,
                controller_id=house.pk,
                kind="customer",
                ended=clock.today(),
                reason="left",
            )
    for year, month, day, expected in ((2034, 3, 1, 1), (2034, 3, 2, 0)):
        with clock.travel(clock.now().replace(year=year, month=month, day=day, hour=12)):
            retention.run()
            assert left() == expected, (year, month, day)


def test_h8_a_mail_that_asks_for_a_right_becomes_a_request_from_the_day_it_came(desk: Client, kari: Person) -> None:
    came = clock.now() - timedelta(days=9)
    raw = f"From: {kari.email}\r\nSubject: Innsyn\r\nDate: {format_datetime(came)}\r\n\r\nHva har dere om meg?\r\n"
    case = take_in(controller=kari.controller, raw=raw.encode())
    assert case is not None
    one = f"/staff/rundtur/enquiries/{case.id}/"
    assert f"{one}request/" in desk.get(one).text
    page = desk.get(f"{one}request/?right=access", headers={"Accept-Language": "en"})
    assert f"The request came in enquiry {case.id}" in page.text
    assert desk.post(f"{one}request/", {"act": "register", "right": "objection"}).status_code == 422
    assert _cases(kari.controller)[0].closed_at is None, "both or neither"
    assert (
        desk.post(f"{one}request/", {"act": "register", "right": "access", "text": "Hva har dere?"}).status_code == 302
    )
    (mail_case,) = _cases(kari.controller)
    assert (mail_case.closed_at is None, mail_case.outcome) == (False, "passed_on")
    with Scope(system("test", {kari.controller.pk}), "rights_requests"):
        made = Case.objects.get(kind="rights_request")
    assert (made.subject_id, made.channel, made.fields["right"]) == (case.subject_id, "email", "access")
    assert (made.received_at, made.due_at) == (case.received_at, due_at(case.received_at, _declared(kari.controller)))
    assert desk.get(f"{one}request/").status_code == 404, "it is over"


def _declared(controller: Controller) -> Declaration:
    return current(controller_id=controller.pk, on=clock.today())
