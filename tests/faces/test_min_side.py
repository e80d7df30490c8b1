"""Min side shows what the person has and what is known, lets them change it, and nothing of anyone else."""

import io
import json
import re
import zipfile
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client

from tests.bonus.conftest import NOW, World, build
from tests.faces.conftest import Person, last_code, make_person, sign_in
from tillit.audit import events
from tillit.audit.models import Event
from tillit.audit.operations import append
from tillit.bonus.kinds import ISSUED, LOT
from tillit.consent.models import EventKind
from tillit.consent.operations import record
from tillit.consent.queries import may
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.statement.wording import retention_words, sentence
from tillit.journeys.phones import confirm_phone
from tillit.kernel import clock
from tillit.kernel.identifiers.phone import format_for_reader, normalise
from tillit.kernel.scope import Actor, Scope, system
from tillit.ledger.operations import Account, Posting, post
from tillit.messages import mail as outbox
from tillit.parties import staff as staffing
from tillit.parties.actors import staff_actor
from tillit.parties.errors import AlreadyClaimedError
from tillit.parties.lookup import by_address
from tillit.parties.models import Fact, Relationship
from tillit.parties.operations import relate
from tillit.purchases.models import Purchase, Store

pytestmark = pytest.mark.django_db
MIN = "/rundtur/min-side/"


def buy(
    world: World,
    subject: int,
    amount: int,
    *,
    club: str = "rundtur",
    at: datetime = NOW,
    product: str = "Brød",
    bonus: int = 0,
) -> None:
    """A receipt line of the member and the bonus it gave, as the intake leaves them."""
    chain, key = world.chains[club], uuid4()
    with world.scope("bonus_earning", subject) as scope:
        Purchase.objects.create(
            subject_id=subject,
            id=key,
            controller_id=chain.controller_id,
            source_id=1,
            chain_id=chain.pk,
            store_id=Store.objects.filter(chain=chain).earliest("number").pk,
            event_at=at,
            amount=amount,
            currency="NOK",
            receipt=f"K{amount}",
            product=product,
            last_four="4242",
            batch_id=1,
        )
        if bonus:
            book, lot = world.programmes[club].book_id, Account(LOT, date(at.year + 2, 1, 1))
            post(scope=scope, postings=[Posting(subject, key, book, bonus, Account(ISSUED), lot, at)])


@pytest.fixture
def member(client: Client) -> tuple[World, Person]:
    """A signed-in member of the bonus operator with bonus in one chain and purchases, in May 2026."""
    with clock.travel(NOW):
        world = build()
        someone = make_person(world.controllers["rundtur"], "Kari", "Nordseth", "+47 400 00 111")
        sign_in(client, someone)
    return world, someone


def test_c10_home_shows_balance_per_chain_and_the_next_expiries(client: Client, member: tuple[World, Person]) -> None:
    world, kari = member
    with clock.travel(NOW):
        world.earn(kari.subject_id, 12550, club="rundtur", expires=date(2027, 1, 1))
        world.earn(kari.subject_id, 5000, club="rundtur", expires=date(2028, 1, 1))
        page = client.get(MIN).text
    assert "Hei, Kari" in page
    assert "Kjeden rundtur" in page
    assert "175,50" in page
    assert "125,50" in page
    assert "31. desember 2026" in page
    assert "31. desember 2027" in page


def test_c10_receipts_show_amount_products_date_and_place_and_are_paged(
    client: Client, member: tuple[World, Person]
) -> None:
    world, kari = member
    with clock.travel(NOW):
        empty = client.get(f"{MIN}receipts/").text
        assert "Ingen kjøp ennå" in empty
        for n in range(25):
            buy(world, kari.subject_id, 1000 + n, at=NOW - timedelta(days=n + 1), product=f"Vare {n}")
        buy(world, kari.subject_id, -1000, at=NOW - timedelta(hours=2), product="Vare 0")
        buy(world, kari.subject_id, 4321, at=NOW - timedelta(hours=1), product="Med bonus", bonus=87)
        first = client.get(f"{MIN}receipts/").text
        assert first.count("0,87") == 2, "the line's bonus and the receipt's"
        assert "0,87" in client.get(MIN).text
        assert "Butikk 1, Tromsø" in first
        assert "10,01" in first
        assert "retur" in first
        assert "3. mai 2026" in first
        assert "Vare 24" not in first
        older = re.search(r'href="(\?before=[^"]+)"', first)
        assert older is not None
        second = client.get(f"{MIN}receipts/{older.group(1)}").text
        assert "Vare 24" in second
        assert "Vare 1<" not in second
        assert client.get(f"{MIN}receipts/?before=nonsense").status_code == 302


def test_h1_your_data_says_what_why_from_where_and_until_when(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    page = client.get(f"{MIN}your-data/").text
    declared = current(controller_id=kari.controller.pk, on=clock.today())
    assert kari.email in page
    assert "Nordseth" in page
    assert "fra deg selv" in page
    assert "Beholdes mens forholdet varer" in page
    contact = [a for a in declared.activities if "contact" in {*a.uses, *a.records}]
    assert contact
    for activity in contact:
        assert activity.purpose["nb"].split(".")[0] in page
    rule = next(r for r in declared.retention if r.category == "contact")
    assert sentence(f"{retention_words(rule, 'nb')}. {rule.ground['nb']}") in page


def test_h1_until_when_is_a_date_once_the_clock_runs(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    client.post(f"{MIN}leave/", {"sure": "1"})
    page = client.get(f"{MIN}your-data/").text
    assert re.search(r"Slettes (fra )?\d{1,2}\. \w+ 20\d\d", page)


def test_a9_who_looked_shows_role_and_purpose_and_no_colleague(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    assert "Opplysninger om deg ble lest" not in client.get(f"{MIN}your-data/who-looked/").text
    actor = Actor("staff", "7", frozenset({kari.controller.pk}))
    with Scope(actor, "customer_service") as scope:
        append(
            type=events.PERSON_READ,
            scope=scope,
            subject=kari.subject_id,
            details={"purpose": "customer_service", "categories": ["contact"]},
        )
    page = client.get(f"{MIN}your-data/who-looked/").text
    assert "Opplysninger om deg ble lest" in page
    assert "Ansatt · Kundeservice" in page
    assert "Opplysninger om deg ble lest" in client.get(MIN).text


def test_h6_everything_is_downloaded_as_files_and_the_download_is_on_record(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    assert "Last ned alt" in client.get(f"{MIN}your-data/download/").text
    answer = client.post(f"{MIN}your-data/download/", {"form": "zip"})
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    data = json.loads(archive.read("data.json"))
    assert kari.email in json.dumps(data, ensure_ascii=False)
    assert archive.read("data.pdf")[:5] == b"%PDF-"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Cache-Control"] == "max-age=0, no-cache, no-store, must-revalidate, private"
    assert "Kopi av opplysningene ble laget" in client.get(f"{MIN}your-data/who-looked/").text


def _turn(client: Client, activity: str, channel: str, on: str) -> int:
    return client.post(f"{MIN}choices/", {"activity": activity, "channel": channel, "on": on}).status_code


def test_f1_f2_consent_is_given_and_withdrawn_per_channel_and_holds_at_once(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    asked = {"controller_id": kari.controller.pk, "activity": "marketing", "subject_id": kari.subject_id}
    assert not may(**asked, channel="email")
    assert _turn(client, "marketing", "email", "1") == 302
    assert may(**asked, channel="email")
    assert not may(**asked, channel="sms")
    assert "Tilbud og markedsføring" in client.get(f"{MIN}choices/").text
    assert _turn(client, "marketing", "email", "0") == 302
    assert not may(**asked, channel="email")


def test_f2_one_channel_can_be_taken_back_from_a_consent_to_all(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    asked = {"controller_id": kari.controller.pk, "activity": "marketing", "subject_id": kari.subject_id}
    with Scope(system("test", {kari.controller.pk}), "consent_management") as scope:
        record(
            scope=scope,
            subject_id=kari.subject_id,
            controller_id=kari.controller.pk,
            activity="marketing",
            kind=EventKind.GIVEN,
            route="phone",
            wording="",
            at=clock.now(),
        )
    assert may(**asked, channel="email")
    assert may(**asked, channel="sms")
    _turn(client, "marketing", "email", "0")
    assert not may(**asked, channel="email")
    assert may(**asked, channel="sms")


def test_h5_objection_to_legitimate_interest_stops_it_at_once(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    asked = {"controller_id": kari.controller.pk, "activity": "profiling", "subject_id": kari.subject_id}
    assert may(**asked)
    assert _turn(client, "profiling", "", "0") == 302
    assert may(**asked).reason == "objected"
    assert _turn(client, "profiling", "", "1") == 302
    assert may(**asked)


def test_a_choice_that_is_not_declared_is_refused(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    for activity, channel in (("security_log", ""), ("marketing", "pigeon"), ("nothing", ""), ("", "")):
        _turn(client, activity, channel, "0")
        assert "Det valget finnes ikke lenger" in client.get(f"{MIN}choices/").text


def _confirm(subject_id: int, controller: Controller) -> Fact | None:
    staff = staffing.add(
        email="siv@arbeid.example",
        name="Siv Vakt",
        controller=controller,
        role="customer_service",
        confidentiality=date(2026, 1, 1),
    )
    actor = staff_actor(staff=staff, controller=controller)
    return confirm_phone(actor=actor, controller=controller, activity="customer_service", subject_id=subject_id)


def test_h2_name_and_phone_are_corrected_and_the_old_number_signs_in_no_more(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    client.post(f"{MIN}profile/name/", {"given": "Kari  Anne", "family": "Nordseth"})
    client.post(f"{MIN}profile/phone/", {"phone": "400 00 222"})
    page = client.get(f"{MIN}profile/").text
    assert 'value="Kari Anne"' in page
    assert format_for_reader("+4740000222") in page
    assert format_for_reader(kari.phone) in page, "the old number counts until the new one is confirmed"
    before = len(mail.outbox)
    Client().post("/rundtur/sign-in/", {"address": "40000222"})
    outbox.wait()
    assert len(mail.outbox) == before
    assert _confirm(kari.subject_id, kari.controller)
    Client().post("/rundtur/sign-in/", {"address": "40000111"})
    outbox.wait()
    assert len(mail.outbox) == before
    Client().post("/rundtur/sign-in/", {"address": "40000222"})
    outbox.wait()
    assert len(mail.outbox) == before + 1
    with Scope(system("test", {kari.controller.pk}), "security_log"):
        kinds = {e.details["kind"] for e in Event.objects.filter(type="person.corrected")}
    assert kinds == {"name.given", "unconfirmed.phone", "phone"}
    assert _confirm(kari.subject_id, kari.controller) is None


def test_h18_a_number_that_is_typed_in_claims_nothing_and_tells_nothing(
    client: Client, kari: Person, ola: Person
) -> None:
    sign_in(client, kari)
    answers = []
    for number in (ola.phone, "+47 400 00 777"):
        answer = client.post(f"{MIN}profile/phone/", {"phone": number}, follow=True)
        shown = format_for_reader(normalise(number))
        assert shown in answer.text
        answers.append((answer.redirect_chain, _without_tokens(answer.text).replace(shown, "")))
    assert answers[0] == answers[1]
    # Its owner may still join with it, and staff are not led to whoever typed it.
    assert by_address(register_id=kari.controller.register_id, text="+4740000777") is None
    client.post(f"{MIN}profile/phone/", {"phone": ola.phone})
    with pytest.raises(AlreadyClaimedError):
        _confirm(kari.subject_id, kari.controller)
    assert by_address(register_id=kari.controller.register_id, text=ola.phone) == ola.subject_id
    # The number on record, typed again, takes the other one back.
    client.post(f"{MIN}profile/phone/", {"phone": kari.phone})
    assert _confirm(kari.subject_id, kari.controller) is None


def test_h18_numbers_are_not_tried_out_one_after_the_other(client: Client, kari: Person, ola: Person) -> None:
    sign_in(client, kari)
    answers = [client.post(f"{MIN}profile/phone/", {"phone": f"400 00 {n}"}).status_code for n in range(300, 306)]
    assert answers == [302] * 5 + [429]
    with clock.travel(clock.now() + timedelta(hours=1)):
        assert client.post(f"{MIN}profile/phone/", {"phone": "400 00 310"}).status_code == 302


def _without_tokens(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrfmiddlewaretoken" not in line)


def test_h2_what_cannot_be_read_is_refused_with_a_reason(client: Client, kari: Person, ola: Person) -> None:
    sign_in(client, kari)
    for form, values, reason in (
        ("name", {"given": "", "family": "x"}, "Skriv både fornavn og etternavn"),
        ("phone", {"phone": "12"}, "Telefonnummeret kan ikke leses"),
        ("email", {"email": "nowhere"}, "Adressen kan ikke leses"),
    ):
        answer = client.post(f"{MIN}profile/{form}/", values)
        assert answer.status_code == 422
        assert reason in answer.text


def test_a_new_address_is_used_only_when_its_code_comes_back_and_the_old_one_is_told(
    client: Client, kari: Person
) -> None:
    sign_in(client, kari)
    page = client.post(f"{MIN}profile/email/", {"email": "Kari.Ny@post.example"}).text
    pending = re.search(r'name="pending" value="([^"]+)"', page)
    assert pending is not None
    code = last_code()
    assert mail.outbox[-1].to == ["Kari.Ny@post.example"]
    wrong = client.post(f"{MIN}profile/email/", {"pending": pending.group(1), "code": "000000"})
    assert wrong.status_code == 422
    assert "Kari.Ny" not in client.get(f"{MIN}profile/").text
    assert client.post(f"{MIN}profile/email/", {"pending": pending.group(1) + "x", "code": code}).status_code == 422
    assert client.post(f"{MIN}profile/email/", {"pending": pending.group(1), "code": code}).status_code == 302
    assert "Kari.Ny@post.example" in client.get(f"{MIN}profile/").text
    outbox.wait()
    assert mail.outbox[-1].to == [kari.email]
    with Scope(system("test", {kari.controller.pk}), "rights_requests"):
        kept = Fact.objects.filter(subject_id=kari.subject_id, kind="email").order_by("collected_at")
        assert [(f.value, f.superseded_at is None) for f in kept] == [
            (kari.email, False),
            ("Kari.Ny@post.example", True),
        ]


def test_the_address_of_another_is_refused_only_to_who_reads_its_mail(
    client: Client, kari: Person, ola: Person
) -> None:
    sign_in(client, kari)
    page = client.post(f"{MIN}profile/email/", {"email": ola.email})
    assert page.status_code == 200
    pending = re.search(r'name="pending" value="([^"]+)"', page.text)
    assert pending is not None
    answer = client.post(f"{MIN}profile/email/", {"pending": pending.group(1), "code": last_code()})
    assert "Denne adressen kan ikke brukes her" in answer.text


def test_h2_a_name_that_the_union_keeps_is_not_corrected_here(
    client: Client, controllers: dict[str, Controller]
) -> None:
    eva = make_person(controllers["lyngheim"], "Eva", "Strand", "+47 400 00 113")
    sign_in(client, eva)
    page = client.get("/lyngheim/min-side/profile/").text
    assert 'name="given"' not in page
    assert "fører navnet ditt" in page


def test_g6_sessions_are_listed_and_ended_from_another_browser(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    other = Client(headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"})
    sign_in(other, kari)
    page = client.get(f"{MIN}sign-ins/").text
    assert "Firefox, Linux" in page
    for browser in (client, other):
        assert browser.cookies["tillit_session"].value not in page
    handle = re.search(r'name="session" value="([0-9a-f]{24})"', page)
    assert handle is not None
    client.post(f"{MIN}sign-ins/", {"session": handle.group(1)})
    assert other.get(MIN).status_code == 302
    assert client.get(MIN).status_code == 200


def test_c13_leaving_ends_the_relationship_and_forfeits_unused_bonus(
    client: Client, member: tuple[World, Person]
) -> None:
    world, kari = member
    with clock.travel(NOW):
        world.earn(kari.subject_id, 5000, club="rundtur")
        assert "50,00" in client.get(MIN).text
        assert client.post(f"{MIN}leave/").status_code == 200
        with world.scope("security_log"):
            assert Relationship.objects.get(subject_id=kari.subject_id).ended is None
        client.post(f"{MIN}leave/", {"sure": "1"})
        page = client.get(MIN).text
        with world.scope("security_log"):
            assert Relationship.objects.get(subject_id=kari.subject_id).ended == NOW.date()
    assert "Du er meldt ut" in page
    assert "Du var medlem" in page
    assert "50,00" not in page


def test_c13_leaving_one_club_of_two_leaves_the_other(client: Client) -> None:
    with clock.travel(NOW):
        world = build()
        kari = make_person(world.controllers["nordkai"], "Kari", "Nordseth", "+47 400 00 111")
        with world.scope("membership_administration", kari.subject_id) as scope:
            relate(
                scope=scope,
                subject_id=kari.subject_id,
                controller_id=world.controllers["skogheim"].pk,
                kind="member",
                started=date(2025, 1, 1),
            )
        sign_in(client, kari)
        client.post("/nordkai/min-side/leave/", {"sure": "1"})
        with world.scope("security_log"):
            standing = Relationship.objects.filter(subject_id=kari.subject_id, ended=None)
            assert {r.controller_id for r in standing} == {world.controllers["skogheim"].pk}


def test_a_customer_ends_the_customership(client: Client, controllers: dict[str, Controller]) -> None:
    ada = make_person(controllers["fjordlys"], "Ada", "Strand", "+47 400 00 114", kind="customer")
    sign_in(client, ada)
    client.post("/fjordlys/min-side/leave/", {"sure": "1"})
    page = client.get("/fjordlys/min-side/").text
    assert "Du var kunde" in page
    assert "Du har ikke noe løpende forhold" in client.get("/fjordlys/min-side/leave/").text


def test_a_controller_one_has_no_tie_to_says_where_one_is_known(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    page = client.get("/nordkai/min-side/").text
    assert "Du er ikke registrert hos Nordkai Handel AS" in page
    assert 'href="/rundtur/min-side/"' in page


def test_both_languages_have_every_page(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    client.cookies["tillit_language"] = "en"
    for path, words in (
        ("", "Hello, Kari"),
        ("receipts/", "No purchases yet"),
        ("your-data/", "Kept while the relationship lasts"),
        ("your-data/who-looked/", "Sign-in"),
        ("your-data/download/", "Download everything (ZIP)"),
        ("choices/", "Offers and marketing"),
        ("profile/", "Send a code to the new address"),
        ("sign-ins/", "this one"),
        ("leave/", "Yes, I want to leave"),
    ):
        page = client.get(MIN + path).text
        assert words in page, path
        assert '<html lang="en"' in page
