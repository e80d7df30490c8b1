"""Min side shows what the person has and what is known, lets them change it, and nothing of anyone else."""

import io
import json
import re
import zipfile
from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from tests.bonus.conftest import NOW, World, build
from tests.faces.conftest import Person, make_person, sign_in
from tillit.audit import events
from tillit.audit.operations import append
from tillit.bonus.kinds import ISSUED, LOT
from tillit.consent.models import EventKind
from tillit.consent.operations import record
from tillit.consent.queries import may
from tillit.declaration.models import Controller
from tillit.declaration.queries import current
from tillit.declaration.statement.wording import retention_words, sentence
from tillit.kernel import clock
from tillit.kernel.scope import Actor, Scope, system
from tillit.ledger.operations import Account, Posting, post
from tillit.parties.models import Relationship
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
