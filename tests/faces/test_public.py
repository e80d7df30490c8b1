"""The public pages are rendered from what is published, in both languages, and set nothing that is not declared."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client

from tests.faces.conftest import Person
from tillit.consent.models import CookieChoice
from tillit.declaration.models import Controller
from tillit.declaration.publish import publish
from tillit.declaration.queries import current
from tillit.kernel import clock
from tillit.privacy.sweep import lapsed_elsewhere

pytestmark = pytest.mark.django_db


def test_the_front_page_lists_every_controller_that_has_published(client: Client) -> None:
    assert "Ingen erklæring er publisert ennå" in client.get("/").text


def test_front_and_home_name_the_controllers(client: Client, controllers: dict[str, Controller]) -> None:
    page = client.get("/").text
    for controller in controllers.values():
        assert controller.name in page
        assert controller.name in client.get(f"/{controller.key}/").text


def test_a1_a_department_is_found_through_the_directory_of_its_operator(
    client: Client, controllers: dict[str, Controller]
) -> None:
    assert 'href="/solvik/departments/"' in client.get("/solvik/").text
    page = client.get("/solvik/departments/").text
    for key in ("elvebakken", "solvik"):
        declared = current(controller_id=controllers[key].pk, on=clock.today()).controller
        assert f'href="/{key}/"' in page
        assert all(
            text in page for text in (declared.name, declared.organisation_number, declared.visiting_address.street)
        )
        assert all(point.email is None or point.email in page for point in declared.contact_points)
    assert controllers["rundtur"].name not in page
    assert client.get("/rundtur/departments/").status_code == 404
    assert "departments/" not in client.get("/rundtur/").text


@pytest.mark.parametrize(("language", "title"), [("nb", "Personvernerklæring"), ("en", "Privacy statement")])
def test_a3_statement_is_a_page_a_text_and_a_pdf_in_both_languages(
    client: Client, controllers: dict[str, Controller], language: str, title: str
) -> None:
    client.cookies["tillit_language"] = language
    page = client.get("/fjordlys/statement/")
    assert f'<html lang="{language}"' in page.text
    assert title in page.text
    declared = current(controller_id=controllers["fjordlys"].pk, on=clock.today())
    assert declared.introduction[language].split(".")[0] in page.text
    text = client.get("/fjordlys/statement/versions/1/text/")
    assert title in text.text
    pdf = client.get("/fjordlys/statement/versions/1/pdf/")
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")


def test_a3_history_and_difference_show_what_a_new_version_changed(
    client: Client, controllers: dict[str, Controller]
) -> None:
    controller = controllers["fjordlys"]
    declared = current(controller_id=controller.pk, on=clock.today())
    changed = declared.model_copy(
        update={
            "introduction": {"nb": "Helt nye ord her.", "en": "Quite new words here."},
            "effective": clock.today() + timedelta(days=30),
        }
    )
    publish(declaration=changed, source_text="", at=clock.now())
    page = client.get("/fjordlys/statement/").text
    assert "En ny versjon gjelder fra" in page
    assert "Helt nye ord her." not in page
    assert "Helt nye ord her." in client.get("/fjordlys/statement/versions/2/").text
    difference = client.get("/fjordlys/statement/changes/1/2/").text
    assert "<ins>Helt nye ord her.</ins>" in difference
    assert "Andre endringer" in difference
    assert "Nei: bare ordlyden" in difference
    assert "Vesentlige endringer" not in difference
    assert "De to versjonene sier det samme" in client.get("/fjordlys/statement/changes/1/1/").text
    with clock.travel(clock.now() + timedelta(days=31)):
        assert "Helt nye ord her." in client.get("/fjordlys/statement/").text
        assert "Dette er en tidligere versjon" in client.get("/fjordlys/statement/versions/1/").text


def test_g1_cookie_page_lists_every_declared_item(client: Client, controllers: dict[str, Controller]) -> None:
    for controller in controllers.values():
        declared = current(controller_id=controller.pk, on=clock.today())
        page = client.get(f"/{controller.key}/cookies/").text
        for item in declared.cookies.items:
            assert item.name in page, f"{controller.key}: {item.name}"


def test_g2_the_choice_lives_as_long_as_declared_and_only_at_this_controller(
    client: Client, controllers: dict[str, Controller]
) -> None:
    assert 'value="reject"' in client.get("/rundtur/").text
    answer = client.post("/rundtur/cookies/choice/", {"choice": "reject", "next": "/rundtur/"})
    cookie = answer.cookies["tillit_cookie_choice"]
    assert (cookie["max-age"], cookie["path"]) == (28 * 24 * 3600, "/rundtur/")
    assert 'value="reject"' not in client.get("/rundtur/").text
    assert answer["Location"] == "/rundtur/"


def test_g2_global_privacy_control_is_a_no(client: Client, controllers: dict[str, Controller]) -> None:
    assert 'value="reject"' in client.get("/rundtur/").text
    assert 'value="reject"' not in client.get("/rundtur/", headers={"Sec-GPC": "1"}).text
    assert "Global Privacy Control" in client.get("/rundtur/cookies/", headers={"Sec-GPC": "1"}).text


def test_g2_the_choice_is_per_purpose_with_a_proof_and_is_changed_at_any_time(
    client: Client, controllers: dict[str, Controller]
) -> None:
    start = clock.now()
    with clock.travel(start):
        page = client.get("/rundtur/cookies/").text
        assert page.count('name="purpose"') == 2
        client.post("/rundtur/cookies/choice/", {"choice": "some", "purpose": ["preferences", "not offered"]})
        proof = CookieChoice.objects.get()
        assert (proof.purposes, proof.offered, proof.chosen_at) == (
            ["preferences"],
            ["preferences", "marketing"],
            start,
        )
        assert proof.keep_until - start >= timedelta(days=364), "as long as the declaration keeps proof"
        assert {f.name for f in CookieChoice._meta.fields}.isdisjoint({"login", "subject_id", "address"})
        page = client.get("/rundtur/cookies/").text
        assert str(proof.pk) in page
        assert page.count(" checked") == 1
    with clock.travel(start + timedelta(days=1)):
        client.post("/rundtur/cookies/choice/", {"choice": "reject"})
    proof.refresh_from_db()
    assert proof.ended_at == start + timedelta(days=1)
    standing = CookieChoice.objects.get(ended_at=None)
    assert standing.purposes == []
    with clock.travel(start + timedelta(days=400)):
        assert lapsed_elsewhere(on=clock.today())["consent_cookie_choice"] == 2


def test_g2_other_cookies_than_were_asked_about_are_asked_about_again(
    client: Client, controllers: dict[str, Controller], monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post("/rundtur/cookies/choice/", {"choice": "accept"})
    assert 'value="reject"' not in client.get("/rundtur/").text
    monkeypatch.setattr("tillit.consent.cookies.asked", lambda _: "something else")
    assert 'value="reject"' in client.get("/rundtur/").text
    for forged in ("accept", "x.y.marketing", f"{uuid4().hex}"):
        client.cookies["tillit_cookie_choice"] = forged
        assert 'value="reject"' in client.get("/rundtur/").text


def test_a_form_leads_to_our_own_pages_only(client: Client, controllers: dict[str, Controller]) -> None:
    for bad in ("https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", "/\\elsewhere.example"):
        answer = client.post("/language/", {"language": "en", "next": bad})
        assert answer["Location"] == "/"
        answer = client.post("/rundtur/cookies/choice/", {"choice": "accept", "next": bad})
        assert answer["Location"] == "/rundtur/cookies/"


def test_the_language_lasts_until_the_browser_is_closed(client: Client, controllers: dict[str, Controller]) -> None:
    assert "Logg inn" in client.get("/rundtur/sign-in/").text
    answer = client.post("/language/", {"language": "en", "next": "/rundtur/sign-in/"})
    assert answer.cookies["tillit_language"]["max-age"] == ""
    assert "Sign in" in client.get("/rundtur/sign-in/").text
    assert client.post("/language/", {"language": "xx"}).cookies == {}


@pytest.mark.parametrize("language", ["nb", "en"])
def test_the_accessibility_statement_says_what_is_done_what_is_missing_and_whom_to_tell(
    client: Client, controllers: dict[str, Controller], language: str
) -> None:
    client.cookies["tillit_language"] = language
    for key, controller in controllers.items():
        page = client.get(f"/{key}/accessibility/").text
        declared = current(controller_id=controller.pk, on=clock.today()).controller
        assert declared.email in page
        assert declared.phone in page
        assert "WCAG 2.2" in page
        assert f'href="/{key}/accessibility/"' in client.get(f"/{key}/").text


def test_h18_security_txt_never_expires_under_us(client: Client) -> None:
    text = client.get("/.well-known/security.txt").text
    expires = re.search(r"^Expires: (\S+)$", text, re.MULTILINE)
    assert expires is not None
    assert expires.group(1) > f"{clock.now() + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}"
    assert re.search(r"^Contact: (mailto|https|tel):", text, re.MULTILINE)


def test_addresses_of_the_site_itself_are_no_controllers(client: Client, kari: Person) -> None:
    for path in ("/static/", "/health/", "/look/", "/unknown/", "/rundtur/nothing/"):
        assert client.get(path).status_code == 404
