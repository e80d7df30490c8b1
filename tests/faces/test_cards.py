"""Cards and accounts on Min side (C4): what is typed is used for one call, and is nowhere after it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from tests.faces.conftest import Person, sign_in
from tests.support.shops import account_number, card_number
from tillit.kernel import clock
from tillit.kernel.scope import Scope, system
from tillit.parties import directories
from tillit.parties.digests import Kind, digest
from tillit.purchases import reference_data
from tillit.purchases.models import PaymentInstrument

PATH = "/rundtur/min-side/cards/"


def add(client: Client, number: str, **more: str) -> Any:
    return client.post(PATH, {"act": "add", "number": number, "own": "1", **more})


def act(client: Client, what: str) -> Any:
    """Press the button of the first card that has it."""
    page = client.get(PATH).content.decode()
    form = next(one for one in re.findall(r"<form.*?</form>", page, re.S) if f'value="{what}"' in one)
    card = re.search(r'name="card" value="(\d+)"', form)
    assert card is not None
    return client.post(PATH, {"act": what, "card": card.group(1)}, follow=True)


def held_by(kari: Person, number: str, kind: Kind = Kind.CARD) -> int | None:
    register = kari.controller.register_id
    return directories.resolve(register_id=register, kind=kind, digest=digest(register, kind, number))


@pytest.mark.parametrize(
    ("number", "network"),
    [
        (card_number(7), "Visa"),
        (card_number(7, "555555"), "Mastercard"),
        (account_number(1205000120), "Debetkonto"),
    ],
)
def test_c4_a_card_is_added_removed_and_put_back(client: Client, kari: Person, number: str, network: str) -> None:
    sign_in(client, kari)
    kind = Kind.ACCOUNT if network == "Debetkonto" else Kind.CARD
    spaced = " ".join(re.findall(".{1,4}", number))
    page = client.get(add(client, spaced)["Location"], headers={"Accept-Language": "nb"}).content.decode()
    assert f"{network}</strong> •••• {number[-4:]}" in page
    assert held_by(kari, number, kind) == kari.subject_id
    assert "put_back" in act(client, "remove").content.decode()
    assert held_by(kari, number, kind) is None
    back = act(client, "put_back").content.decode()
    assert held_by(kari, number, kind) == kari.subject_id
    assert "put_back" not in back
    add(client, number)
    with Scope(system("test", {kari.controller.pk}), "bonus_earning", frozenset({kari.subject_id})):
        assert PaymentInstrument.objects.filter(subject_id=kari.subject_id).count() == 1


def test_c4_a_removal_is_undone_for_as_long_as_the_card_is_kept_and_no_longer(client: Client, kari: Person) -> None:
    sign_in(client, kari)
    add(client, card_number(8))
    act(client, "remove")
    at = clock.now()
    with clock.travel(at + timedelta(days=29)):
        sign_in(client, kari)
        assert "put_back" in client.get(PATH).content.decode()
    with clock.travel(at + timedelta(days=31)):
        sign_in(client, kari)
        assert "put_back" not in client.get(PATH).content.decode()
        with Scope(system("test", {kari.controller.pk}), "bonus_correction", frozenset({kari.subject_id})):
            row = PaymentInstrument.objects.get(subject_id=kari.subject_id)
        client.post(PATH, {"act": "put_back", "card": str(row.id)})
        assert held_by(kari, card_number(8)) is None


def test_c4_what_cannot_be_registered_is_refused_with_help_and_never_repeated(
    client: Client, kari: Person, ola: Person
) -> None:
    reference_data.keep_enterprise_ranges(prefixes=["492500"])
    sign_in(client, ola)
    add(client, card_number(9, "411111"))
    sign_in(client, kari)
    wrong = {
        "": "siffer",
        "4111 1111 1111 111x": "siffer",
        "4111 1111 1111 1112": "byttet plass",
        "4111 1111": "ett for mye eller for lite",
        "378282246310005": "Bare Visa",
        card_number(3, "492500"): "foretakskort",
        card_number(9, "411111"): "en annen BonusID",
    }
    for number, help_text in wrong.items():
        answer = client.post(PATH, {"act": "add", "number": number, "own": "1"}, headers={"Accept-Language": "nb"})
        page = answer.content.decode()
        assert (answer.status_code, help_text in page) == (422, True), number
        assert not number or (number not in page and number.replace(" ", "") not in page)
    assert add(client, card_number(10), own="").status_code == 422
    assert held_by(kari, card_number(9, "411111")) == ola.subject_id
    assert held_by(kari, card_number(10)) is None


def test_c4_another_person_s_card_cannot_be_removed_or_put_back(client: Client, kari: Person, ola: Person) -> None:
    sign_in(client, ola)
    add(client, card_number(11))
    with Scope(system("test", {ola.controller.pk}), "bonus_earning", frozenset({ola.subject_id})):
        row = PaymentInstrument.objects.get(subject_id=ola.subject_id)
    sign_in(client, kari)
    client.post(PATH, {"act": "remove", "card": str(row.id)})
    assert held_by(ola, card_number(11)) == ola.subject_id
    for card in ("", "x", "9" * 40, "-1"):
        assert client.post(PATH, {"act": "remove", "card": card}).status_code == 302


def test_c4_the_page_is_there_only_where_cards_are_declared(client: Client, controllers: Any) -> None:
    from tests.faces.conftest import make_person

    eva = make_person(controllers["lyngheim"], "Eva", "Strand", "+47 400 00 113")
    sign_in(client, eva)
    assert client.get("/lyngheim/min-side/cards/").status_code == 404


def test_c4_the_number_typed_stands_nowhere_in_the_database_the_sessions_or_the_pages(
    client: Client, kari: Person, capfd: pytest.CaptureFixture[str]
) -> None:
    sign_in(client, kari)
    number = card_number(12, "411111")
    pages = [client.get(PATH).content.decode()]
    for typed in (number, number[:-1] + str((int(number[-1]) + 1) % 10)):
        answer = add(client, typed)
        pages.append(answer.content.decode() + str(answer.headers) + str(client.cookies))
        pages += [client.get(path).content.decode() for path in (PATH, "/rundtur/min-side/your-data/who-looked/")]
    middle = number[6:12]
    assert number[-4:] in pages[2]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind = 'r' AND n.nspname = 'public'"
            " AND has_table_privilege(c.oid, 'SELECT')"
        )
        tables = [name for (name,) in cursor.fetchall()]
    found = []
    everyone = system("test", {kari.controller.pk})
    with Scope(everyone, "rights_requests", frozenset({kari.subject_id})), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM purchases_instrument")
        assert cursor.fetchone()[0] == 1
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s", [f"%{number[:-1]}%"])
            found += [table] if cursor.fetchone()[0] else []
    assert found == []
    written = "".join(pages) + "".join(capfd.readouterr())
    assert number[:-1] not in written
    assert f"{number[:6]}{middle}" not in written


def test_c4_few_numbers_may_be_tried_whatever_the_answer_and_few_are_held(
    client: Client, kari: Person, ola: Person
) -> None:
    sign_in(client, ola)
    add(client, card_number(60))
    sign_in(client, kari)
    for _ in range(8):
        assert add(client, "4111 1111 1111 1112").status_code == 422
    for number in [60, 60, 60, 61]:
        add(client, card_number(number))
    assert held_by(kari, card_number(61)) == kari.subject_id
    add(client, card_number(60))
    page = client.post(PATH, {"act": "add", "number": card_number(62), "own": "1"}, headers={"Accept-Language": "en"})
    assert (page.status_code, "at most five in an hour" in page.text) == (422, True)
    assert held_by(kari, card_number(62)) is None
    start = clock.now()
    for later in range(1, 3):
        with clock.travel(start + timedelta(hours=2 * later)):
            sign_in(client, kari)
            for number in range(5):
                add(client, card_number(60 + 5 * later + number))
    with clock.travel(start + timedelta(hours=8)):
        sign_in(client, kari)
        assert (
            "most that a BonusID holds"
            in client.post(
                PATH, {"act": "add", "number": card_number(60), "own": "1"}, headers={"Accept-Language": "en"}
            ).text
        )
        act(client, "remove")
        assert add(client, card_number(80)).status_code == 302
        assert act(client, "put_back").status_code == 422
    with Scope(system("test", {kari.controller.pk}), "bonus_earning", frozenset({kari.subject_id})):
        assert PaymentInstrument.objects.filter(subject_id=kari.subject_id, removed_at=None).count() == 10
