"""Joining, a card, a consent, a request, leaving, and the desk's search and case, with scripts switched off."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Site, Window
from tests.support import shops

pytestmark = pytest.mark.browser
EMAIL, MOBILE = "sigrid-uten@post.example", "+4740000631"


def test_h18_everything_a_member_and_the_desk_do_works_without_scripts(
    window: Callable[..., Window], site: Site
) -> None:
    opened, since = window(PHONE, java_script_enabled=False), time.time() - 1
    site.forget_tries()
    page = opened.go("/rundtur/join/")
    for field, value in {
        "given": "Sigrid",
        "family": "Uten",
        "street": "Kaigata 3",
        "postal_code": "9008",
        "city": "Tromsø",
        "birth_date": "1979-03-01",
        "email": EMAIL,
        "mobile": MOBILE,
    }.items():
        page.fill(f"#{field}", value)
    page.check("input[name=terms]")
    opened.click("main form button")
    page.fill("#email_code", site.code_for(EMAIL, since=since))
    page.fill("#mobile_code", site.code_for(MOBILE, since=since))
    opened.click("main form button")

    opened.go("/rundtur/min-side/cards/")
    card = shops.card_number(631, "411111")
    page.fill("#number", card)
    page.check("input[name=own]")
    opened.click("form:has(#number) button")
    expect(page.locator("main")).to_contain_text(f"•••• {card[-4:]}")

    opened.go("/rundtur/min-side/choices/")
    with page.expect_navigation():
        page.locator("form:has(input[name=activity][value=newsletter]) button").first.click()
    expect(page.get_by_role("status")).to_contain_text("Valget er lagret")

    opened.go("/rundtur/min-side/requests/")
    opened.click("main a[href$='/requests/new/access/']")
    opened.click("main form:not(.t-inline) button")
    expect(page.locator("main")).to_contain_text("Innsyn")
    with page.expect_download() as answer:
        page.locator("main form button[value=json], main form:has(input[value=json]) button").first.click()
    assert EMAIL in answer.value.path().read_text(encoding="utf-8")

    opened.go("/rundtur/min-side/requests/new/complaint/")
    page.fill("#text", "Dette er ikke riktig.")
    opened.click("main form.t-search button")
    number = page.url.rstrip("/").rsplit("/", 1)[1]

    desk = window(java_script_enabled=False)
    work = desk.sign_in_staff()
    desk.go("/staff/rundtur/")
    work.select_option("#purpose", "customer_service")
    work.fill("#text", "sigrid uten")
    desk.click("main form button")
    desk.click("main >> text=Sigrid Uten")
    expect(work.locator("main")).to_contain_text(EMAIL)
    desk.go(f"/staff/rundtur/requests/{number}/")
    work.fill("#decision", "Sett på, og det stemmer.")
    desk.click("button[value=reject]")
    opened.go(f"/rundtur/min-side/requests/{number}/")
    expect(page.locator("main")).to_contain_text("det stemmer")

    opened.go("/rundtur/min-side/leave/")
    page.check("input[name=sure]")
    opened.click("main form:has([name=sure]) button")
    expect(page.locator("main")).to_contain_text("Du er meldt ut")
    assert opened.trouble + desk.trouble == []
