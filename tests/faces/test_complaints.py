"""Complaints of bonus (C12): the receipt attached, staff decide, the ledger follows, the person is told why."""

import re
import struct
import zlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.bonus.conftest import World, build
from tests.faces.conftest import Person, make_person, sign_in
from tests.faces.test_staff import at_work, hire
from tests.support.shops import card_number
from tillit.bonus import rates
from tillit.bonus.queries import overview
from tillit.bonus.rates import When
from tillit.cases.models import Document
from tillit.journeys.purchase_import import take_in
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.messages.models import Message
from tillit.parties import directories, merging
from tillit.parties.digests import Kind, digest
from tillit.purchases.models import PaymentInstrument, Store
from tillit.purchases.reference_data import keep_source

pytestmark = pytest.mark.django_db
NEW = "/rundtur/min-side/complaints/new/"


def picture() -> bytes:
    """A PNG of one red point."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\x00\xff\x00\x00")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.fixture
def world(db: Any) -> World:
    return build()


@pytest.fixture
def kari(world: World) -> Person:
    from tillit.declaration.models import Controller

    return make_person(Controller.objects.get(key="rundtur"), "Kari", "Nordseth", "+47 400 00 111")


def complain(client: Client, world: World, **more: Any) -> str:
    """The address of the new complaint."""
    form = {
        "about": "missing",
        "chain": world.chains["rundtur"].key,
        "bought_on": "2026-03-02",
        "amount": "129,90",
        "text": "Kjøpet mangler",
        "receipt_file": SimpleUploadedFile("kvittering.png", picture(), "image/png"),
    }
    answer = client.post(NEW, {**form, **more})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def number(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[1]


def available(kari: Person) -> int:
    with Scope(system("test", {kari.controller.pk}), "bonus_use", frozenset({kari.subject_id})):
        return sum(one.available for one in overview(subject_id=kari.subject_id, on=clock.today()))


def test_c12_the_receipt_is_decided_on_the_ledger_follows_and_the_person_is_told(
    client: Client, world: World, kari: Person
) -> None:
    rates.add(chain_id=world.chains["rundtur"].pk, basis_points=200, when=When(datetime(2025, 1, 1, tzinfo=UTC)))
    sign_in(client, kari)
    assert 'data-form="receipt_complaint"' in client.get(NEW).text
    path = complain(client, world, about="wrong")
    with Scope(system("test", {kari.controller.pk}), "self_service", frozenset({kari.subject_id})):
        kept = Document.objects.get(subject_id=kari.subject_id)
        assert picture()[:16] not in bytes(kept.sealed)
    desk = at_work(hire(kari.controller))
    here = f"/staff/rundtur/complaints/{number(path)}/"
    assert number(path) in desk.get("/staff/rundtur/complaints/").text
    page = desk.get(here).text
    assert "Kari Nordseth" in page
    saved = desk.post(f"{here}files/{kept.id}/")
    assert saved.content.startswith(b"\x89PNG")
    assert "attachment" in saved["Content-Disposition"]
    assert desk.post(here, {"act": "uphold", "text": "Vi fant kjøpet.", "amount": "x"}).status_code == 422
    assert available(kari) == 0
    assert desk.post(here, {"act": "uphold", "text": "Vi fant kjøpet.", "amount": "12,50"}).status_code == 302
    assert available(kari) == 1250
    assert desk.post(here, {"act": "uphold", "text": "Igjen", "amount": "12,50"}).status_code == 422
    assert available(kari) == 1250
    told = client.get(path).text
    assert "Vi fant kjøpet." in told
    assert "medhold" in told
    with Scope(system("test", {kari.controller.pk}), "bonus_correction", frozenset({kari.subject_id})):
        message = Message.objects.get(subject_id=kari.subject_id, template="complaint_upheld")
        assert "12,50" in message.content["amount"]


def test_c12_an_amount_is_no_way_round_the_receipt_and_much_bonus_takes_two(
    client: Client, world: World, kari: Person
) -> None:
    rates.add(chain_id=world.chains["rundtur"].pk, basis_points=200, when=When(datetime(2025, 1, 1, tzinfo=UTC)))
    sign_in(client, kari)
    missing, wrong = (
        f"/staff/rundtur/complaints/{number(complain(client, world, about=about))}/" for about in ("missing", "wrong")
    )
    desk, colleague = (at_work(hire(kari.controller, name=name)) for name in ("Siri Stab", "Knut Kollega"))
    english = {"Accept-Language": "en"}
    said = {"act": "uphold", "text": "Funnet."}
    assert 'name="amount"' not in desk.get(missing).text
    assert 'name="amount"' in desk.get(wrong).text
    for amount in ("1", "500000"):
        refused = desk.post(missing, said | {"amount": amount}, headers=english)
        assert (refused.status_code, "posted with its receipt" in refused.text) == (422, True)
    for amount in ("100,01", "100,01", "-100,01"):  # 2 % of 5 000 is what one gives alone
        refused = desk.post(wrong, said | {"amount": amount}, headers=english)
        assert (refused.status_code, "takes two" in refused.text) == (422, True), amount
    assert colleague.post(wrong, said | {"amount": "100,02"}).status_code == 422, "another amount is a new one"
    assert available(kari) == 0
    assert colleague.post(wrong, said | {"amount": "100,01"}).status_code == 302
    assert available(kari) == 10001
    more, again = (f"/staff/rundtur/complaints/{number(complain(client, world, about='wrong'))}/" for _ in range(2))
    assert desk.post(more, said | {"amount": "100,00"}).status_code == 302
    assert available(kari) == 20001
    refused = desk.post(again, said | {"amount": "0,01"}, headers=english)
    assert (refused.status_code, "takes two" in refused.text) == (422, True), "several small ones add up"
    assert "Proposed: NOK\xa00.01" in colleague.get(again, headers=english).text
    assert "Proposed:" not in client.get(again.replace("/staff/rundtur/", "/rundtur/min-side/"), headers=english).text
    assert colleague.post(again, said | {"amount": "0,01"}).status_code == 302
    assert available(kari) == 20002


def test_c12_a_question_is_answered_and_a_rejection_says_why(client: Client, world: World, kari: Person) -> None:
    sign_in(client, kari)
    path = complain(client, world)
    desk = at_work(hire(kari.controller))
    here = f"/staff/rundtur/complaints/{number(path)}/"
    assert desk.post(here, {"act": "reject", "text": ""}).status_code == 422
    desk.post(here, {"act": "ask", "text": "Hvilken butikk?"})
    desk.post(here, {"act": "note", "text": "Bare for oss"})
    assert "Hvilken butikk?" in client.get(path).text
    client.post(path, {"text": "Den på kaia", "receipt_file": SimpleUploadedFile("b.png", picture(), "image/png")})
    assert "Den på kaia" in desk.get(here).text
    desk.post(here, {"act": "reject", "text": "Kjøpet var betalt kontant."})
    told = client.get(path).text
    assert "Kjøpet var betalt kontant." in told
    assert "Bare for oss" not in told
    assert available(kari) == 0
    client.post(path, {"text": "Nei"})
    assert "Nei<" not in client.get(path).text


def test_c12_files_that_are_no_receipt_are_refused_with_the_reason(client: Client, world: World, kari: Person) -> None:
    sign_in(client, kari)
    form = {"about": "missing", "chain": world.chains["rundtur"].key}
    script = SimpleUploadedFile("kvittering.png", b"<script>alert(1)</script>", "image/png")
    answer = client.post(NEW, {**form, "receipt_file": script}, headers={"Accept-Language": "en"})
    assert (answer.status_code, "Only pictures" in answer.text) == (422, True)
    assert client.post(NEW, {"about": "missing"}).status_code == 422
    assert client.post(NEW, {**form, "bought_on": "soon"}).status_code == 422
    assert client.post(NEW, {**form, "about": "nothing"}).status_code == 422
    assert (
        "Du har ikke reklamert" in client.get("/rundtur/min-side/complaints/", headers={"Accept-Language": "nb"}).text
    )


def test_c12_nobody_but_the_person_and_the_desk_of_that_controller_sees_a_complaint(
    client: Client, world: World, kari: Person
) -> None:
    sign_in(client, kari)
    path = complain(client, world)
    ola = make_person(kari.controller, "Ola", "Vestli", "+47 400 00 112")
    other = Client()
    sign_in(other, ola)
    assert other.get(path).status_code == 404
    assert other.post(path, {"text": "x"}).status_code == 404
    desk = at_work(hire(kari.controller, "reception"))
    assert desk.get("/staff/rundtur/complaints/").status_code == 404
    assert desk.get(f"/staff/rundtur/complaints/{number(path)}/").status_code == 404


def test_c4_c12_a_card_on_another_bonus_id_is_set_free_when_its_owner_is_right(
    client: Client, world: World, kari: Person
) -> None:
    ola = make_person(kari.controller, "Ola", "Vestli", "+47 400 00 112")
    other, card, cards = Client(), card_number(31), "/rundtur/min-side/cards/"
    sign_in(other, ola)
    other.post(cards, {"act": "add", "number": card, "own": "1"})
    sign_in(client, kari)
    page = client.post(cards, {"act": "add", "number": card, "own": "1"}).text
    dispute = re.search(r'href="([^"]+about=card_taken)"', page)
    assert dispute is not None
    assert 'name="number"' in client.get(dispute.group(1)).text
    wrong = client.post(NEW, {"about": "card_taken", "number": card[:-1] + "x"})
    assert (wrong.status_code, card[:-1] in wrong.text) == (422, False)
    path = complain(client, world, about="card_taken", number=card, chain="")
    desk = at_work(hire(kari.controller))
    desk.post(f"/staff/rundtur/complaints/{number(path)}/", {"act": "uphold", "text": "Du viste det."})
    register = kari.controller.register_id
    known = digest(register, Kind.CARD, card)
    assert directories.resolve(register_id=register, kind=Kind.CARD, digest=known) == kari.subject_id
    assert card[-4:] in client.get(cards).text
    assert 'value="put_back"' not in other.get(cards).text
    with Scope(system("test", {kari.controller.pk}), "bonus_earning", frozenset({ola.subject_id})):
        row = PaymentInstrument.objects.get(subject_id=ola.subject_id)
    other.post(cards, {"act": "put_back", "card": str(row.id)})
    assert directories.resolve(register_id=register, kind=Kind.CARD, digest=known) == kari.subject_id
    with Scope(system("test", {kari.controller.pk}), "bonus_earning", frozenset({kari.subject_id})):
        mine = PaymentInstrument.objects.get(subject_id=kari.subject_id)
    client.post(cards, {"act": "remove", "card": str(mine.id)})
    assert directories.resolve(register_id=register, kind=Kind.CARD, digest=known) is None
    refused = other.post(cards, {"act": "add", "number": card, "own": "1"}, headers={"Accept-Language": "en"})
    assert (refused.status_code, "another person" in refused.text) == (422, True)  # who lost it may not retype it
    assert client.post(cards, {"act": "add", "number": card, "own": "1"}).status_code == 302
    assert directories.resolve(register_id=register, kind=Kind.CARD, digest=known) == kari.subject_id
    with Scope(system("test", {kari.controller.pk}), "rights_requests", frozenset({ola.subject_id})):
        assert card[-4:] in str(Message.objects.get(template="card_moved").content)


def test_c3_c4_c12_a_card_of_a_merged_person_is_set_free(client: Client, world: World, kari: Person) -> None:
    ola = make_person(kari.controller, "Ola", "Vestli", "+47 400 00 112")
    twin = make_person(kari.controller, "Ole", "Vestli", "+47 400 00 113")
    other, card = Client(), card_number(32)
    sign_in(other, twin)
    other.post("/rundtur/min-side/cards/", {"act": "add", "number": card, "own": "1"})
    with Scope(system("test", {kari.controller.pk}), "membership_administration") as scope:
        merging.merge(scope=scope, subject_id=twin.subject_id, into=ola.subject_id)
    register, known = kari.controller.register_id, digest(kari.controller.register_id, Kind.CARD, card)
    assert directories.resolve(register_id=register, kind=Kind.CARD, digest=known) == ola.subject_id
    sign_in(client, kari)
    path = complain(client, world, about="card_taken", number=card, chain="")
    at_work(hire(kari.controller)).post(
        f"/staff/rundtur/complaints/{number(path)}/", {"act": "uphold", "text": "Du viste det."}
    )
    assert directories.resolve(register_id=register, kind=Kind.CARD, digest=known) == kari.subject_id


def test_c12_c5_a_missing_purchase_is_posted_with_its_receipt_and_not_counted_again(
    client: Client, world: World, kari: Person
) -> None:
    chain = world.chains["rundtur"]
    Store.objects.create(chain=chain, number="77", name="Butikk 77", place="Bodø")
    rates.add(chain_id=chain.pk, basis_points=200, when=When(datetime(2026, 1, 1, tzinfo=UTC)))
    sign_in(client, kari)
    path = complain(client, world, receipt="R-901")
    desk = at_work(hire(kari.controller))
    here = f"/staff/rundtur/complaints/{number(path)}/"
    assert "Butikk 77" in desk.get(here).text
    form = {"act": "post", "store": "77", "day": "2026-03-02", "paid": "500", "receipt": "R-901", "text": "Funnet."}
    for wrong in ({"store": "99"}, {"receipt": ""}, {"paid": "-5"}, {"day": "soon"}):
        assert desk.post(here, {**form, **wrong}).status_code == 422
    assert available(kari) == 0
    assert desk.post(here, form).status_code == 302
    assert available(kari) == 1000
    assert "R-901" in client.get("/rundtur/min-side/receipts/").text
    twice = complain(client, world, receipt="R-901")
    refused = desk.post(f"/staff/rundtur/complaints/{number(twice)}/", form, headers={"Accept-Language": "en"})
    assert (refused.status_code, "counted already" in refused.text) == (422, True)

    card = card_number(55)
    client.post("/rundtur/min-side/cards/", {"act": "add", "number": card, "own": "1"})
    with Scope(system("test", {kari.controller.pk}), "bonus_earning", frozenset({kari.subject_id})):
        row = PaymentInstrument.objects.get(subject_id=kari.subject_id)
        PaymentInstrument.objects.update(registered_at=datetime(2026, 1, 1, tzinfo=UTC))
    directories.unclaim(
        register_id=kari.controller.register_id, kind=Kind.CARD, digest=row.digest, subject_id=kari.subject_id
    )
    directories.claim(
        register_id=kari.controller.register_id,
        kind=Kind.CARD,
        digest=row.digest,
        subject_id=kari.subject_id,
        since=datetime(2026, 1, 1, tzinfo=UTC),
    )
    keep_source(key="kasse", name="K", register_id=kari.controller.register_id, accept_from=date(2025, 1, 1))
    line = {"time": "2026-03-02T17:30:00+01:00", "chain": chain.key, "store": "77", "card": card}
    report = take_in(
        rows=[
            {**line, "id": "L1", "amount": "300", "receipt": "R-901"},
            {**line, "id": "L2", "amount": "200", "receipt": "R-901"},
            {**line, "id": "L3", "amount": "100", "receipt": "R-902"},
        ],
        source_key="kasse",
    )
    assert report.batch is not None
    assert (report.batch.repeated, report.batch.posted, report.batch.quarantined) == (2, 0, 1)
    assert available(kari) == 1000
    with Scope(system("test", {kari.controller.pk}), "bonus_correction", frozenset({kari.subject_id})):
        assert Message.objects.filter(subject_id=kari.subject_id, template="complaint_posted").count() == 1


def test_c12_a_missing_purchase_lies_in_the_membership_and_a_large_one_takes_two(
    client: Client, world: World, kari: Person
) -> None:
    chain, start = world.chains["rundtur"], datetime(2025, 1, 1, tzinfo=UTC)
    Store.objects.create(chain=chain, number="77", name="Butikk 77", place="Bodø")
    rates.add(chain_id=chain.pk, basis_points=200, when=When(start))
    rates.add(chain_id=chain.pk, basis_points=300, when=When(start, None, 127, 11 * 60, 13 * 60), mode="add")
    keep_source(key="kasse", name="K", register_id=kari.controller.register_id, accept_from=date(2025, 2, 1))
    sign_in(client, kari)
    here = f"/staff/rundtur/complaints/{number(complain(client, world, receipt='R-901'))}/"
    desk, colleague = (at_work(hire(kari.controller, name=name)) for name in ("Siri Stab", "Knut Kollega"))
    form = {"act": "post", "store": "77", "day": "2026-03-02", "paid": "500", "receipt": "R-901", "text": "Funnet."}
    english = {"Accept-Language": "en"}
    for wrong, why in (
        ({"day": (clock.today() + timedelta(days=1)).isoformat()}, "later than now"),
        ({"day": "2025-02-28"}, "not a member"),
        ({"day": "2025-01-31"}, "longer ago"),
        ({"time": "25:00"}, "Write the day"),
        ({"receipt": "-00"}, "Write the number"),
        ({"paid": "5000.01"}, "takes two"),
        ({"paid": "5000.01"}, "takes two"),
    ):
        refused = desk.post(here, form | wrong, headers=english)
        assert (refused.status_code, why in refused.text) == (422, True), wrong
    assert colleague.post(here, form | {"paid": "6000"}, headers=english).status_code == 422, "other facts are new ones"
    assert available(kari) == 0
    assert colleague.post(here, form | {"paid": "5000.01"}).status_code == 302
    assert available(kari) == 10000, "without a time it earns what holds all day"
    for receipt, at, given in (("R-902", "12:30", 2500), ("R-903", "13:00", 1000)):
        before = available(kari)
        more = f"/staff/rundtur/complaints/{number(complain(client, world, receipt=receipt))}/"
        posted = form | {"day": "2026-03-03", "receipt": receipt, "time": at}
        if receipt == "R-903":
            assert "Say that this is another" in desk.post(more, posted, headers=english).text
        assert desk.post(more, posted | {"another": "1"}).status_code == 302
        assert available(kari) - before == given
