"""A full card number in free text of any form, call or mail is refused or masked, and stored nowhere (D5)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

import tillit.faces
from tests.faces.conftest import Person, make_person, sign_in
from tests.faces.test_staff import at_work, hire
from tests.support.shops import card_number
from tillit.cases.errors import CaseError
from tillit.cases.kinds import Field
from tillit.declaration.models import Controller
from tillit.faces import card_guard
from tillit.faces.api import keys
from tillit.faces.cli.main import run as command
from tillit.journeys.enquiries.mail_in import take_in
from tillit.kernel.identifiers import IdentifierError
from tillit.kernel.identifiers import name as names

pytestmark = pytest.mark.django_db
CARD = card_number(417)
WRITTEN = f"Kortet mitt er {CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:]}, bruk det"
FACES = Path(tillit.faces.__file__).parent
TYPED = re.compile(r"<(textarea|input)\b[^>]*>")


def typed() -> Iterator[tuple[str, str, str]]:
    """(name, type, template) of everything that people type into, in every template."""
    for path in FACES.rglob("*.html"):
        for tag in re.finditer(r"<(textarea|input|select|button)\b[^>]*>", path.read_text(encoding="utf-8")):
            name = re.search(r'\bname="([^"]+)"', tag.group())
            kind = re.search(r'\btype="([\w-]+)"', tag.group())
            if name:
                plain = "text" if tag.group(1) in {"textarea", "input"} else tag.group(1)
                yield name.group(1), kind.group(1) if kind else plain, path.name


def addresses() -> Iterator[str]:
    """Every address that a form may be sent to, filled in."""

    def walk(patterns: list[Any]) -> Iterator[URLPattern]:
        for one in patterns:
            if isinstance(one, URLResolver):
                yield from walk(one.url_patterns)
            elif one.name:
                yield one

    for one in walk([p for p in get_resolver().url_patterns if str(p.pattern) != "api/"]):
        given: dict[str, Any] = {}
        for name, kind in one.pattern.converters.items():
            uuid = "UUID" in type(kind).__name__
            given[name] = "trygghavn" if name == "controller" else 1 if "Int" in type(kind).__name__ else "x"
            given[name] = "00000000-0000-0000-0000-000000000000" if uuid else given[name]
        yield reverse(one.name, kwargs=given)


def stands_in_the_database(text: str) -> list[str]:
    """Tables in which a text stands, with or without spaces."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " AND has_table_privilege(oid, 'SELECT')"
        )
        tables = [table for (table,) in cursor.fetchall()]
    found = []
    raw = connection.connection.cursor()  # what row security shows to a part of Tillit that sees everything
    for table in tables:
        raw.execute(f"SELECT 1 FROM {table} t WHERE replace(t::text, ' ', '') LIKE %s LIMIT 1", [f"%{text}%"])
        found += [table] if raw.fetchone() else []
    return found


def see_everything() -> None:
    everyone = ",".join(str(one) for one in Controller.objects.values_list("pk", flat=True))
    for name, value in (("activity", "retention"), ("controllers", f"{{{everyone}}}"), ("subjects", "*")):
        connection.connection.cursor().execute("SELECT set_config(%s, %s, true)", [f"tillit.{name}", value])


@pytest.fixture
def berit(controllers: dict[str, Controller]) -> Person:
    return make_person(controllers["trygghavn"], "Berit", "Havn", "+47 400 00 151", "customer")


def test_d5_a_card_number_typed_into_any_form_is_refused_everywhere_and_found_nowhere(
    berit: Person, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    sign_in(client, berit)
    desk = at_work(hire(berit.controller, "customer_service"))
    names = {name for name, kind, _ in typed() if kind in FREE and "{" not in name and card_guard.is_words(name)}
    assert {"text", "subject", "what", "matter", "note", "reference", "name"} <= names
    sent = 0
    for path in addresses():
        for who in (client, desk):
            answer = who.post(path, dict.fromkeys(names, WRITTEN))
            assert answer.status_code == 422, path
            sent += 1
    assert sent > 200
    for name in sorted(names):
        assert client.post("/trygghavn/min-side/enquiries/", {name: WRITTEN}).status_code == 422, name
    client.post("/trygghavn/min-side/enquiries/", {"kind": "enquiry", "subject": "Sykkelen", "text": "er borte vekk"})
    see_everything()
    assert stands_in_the_database("erbortevekk"), "what is stored would be found"
    assert stands_in_the_database(CARD) == []
    assert caplog.text
    assert CARD not in caplog.text.replace(" ", "")


def test_d5_the_refusal_says_why_and_lets_it_be_sent_with_the_number_cut_down(berit: Person, client: Client) -> None:
    sign_in(client, berit)
    path = "/trygghavn/min-side/enquiries/"
    form = {"kind": "enquiry", "subject": "Kortet", "text": WRITTEN, "csrfmiddlewaretoken": "x"}
    page = client.post(path, form, headers={"Accept-Language": "nb"})
    assert (page.status_code, page.headers["Cache-Control"]) == (422, "no-store")
    assert "Dette ligner et fullt kortnummer" in page.text
    assert CARD[:8] not in page.text.replace(" ", "")
    again = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
    assert again["text"] == f"Kortet mitt er •••• {CARD[-4:]}, bruk det"
    assert client.post(path, again).status_code == 302
    page = client.post(path, form | {"csrfmiddlewaretoken": "x"}, headers={"Accept-Language": "en"})
    assert "looks like a full card number" in page.text
    del form["csrfmiddlewaretoken"]
    assert "bruk det" not in client.post(path, form).text, "nothing of another site's form is shown"


FREE = {"text", "search", "tel", "email", "url", "password"}
ASKED_FOR = {"agreement", "line", "number", "card", "code", "codes", "key", "password", "again", "file", "staff"} | {
    "serial_number"
}
"""Names outside the guard that people type into: what asks for a number and checks it, or searches by one."""


def test_d5_a_card_number_searched_for_in_a_file_s_name_a_command_or_a_name_is_refused(
    berit: Person, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = at_work(hire(berit.controller, "customer_service"))
    assert desk.get("/staff/trygghavn/enquiries/").status_code == 200
    assert desk.get("/staff/trygghavn/enquiries/", {"q": WRITTEN}).status_code == 422
    assert desk.get("/staff/trygghavn/enquiries/", {"next": WRITTEN}).status_code == 200, "nobody types there"
    sign_in(client, berit)
    form = {"kind": "enquiry", "subject": "Kortet", "text": "Se vedlegget"}
    for name, status in ((f"{CARD}.pdf", 422), ("kvittering.pdf", 302)):
        file = SimpleUploadedFile(name, b"%PDF-1.4\n%%EOF\n", "application/pdf")
        assert client.post("/trygghavn/min-side/enquiries/", {**form, "file": file}).status_code == status
    for arguments in ([f"--nb={CARD}"], ["--nb", WRITTEN], [CARD]):
        assert command(["services", "advice", *arguments]) == 2
        assert "full card number" in capsys.readouterr().err
    assert command(["services", "advice", "4611686018427387904"]) == 2
    assert "full card number" not in capsys.readouterr().err, "a number of ours"
    with pytest.raises(IdentifierError, match="card number"):
        names.normalise(f"Berit {CARD}")


def test_d5_every_field_people_type_into_is_guarded_and_no_number_of_ours_is() -> None:
    fields = list(typed())
    assert len(fields) > 200
    loose = {name for name, kind, _ in fields if kind in FREE and not card_guard.is_words(name)}
    assert loose - {"f-{{ one.name }}"} <= ASKED_FOR, "asks for words, and is not looked at"
    ours = set()
    for path in FACES.rglob("*.html"):
        for tag in re.findall(r"<(?:input|button|option)\b[^>]*>", path.read_text(encoding="utf-8")):
            name, value = re.search(r'\bname="(\w+)"', tag), re.search(r'value="{{ [\w.]*(?:\.id|\.pk) }}"', tag)
            ours |= {name.group(1)} if name and value else set()
    assert ours
    assert {name for name in ours if card_guard.is_words(name)} == set(), "a number of ours may look like a card's"


def test_d5_a_call_with_a_card_number_in_free_text_is_refused(
    controllers: dict[str, Controller], client: Client
) -> None:
    assert card_guard.in_json({"rows": [{"note": WRITTEN}]})
    assert card_guard.in_json({WRITTEN: 1})
    assert not card_guard.in_json({"code": CARD, "purchases": [{"card": CARD}], "note": "4111 1111"})
    with pytest.raises(CaseError) as refused:
        Field("text").check("text", WRITTEN)
    assert refused.value.code == "card-number"
    assert keys.ALL_SCOPES


def test_d5_d9_a_card_number_in_a_mail_is_masked_in_its_message_and_its_case(berit: Person) -> None:
    raw = f"From: Berit <{berit.email}>\nSubject: Kort {CARD}\nMessage-ID: <{CARD}@x.example>\n\n{WRITTEN}\n"
    case = take_in(controller=berit.controller, raw=raw.encode())
    assert case is not None
    assert case.fields["subject"] == f"Kort •••• {CARD[-4:]}"
    again = take_in(controller=berit.controller, raw=raw.encode())
    assert again is not None
    assert again.id == case.id, "the same mail again"
    stranger = f"From: {CARD} <ola@post.example>\nSubject: Hei\nMessage-ID: <2@x.example>\n\nHei\n"
    assert take_in(controller=berit.controller, raw=stranger.encode()) is not None
    see_everything()
    assert "messages_message" in stands_in_the_database(f"••••{CARD[-4:]},brukdet")
    assert stands_in_the_database(CARD) == []
